/**
 * How many rows every group of an aggregate is proven to have: what keeps a count of one row from
 * telling about that row.
 *
 * Theory of operation. A statement proves `n` when each of its query levels that reads a relation
 * with classes is an aggregate over one table, with a conjunct `count(*) >= n` in its HAVING, and
 * selects group keys, counts, sums and averages of bare columns only. Joins and functions in FROM
 * multiply rows, and `max`, `array_agg` or FILTER pick single ones: with them nothing is proven.
 *
 * **Invariant:** whatever is not of that form proves nothing.
 *
 * @module
 */
import { pureFunctions, setFunctions } from "./builtin_functions.ts";
import { impliedOperators, isBuiltin } from "./calls.ts";
import type { Run } from "./run.ts";
import type { FromItem } from "./scope.ts";
import { bodyOf, constantOf, type Fields, items, node, stringOf, stringsOf } from "./tree.ts";

/** Notes the rows that a query level proves; of nothing when it reads nothing protected. */
export function noteGroups(select: Fields, list: readonly FromItem[], run: Run): void {
  if (!list.some(isProtected)) return;
  const rows = select["havingClause"] === undefined ? 0 : provenBy(select, run);
  noteRows(rows > 0 && isProvable(select, list, run) ? rows : 0, run);
}

/** Notes that protected rows were chosen in groups of at least so many; 0 for one by one. */
export function noteRows(rows: number, run: Run): void {
  run.rowsMin = Math.min(run.rowsMin ?? rows, rows);
}

/** Whether a call's result is made of many rows: an aggregate or window function. */
export function isAggregateCall(call: Fields): boolean {
  if (call["over"] !== undefined || call["agg_star"] === true) return true;
  if (call["agg_within_group"] === true || call["agg_distinct"] === true) return true;
  if (call["agg_filter"] !== undefined || items(call["agg_order"]).length > 0) return true;
  return aggregates.has(stringsOf(call["funcname"])?.at(-1) ?? "");
}

function isProtected({ columns, open, sources }: FromItem): boolean {
  if (open !== null || columns.some(isSecret)) return true;
  return sources.some((source) => source.open !== null || source.columns.some(isSecret));
}

function isSecret({ classes, opaque }: { classes: readonly string[]; opaque: boolean }): boolean {
  return classes.length > 0 || opaque;
}

function isProvable(select: Fields, list: readonly FromItem[], run: Run): boolean {
  const [item, ...others] = list;
  const kind = item?.sources[0]?.relation?.kind;
  const isTable = bodyOf(items(select["fromClause"])[0], "RangeVar") !== null &&
    (kind === "r" || kind === "p");
  return others.length === 0 && isTable && items(select["windowClause"]).length === 0 &&
    ["targetList", "groupClause", "havingClause", "sortClause"].every((clause) =>
      isOfGroups(select[clause], run)
    );
}

/** Whether an expression takes from rows nothing but group keys, counts, sums and averages. */
function isOfGroups(expression: unknown, run: Run): boolean {
  const pending: unknown[] = [expression];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (typeof item !== "object" || item === null) continue;
    if (Array.isArray(item)) {
      for (const part of item) pending.push(part);
      continue;
    }
    const { tag = "", body = {} } = node(item) ?? {};
    if (/^(SubLink|SelectStmt|A_Star|Json\w*Agg)$/.test(tag)) return false;
    if (tag !== "FuncCall") {
      for (const part of Object.values(item)) if (part !== undefined) pending.push(part);
      continue;
    }
    if (isAggregateCall(body)) {
      if (!isAverage(body, run)) return false;
      continue;
    }
    const name = stringsOf(body["funcname"])?.at(-1) ?? "";
    if (!isOwn(body, run) || !pureFunctions.has(name) || setFunctions.has(name)) return false;
    pending.push(body["args"] ?? null);
  }
  return true;
}

/** An aggregate of all rows of the group, from which no single row can be told. */
function isAverage(call: Fields, run: Run): boolean {
  if (isRowCount(call, run)) return true;
  const name = stringsOf(call["funcname"])?.at(-1) ?? "";
  const plain = call["over"] === undefined && call["agg_filter"] === undefined &&
    call["agg_order"] === undefined && call["agg_within_group"] !== true &&
    (call["agg_distinct"] !== true || name === "count");
  return plain && averages.has(name) && isOwn(call, run) &&
    items(call["args"]).every((arg) => {
      return bodyOf(bodyOf(arg, "TypeCast")?.["arg"] ?? arg, "ColumnRef") !== null;
    });
}

function isRowCount(call: Fields, run: Run): boolean {
  return call["agg_star"] === true && call["over"] === undefined &&
    call["agg_filter"] === undefined && stringsOf(call["funcname"])?.at(-1) === "count" &&
    isOwn(call, run);
}

function isOwn(call: Fields, run: Run): boolean {
  return isBuiltin(items(call["funcname"]).map((part) => stringOf(part) ?? ""), run);
}

/** The largest `n` of the conjuncts of HAVING; 0 without. */
function provenBy(select: Fields, run: Run): number {
  const pending: unknown[] = [select["havingClause"]];
  let rows = 0;
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const conjunction = bodyOf(item, "BoolExpr");
    if (conjunction?.["boolop"] === "AND_EXPR") pending.push(...items(conjunction["args"]));
    const comparison = bodyOf(item, "A_Expr");
    if (comparison !== null) rows = Math.max(rows, comparedRows(comparison, run));
  }
  return rows;
}

/** `n` of `count(*) >= n`, `count(*) > n - 1`, `count(*) = n` or the same turned around. */
function comparedRows(comparison: Fields, run: Run): number {
  const [symbol = "", ...qualified] = stringsOf(comparison["name"]) ?? [];
  const { lexpr: left, rexpr: right } = comparison;
  const call = bodyOf(left, "FuncCall") ?? bodyOf(right, "FuncCall");
  const isTurned = bodyOf(left, "FuncCall") === null;
  const more = { [isTurned ? "<=" : ">="]: 0, [isTurned ? "<" : ">"]: 1, "=": 0 }[symbol];
  if (comparison["kind"] !== "AEXPR_OP" || qualified.length > 0 || more === undefined) return 0;
  if (call === null || !isRowCount(call, run)) return 0;
  if (run.session.unsettled || impliedOperators([symbol], run).opaque) return 0;
  const constant = constantOf(isTurned ? left : right);
  if (constant?.kind !== "integer") return 0;
  run.consulted.push(constant.location);
  return Math.max(0, constant.value + more);
}

/** Aggregates that mix all rows of a group. */
const averages: ReadonlySet<string> = new Set(
  `count sum avg stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp
  regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy`
    .split(/\s+/),
);

/** PostgreSQL's own; with their own syntax (FILTER, OVER, ORDER BY) others are told as well. */
export const aggregates: ReadonlySet<string> = new Set([
  ...averages,
  ...`any_value array_agg bit_and bit_or bit_xor bool_and bool_or every json_agg json_agg_strict
  json_object_agg json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict
  jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique
  jsonb_object_agg_unique_strict max min mode percentile_cont percentile_disc range_agg
  range_intersect_agg string_agg xmlagg`.split(/\s+/),
]);
