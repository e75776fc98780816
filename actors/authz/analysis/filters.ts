/**
 * How classes are used to choose rows (design 6, `filter_by`): conditions, walked down to their
 * comparisons, and keys of sorts, groups and windows.
 *
 * **Invariant:** every class of a condition or key gets a kind; what is no plain comparison of a
 * bare column is a `pattern`.
 *
 * @module
 */
import type { FilterKind } from "#schemas/analysis.ts";
import { impliedOperators, operatorValue } from "./calls.ts";
import { operatorShare, valueOf } from "./expression.ts";
import { type Column, isColumn, named, opaque } from "./lineage.ts";
import { elementsOf, givenOf, probe, probeColumn } from "./probes.ts";
import { filterBy, type Run, spend } from "./run.ts";
import type { Scope } from "./scope.ts";
import { selectOutput } from "./select.ts";
import { bodyOf, type Fields, fields, items, type Node, node, stringsOf, text } from "./tree.ts";

/** Notes what a condition (WHERE, ON, HAVING, FILTER) tells rows apart by. */
export function filterByCondition(condition: unknown, scope: Scope | null, run: Run): void {
  if (condition === undefined || condition === null) return;
  const found = node(condition);
  // Where users' casts apply unwritten, what is compared is not what stands there.
  if (found === null || run.schema.hidden.implicitCasts || !walk(found, scope, run)) {
    filterBy(run, valueOf(condition, scope, run), "pattern");
  }
}

/** False when the condition has no form that is known here; then nothing of it was visited. */
function walk({ tag, body }: Node, scope: Scope | null, run: Run): boolean {
  spend(run, 1);
  switch (tag) {
    case "BoolExpr":
      for (const part of items(body["args"])) filterByCondition(part, scope, run);
      return true;
    case "BooleanTest":
      filterByCondition(body["arg"], scope, run);
      return true;
    case "NullTest":
      filterByColumn(columnValue(body["arg"], scope, run), "equality", run);
      return true;
    case "ColumnRef":
      filterByColumn(columnValue({ ColumnRef: body }, scope, run), "equality", run);
      return true;
    case "A_Expr":
      comparison(body, scope, run);
      return true;
    case "SubLink":
      return subquery(body, scope, run);
    default:
      return false;
  }
}

function comparison(body: Fields, scope: Scope | null, run: Run): void {
  const form = text(body["kind"]);
  const isArray = form === "AEXPR_OP_ANY" || form === "AEXPR_OP_ALL";
  compare(body["lexpr"], body["rexpr"], { kind: kindOf(body), isArray }, scope, run);
  filterBy(run, operatorShare(body, run), "pattern");
}

/** One side of a comparison. */
type Side = { readonly expression: unknown; readonly column: Column };
/** `isArray`: with the elements of the right side. */
type How = { readonly kind: FilterKind; readonly isArray: boolean };

/** Rows are compared column by column; a list member by member, with the same left side. */
function compare(
  left: unknown,
  right: unknown,
  how: How,
  scope: Scope | null,
  run: Run,
): void {
  const lefts = sidesOf(left, scope, run);
  const members = items(bodyOf(right, "List")?.["items"]);
  for (const member of members.length > 0 ? members : [right]) {
    const rights = sidesOf(member, scope, run);
    if (rights.length === lefts.length) {
      lefts.forEach((side, index) => compareSides(side, rights[index] ?? side, how, run));
    } else {
      for (const { column } of [...lefts, ...rights]) filterBy(run, column, "pattern");
    }
  }
}

function sidesOf(expression: unknown, scope: Scope | null, run: Run): readonly Side[] {
  const row = bodyOf(expression, "RowExpr");
  const parts = row === null ? [expression] : items(row["args"]);
  spend(run, parts.length);
  return parts.map((part) => ({ expression: part, column: columnValue(part, scope, run) }));
}

function compareSides(left: Side, right: Side, { kind, isArray }: How, run: Run): void {
  const { column: one } = left;
  const { column: other } = right;
  if (!isProtected(one) && !isProtected(other)) return;
  const leftGiven = isGiven(left.expression);
  const rightGiven = isGiven(right.expression);
  if (leftGiven) probe(other, givenOf(left.expression, run), run);
  if (rightGiven) {
    const values = isArray ? elementsOf(right.expression, run) : [givenOf(right.expression, run)];
    for (const given of values) probe(one, given, run);
  }
  if (kind !== "equality") {
    filterByColumn(one, kind, run);
    return filterByColumn(other, kind, run);
  }
  // The expression of a class on one side makes a function of the class of the other.
  const isPattern = isExpressionOfClass(one) || isExpressionOfClass(other);
  const how = isPattern ? "pattern" : leftGiven || rightGiven ? "equality" : "join";
  filterBy(run, one, how);
  filterBy(run, other, how);
  if (how === "join") probeEachOther(one, other, run);
}

function probeEachOther(one: Column, other: Column, run: Run): void {
  probeColumn(one, other, run);
  probeColumn(other, one, run);
}

