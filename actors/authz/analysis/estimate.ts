/**
 * How many rows a statement may yield, from the catalog's estimates: an upper guess for policy,
 * never a plan.
 *
 * @module
 */
import { bodyOf, constantOf, type Fields, items, node, stringOf, stringsOf } from "./tree.ts";
import type { FromItem, Source } from "./scope.ts";

/** Beyond this a guess says only "many". */
const rowsMax = 1e15;
/** What a predicate that is no key leaves of the rows. */
const selectivity = 0.33;

/** Rows of a join: the larger side when something joins them, else every pair. */
export function joinRows(left: number, right: number, joined: boolean): number {
  return Math.min(rowsMax, joined ? Math.max(left, right) : left * right);
}

/**
 * How many rows a FROM clause has at most: one where nothing is read, and of one relation as many
 * as the values that a predicate fixes a unique key to. Infinity: nothing says so.
 */
export function fromRowsMost(list: readonly FromItem[], where: unknown): number {
  if (list.length === 0) return 1;
  const [only, ...others] = list.length === 1 ? list[0]?.sources ?? [] : [];
  if (only === undefined || others.length > 0 || where === undefined) return Infinity;
  return rowsByKey(only, equalities(where)) ?? Infinity;
}

/** Rows of a FROM clause under its predicate. */
export function fromRows(list: readonly FromItem[], where: unknown): number {
  const keyed = where === undefined ? [] : equalities(where);
  let rows = 1;
  let anyKey = false;
  for (const item of list) {
    const single = item.sources.length === 1 ? item.sources[0] : undefined;
    const found = single === undefined ? null : rowsByKey(single, keyed);
    anyKey ||= found !== null;
    const some = found === null ? item.rows : Math.min(found, item.rows);
    rows = joinRows(rows, some, where !== undefined);
  }
  return where === undefined || anyKey ? rows : rows * selectivity;
}

/** `values`: how many constants or parameters the column is fixed to. */
type Equality = ColumnName & { readonly values: number };
type ColumnName = { readonly source: string | null; readonly column: string };

/** Columns that the conjuncts of a predicate fix to constants or parameters. */
function equalities(where: unknown): readonly Equality[] {
  const pending: unknown[] = [where];
  const found: Equality[] = [];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const conjunction = bodyOf(item, "BoolExpr");
    if (conjunction !== null) {
      if (conjunction["boolop"] === "AND_EXPR") pending.push(...items(conjunction["args"]));
      continue;
    }
    const expression = bodyOf(item, "A_Expr");
    if (expression === null || stringsOf(expression["name"])?.join(".") !== "=") continue;
    const list = listed(expression);
    const member = list === null ? null : columnOf(expression["lexpr"]);
    if (member !== null && list !== null) found.push({ ...member, values: list.length });
    if (expression["kind"] !== "AEXPR_OP") continue;
    const column = columnOf(expression["lexpr"]) ?? columnOf(expression["rexpr"]);
    const other = columnOf(expression["lexpr"]) === null
      ? expression["lexpr"]
      : expression["rexpr"];
    if (column !== null && isFixed(other)) found.push({ ...column, values: 1 });
  }
  return found;
}

/** The constants of `x IN (...)` and `x = ANY (ARRAY[...])`; null for anything else. */
function listed(expression: Fields): readonly unknown[] | null {
  const right = expression["rexpr"];
  const elements = expression["kind"] === "AEXPR_IN"
    ? bodyOf(right, "List")?.["items"]
    : expression["kind"] === "AEXPR_OP_ANY"
    ? bodyOf(right, "A_ArrayExpr")?.["elements"]
    : undefined;
  const list = items(elements);
  return list.length > 0 && list.every(isFixed) ? list : null;
}

/** Rows that a unique key, wholly fixed, leaves of an entry; null when no key is. */
function rowsByKey(source: Source, keyed: readonly Equality[]): number | null {
  const { relation } = source;
  if (relation === null || keyed.length === 0) return null;
  let fewest: number | null = null;
  for (const key of relation.uniqueKeys) {
    let rows = 1;
    for (const name of key) {
      const fixed = keyed.filter(({ source: alias, column }) =>
        column === name && (alias === null || alias === source.alias)
      );
      rows *= Math.min(...fixed.map(({ values }) => values));
    }
    // No equality at all gives Infinity: the key is not fixed.
    if (Number.isFinite(rows)) fewest = Math.min(fewest ?? rows, rows);
  }
  return fewest;
}

function columnOf(expression: unknown): ColumnName | null {
  const names = items(bodyOf(expression, "ColumnRef")?.["fields"]).map(stringOf);
  const column = names[names.length - 1];
  if (column === undefined || column === null) return null;
  return { source: names[names.length - 2] ?? null, column };
}

function isFixed(expression: unknown): boolean {
  const found = node(expression);
  if (found === null) return false;
  if (found.tag === "TypeCast") return isFixed(found.body["arg"]);
  return found.tag === "A_Const" || found.tag === "ParamRef";
}

/** Rows under a LIMIT; `consult` is told where a literal's value was used. */
export function limitedRows(
  rows: number,
  limit: unknown,
  consult: (location: number) => void,
): number {
  const constant = constantOf(limit);
  if (constant === null) return rows;
  consult(constant.location);
  return constant.kind === "integer" ? Math.min(rows, Math.max(0, constant.value)) : rows;
}

/** Whether a target calls an aggregate of SQL at its top level. */
export function isAggregate(expression: unknown): boolean {
  const call = bodyOf(expression, "FuncCall");
  if (call === null || call["over"] !== undefined) return false;
  const names = stringsOf(call["funcname"]) ?? [];
  return call["agg_star"] === true || call["agg_within_group"] === true ||
    aggregates.has(names[names.length - 1] ?? "");
}

const aggregates: ReadonlySet<string> = new Set(
  `count sum avg min max array_agg string_agg bool_and bool_or every stddev variance stddev_pop
  stddev_samp var_pop var_samp json_agg jsonb_agg json_object_agg jsonb_object_agg`.split(/\s+/),
);
