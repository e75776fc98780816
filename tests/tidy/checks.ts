/**
 * What a file of this repository is held to beyond format, lint and types. Pure, over a tree.
 *
 * @module
 */
import { isTestModule, resolveImport } from "./import_rules.ts";
import type { Tree } from "./tree.ts";

export const fileLinesMax = 400;
export const lineColumnsMax = 100;
/** For a line that holds a literal, which cannot be broken; `deno fmt` sees to all other code. */
export const literalColumnsMax = 120;

/** Files that are too long, and lines that are too wide unless a source's address makes them so. */
export function sizeProblems(tree: Tree): string[] {
  return modules(tree).flatMap(([path, text]) => {
    const lines = text.split("\n");
    const length = lines.length - 1;
    const long = length > fileLinesMax ? [`${path}: ${length} lines, at most ${fileLinesMax}`] : [];
    const wide = lines.flatMap((line, index) => {
      const columns = [...line].length;
      const max = isComment(line) ? lineColumnsMax : literalColumnsMax;
      if (columns <= max || /https?:\/\/\S{20}/.test(line)) return [];
      return [`${path}:${index + 1}: ${columns} columns, at most ${max}`];
    });
    return [...long, ...wide];
  });
}

/** Modules that nothing imports and nobody starts. */
export function deadFiles(tree: Tree): string[] {
  const used = new Set<string>();
  for (const [path, text] of modules(tree)) {
    for (const specifier of specifiersOf(text)) {
      const named = resolveImport(path, specifier);
      if (named.kind === "module" && named.path !== path) used.add(named.path);
    }
  }
  return modules(tree).map(([path]) => path).filter((path) => !isEntry(path) && !used.has(path))
    .map((path) => `${path}: nothing imports it; delete it`);
}

/** Words and marks that no file has, each with what to do instead. */
export function wordProblems(tree: Tree): string[] {
  return [...tree].flatMap(([path, text]) => {
    if (path === "LICENSE" || path === "deno.lock" || path.startsWith("tests/tidy/")) return [];
    return text.split("\n").flatMap((line, index) => {
      return words.filter(({ pattern, files }) => pattern.test(line) && files.test(path))
        .map(({ instead }) => `${path}:${index + 1}: ${instead}`);
    });
  });
}

/** Each actor has a process, and a page that says what it takes, gives and guarantees. */
export function actorProblems(tree: Tree): string[] {
  const names = new Set([...tree.keys()].flatMap((path) => {
    const [, name] = /^actors\/([^/]+)\//.exec(path) ?? [];
    return name === undefined || name === "_kit" ? [] : [name];
  }));
  return [...names].sort().flatMap((name) => {
    const folder = `actors/${name}`;
    if (!tree.has(`${folder}/main.ts`)) return [`${folder}: has no main.ts`];
    const readme = tree.get(`${folder}/README.md`);
    if (readme === undefined) return [`${folder}: has no README.md`];
    return pageParts.filter((part) => !part.test(readme)).map((part) => {
      return `${folder}/README.md: does not say ${part.source}`;
    });
  });
}

const pageParts: readonly RegExp[] = [/Consumes/, /Publishes|Emits/, /Invariants/];

type Word = { readonly pattern: RegExp; readonly files: RegExp; readonly instead: string };

const everywhere = /./;
const code = /\.ts$/;

const words: readonly Word[] = [
  {
    pattern: /\b(TODO|FIXME|XXX|HACK|[Ff]or now|[Nn]ot (yet )?implemented)\b/,
    files: /^(?!deno\.json$)/,
    instead: "do it, or say in the README what is missing",
  },
  {
    pattern: /^\s*(\/\/|\/?\*+).*\b(stub|placeholder|workaround)\b/i,
    files: code,
    instead: "say what the code is, not what it stands in for",
  },
  {
    pattern: /(^|[\s"'`=(:])\/(work|farm|home|root|Users|mnt|opt)\//,
    files: everywhere,
    instead: "a machine's path; derive it from import.meta.url or take it as an argument",
  },
  {
    pattern: /registry\.npmjs|npmjs\.(com|org)|jsr\.io|deno\.land|artifactory|nexus\./i,
    files: everywhere,
    instead: "a registry's host; package tools know where they fetch",
  },
  {
    pattern: /@ts-(ignore|expect-error|nocheck)/,
    files: code,
    instead: "types are checked; narrow the value",
  },
  {
    pattern: /deno-lint-ignore(?!(-file)? (no-control-regex|camelcase) -- )/,
    files: code,
    instead: "lint is obeyed; only no-control-regex and camelcase are set aside, with a reason",
  },
];

function isEntry(path: string): boolean {
  return /(^|[/_])(main|test)\.ts$/.test(path) || path === "tests/run.ts" ||
    path === "tests/tidy/boundaries.ts" || isBenchmark(path);
}

function isBenchmark(path: string): boolean {
  return isTestModule(path) && path.endsWith("_bench.ts");
}

function modules(tree: Tree): [path: string, text: string][] {
  return [...tree].filter(([path]) => path.endsWith(".ts") && path.includes("/"));
}

function isComment(line: string): boolean {
  return /^\s*(\/\/|\/?\*)/.test(line);
}

/** Names after `from`, `import` and `import(`, and files that are started by address. */
function specifiersOf(text: string): string[] {
  const named = /(?:\bfrom|\bimport)\s*\(?\s*"([^"\n]+)"/g;
  const started = /new URL\(\s*"(\.[^"\n]+\.ts)"/g;
  return [...text.matchAll(named), ...text.matchAll(started)].map(([, name = ""]) => name);
}
