/**
 * How many rows a statement may yield, from the catalog's estimates: an upper guess for policy,
 * never a plan.
 *
 * @module
 */
import { bodyOf, constantOf, items, node, stringOf, stringsOf } from "./tree.ts";
import type { FromItem, Source } from "./scope.ts";

/** Beyond this a guess says only "many". */
const rowsMax = 1e15;
/** What a predicate that is no key leaves of the rows. */
const selectivity = 0.33;

/** Rows of a join: the larger side when something joins them, else every pair. */
export function joinRows(left: number, right: number, joined: boolean): number {
  return Math.min(rowsMax, joined ? Math.max(left, right) : left * right);
}

/** Rows of a FROM clause under its predicate. */
export function fromRows(list: readonly FromItem[], where: unknown): number {
  const keyed = where === undefined ? [] : equalities(where);
  let rows = 1;
  let anyKey = false;
  for (const item of list) {
    const single = item.sources.length === 1 ? item.sources[0] : undefined;
    const isOne = single !== undefined && hasKey(single, keyed);
    anyKey ||= isOne;
    rows = joinRows(rows, isOne ? Math.min(1, item.rows) : item.rows, where !== undefined);
  }
  return where === undefined || anyKey ? rows : rows * selectivity;
}

type Equality = { readonly source: string | null; readonly column: string };

/** Columns that the conjuncts of a predicate fix to a constant or parameter. */
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
    if (expression === null || expression["kind"] !== "AEXPR_OP") continue;
    if (stringsOf(expression["name"])?.join(".") !== "=") continue;
    const column = columnOf(expression["lexpr"]) ?? columnOf(expression["rexpr"]);
    const other = columnOf(expression["lexpr"]) === null
      ? expression["lexpr"]
      : expression["rexpr"];
    if (column !== null && isFixed(other)) found.push(column);
  }
  return found;
}

function hasKey(source: Source, keyed: readonly Equality[]): boolean {
  const { relation } = source;
  if (relation === null || keyed.length === 0) return false;
  return relation.uniqueKeys.some((key) =>
    key.every((name) =>
      keyed.some(({ source: alias, column }) =>
        column === name && (alias === null || alias === source.alias)
      )
    )
  );
}

function columnOf(expression: unknown): Equality | null {
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
