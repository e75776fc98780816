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
import { type Column, isColumn, join, named, opaque, type Value } from "./lineage.ts";
import {
  elementsOf,
  givenOf,
  probe,
  probeByRows,
  probeColumn,
  type Reads,
  readsOf,
} from "./probes.ts";
import { resolveColumn } from "./references.ts";
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
    filterBySide(sideOf(condition, scope, run), "pattern", run);
  }
}

/** Notes a value that says how many rows come, or when: of a class it may tell anything at once. */
export function filterByValue(value: Value, run: Run): void {
  filterBy(run, value, "pattern");
  probeByRows(value, { made: true, stored: [] }, run);
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
      filterBySide(sideOf(body["arg"], scope, run), "equality", run);
      return true;
    case "ColumnRef":
      filterBySide(sideOf({ ColumnRef: body }, scope, run), "equality", run);
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

/** An expression that is compared, or a key; `expression` undefined when it is not at hand. */
export type Side = {
  readonly expression: unknown;
  readonly column: Column;
  readonly scope: Scope | null;
};
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
      for (const side of [...lefts, ...rights]) filterBySide(side, "pattern", run);
    }
  }
}

function sidesOf(expression: unknown, scope: Scope | null, run: Run): readonly Side[] {
  const row = bodyOf(expression, "RowExpr");
  const parts = row === null ? [expression] : items(row["args"]);
  spend(run, parts.length);
  return parts.map((part) => sideOf(part, scope, run));
}

export function sideOf(expression: unknown, scope: Scope | null, run: Run): Side {
  return { expression, column: columnValue(expression, scope, run), scope };
}

function compareSides(left: Side, right: Side, { kind, isArray }: How, run: Run): void {
  const { column: one } = left;
  const { column: other } = right;
  if (!isProtected(one) && !isProtected(other)) return;
  const isOfExpressions = isExpressionOfClass(one) || isExpressionOfClass(other);
  const isWithGiven = isGiven(left.expression) || isGiven(right.expression);
  if (isOfExpressions) probeParts(join(one, other), [left, right], run);
  else if (!isWithGiven) {
    probeColumn(one, other, readsIn(right, run), run);
    probeColumn(other, one, readsIn(left, run), run);
  } else if (isArray && isProtected(one)) {
    for (const given of elementsOf(right.expression, run)) probe(one, given, run);
  } else {
    probe(one, givenOf(right.expression, run), run);
    probe(other, givenOf(left.expression, run), run);
  }
  if (kind !== "equality") {
    filterByColumn(one, kind, run);
    return filterByColumn(other, kind, run);
  }
  // The expression of a class on one side makes a function of the class of the other.
  const how = isOfExpressions ? "pattern" : isWithGiven ? "equality" : "join";
  filterBy(run, one, how);
  filterBy(run, other, how);
}

/** A function of a class asks something by all of its constants, not only by the other side's. */
function probeParts(compared: Value, sides: readonly Side[], run: Run): void {
  const scope = sides[0]?.scope ?? null;
  const isAtHand = sides.every(({ expression }) => expression !== undefined);
  const parts = sides.map(({ expression }) => expression);
  const given = isAtHand ? givenOf(parts, run, (body) => isOfClass(body, scope, run)) : null;
  if (given !== null) return probe(compared, given, run);
  const reads = sides.map((side) => readsIn(side, run));
  const made = !isAtHand || reads.some((one) => one.made);
  probeByRows(compared, { made, stored: reads.flatMap(({ stored }) => stored) }, run);
}

/** Other columns make one statement ask as many questions as they have rows. */
function isOfClass(reference: Fields, scope: Scope | null, run: Run): boolean {
  const column = resolveColumn(reference, scope, run);
  return column.origin !== null && column.classes.length > 0 && !column.opaque;
}

