/**
 * Which module of this repository may import which: `tests -> deploy -> actors -> schemas`, and
 * no actor another actor. Pure, over paths; the lint plugin and the tidy tests ask it.
 *
 * **Invariant:** what a rule does not know is refused: an unknown alias, a computed name, a scheme.
 *
 * @module
 */

/** A refusal says what is wrong and what to write instead. */
export type Refusal = { readonly message: string; readonly hint: string };

/** Why `file` may not import `specifier`, or null. `file` is relative to the repository's root. */
export function importRefusal(file: string, specifier: string): Refusal | null {
  if (areaOf(file) === null) return null;
  const named = resolveImport(file, specifier);
  switch (named.kind) {
    case "refused":
      return named.refusal;
    case "builtin":
    case "package":
      return packageRefusal(file, named.kind === "builtin" ? specifier : named.name);
    case "module":
      return moduleRefusal(file, named.path, specifier);
  }
}

export type Resolved =
  | { readonly kind: "module"; readonly path: string }
  | { readonly kind: "package"; readonly name: string }
  | { readonly kind: "builtin" }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** What a specifier names: a path of this repository, an npm package by its name, or neither. */
export function resolveImport(file: string, specifier: string): Resolved {
  if (specifier.startsWith("node:")) return { kind: "builtin" };
  if (specifier.startsWith("./") || specifier.startsWith("../")) {
    const path = normalise(`${folderOf(file)}/${specifier}`);
    return path === null
      ? refused("leaves the repository", "import what stands in it")
      : { kind: "module", path };
  }
  if (specifier.startsWith("#")) {
    const path = normalise(specifier.slice(1));
    return path === null || areaOf(path) === null
      ? refused("names no folder of this repository", `the aliases are ${aliases.join(", ")}`)
      : { kind: "module", path };
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(specifier) || specifier.startsWith("/")) {
    const hint = "packages are named and versioned once, in deno.json's imports";
    return refused("inline specifiers are not used", hint);
  }
  const [first = "", second = ""] = specifier.split("/");
  return { kind: "package", name: first.startsWith("@") ? `${first}/${second}` : first };
}

/** A module of tests: it may use test tools, and nothing else imports it. */
export function isTestModule(file: string): boolean {
  return /(^|[/_])(test|testing)\.ts$/.test(file) || file.startsWith("tests/");
}

type Area = "tests" | "deploy" | "actors" | "schemas";

const order: Readonly<Record<Area, number>> = { schemas: 0, actors: 1, deploy: 2, tests: 3 };
const aliases = ["#schemas/", "#actors/", "#deploy/", "#tests/"] as const;
const testPackages: ReadonlySet<string> = new Set(["fast-check"]);

function areaOf(path: string): Area | null {
  const [first] = path.split("/");
  switch (first) {
    case "tests":
    case "deploy":
    case "actors":
    case "schemas":
      return path.includes("/") ? first : null;
    default:
      return null;
  }
}

/** The folder inside which relative names may be used. */
function unitOf(path: string): string {
  const parts = path.split("/");
  return areaOf(path) === "schemas" || parts.length < 3 ? `${parts[0]}` : `${parts[0]}/${parts[1]}`;
}

function moduleRefusal(file: string, path: string, specifier: string): Refusal | null {
  const [from, to] = [areaOf(file), areaOf(path)];
  if (from === null || to === null) {
    return refusal("names no module of ours", "modules stand in schemas, actors, deploy or tests");
  }
  if (order[to] > order[from]) {
    return refusal(
      `${from} may not import ${to}`,
      "imports run tests -> deploy -> actors -> schemas; move what is shared down",
    );
  }
  if (from === "actors" && to === "actors" && unitOf(file) !== unitOf(path)) {
    if (unitOf(file) === "actors/_kit") {
      return refusal("the kit imports no actor", "give the actor to the kit as an argument");
    }
    if (unitOf(path) !== "actors/_kit") {
      return refusal("an actor imports no other actor", "actors meet on the bus; share a schema");
    }
  }
  const leaves = !`${path}/`.startsWith(`${unitOf(file)}/`);
  if (leaves && !specifier.startsWith("#")) {
    return refusal("`../` leaves its folder", `write "#${path}"`);
  }
  if (isTestModule(path) && !isTestModule(file)) {
    return refusal("a module imports nothing of tests", "move what is shared out of the test file");
  }
  return null;
}

function packageRefusal(file: string, name: string): Refusal | null {
  if (areaOf(file) === "schemas" && !schemaMayImport(file, name)) {
    return refusal("schemas import zod only", "schemas are pure; what does more is an actor's");
  }
  if (name.startsWith("@nats-io/") && !speaksToNats(file)) {
    return refusal(
      "NATS is spoken in actors/_kit/nats*.ts and deploy/nats only",
      "use the Bus of #actors/_kit/bus.ts",
    );
  }
  const tool = testPackages.has(name) || name.startsWith("node:assert");
  if (tool && !isTestModule(file)) {
    return refusal("a test tool stands in a module", "throw an Error that says what is wrong");
  }
  return null;
}

function schemaMayImport(file: string, name: string): boolean {
  if (name === "zod" || name === "node:crypto") return true;
  if (name === "yaml") return file === "schemas/config_file.ts";
  if (name === "node:zlib") return /^schemas\/payload_coding(_test)?\.ts$/.test(file);
  if (!isTestModule(file)) return false;
  // node:process: a test hides the environment from a package that looks into it.
  return testPackages.has(name) || name.startsWith("node:assert") || name === "node:process";
}

function speaksToNats(file: string): boolean {
  return /^actors\/_kit\/nats[a-z_]*\.ts$/.test(file) || file.startsWith("deploy/nats/") ||
    file.startsWith("tests/");
}

function folderOf(file: string): string {
  return file.slice(0, Math.max(0, file.lastIndexOf("/")));
}

/** The path without `.` and `..`; null when it leaves the root. */
function normalise(path: string): string | null {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join("/");
}

function refused(message: string, hint: string): Resolved {
  return { kind: "refused", refusal: refusal(message, hint) };
}

function refusal(message: string, hint: string): Refusal {
  return { message, hint };
}
