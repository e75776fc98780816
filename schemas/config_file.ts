/**
 * Reads the configuration file: YAML 1.2 text to a checked `Config`.
 *
 * `yaml` looks into the environment for its own debugging switches (LOG_TOKENS, LOG_STREAM), which
 * would print the file; a process that reads a configuration ignores both in its permissions.
 *
 * **Invariant:** a problem names a path, a line and a reason, never a value of the file: a password
 * put in the wrong place must not travel on in an error. Nothing is read beyond the named limits.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type Document, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import { z } from "zod";
import { Config, type PostgresConnection, type SshConnection } from "#schemas/config.ts";
import { didYouMean } from "#schemas/did_you_mean.ts";

/** `path` is dotted, `connections.ehr.port`; "" is the file itself. */
export type ConfigProblem = { readonly path: string; readonly message: string };

export type ParsedConfig =
  | { readonly ok: true; readonly config: Config; readonly digest: string }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export type ConfigLimits = {
  readonly fileBytesMax: number;
  /** Nodes that aliases may add; more is taken for an attack ("billion laughs"). */
  readonly aliasesMax: number;
  readonly problemsMax: number;
};
export const configLimits: ConfigLimits = {
  fileBytesMax: 1_048_576,
  aliasesMax: 100,
  problemsMax: 100,
};

/** Key names are shown up to this length. */
const keyCharsMax = 64;

/** Parses and checks a configuration. `digest` is the SHA-256 of the text's UTF-8, hex. */
export function parseConfig(yamlText: string, limits: ConfigLimits = configLimits): ParsedConfig {
  const bytes = new TextEncoder().encode(yamlText);
  if (bytes.length > limits.fileBytesMax) {
    return refused([{ path: "", message: `is longer than ${limits.fileBytesMax} bytes` }], limits);
  }
  const read = readYaml(yamlText, limits);
  if (!read.ok) return refused(read.problems, limits);
  const { value, lineOf } = read;
  const parsed = Config.safeParse(value);
  const found = parsed.success ? checkConfig(parsed.data) : parsed.error.issues.flatMap(problemsOf);
  if (!parsed.success || found.length > 0) {
    const problems = found.map(({ path, message }) => ({
      path: path.map((key) => key.slice(0, keyCharsMax)).join("."),
      message: `${message}${lineOf(path)}`,
    }));
    return refused(problems, limits);
  }
  return {
    ok: true,
    config: parsed.data,
    digest: createHash("sha256").update(bytes).digest("hex"),
  };
}

/** The JSON Schema of the file, for editors (`# yaml-language-server: $schema=…`). */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(Config, { io: "input" }), title: "Sallyport configuration" };
}

type Found = { readonly path: readonly string[]; readonly message: string };

/** What the shape alone does not say: references, and settings that would protect nothing. */
function checkConfig(config: Config): Found[] {
  const found: Found[] = checkIssuer(config);
  const classOf = new Map<string, string>();
  for (const [name, dataClass] of Object.entries(config.classes)) {
    const path = ["classes", name];
    if (dataClass.mask.operator === "keep") {
      const message = "keep would show the class to everyone; permit reveal in policy instead";
      found.push({ path: [...path, "mask", "operator"], message });
    }
    for (const [index, detector] of dataClass.detectors.entries()) {
      const owner = classOf.get(detector);
      if (owner === undefined) classOf.set(detector, name);
      else {
        const message = `detector ${detector} is already assigned to class "${owner}"`;
        found.push({ path: [...path, "detectors", String(index)], message });
      }
    }
    found.push(...repeats([...path, "columns"], dataClass.columns));
  }
  for (const [name, connection] of Object.entries(config.connections)) {
    if (connection.protocol === "ssh") {
      found.push(...checkSsh(["connections", name], connection));
      continue;
    }
    found.push(...checkPostgres(["connections", name], connection, config.classes));
  }
  return found;
}

function checkPostgres(
  path: readonly string[],
  { tls, host, plain }: PostgresConnection,
  classes: Config["classes"],
): Found[] {
  const found = repeats([...path, "plain"], plain);
  // An installation may list every column of a large database.
  const places = new Map(plain.map((pattern, index) => [pattern, index]));
  for (const [name, { columns }] of Object.entries(classes)) {
    for (const pattern of columns) {
      const index = places.get(pattern);
      if (index === undefined) continue;
      const message = `stands in class "${name}" too, which holds: strike one of them out`;
      found.push({ path: [...path, "plain", String(index)], message });
    }
  }
  if (tls.mode === "disable" && !isLoopback(host)) {
    const message = "disable is for a loopback address or a socket path only";
    found.push({ path: [...path, "tls", "mode"], message });
  }
  return found;
}

/** A client is people's own or an agent's. */
function checkIssuer({ issuer, console }: Config): Found[] {
  const { people_clients: people, agents } = issuer;
  const own = [...(people === "any" ? [] : people), console.client_id];
  return Object.keys(agents).filter((client) => own.includes(client)).map((client) => ({
    path: ["issuer", "agents", client],
    message: client === console.client_id
      ? "is the console's client, with which people sign in"
      : "is one of people_clients, too: either people act by it or an agent",
  }));
}

