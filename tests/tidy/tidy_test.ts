import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  actorProblems,
  deadFiles,
  fileLinesMax,
  lineColumnsMax,
  literalColumnsMax,
  sizeProblems,
  wordProblems,
} from "./checks.ts";
import { readTree, type Tree } from "./tree.ts";

const root = new URL("../../", import.meta.url);
const tree = await readTree(root);

Deno.test("the tree: files and lines are short", () => {
  ok(tree.size > 100, "the tree was read");
  deepStrictEqual(sizeProblems(tree), []);
});

Deno.test("the tree: every module is imported or started", () => {
  deepStrictEqual(deadFiles(tree), []);
});

Deno.test("the tree: no words that put work off, no machine's path, no rule set aside", () => {
  deepStrictEqual(wordProblems(tree), []);
});

Deno.test("the tree: every actor has a process and a page", () => {
  deepStrictEqual(actorProblems(tree), []);
});

Deno.test("deno.json: lint and compiler refuse what the tree is free of", () => {
  const { lint, fmt, compilerOptions } = JSON.parse(tree.get("deno.json") ?? "");
  deepStrictEqual(lint.plugins, ["./tests/tidy/boundaries.ts"]);
  // recommended: no-explicit-any, ban-ts-comment and more.
  deepStrictEqual(lint.rules.tags, ["recommended"]);
  ok(lint.rules.include.includes("no-non-null-assertion"));
  deepStrictEqual([lint.exclude, lint.rules.exclude], [undefined, ["no-slow-types"]]);
  deepStrictEqual(fmt, { lineWidth: lineColumnsMax, exclude: ["node_modules", "*.md"] });
  ok(compilerOptions.strict);
});

Deno.test(".ci/run types what the README says", () => {
  const command = "npx -y deno@2.9.6 task test";
  const [last] = (tree.get(".ci/run") ?? "").trimEnd().split("\n").toReversed();
  strictEqual(last, command);
  ok((tree.get("README.md") ?? "").includes(command), "the README names the command");
});

function planted(files: Record<string, string>): Tree {
  return new Map(Object.entries(files));
}

Deno.test("sizeProblems() names long files and wide lines", () => {
  const fits = "x\n".repeat(fileLinesMax);
  const wide = `// ${"x".repeat(lineColumnsMax - 2)}`;
  deepStrictEqual(sizeProblems(planted({ "schemas/a.ts": fits, "README.md": wide })), []);
  strictEqual(sizeProblems(planted({ "schemas/a.ts": `${fits}x\n` })).length, 1);
  deepStrictEqual(sizeProblems(planted({ "schemas/a.ts": `\n${wide}\n` })), [
    "schemas/a.ts:2: 101 columns, at most 100",
  ]);
  const source = `// ${"see ".repeat(20)} https://www.postgresql.org/docs/18/protocol.html\n`;
  deepStrictEqual(sizeProblems(planted({ "schemas/a.ts": source })), []);
  const literal = (columns: number) => `f("${"x".repeat(columns - 5)}")`;
  deepStrictEqual(sizeProblems(planted({ "schemas/a.ts": literal(literalColumnsMax) })), []);
  strictEqual(sizeProblems(planted({ "schemas/a.ts": literal(literalColumnsMax + 1) })).length, 1);
  // Columns are characters, not UTF-16 units.
  deepStrictEqual(
    sizeProblems(planted({ "schemas/a.ts": `//${"𝔸".repeat(lineColumnsMax - 2)}` })),
    [],
  );
});

Deno.test("deadFiles() finds a module that nothing names", () => {
  const files = {
    "actors/x/main.ts": `import { a } from "./a.ts";\nimport {\n  b,\n} from "#schemas/b.ts";`,
    "actors/x/a.ts": `export * from "./c.ts"; import "./d.ts"; await import("./e.ts");`,
    "actors/x/c.ts": "",
    "actors/x/d.ts": "",
    "actors/x/e.ts": `new URL("./f.ts", import.meta.url)`,
    "actors/x/f.ts": "",
    "schemas/b.ts": "",
    "schemas/b_test.ts": "",
  };
  deepStrictEqual(deadFiles(planted(files)), []);
  const dead = { ...files, "actors/x/dead.ts": `import "./dead.ts"; import "./a.ts";` };
  deepStrictEqual(deadFiles(planted(dead)), [
    "actors/x/dead.ts: nothing imports it; delete it",
  ]);
});

Deno.test("wordProblems() finds what no file has", () => {
  const wrong: readonly string[] = [
    "// TODO: later",
    "const x = 1; // FIXME",
    "// this is fine for now",
    "throw new Error('not implemented')",
    " * A stub of the server",
    "// a placeholder",
    `const path = "/work/main/x";`,
    `const path = "/home/somebody/x";`,
    "https://registry.npmjs.org/zod",
    "// @ts-ignore the types are wrong",
    "// @ts-expect-error the types are wrong",
    "// deno-lint-ignore no-explicit-any -- the library's type",
    "// deno-lint-ignore no-control-regex",
    "// deno-lint-ignore-file",
  ];
  for (const line of wrong) {
    strictEqual(wordProblems(planted({ "schemas/a.ts": `\n${line}\n` })).length, 1, line);
  }
  const right: readonly string[] = [
    `<input placeholder="why">`,
    "// if any, all are read",
    "// deno-lint-ignore no-control-regex -- control characters are what is refused",
    `fetch("https://gate.example.org/home/x")`,
  ];
  for (const line of right) {
    deepStrictEqual(wordProblems(planted({ "schemas/a.ts": line })), [], line);
  }
});

Deno.test("actorProblems() wants a process and a page of each actor", () => {
  const page = "# x\n\n**Consumes:** a\n\n**Publishes:** b\n\n**Invariants:** c\n";
  const good = { "actors/x/main.ts": "", "actors/x/README.md": page, "actors/_kit/bus.ts": "" };
  deepStrictEqual(actorProblems(planted(good)), []);
  deepStrictEqual(actorProblems(planted({ "actors/x/actor.ts": "" })), [
    "actors/x: has no main.ts",
  ]);
  deepStrictEqual(actorProblems(planted({ "actors/x/main.ts": "" })), [
    "actors/x: has no README.md",
  ]);
  const silent = page.replace("**Publishes:**", "");
  deepStrictEqual(actorProblems(planted({ ...good, "actors/x/README.md": silent })), [
    "actors/x/README.md: does not say Publishes|Emits",
  ]);
});