/** Notes two columns that USING or a natural join holds equal. */
export function joinBy(left: Column, right: Column, run: Run): void {
  const how = isExpressionOfClass(left) || isExpressionOfClass(right) ? "pattern" : "join";
  filterBy(run, left, how);
  filterBy(run, right, how);
  if (how === "join") probeEachOther(left, right, run);
}

/** `=` and its kin tell whether; `<` and its kin on which side; all else a pattern. */
function kindOf(body: Fields): FilterKind {
  switch (text(body["kind"])) {
    case "AEXPR_IN":
    case "AEXPR_DISTINCT":
    case "AEXPR_NOT_DISTINCT":
      return "equality";
    case "AEXPR_BETWEEN":
    case "AEXPR_NOT_BETWEEN":
    case "AEXPR_BETWEEN_SYM":
    case "AEXPR_NOT_BETWEEN_SYM":
      return "range";
    case "AEXPR_OP":
    case "AEXPR_OP_ANY":
    case "AEXPR_OP_ALL":
      return kindOfOperator(body["name"]);
    default:
      return "pattern";
  }
}

function kindOfOperator(names: unknown): FilterKind {
  const symbol = stringsOf(names)?.at(-1) ?? "";
  if (symbol === "=" || symbol === "<>" || symbol === "!=") return "equality";
  return ["<", "<=", ">", ">="].includes(symbol) ? "range" : "pattern";
}

/** `x IN (SELECT ...)` compares with other rows; EXISTS tells what its own predicates tell. */
function subquery(body: Fields, scope: Scope | null, run: Run): boolean {
  const select = bodyOf(body["subselect"], "SelectStmt");
  const type = text(body["subLinkType"]);
  if (select === null || !subqueries.has(type)) return false;
  const tested = type === "EXISTS_SUBLINK"
    ? []
    : sidesOf(body["testexpr"], scope, run).map(({ column }) => column);
  const output = selectOutput(select, scope, run);
  if (type === "EXISTS_SUBLINK") return true;
  const written = body["operName"];
  const kind = written === undefined ? "equality" : kindOfOperator(written);
  const share = written === undefined ? impliedOperators(["="], run) : operatorValue(written, run);
  filterBy(run, share, "pattern");
  const compared = [...tested, ...output.columns];
  const isPattern = output.open || compared.some(isExpressionOfClass);
  const how = isPattern ? "pattern" : kind === "equality" ? "join" : kind;
  for (const column of compared) filterBy(run, column, how);
  if (how === "join") {
    tested.forEach((column, index) => {
      probeEachOther(column, output.columns[index] ?? named("", opaque), run);
    });
  }
  if (output.open) filterBy(run, opaque, "pattern");
  return true;
}

const subqueries: ReadonlySet<string> = new Set([
  "ANY_SUBLINK",
  "ALL_SUBLINK",
  "EXISTS_SUBLINK",
]);

/** Notes one column that is compared, or a key; of an expression it is a function of the class. */
export function filterByColumn(column: Column, kind: FilterKind, run: Run): void {
  filterBy(run, column, isExpressionOfClass(column) ? "pattern" : kind);
}

/** Notes a key of a sort, group or window. */
export function filterByKey(key: Column, kind: "sort" | "group" | "window", run: Run): void {
  filterBy(run, key, kind);
  if (isExpressionOfClass(key)) filterBy(run, key, "pattern");
}

/** Partition and sort keys of a window, and the bounds of its frame. */
export function filterByWindow(window: Fields, scope: Scope | null, run: Run): void {
  const keys = [
    ...items(window["partitionClause"]),
    ...items(window["orderClause"]).map(sortKey),
    window["startOffset"],
    window["endOffset"],
  ];
  for (const key of keys) filterByKey(columnValue(key, scope, run), "window", run);
}

/** The expression of a SortBy. */
export function sortKey(sort: unknown): unknown {
  return bodyOf(sort, "SortBy")?.["node"];
}

/** An expression's value; with an origin only when it is a column as it is stored. */
export function columnValue(expression: unknown, scope: Scope | null, run: Run): Column {
  const value = valueOf(expression, scope, run);
  const bare = bodyOf(uncast(expression), "ColumnRef") !== null && isColumn(value);
  return bare ? value : named("", value);
}

/** Casts that keep the whole value; a length, or "char", would cut it. */
function uncast(expression: unknown): unknown {
  const cast = bodyOf(expression, "TypeCast");
  if (cast === null) return expression;
  const type = fields(cast["typeName"]);
  const name = stringsOf(type["names"])?.at(-1);
  const whole = (name === "text" || name === "varchar") && items(type["typmods"]).length === 0 &&
    items(type["arrayBounds"]).length === 0;
  return whole ? cast["arg"] : expression;
}

function isExpressionOfClass(column: Column): boolean {
  return column.origin === null && isProtected(column);
}

function isProtected({ classes, opaque }: Column): boolean {
  return classes.length > 0 || opaque;
}

/** Whether an expression reads no row: it is made of constants and parameters alone. */
export function isGiven(expression: unknown): boolean {
  const pending: unknown[] = [expression];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (typeof item !== "object" || item === null) continue;
    if ("ColumnRef" in item || "SubLink" in item) return false;
    pending.push(...Object.values(item).filter((part) => part !== undefined));
  }
  return true;
}
