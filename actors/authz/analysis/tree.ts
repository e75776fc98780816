/**
 * Narrow accessors over the parser's JSON tree. A node is an object with one key, its tag:
 * `{ "SelectStmt": { ... } }`; fields at their default (0, "", false, first enum) are left out.
 *
 * **Invariant:** no accessor throws: what is not of the asked shape reads as absent.
 *
 * @module
 */

/** An object of the tree, its fields unread. */
export type Fields = { readonly [key: string]: unknown };
export type Node = { readonly tag: string; readonly body: Fields };

const noFields: Fields = {};
const noItems: readonly unknown[] = [];

/** The object `value` is, or an empty one. */
export function fields(value: unknown): Fields {
  return isFields(value) ? value : noFields;
}

/** The object `value` is, or null. */
export function fieldsOrNull(value: unknown): Fields | null {
  return isFields(value) ? value : null;
}

/** The list `value` is, or an empty one. */
export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : noItems;
}

/** The string `value` is, or "". */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The number `value` is, or 0: protobuf leaves zeros out. */
export function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** The tagged node `value` is; null when it is none. */
export function node(value: unknown): Node | null {
  if (!isFields(value)) return null;
  for (const tag in value) {
    const body = value[tag];
    return { tag, body: isFields(body) ? body : noFields };
  }
  return null;
}

/** The body of `value` when its tag is `tag`, else null. */
export function bodyOf(value: unknown, tag: string): Fields | null {
  if (!isFields(value)) return null;
  return fieldsOrNull(value[tag]);
}

/** The text of a `String` node; null for any other. */
export function stringOf(value: unknown): string | null {
  const body = bodyOf(value, "String");
  return body === null ? null : text(body["sval"]);
}

/** The texts of a list of `String` nodes; null when one is no String. */
export function stringsOf(value: unknown): readonly string[] | null {
  const result: string[] = [];
  for (const item of items(value)) {
    const name = stringOf(item);
    if (name === null) return null;
    result.push(name);
  }
  return result;
}

/** What an `A_Const` holds; null for any other node. */
export function constantOf(value: unknown):
  | { readonly kind: "integer"; readonly value: number; readonly location: number }
  | { readonly kind: "float" | "string"; readonly value: string; readonly location: number }
  | { readonly kind: "boolean"; readonly value: boolean; readonly location: number }
  | { readonly kind: "null" | "other"; readonly location: number }
  | null {
  const body = bodyOf(value, "A_Const");
  if (body === null) return null;
  const location = number(body["location"]);
  if (body["isnull"] === true) return { kind: "null", location };
  const integer = fieldsOrNull(body["ival"]);
  if (integer !== null) return { kind: "integer", value: number(integer["ival"]), location };
  const float = fieldsOrNull(body["fval"]);
  if (float !== null) return { kind: "float", value: text(float["fval"]), location };
  const string = fieldsOrNull(body["sval"]);
  if (string !== null) return { kind: "string", value: text(string["sval"]), location };
  const boolean = fieldsOrNull(body["boolval"]);
  if (boolean !== null) {
    return { kind: "boolean", value: boolean["boolval"] === true, location };
  }
  return { kind: "other", location };
}

/** Objects and lists of the JSON tree for each node of the parser: a constant takes three. */
const partsOfNode = 3;

/**
 * Whether the tree stays within `nodesMax` nodes and `depthMax` levels of nesting. Iterative, so
 * that a hostile tree cannot exhaust the stack here.
 */
export function isWithin(tree: unknown, nodesMax: number, depthMax: number): boolean {
  let level: unknown[] = [tree];
  let parts = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthMax) return false;
    const next: unknown[] = [];
    for (const value of level) {
      if (++parts > nodesMax * partsOfNode) return false;
      if (Array.isArray(value)) {
        for (const item of value) if (typeof item === "object" && item !== null) next.push(item);
      } else if (isFields(value)) {
        for (const key in value) {
          const item = value[key];
          if (typeof item === "object" && item !== null) next.push(item);
        }
      }
    }
    level = next;
  }
  return true;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
