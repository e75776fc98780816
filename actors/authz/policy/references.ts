/**
 * Checks that what a policy names exists: connections, data classes, and the literals compared with
 * `context.classes`, `context.filtered_classes`, `context.filters` and `context.connection`. A
 * forbid on a class that is misspelt would otherwise never match, silently.
 *
 * @module
 */
import { Effect, FilterKind } from "#schemas/analysis.ts";
import type { Config } from "#schemas/config.ts";
import { didYouMean } from "#schemas/did_you_mean.ts";
import { StreamContent } from "#schemas/mask_plan.ts";
import { opaqueClass, unlistedClass } from "#schemas/policy_schema.ts";
import type { PolicyRule, Problem } from "./rules.ts";

type Known = {
  readonly connections: ReadonlySet<string>;
  readonly classes: ReadonlySet<string>;
  readonly commands: RegExp;
};

/** One problem for each name that leads nowhere. */
export function checkReferences(
  rules: readonly PolicyRule[],
  config: Pick<Config, "connections" | "classes">,
): Problem[] {
  const overSsh = Object.values(config.connections).some(({ protocol }) => protocol === "ssh");
  const known = {
    connections: new Set(Object.keys(config.connections)),
    classes: new Set(Object.keys(config.classes)),
    commands: overSsh ? /^(?:[A-Z][A-Z ]*|[^A-Z ].*)$/ : /^[A-Z][A-Z ]*$/,
  };
  return rules.flatMap((rule) => {
    const messages = new Set<string>();
    const { principal, resource, conditions } = rule.json;
    walk([principal, resource, conditions], known, messages);
    if (rule.effect === "forbid") {
      walkSamePrincipal([principal], messages);
      // `unless { principal == … }` exempts the person alone, which is what it says.
      walkSamePrincipal(conditions.filter(({ kind }) => kind === "when"), messages);
    }
    return [...messages].map((message) => ({
      path: `line ${rule.line}, policy "${rule.id}"`,
      message,
    }));
  });
}

/** Depth is bounded by scanPolicy, which every text passed before it became this tree. */
function walk(node: unknown, known: Known, messages: Set<string>): void {
  if (Array.isArray(node)) return node.forEach((item) => walk(item, known, messages));
  if (!isRecord(node)) return;
  checkEntity(node, known, messages);
  for (const [operator, operands] of Object.entries(node)) {
    if (isRecord(operands)) checkLiterals(operator, operands, known, messages);
    walk(operands, known, messages);
  }
}

function checkEntity(node: Record<string, unknown>, known: Known, messages: Set<string>): void {
  const { type, id } = node;
  if (typeof type !== "string" || typeof id !== "string") return;
  if (type === "Connection" && !known.connections.has(id)) {
    const hint = didYouMean(id, known.connections);
    messages.add(`Connection::"${id}" is not in the configuration${hint}`);
  }
  if (type === "DataClass" && id !== opaqueClass && !known.classes.has(id)) {
    const hint = id === unlistedClass
      ? ": no connection says `unlisted: mask`"
      : didYouMean(id, known.classes);
    messages.add(`DataClass::"${id}" is not in the configuration${hint}`);
  }
}

function checkLiterals(
  operator: string,
  operands: Record<string, unknown>,
  known: Known,
  messages: Set<string>,
): void {
  const compares = ["contains", "containsAll", "containsAny", "==", "!="].includes(operator);
  if (!compares) return;
  const attribute = contextAttribute(operands["left"]) ?? contextAttribute(operands["right"]);
  const words = [...literals(operands["left"]), ...literals(operands["right"])];
  const vocabulary = vocabularyOf(attribute, known);
  for (const word of vocabulary === null ? [] : words) {
    if (vocabulary?.has(word)) continue;
    const hint = didYouMean(word, vocabulary ?? []);
    messages.add(`context.${attribute} never holds "${word}"${hint}`);
  }
  if (attribute === "command") {
    for (const word of words.filter((word) => !known.commands.test(word))) {
      messages.add(`context.command never is "${word}": commands are upper case, as "DROP TABLE"`);
    }
  }
  if (attribute === "effects") {
    for (const word of words.filter((word) => word !== word.toLowerCase())) {
      const hint = didYouMean(word.toLowerCase(), Effect.options);
      messages.add(`context.effects never holds "${word}": effects are lower case${hint}`);
    }
  }
}

function vocabularyOf(attribute: string | null, known: Known): ReadonlySet<string> | null {
  if (attribute === "classes" || attribute === "filtered_classes") {
    return new Set([...known.classes, opaqueClass]);
  }
  if (attribute === "filters") {
    const names = [...known.classes, opaqueClass];
    return new Set(names.flatMap((name) => FilterKind.options.map((kind) => `${name}:${kind}`)));
  }
  if (attribute === "filter_kinds") return new Set(FilterKind.options);
  if (attribute === "connection") return known.connections;
  if (attribute === "content") return new Set(StreamContent.options);
  return null;
}

/** The attribute's name when the node is `context.<attribute>`. */
function contextAttribute(node: unknown): string | null {
  if (!isRecord(node) || !isRecord(node["."])) return null;
  const { left, attr } = node["."];
  const isContext = isRecord(left) && left["Var"] === "context";
  return isContext && typeof attr === "string" ? attr : null;
}

/** The strings of a literal, or of a set of literals. */
function literals(node: unknown): string[] {
  if (!isRecord(node)) return [];
  if (typeof node["Value"] === "string") return [node["Value"]];
  const { Set: items } = node;
  return Array.isArray(items) ? items.flatMap(literals) : [];
}

/**
 * `principal == User::"bob"` in a forbid does not hold for the agents that act for bob, who are
 * `in` him: a person who was shut out would still reach through them.
 */
function walkSamePrincipal(node: unknown, messages: Set<string>): void {
  if (Array.isArray(node)) return node.forEach((item) => walkSamePrincipal(item, messages));
  if (!isRecord(node)) return;
  const scope = node["op"] === "==" ? node["entity"] : undefined;
  if (isPerson(scope)) messages.add(samePrincipal);
  for (const [operator, operands] of Object.entries(node)) {
    if (operator === "==" && isRecord(operands)) {
      const sides = [operands["left"], operands["right"]];
      const aboutPrincipal = sides.some((side) => isRecord(side) && side["Var"] === "principal");
      const names = sides.some((side) => isRecord(side) && isPerson(side["Value"]));
      if (aboutPrincipal && names) messages.add(samePrincipal);
    }
    walkSamePrincipal(operands, messages);
  }
}

const samePrincipal =
  'a forbid must say `principal in User::"x"`: `==` does not hold for agents acting for x';

function isPerson(node: unknown): boolean {
  if (!isRecord(node)) return false;
  const entity = isRecord(node["__entity"]) ? node["__entity"] : node;
  return entity["type"] === "User" || entity["type"] === "Agent";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
