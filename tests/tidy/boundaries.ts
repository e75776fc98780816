/**
 * The lint plugin: import directions and bans. `deno lint` loads it by deno.json.
 *
 * It has a default export because that is how Deno loads a plugin.
 *
 * @module
 */
import { bannedCalls, bannedMembers, mayTouchMachine } from "./bans.ts";
import { importRefusal, isTestModule } from "./import_rules.ts";

const root = new URL("../../", import.meta.url).pathname;

export default {
  name: "sallyport",
  rules: { imports: { create: imports }, bans: { create: bans } },
} satisfies Deno.lint.Plugin;

function imports(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const file = relative(context.filename);
  const judge = (node: Deno.lint.Node, specifier: string) => {
    const refused = importRefusal(file, specifier);
    if (refused === null) return;
    const message = `"${specifier}": ${refused.message}`;
    context.report({ node, message, hint: refused.hint });
  };
  const judgeUnknown = (node: Deno.lint.Node, source: Deno.lint.Node) => {
    if (source.type === "Literal" && typeof source.value === "string") {
      return judge(node, source.value);
    }
    const hint = "name the module in a literal";
    context.report({ node, message: "an import of a computed name cannot be judged", hint });
  };
  return {
    ImportDeclaration: (node) => judge(node, node.source.value),
    ExportAllDeclaration: (node) => judge(node, node.source.value),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) judge(node, node.source.value);
    },
    ImportExpression: (node) => judgeUnknown(node, node.source),
    TSImportType: (node) => judgeUnknown(node, literalOf(node.argument)),
    TSExternalModuleReference: (node) => judgeUnknown(node, node.expression),
  };
}

function bans(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const file = relative(context.filename);
  if (mayTouchMachine(file)) return {};
  const report = (node: Deno.lint.Node, name: string, hint: string) => {
    context.report({ node, message: `${name} in a module that must be pure`, hint });
  };
  return {
    MemberExpression(node) {
      const found = memberName(node);
      if (found === null) return;
      // Registering a test is all that a test may ask of Deno.
      if (found === "Deno.test" && isTestModule(file)) return;
      const hint = bannedMembers.get(found) ?? bannedMembers.get(`${found.split(".")[0]}.*`) ??
        bannedCalls.get(found);
      if (hint !== undefined) report(node, found, hint);
    },
    CallExpression(node) {
      const { callee } = node;
      if (callee.type !== "Identifier") return;
      const hint = bannedCalls.get(callee.name);
      if (hint !== undefined) report(node, callee.name, hint);
    },
    NewExpression(node) {
      const { callee } = node;
      if (callee.type !== "Identifier" || callee.name !== "Date") return;
      if (node.arguments.length > 0) return;
      report(node, "new Date()", "take a Clock of #actors/_kit/clock.ts");
    },
  };
}

/** `globalThis.Date.now`, `Date["now"]` and `Date.now` are all "Date.now". */
function memberName(node: Deno.lint.MemberExpression): string | null {
  const { object } = node;
  const name = propertyName(node);
  if (object.type === "Identifier") {
    return bannedCalls.has(name) && object.name === "globalThis" ? name : `${object.name}.${name}`;
  }
  if (object.type !== "MemberExpression" || object.object.type !== "Identifier") return null;
  return object.object.name === "globalThis" ? `${propertyName(object)}.${name}` : null;
}

/** A property of a computed name is "?", of which nothing is known. */
function propertyName({ property, computed }: Deno.lint.MemberExpression): string {
  if (property.type === "Identifier" && !computed) return property.name;
  return property.type === "Literal" && typeof property.value === "string" ? property.value : "?";
}

/** `import("x").T`: older trees wrap the name in a type. */
function literalOf(node: Deno.lint.Node): Deno.lint.Node {
  return node.type === "TSLiteralType" ? node.literal : node;
}

function relative(filename: string): string {
  const path = filename.startsWith("file://") ? new URL(filename).pathname : filename;
  return path.startsWith(root) ? path.slice(root.length) : path;
}