function checkSsh(path: readonly string[], connection: SshConnection): Found[] {
  const found: Found[] = [];
  const { private_key_file: key, password_file: password } = connection;
  if ((key === undefined) === (password === undefined)) {
    found.push({ path, message: "needs one of private_key_file and password_file" });
  }
  if (connection.host_keys.length + connection.host_ca_keys.length === 0) {
    const message = "is missing: without host_keys or host_ca_keys any host would be trusted";
    found.push({ path: [...path, "host_keys"], message });
  }
  return found;
}

function repeats(path: readonly string[], patterns: readonly string[]): Found[] {
  const seen = new Set<string>();
  return patterns.flatMap((pattern, index) => {
    if (seen.size < seen.add(pattern).size) return [];
    return [{ path: [...path, String(index)], message: "repeats an earlier pattern" }];
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("/") ||
    /^127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(host);
}

type Issue = z.core.$ZodIssue;

function problemsOf(issue: Issue): Found[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(z.toJSONSchema(Config, { io: "input" }), path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: `is not a key we know${didYouMean(key, known)}`,
    }));
  }
  if (issue.code === "invalid_key") {
    return [{ path, message: `must be ${issue.issues[0]?.message ?? "a name"}` }];
  }
  const missing = issue.code === "invalid_type" && issue.message.endsWith("received undefined");
  if (missing) return [{ path, message: `is missing: expected ${issue.expected}` }];
  if (issue.code === "invalid_format" && issue.format === "regex") {
    return [{ path, message: `must be ${issue.message}` }];
  }
  return [{ path, message: issue.message }];
}

/** The keys that the JSON Schema knows at a path: of all alternatives, where there are several. */
function keysAt(schema: unknown, path: readonly string[]): string[] {
  let nodes = alternatives(schema);
  for (const key of path) {
    nodes = nodes.flatMap((node) => {
      const properties = isRecord(node["properties"]) ? node["properties"] : {};
      const next = Object.hasOwn(properties, key)
        ? properties[key]
        : node["additionalProperties"] ?? node["items"];
      return alternatives(next);
    });
  }
  const keys = nodes.flatMap(({ properties }) =>
    isRecord(properties) ? Object.keys(properties) : []
  );
  return [...new Set(keys)];
}

function alternatives(node: unknown): Record<string, unknown>[] {
  if (!isRecord(node)) return [];
  const options = [node["oneOf"], node["anyOf"]].flatMap((one) => Array.isArray(one) ? one : []);
  return [node, ...options.filter(isRecord)];
}

type ReadYaml =
  | { readonly ok: true; readonly value: unknown; lineOf(path: readonly string[]): string }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

function readYaml(text: string, limits: ConfigLimits): ReadYaml {
  const lines = new LineCounter();
  try {
    // Pretty errors quote the line they are about, and that line may hold a secret.
    const document = parseDocument(text, {
      prettyErrors: false,
      lineCounter: lines,
      stringKeys: true,
      uniqueKeys: true,
    });
    const problems = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
      path: "",
      message: `${yamlReasons[code] ?? "is not valid YAML"}, line ${lines.linePos(pos[0]).line}`,
    }));
    if (problems.length > 0) return { ok: false, problems };
    if (hasPrototypeKey(document)) {
      return { ok: false, problems: [{ path: "__proto__", message: "cannot be a key" }] };
    }
    const value: unknown = document.toJS({ maxAliasCount: limits.aliasesMax });
    return { ok: true, value, lineOf: (path) => lineOf(document, lines, path) };
  } catch {
    const message = "has an alias that leads nowhere, or too many of them, or is nested too deeply";
    return { ok: false, problems: [{ path: "", message }] };
  }
}

const yamlReasons: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "has a key twice",
  MULTIPLE_DOCS: "has more than one document",
  RESOURCE_EXHAUSTION: "is nested too deeply",
  TAB_AS_INDENT: "is indented with a tab",
  BAD_INDENT: "is indented wrongly, or lacks a closing bracket",
  MISSING_CHAR: "lacks a character, such as a closing quote",
  TAG_RESOLVE_FAILED: "has a tag we do not know",
  NON_STRING_KEY: "has a key that is no text",
  BAD_SCALAR_START: "has a value that needs quotes",
  BAD_DIRECTIVE: "has a directive we do not know",
};

/** zod leaves a `__proto__` key out without a word, and what is ignored is not configured. */
function hasPrototypeKey(document: Document): boolean {
  let found = false;
  visit(document, {
    Pair(_, { key }) {
      found ||= isScalar(key) && key.value === "__proto__";
    },
  });
  return found;
}

/** `, line 7` of the nearest node on the path that stands in the file. */
function lineOf(document: Document, lines: LineCounter, path: readonly string[]): string {
  const keepScalar = true;
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), keepScalar);
    const start = isNode(node) ? node.range?.[0] : undefined;
    if (start !== undefined) return `, line ${lines.linePos(start).line}`;
  }
  return "";
}

function refused(problems: readonly ConfigProblem[], limits: ConfigLimits): ParsedConfig {
  return { ok: false, problems: problems.slice(0, limits.problemsMax) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
