/**
 * The names PostgreSQL gives to output columns (FigureColname in parse_target.c).
 *
 * **Invariant:** exact, because an outer query refers to a subquery's columns by these names.
 *
 * @module
 */
import { bodyOf, fields, items, node, stringOf, text } from "./tree.ts";

/**
 * The name of an unaliased output column. `starName` gives the first column's name of a scalar
 * subquery whose text alone does not tell it (`(SELECT * ...)`).
 */
export function columnName(expression: unknown, starName: StarName): string {
  return figure(expression, starName).name ?? "?column?";
}

export type StarName = (select: unknown) => string;

/** `strength` 2 is a good name, 1 a fallback, 0 none, as in PostgreSQL. */
type Figured = { readonly name: string | null; readonly strength: 0 | 1 | 2 };

const none: Figured = { name: null, strength: 0 };

function figure(expression: unknown, star: StarName): Figured {
  const found = node(expression);
  if (found === null) return none;
  const { tag, body } = found;
  const fixed = fixedNames.get(tag);
  if (fixed !== undefined) return strong(fixed);
  switch (tag) {
    case "ColumnRef":
      return lastString(body["fields"]) ?? none;
    case "A_Indirection":
      return lastString(body["indirection"]) ?? figure(body["arg"], star);
    case "FuncCall":
      return lastString(body["funcname"]) ?? none;
    case "A_Expr":
      return body["kind"] === "AEXPR_NULLIF" ? strong("nullif") : none;
    case "TypeCast":
      return fallback(figure(body["arg"], star), lastName(fields(body["typeName"])["names"]));
    case "CollateClause":
      return figure(body["arg"], star);
    case "CaseExpr":
      return fallback(figure(body["defresult"], star), "case");
    case "SubLink":
      return ofSublink(body["subLinkType"], body["subselect"], star);
    case "MinMaxExpr":
      return strong(body["op"] === "IS_LEAST" ? "least" : "greatest");
    case "SQLValueFunction":
      return strong(text(body["op"]).replace(/^SVFOP_/, "").replace(/_N$/, "").toLowerCase());
    case "XmlExpr":
      return ofXml(text(body["op"]));
    case "JsonFuncExpr":
      return strong(text(body["op"]).replace(/_OP$/, "").toLowerCase());
    default:
      return none;
  }
}

const fixedNames: ReadonlyMap<string, string> = new Map([
  ["GroupingFunc", "grouping"],
  ["MergeSupportFunc", "merge_action"],
  ["A_ArrayExpr", "array"],
  ["RowExpr", "row"],
  ["CoalesceExpr", "coalesce"],
  ["XmlSerialize", "xmlserialize"],
  ["JsonParseExpr", "json"],
  ["JsonScalarExpr", "json_scalar"],
  ["JsonSerializeExpr", "json_serialize"],
  ["JsonObjectConstructor", "json_object"],
  ["JsonArrayConstructor", "json_array"],
  ["JsonArrayQueryConstructor", "json_array"],
  ["JsonObjectAgg", "json_objectagg"],
  ["JsonArrayAgg", "json_arrayagg"],
]);

function strong(name: string): Figured {
  return { name, strength: 2 };
}

function fallback(inner: Figured, name: string | null): Figured {
  return inner.strength === 2 || name === null ? inner : { name, strength: 1 };
}

function lastString(list: unknown): Figured | null {
  const name = lastName(list);
  return name === null ? null : strong(name);
}

function lastName(list: unknown): string | null {
  let name: string | null = null;
  for (const item of items(list)) name = stringOf(item) ?? name;
  return name;
}

function ofSublink(kind: unknown, subselect: unknown, star: StarName): Figured {
  if (kind === "EXISTS_SUBLINK") return strong("exists");
  if (kind === "ARRAY_SUBLINK") return strong("array");
  if (kind !== "EXPR_SUBLINK") return none;
  const name = firstOutputName(subselect, star);
  return name === null ? none : strong(name);
}

function firstOutputName(select: unknown, star: StarName): string | null {
  let body = bodyOf(select, "SelectStmt");
  while (body !== null && body["larg"] !== undefined) body = fields(body["larg"]);
  if (body === null) return null;
  if (items(body["valuesLists"]).length > 0) return "column1";
  const target = bodyOf(items(body["targetList"])[0], "ResTarget");
  if (target === null) return null;
  if (isStar(target["val"])) return star(select);
  return text(target["name"]) || columnName(target["val"], star);
}

function ofXml(op: string): Figured {
  const name = op.replace(/^IS_/, "").toLowerCase();
  return name === "document" || name === "xmlserialize" ? none : strong(name);
}

/** Whether a target expands to the columns of something: `*`, `t.*`, `(row).*`. */
export function isStar(expression: unknown): boolean {
  const reference = bodyOf(expression, "ColumnRef");
  const list = reference !== null
    ? items(reference["fields"])
    : items(bodyOf(expression, "A_Indirection")?.["indirection"]);
  return bodyOf(list[list.length - 1], "A_Star") !== null;
}
