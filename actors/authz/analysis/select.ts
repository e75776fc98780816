/**
 * SELECT, VALUES and set operations: what each output column derives from, and what the predicates,
 * keys and orderings compare.
 *
 * **Invariant:** the columns stand in the order and number of PostgreSQL's own; where that is not
 * certain the output is `open`.
 *
 * @module
 */
import { bareName } from "#schemas/analysis.ts";
import { setFunctions } from "./builtin_functions.ts";
import { fromRows, fromRowsMost, isAggregate, limitedRows } from "./estimate.ts";
import { valueOf } from "./expression.ts";
import {
  filterByCondition,
  filterByKey,
  filterByValue,
  filterByWindow,
  matchBy,
  type Side,
  sideOf,
  sortKey,
} from "./filters.ts";
import { fromClause } from "./from.ts";
import { noteGroups } from "./groups.ts";
import {
  aggregated,
  chosenBy,
  type Column,
  join,
  joinAll,
  named,
  opaque,
  plain,
  type Value,
} from "./lineage.ts";
import { columnName, isStar } from "./names.ts";
import { type Given, givenOf } from "./probes.ts";
import { resolveColumn, rowReference } from "./references.ts";
import { filterBy, type Run, spend, TooComplex } from "./run.ts";
import {
  columnAt,
  comparedItems,
  findSource,
  nested,
  type Output,
  rowOf,
  type Scope,
  uncertain,
} from "./scope.ts";
import { bodyOf, constantOf, type Fields, fields, items, stringOf, text } from "./tree.ts";
import { withScope } from "./with.ts";

/** PostgreSQL's own limit on the columns of a result (MaxTupleAttributeNumber). */
const columnsMax = 1664;

/** The rows of a SelectStmt in a scope. INTO is for the caller. */
export function selectOutput(select: Fields, outer: Scope | null, run: Run): Output {
  spend(run, 1);
  const { generated: madeAround, compared: comparedAround } = run;
  const generated = new Set<string>();
  const compared: Run["compared"] = new Map();
  run.generated = generated;
  run.compared = compared;
  const scope = withScope(select["withClause"], outer, run);
  const output = bodyOutput(select, scope, run);
  if (output.columns.length > columnsMax) throw new TooComplex();
  filterByValue(valueOf(select["limitOffset"], scope, run), run);
  filterByValue(valueOf(select["limitCount"], scope, run), run);
  if (select["lockingClause"] !== undefined) run.details.add("lock_rows");
  run.generated = madeAround;
  run.compared = comparedAround;
  for (const name of generated) madeAround.add(name);
  for (const [key, classes] of compared) {
    comparedAround.set(key, comparedAround.get(key)?.union(classes) ?? classes);
  }
  const consult = (location: number) => void run.consulted.push(location);
  const limit = limitedRows(Infinity, select["limitCount"], consult);
  // WITH TIES gives more than it says.
  const isLimit = text(select["limitOption"]) !== "LIMIT_OPTION_WITH_TIES";
  const rows = Math.min(output.rows, limit);
  const rowsMost = Math.min(output.rowsMost ?? Infinity, isLimit ? limit : Infinity);
  return { ...output, columns: chosenBy(output.columns, generated), rows, rowsMost };
}

function bodyOutput(select: Fields, scope: Scope | null, run: Run): Output {
  const op = text(select["op"]);
  if (op !== "" && op !== "SETOP_NONE") return setOperation(select, op, scope, run);
  const rows = items(select["valuesLists"]);
  return rows.length > 0 ? valuesOutput(select, rows, scope, run) : plainSelect(select, scope, run);
}

function setOperation(select: Fields, op: string, scope: Scope | null, run: Run): Output {
  const left = selectOutput(fields(select["larg"]), scope, run);
  const right = selectOutput(fields(select["rarg"]), scope, run);
  const fits = left.columns.length === right.columns.length;
  const joined = left.columns.map((column, index) =>
    named(column.name, join(column, right.columns[index] ?? opaque))
  );
  const open = left.open || right.open || !fits;
  const columns = open ? uncertain(joined.concat(right.columns)).slice(0, joined.length) : joined;
  // All but UNION ALL compare rows with each other.
  if (op !== "SETOP_UNION" || select["all"] !== true) {
    left.columns.forEach((column, index) => {
      matchBy(column, right.columns[index] ?? named("", opaque), "group", run);
    });
  }
  const rows = op === "SETOP_UNION" ? left.rows + right.rows : left.rows;
  const output = { columns, open, rows };
  orderBy(select, output, outputScope(output, scope), run);
  return output;
}

