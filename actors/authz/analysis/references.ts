/**
 * What a written name of a column or row refers to.
 *
 * **Invariant:** what is not found is opaque; it counts as surely not there only where every name
 * in scope is known.
 *
 * @module
 */
import { fieldValue, mayBeCall } from "./calls.ts";
import { type Column, join, named, opaque } from "./lineage.ts";
import type { Run } from "./run.ts";
import {
  columnAt,
  columnOf,
  findName,
  findSource,
  rowOf,
  type Scope,
  type Source,
} from "./scope.ts";
import { bodyOf, type Fields, items, stringOf } from "./tree.ts";

/** The entry whose whole row an expression is, when it is no column; else null. */
export function rowReference(expression: unknown, scope: Scope | null): Source | null {
  const names = items(bodyOf(expression, "ColumnRef")?.["fields"]).map(stringOf);
  const [name] = names;
  if (names.length !== 1 || name === undefined || name === null) return null;
  for (let level = scope; level !== null; level = level.parent) {
    if (columnAt(level, name) !== null) return null;
  }
  return findSource(scope, null, name);
}

/** The column or row a ColumnRef means; null `scope` resolves nothing. */
export function resolveColumn(body: Fields, scope: Scope | null, run: Run): Column {
  const names: string[] = [];
  for (const field of items(body["fields"])) {
    const name = stringOf(field);
    if (name === null) return named("*", opaque);
    names.push(name);
  }
  // The database's name may stand in front of schema.relation.column.
  if (names.length === 4 && names[0] === run.schema.database) names.shift();
  const [first, second, third] = names;
  if (names.length === 1 && first !== undefined) {
    return findName(scope, first) ?? unresolved(first, scope, run);
  }
  if (names.length === 2 && first !== undefined && second !== undefined) {
    return qualified(findSource(scope, null, first), second, scope, names, run);
  }
  if (names.length === 3 && first !== undefined && second !== undefined && third !== undefined) {
    return qualified(findSource(scope, first, second), third, scope, names, run);
  }
  return named(names[names.length - 1] ?? "", opaque);
}

function qualified(
  source: Source | null,
  name: string,
  scope: Scope | null,
  names: readonly string[],
  run: Run,
): Column {
  if (source === null) {
    // `composite.field` of a column is not valid SQL without parentheses; a call still may hide.
    const base = names.length === 2 ? findName(scope, names[0] ?? "") : null;
    return named(name, join(opaque, fieldValue(name, base ?? opaque, run)));
  }
  const column = columnOf(source, name);
  if (column !== null) return column;
  // `f.name` with no such column calls name(f) on the row; an open entry may have the column.
  if (source.open !== null) return named(name, fieldValue(name, source.open, run));
  if (!mayBeCall(name, run)) noteUnknown(scope, run);
  return named(name, join(opaque, fieldValue(name, rowOf(source), run)));
}

/** A name that no level has. Its value stays opaque, should the catalog be behind. */
function unresolved(name: string, scope: Scope | null, run: Run): Column {
  noteUnknown(scope, run);
  return named(name, opaque);
}

/** Where every name in scope is known, one that is not found does not exist. */
function noteUnknown(scope: Scope | null, run: Run): void {
  const { searchPath, unsettled } = run.session;
  if (searchPath === null || unsettled || run.unresolved) return;
  for (let level = scope; level !== null; level = level.parent) {
    if (level.items.some((item) => item.open !== null)) return;
    if (level.items.some(({ sources }) => sources.some(({ open }) => open !== null))) return;
  }
  run.unknownColumn = true;
}
