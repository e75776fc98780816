/**
 * INSERT … ON CONFLICT: what it asks of the rows that are there, and the row that it proposes.
 *
 * @module
 */
import { filterBySide, sideOf } from "./filters.ts";
import { type Column, join, named, opaque, plain } from "./lineage.ts";
import { probeColumn, readsOf } from "./probes.ts";
import type { Resolved } from "./resolve.ts";
import { filterBy, type Run } from "./run.ts";
import { type FromItem, nested, type Output } from "./scope.ts";
import { bodyOf, type Fields, fields, items, text } from "./tree.ts";
import { isStored } from "./whole_values.ts";

/**
 * With ON CONFLICT an insert asks whether its keys are there already, and what it inserts, or gives
 * back, is the answer.
 */
export function conflictKeys(
  conflict: Fields,
  item: FromItem,
  resolved: Resolved | null,
  targets: readonly (Column | null)[],
  values: Output,
  run: Run,
): void {
  const elements = items(fields(conflict["infer"])["indexElems"]).map((element) => {
    return bodyOf(element, "IndexElem") ?? {};
  });
  const scope = nested(null, [item]);
  for (const { expr } of elements) {
    if (expr !== undefined) filterBySide(sideOf(expr, scope, run), "pattern", run);
  }
  const isNamed = elements.length > 0 && elements.every(({ expr }) => expr === undefined) &&
    fields(conflict["infer"])["whereClause"] === undefined;
  const keys = isNamed
    ? elements.map((element) => text(element["name"]))
    : run.session.unsettled
    ? null
    : resolved?.relation?.conflictColumns ?? null;
  for (const [place, column] of item.columns.entries()) {
    if (keys?.includes(column.name) === false || column.classes.length === 0) continue;
    const index = targets.findIndex((target) => target?.name === column.name);
    // What is generated is made of any of them.
    const isMade = (resolved?.relation?.generated[place] ?? null) !== null;
    const given = values.open
      ? [named("", opaque)]
      : values.columns.filter((_, other) => other === index || isMade);
    if (given.length > 0) filterBy(run, column, isMade ? "pattern" : "equality");
    for (const value of given) probeColumn(column, value, readsOf(value), run);
  }
}

/** `excluded`: the row proposed for insertion. */
export function excludedItem(
  item: FromItem,
  targets: readonly (Column | null)[],
  output: Output | null,
): FromItem {
  const columns = item.columns.map((column) => {
    const index = targets.findIndex((target) => target?.name === column.name);
    const proposed = index < 0 ? plain : output?.columns[index] ?? plain;
    const value = join(column, output?.open === true ? join(opaque, proposed) : proposed);
    const isWhole = proposed.classes.length === 0 || isStored(proposed);
    return { ...named(column.name, value), ...(isWhole ? { whole: true } as const : {}) };
  });
  const source = { alias: "excluded", schema: null, columns, open: item.open, relation: null };
  return { sources: [source], columns: [], open: null, rows: 1 };
}