function valuesOutput(
  select: Fields,
  rows: readonly unknown[],
  scope: Scope | null,
  run: Run,
): Output {
  const values: Value[] = [];
  const given: (Given | null)[][] = [];
  let open = false;
  for (const row of rows) {
    const listed = listedValues(items(bodyOf(row, "List")?.["items"]), scope, run);
    open ||= listed === null || row !== rows[0] && listed.length !== values.length;
    for (const [index, { value, item }] of (listed ?? []).entries()) {
      values[index] = join(values[index] ?? plain, value);
      (given[index] ??= []).push(item === null ? null : givenOf(item, run));
    }
  }
  const known = values.map((value, index) => ({
    ...named(`column${index + 1}`, value),
    given: given[index] ?? [],
  }));
  const columns = open ? uncertain(known) : known;
  const output = { columns, open, rows: rows.length, rowsMost: rows.length };
  orderBy(select, output, outputScope(output, scope), run);
  return output;
}

/**
 * Values as they are given one by one to columns, `t.*` as the columns that it stands for. Null
 * where it is not told how many these are.
 */
export function listedValues(
  list: readonly unknown[],
  scope: Scope | null,
  run: Run,
): readonly { readonly value: Value; readonly item: unknown }[] | null {
  const listed = list.map((item) => {
    if (!isStar(item)) return [{ value: valueOf(item, scope, run), item }];
    const { columns, open } = expand(item, nested(scope, []), run);
    return open ? null : columns.map((value) => ({ value, item: null }));
  });
  return listed.some((part) => part === null) ? null : listed.flatMap((part) => part ?? []);
}

/** ORDER BY of a set operation or VALUES sees the output columns alone. */
function outputScope(output: Output, scope: Scope | null): Scope {
  const open = output.open ? opaque : null;
  const { columns, rows } = output;
  const source = { alias: null, schema: null, columns, open, relation: null };
  return nested(scope, [{ sources: [source], columns, open, rows }]);
}

function plainSelect(select: Fields, outer: Scope | null, run: Run): Output {
  const list = fromClause(items(select["fromClause"]), outer, run);
  const scope = nested(outer, list);
  const targets = items(select["targetList"]);
  const { columns, open } = targetColumns(targets, scope, run);
  const where = select["whereClause"];
  filterByCondition(where, scope, run);
  const group = items(select["groupClause"]);
  const shown = { columns, open };
  for (const key of group) groupBy(key, targets, shown, scope, run);
  filterByCondition(select["havingClause"], scope, run);
  for (const window of items(select["windowClause"])) {
    filterByWindow(bodyOf(window, "WindowDef") ?? {}, scope, run);
  }
  distinct(items(select["distinctClause"]), targets, shown, scope, run);
  const grouped = group.length === 0 &&
    (select["havingClause"] !== undefined ||
      targets.some((target) => isAggregate(bodyOf(target, "ResTarget")?.["val"])));
  noteGroups(select, list, run);
  const seen = run.compared.size === 0
    ? columns
    : targetColumns(targets, nested(outer, comparedItems(list, run.compared)), run).columns;
  // A condition on groups tells of their rows, whatever else is selected.
  const told = select["havingClause"] === undefined
    ? seen
    : seen.map((column) => named(column.name, aggregated(column), column.origin));
  // A function that gives sets makes many rows of one.
  const multiplies = [...run.functions].some((name) => setFunctions.has(bareName(name)));
  const rowsMost = multiplies ? Infinity : grouped ? 1 : fromRowsMost(list, where);
  const output = { columns: told, open, rows: grouped ? 1 : fromRows(list, where), rowsMost };
  orderBy(select, output, scope, run);
  return output;
}

/** Expands a target list (of SELECT or RETURNING) to its columns. */
export function targetColumns(
  targets: readonly unknown[],
  scope: Scope,
  run: Run,
): { readonly columns: readonly Column[]; readonly open: boolean } {
  const columns: Column[] = [];
  let open = false;
  for (const target of targets) {
    const body = bodyOf(target, "ResTarget") ?? {};
    const value = body["val"];
    if (isStar(value)) {
      const expanded = expand(value, scope, run);
      for (const column of expanded.columns) columns.push(column);
      open ||= expanded.open;
      spend(run, expanded.columns.length);
      if (columns.length > columnsMax) throw new TooComplex();
      continue;
    }
    const name = text(body["name"]) ||
      columnName(value, (star) => firstName(star, scope, run));
    const reference = bodyOf(value, "ColumnRef");
    const column = reference === null
      ? named(name, valueOf(value, scope, run))
      : resolveColumn(reference, scope, run);
    columns.push(named(name, column, column.origin));
  }
  return { columns, open };
}

/** The name of the first column that a subquery gives. */
export function firstName(select: unknown, scope: Scope, run: Run): string {
  const body = bodyOf(select, "SelectStmt");
  return body === null ? "?column?" : selectOutput(body, scope, run).columns[0]?.name ?? "?column?";
}

