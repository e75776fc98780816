/**
 * The values that a statement compares classes with: each is a guess at what is stored, told right
 * or wrong by the rows that come back. They are counted, never kept (`../postgres/probes.ts`).
 *
 * **Invariant:** a comparison by equality yields the values compared, or a probe of values that
 * nobody can count (`given` null).
 *
 * @module
 */
import { opaqueClass } from "#schemas/policy_schema.ts";
import { pureFunctions, setFunctions } from "./builtin_functions.ts";
import { isBuiltin } from "./calls.ts";
import { isAggregateCall } from "./groups.ts";
import type { Column, Origin, Value } from "./lineage.ts";
import { type Run, spend } from "./run.ts";
import { bodyOf, constantOf, type Fields, fields, items, node, number, stringOf } from "./tree.ts";

/** A piece of what makes a value: two values are the same when all of their pieces are. */
export type Piece =
  /** `location` in bytes of the statement's string, so that a shape finds it in another text. */
  | { readonly kind: "literal"; readonly text: string; readonly location: number }
  | { readonly kind: "parameter"; readonly number: number }
  /** A function, an operator, a cast with a length. */
  | { readonly kind: "made"; readonly by: string };

/** A value made of constants and parameters; of an `array` each element is one. */
export type Given = { readonly pieces: readonly Piece[]; readonly array: boolean };

export type Probe = { readonly classes: readonly string[]; readonly given: Given | null };

/** Notes values that a class is compared with. */
export function probe(compared: Value, given: Given | null, run: Run): void {
  const classes = compared.opaque ? [...compared.classes, "opaque"] : compared.classes;
  if (classes.length === 0) return;
  spend(run, 1);
  run.probes.push({ classes, given });
}

/** What an expression reads: rows that the statement makes, and columns as they are stored. */
export type Reads = { readonly made: boolean; readonly stored: readonly Column[] };

export function readsOf(column: Column): Reads {
  return { made: column.origin === null, stored: [column] };
}

/**
 * Notes that rows ask of a class what nobody can count. Rows that the statement makes itself may
 * hold any value, and so may a table; the comparison chooses those that are under the class. Then
 * what comes of the first, and the columns compared of the second, is of the class.
 */
export function probeByRows(compared: Value, { made, stored }: Reads, run: Run): void {
  probe(compared, null, run);
  if (made && compared.opaque) run.generated.add(opaqueClass);
  for (const name of compared.classes) {
    if (made) run.generated.add(name);
    for (const { origin } of stored) {
      if (origin === null) continue;
      const key = originKey(origin);
      run.compared.set(key, (run.compared.get(key) ?? new Set()).add(name));
    }
  }
}

export function originKey({ relation, attribute }: Origin): string {
  return `${relation}.${attribute}`;
}

/** Notes that a class is held equal to a column of other rows. */
export function probeColumn(compared: Value, other: Column, reads: Reads, run: Run): void {
  // What is stored under a class is not of the agent's making.
  if (other.origin !== null && other.classes.length > 0) return;
  if (other.given === undefined) return probeByRows(compared, reads, run);
  for (const given of other.given) probe(compared, given, run);
}

/**
 * What an expression is made of; null when it is another value each time, or reads rows other than
 * those columns that `mayRead` lets it.
 */
export function givenOf(expression: unknown, run: Run, mayRead: MayRead = nothing): Given | null {
  const pieces: Piece[] = [];
  return collect(expression, pieces, run, mayRead) ? { pieces, array: false } : null;
}

/** Is told the body of a ColumnRef. */
export type MayRead = (reference: Fields) => boolean;
const nothing: MayRead = () => false;

/** The elements of an array expression; null inside when they cannot be told apart. */
export function elementsOf(expression: unknown, run: Run): readonly (Given | null)[] {
  const bare = withoutCasts(expression);
  const array = bodyOf(bare, "A_ArrayExpr");
  if (array !== null) {
    return items(array["elements"]).flatMap((element) =>
      bodyOf(element, "A_ArrayExpr") === null ? [givenOf(element, run)] : elementsOf(element, run)
    );
  }
  const isOne = bodyOf(bare, "A_Const") !== null || bodyOf(bare, "ParamRef") !== null;
  const given = isOne ? givenOf(bare, run) : null;
  return [given === null ? null : { ...given, array: true }];
}

/** EXECUTE's arguments in the place of parameters; null for one that is not given. */
export function withArguments(
  probes: readonly Probe[],
  list: readonly unknown[],
  run: Run,
): readonly Probe[] {
  const known = list.map((argument) => givenOf(argument, run));
  return probes.map(({ classes, given }) => {
    if (given === null) return { classes, given };
    const pieces: Piece[] = [];
    for (const piece of given.pieces) {
      spend(run, 1);
      const argument = piece.kind === "parameter" ? known[piece.number - 1] : null;
      if (piece.kind !== "parameter") pieces.push(piece);
      else if (argument === null || argument === undefined) return { classes, given: null };
      else pieces.push(...argument.pieces);
    }
    return { classes, given: { ...given, pieces } };
  });
}

function collect(value: unknown, pieces: Piece[], run: Run, mayRead: MayRead): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every((item) => collect(item, pieces, run, mayRead));
  spend(run, 1);
  const { tag, body } = node(value) ?? { tag: "", body: {} };
  switch (tag) {
    case "":
      return true;
    case "ColumnRef":
      made(written(body), pieces);
      return mayRead(body);
    case "SubLink":
    case "SelectStmt":
      return false;
    case "A_Const":
      pieces.push(constant(value, body));
      return true;
    case "ParamRef":
      pieces.push({ kind: "parameter", number: number(body["number"]) });
      return true;
    case "TypeCast": {
      // A length may cut the value.
      const modifiers = fields(body["typeName"])["typmods"];
      return collect(body["arg"], pieces, run, mayRead) && collect(modifiers, pieces, run, mayRead);
    }
    case "FuncCall": {
      const names = items(body["funcname"]).map((part) => stringOf(part) ?? "");
      const name = names.at(-1) ?? "";
      const isPure = isBuiltin(names, run) && pureFunctions.has(name) && !setFunctions.has(name) &&
        !isAggregateCall(body);
      made(name, pieces);
      return isPure && collect(body["args"], pieces, run, mayRead);
    }
  }
  for (const [key, part] of Object.entries(value)) {
    made(typeof part === "object" ? key : `${key} ${String(part)}`, pieces);
    const inner = /^[A-Z]/.test(key) ? Object.entries(fields(part)) : [[key, part] as const];
    for (const [field, deeper] of inner) {
      if (field === "location") continue;
      if (typeof deeper !== "object") made(`${field} ${String(deeper)}`, pieces);
      else if (!collect(deeper, pieces, run, mayRead)) return false;
    }
  }
  return true;
}

function made(by: string, pieces: Piece[]): void {
  pieces.push({ kind: "made", by });
}

function constant(value: unknown, body: Fields): Piece {
  const found = constantOf(value);
  if (found === null || !("value" in found)) {
    return { kind: "made", by: written(body) };
  }
  return { kind: "literal", text: String(found.value), location: found.location };
}

/** A part of the tree as text, wherever it stands. */
function written(part: unknown): string {
  return JSON.stringify(part, (key, value: unknown) => key === "location" ? undefined : value);
}

function withoutCasts(expression: unknown): unknown {
  let inner = expression;
  for (let cast = bodyOf(inner, "TypeCast"); cast !== null; cast = bodyOf(inner, "TypeCast")) {
    inner = cast["arg"];
  }
  return inner;
}