/** What of no class an expression reads. Another query may read anything. */
function readsIn({ expression, scope }: Side, run: Run): Reads {
  const pending: unknown[] = [expression];
  const stored: Column[] = [];
  let made = false;
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (Array.isArray(item)) {
      for (const part of item) pending.push(part);
      continue;
    }
    if (typeof item !== "object" || item === null) continue;
    spend(run, 1);
    made ||= bodyOf(item, "SubLink") !== null;
    const reference = bodyOf(item, "ColumnRef");
    const column = reference === null ? null : resolveColumn(reference, scope, run);
    if (column?.origin === null) made = true;
    else if (column !== null && column.classes.length === 0) stored.push(column);
    for (const part of Object.values(item)) if (typeof part === "object") pending.push(part);
  }
  return { made, stored };
}

function probeEachOther(one: Column, other: Column, run: Run): void {
  probeColumn(one, other, readsOf(other), run);
  probeColumn(other, one, readsOf(one), run);
}

/** Notes two columns of which rows must be equal, or may not be: of a join or set operation. */
export function matchBy(left: Column, right: Column, kind: "join" | "group", run: Run): void {
  for (const column of [left, right]) {
    filterBy(run, column, kind);
    if (isExpressionOfClass(column)) filterByValue(column, run);
  }
  probeEachOther(left, right, run);
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
  const tested = type === "EXISTS_SUBLINK" ? [] : sidesOf(body["testexpr"], scope, run);
  const output = selectOutput(select, scope, run);
  if (type === "EXISTS_SUBLINK") return true;
  const written = body["operName"];
  const kind = written === undefined ? "equality" : kindOfOperator(written);
  const share = written === undefined ? impliedOperators(["="], run) : operatorValue(written, run);
  filterBy(run, share, "pattern");
  const compared = [...tested.map(({ column }) => column), ...output.columns];
  const isPattern = output.open || compared.some(isExpressionOfClass);
  const how = isPattern ? "pattern" : kind === "equality" ? "join" : kind;
  for (const column of compared) filterBy(run, column, how);
  tested.forEach(({ column }, index) => {
    const other = output.columns[index] ?? named("", opaque);
    if (isPattern) filterByValue(join(column, other), run);
    else probeEachOther(column, other, run);
  });
  if (output.open) filterByValue(opaque, run);
  return true;
}

const subqueries: ReadonlySet<string> = new Set([
  "ANY_SUBLINK",
  "ALL_SUBLINK",
  "EXISTS_SUBLINK",
]);

/** Notes one column that is compared; of an expression it is a function of the class. */
function filterByColumn(column: Column, kind: FilterKind, run: Run): void {
  filterBy(run, column, isExpressionOfClass(column) ? "pattern" : kind);
}

/** The same of what is compared with nothing else. */
export function filterBySide(side: Side, kind: FilterKind, run: Run): void {
  filterByColumn(side.column, kind, run);
  if (isExpressionOfClass(side.column)) probeParts(side.column, [side], run);
}

/** Notes a key of a sort, group or window. */
export function filterByKey(side: Side, kind: "sort" | "group" | "window", run: Run): void {
  filterBy(run, side.column, kind);
  if (isExpressionOfClass(side.column)) filterBySide(side, "pattern", run);
}

/** Partition and sort keys of a window, and the bounds of its frame. */
export function filterByWindow(window: Fields, scope: Scope | null, run: Run): void {
  const keys = [
    ...items(window["partitionClause"]),
    ...items(window["orderClause"]).map(sortKey),
    window["startOffset"],
    window["endOffset"],
  ];
  for (const key of keys) filterByKey(sideOf(key, scope, run), "window", run);
}

/** The expression of a SortBy. */
export function sortKey(sort: unknown): unknown {
  return bodyOf(sort, "SortBy")?.["node"];
}

/** An expression's value; with an origin only when it is a column as it is stored. */
function columnValue(expression: unknown, scope: Scope | null, run: Run): Column {
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
function isGiven(expression: unknown): boolean {
  const pending: unknown[] = [expression];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (Array.isArray(item)) {
      for (const part of item) pending.push(part);
      continue;
    }
    if (typeof item !== "object" || item === null || "A_Const" in item) continue;
    if ("ColumnRef" in item || "SubLink" in item) return false;
    for (const part of Object.values(item)) if (typeof part === "object") pending.push(part);
  }
  return true;
}