/** The columns of `*`, `t.*`, `s.t.*` or `(expression).*`. */
function expand(
  value: unknown,
  scope: Scope,
  run: Run,
): { readonly columns: readonly Column[]; readonly open: boolean } {
  const reference = bodyOf(value, "ColumnRef");
  if (reference === null) {
    const body = bodyOf(value, "A_Indirection") ?? {};
    const inner = items(body["indirection"]).length === 1 ? rowReference(body["arg"], scope) : null;
    if (inner !== null) return { columns: inner.columns, open: inner.open !== null };
    return { columns: [named("*", join(opaque, valueOf(value, scope, run)))], open: true };
  }
  const names = items(reference["fields"]).slice(0, -1).map((item) => stringOf(item) ?? "");
  if (names.length === 0) {
    const open = scope.items.some((item) => item.open !== null);
    const columns = scope.items.flatMap((item) => item.columns);
    return { columns: open ? columns.concat(named("*", opaque)) : columns, open };
  }
  const [schema, name] = names.length > 1 ? names.slice(-2) : [null, names[0]];
  const source = findSource(scope, schema ?? null, name ?? "");
  if (source === null) return { columns: [named("*", opaque)], open: true };
  if (source.open !== null) {
    return { columns: [named("*", join(opaque, rowOf(source)))], open: true };
  }
  return { columns: source.columns, open: false };
}

/** What a target list gives; `open` when others stand among the columns. */
type Shown = Pick<Output, "columns" | "open">;

/** GROUP BY prefers input columns, then output names, then positions (SQL:99, then SQL:92). */
function groupBy(
  key: unknown,
  targets: readonly unknown[],
  shown: Shown,
  scope: Scope,
  run: Run,
): void {
  spend(run, 1);
  const set = bodyOf(key, "GroupingSet");
  if (set !== null) {
    for (const part of items(set["content"])) groupBy(part, targets, shown, scope, run);
    return;
  }
  const name = soleName(key);
  const isInput = name !== null && columnAt(scope, name) !== null;
  const side = isInput ? sideOf(key, scope, run) : outputKey(key, targets, shown, scope, run);
  filterByKey(side, "group", run);
}

/** ORDER BY and DISTINCT ON prefer output names, then positions, then input columns. */
function outputKey(
  key: unknown,
  targets: readonly unknown[],
  { columns, open }: Shown,
  scope: Scope,
  run: Run,
): Side {
  // With `*` among the targets it is not told which of them makes a column.
  const expressionAt = (index: number) =>
    targets.length === columns.length ? bodyOf(targets[index], "ResTarget")?.["val"] : undefined;
  const name = soleName(key);
  const isOutput = name !== null || constantOf(key)?.kind === "integer";
  if (open && isOutput) {
    const [column = named("", opaque)] = uncertain(columns);
    return { expression: undefined, column, scope };
  }
  const places = name === null
    ? []
    : columns.flatMap((column, index) => column.name === name ? [index] : []);
  const [place, ...others] = places;
  if (place !== undefined) {
    const column = others.length === 0
      ? columns[place] ?? named("", opaque)
      : named("", joinAll(columns.filter((one) => one.name === name)));
    return { expression: others.length === 0 ? expressionAt(place) : undefined, column, scope };
  }
  const constant = constantOf(key);
  if (constant?.kind !== "integer") return sideOf(key, scope, run);
  run.consulted.push(constant.location);
  const column = columns[constant.value - 1] ?? named("", opaque);
  return { expression: expressionAt(constant.value - 1), column, scope };
}

function distinct(
  keys: readonly unknown[],
  targets: readonly unknown[],
  shown: Shown,
  scope: Scope,
  run: Run,
): void {
  if (keys.length === 0 || targets.length === 0) return;
  // Plain DISTINCT is a list of one empty node; DISTINCT ON lists its keys.
  const on = keys.filter((key) =>
    bodyOf(key, "A_Const") !== null || Object.keys(fields(key)).length > 0
  );
  for (const key of on) filterByKey(outputKey(key, targets, shown, scope, run), "group", run);
  if (on.length > 0) return;
  for (const column of shown.columns) {
    filterBy(run, column, "group");
    // Nothing is named that values are compared with.
    if (column.origin === null) filterBy(run, column, "pattern");
  }
}

function orderBy(select: Fields, output: Output, scope: Scope, run: Run): void {
  for (const sort of items(select["sortClause"])) {
    const targets = items(select["targetList"]);
    filterByKey(outputKey(sortKey(sort), targets, output, scope, run), "sort", run);
  }
}

function soleName(key: unknown): string | null {
  const list = items(bodyOf(key, "ColumnRef")?.["fields"]);
  return list.length === 1 ? stringOf(list[0]) : null;
}
