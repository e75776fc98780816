/**
 * The part of a policy that one question can be about: the rules whose scope takes its action and
 * resource, and what of the context these rules look at.
 *
 * Theory of operation. Cedar decides by its policies and the request alone. A rule whose scope
 * names another action or resource cannot match, nor fail; and rules that never name
 * `context.relations` answer alike whatever relations a statement touches. So a question asks the
 * rules of its slice, with the attributes they name, and an answer holds for every question that
 * is the same in those.
 *
 * **Invariant:** a rule is left out only when its scope surely does not match, and an attribute
 * only when no rule of the slice can see it: whatever else is done with `context` counts as all of
 * it.
 *
 * @module
 */
import type { PolicyRule } from "./rules.ts";

/** What of the context is looked at: the names of its attributes, or all of it. */
export type Seen = ReadonlySet<string> | "everything";

/** The rules whose scope may take the action on the resource. */
export function rulesFor(
  rules: readonly PolicyRule[],
  action: string,
  resource: { readonly type: string; readonly id: string },
): readonly PolicyRule[] {
  return rules.filter(({ json }) => {
    return mayTakeAction(json.action, action) && mayTakeResource(json.resource, resource);
  });
}

/** What the rules can see of the context. */
export function seenBy(rules: readonly PolicyRule[]): Seen {
  const names = new Set<string>();
  return rules.every(({ json }) => isNamed(json.conditions, names)) ? names : "everything";
}

/** Actions have no groups in our schema: `in` is one of those listed. */
function mayTakeAction(scope: unknown, action: string): boolean {
  if (!isRecord(scope)) return true;
  const { op, entity, entities } = scope;
  if (op !== "==" && op !== "in") return true;
  if (Array.isArray(entities)) return entities.some((one) => mayBe(one, "Action", action));
  return mayBe(entity, "Action", action);
}

function mayTakeResource(scope: unknown, { type, id }: { type: string; id: string }): boolean {
  if (!isRecord(scope)) return true;
  if (scope["op"] === "is") return scope["entity_type"] === type;
  return scope["op"] === "==" ? mayBe(scope["entity"], type, id) : true;
}

function mayBe(entity: unknown, type: string, id: string): boolean {
  if (!isRecord(entity)) return true;
  const named = isRecord(entity["__entity"]) ? entity["__entity"] : entity;
  if (typeof named["type"] !== "string" || typeof named["id"] !== "string") return true;
  return named["type"] === type && named["id"] === id;
}

/**
 * Gathers the attributes that an expression names; false when it uses `context` in any other way.
 * Depth is bounded by scanPolicy, which every text passed before it became this tree.
 */
function isNamed(node: unknown, names: Set<string>): boolean {
  if (Array.isArray(node)) return node.every((item) => isNamed(item, names));
  if (!isRecord(node)) return true;
  if (node["Var"] === "context") return false;
  return Object.entries(node).every(([operator, operands]) => {
    const attribute = operator === "." || operator === "has" ? attributeOf(operands) : null;
    if (attribute === null) return isNamed(operands, names);
    names.add(attribute);
    return true;
  });
}

/** The attribute of `context.x` or `context has x`; of `context has x.y` the first. */
function attributeOf(operands: unknown): string | null {
  if (!isRecord(operands) || !isRecord(operands["left"])) return null;
  if (operands["left"]["Var"] !== "context") return null;
  const { attr } = operands;
  const first: unknown = Array.isArray(attr) ? attr[0] : attr;
  return typeof first === "string" ? first : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
