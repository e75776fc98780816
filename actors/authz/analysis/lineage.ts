/**
 * What a value derives from: a join semilattice of sets of data classes, with `opaque` for whatever
 * is not understood.
 *
 * **Invariant:** joining never loses a class and never clears `opaque`.
 *
 * @module
 */

import { opaqueClass } from "#schemas/policy_schema.ts";
import type { Given } from "./probes.ts";

/** Class names sorted and distinct; `opaque` when some part of the derivation is unknown. */
export type Value = {
  readonly classes: readonly string[];
  readonly opaque: boolean;
  /** Made of many rows at once; see `groups.ts`. */
  readonly aggregate?: true | undefined;
};

/** The bare column of a relation, by pg_class.oid and pg_attribute.attnum. */
export type Origin = { readonly relation: number; readonly attribute: number };

/** A named value: a column of a relation, a subquery or a result. */
export type Column = Value & {
  readonly name: string;
  readonly origin: Origin | null;
  /** Of VALUES and arrays: what they are made of; see `probes.ts`. */
  readonly given?: readonly (Given | null)[];
  /** No column, yet a value as one holds it: of `excluded`. */
  readonly whole?: true;
};

export const plain: Value = { classes: [], opaque: false };
export const opaque: Value = { classes: [], opaque: true };

/** Both derivations together. */
export function join(left: Value, right: Value): Value {
  if (left === right || isPlain(right)) return left;
  if (isPlain(left)) return right;
  return {
    classes: union(left.classes, right.classes),
    opaque: left.opaque || right.opaque,
    ...(left.aggregate === true || right.aggregate === true ? { aggregate: true } : {}),
  };
}

export function joinAll(values: readonly Value[]): Value {
  let result = plain;
  for (const value of values) result = join(result, value);
  return result;
}

/** Names a value; an expression has no origin. */
export function named(name: string, value: Value, origin: Origin | null = null): Column {
  const column = { name, classes: value.classes, opaque: value.opaque, origin };
  return value.aggregate === true ? { ...column, aggregate: true } : column;
}

/** Columns that are not as they are stored carry the classes that chose their rows. */
export function chosenBy(
  columns: readonly Column[],
  classes: ReadonlySet<string>,
): readonly Column[] {
  if (classes.size === 0) return columns;
  const chosen = chosenValue(classes);
  return columns.map((column) =>
    column.origin === null ? named(column.name, join(column, chosen)) : column
  );
}

/** What the classes that chose rows say; what is not understood stands among them by its name. */
export function chosenValue(classes: ReadonlySet<string>): Value {
  return {
    classes: [...classes].filter((name) => name !== opaqueClass).sort(),
    opaque: classes.has(opaqueClass),
  };
}

/** The same value, made of many rows. */
export function aggregated(value: Value): Value {
  return { classes: value.classes, opaque: value.opaque, aggregate: true };
}

/**
 * A column when the value is one; joining something plain to a column gives the same object, so
 * what is bare must be told by the expression as well.
 */
export function isColumn(value: Value | Column): value is Column {
  return "origin" in value;
}

/** The sorted union of two sorted lists. */
export function union(left: readonly string[], right: readonly string[]): readonly string[] {
  if (right.length === 0 || left === right) return left;
  if (left.length === 0) return right;
  return [...new Set([...left, ...right])].sort();
}

/** Whether every class of `part` is among `whole`. */
export function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  return part.every((name) => whole.includes(name));
}

function isPlain(value: Value): boolean {
  return !value.opaque && value.classes.length === 0 && value.aggregate !== true;
}
