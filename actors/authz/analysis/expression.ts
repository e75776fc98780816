/**
 * What the value of an expression derives from.
 *
 * **Invariant:** every sub-expression is visited, so that a call hidden in it is seen; a node that
 * is not known here is opaque.
 *
 * @module
 */
import {
  callFunction,
  castToJson,
  castToSome,
  castValue,
  fieldValue,
  impliedOperators,
  isBuiltin,
  mayGiveRows,
  operatorValue,
  readAs,
  sideEffect,
} from "./calls.ts";
import { castingFunctions } from "./builtin_functions.ts";
import {
  filterByCondition,
  filterByKey,
  filterByValue,
  filterByWindow,
  sideOf,
  sortKey,
} from "./filters.ts";
import { aggregated, join, joinAll, opaque, plain, type Value } from "./lineage.ts";
import { anyType, filterBy, noteFilter, type Run, spend } from "./run.ts";
import { resolveColumn, rowReference } from "./references.ts";
import { columnOf, findSource, rowOf, type Scope } from "./scope.ts";
import { isAggregateCall } from "./groups.ts";
import { selectOutput } from "./select.ts";
import { judgeSetConfig } from "./settings.ts";
import { bodyOf, type Fields, fields, items, type Node, node, stringOf, text } from "./tree.ts";

/** Walks an expression; absent (null, undefined) is plain. */
export function valueOf(expression: unknown, scope: Scope | null, run: Run): Value {
  if (expression === undefined || expression === null) return plain;
  spend(run, 1);
  const found = node(expression);
  if (found === null) return opaque;
  const value = conditionalTags.has(found.tag)
    ? conditionalValue(found, scope, run)
    : nodeValue(found, scope, run);
  // Where a cast by users' code is applied without being written depends on types.
  const isCast = run.schema.hidden.implicitCasts && !bareTags.has(found.tag);
  return isCast ? join(opaque, value) : value;
}

/** What may evaluate a part of itself, or not, as another part of it says. */
const conditionalTags: ReadonlySet<string> = new Set([
  "A_Expr",
  "BoolExpr",
  "CaseExpr",
  "CoalesceExpr",
  "JsonFuncExpr",
]);

/** Whether a call was made, which can be told later, may be what a class says. */
function conditionalValue(found: Node, scope: Scope | null, run: Run): Value {
  const { told, sleeping } = run.calls;
  const value = nodeValue(found, scope, run);
  const tells = value.classes.length > 0 || value.opaque && !run.session.unsettled;
  if (tells && run.calls.told > told) run.effects.add("declassify");
  if (tells && run.calls.sleeping > sleeping) filterByValue(value, run);
  return value;
}

const bareTags: ReadonlySet<string> = new Set(["A_Const", "ParamRef", "ColumnRef"]);

function nodeValue(found: Node, scope: Scope | null, run: Run): Value {
  const { tag, body } = found;
  switch (tag) {
    case "ParamRef":
      // The client names its type.
      run.types.add(anyType);
      return plain;
    case "A_Const":
    case "SQLValueFunction":
    case "MergeSupportFunc":
    case "SetToDefault":
    case "CurrentOfExpr":
      return plain;
    case "ColumnRef":
      return referenceOf(body, scope, run);
    case "A_Expr": {
      const operands = join(valueOf(body["lexpr"], scope, run), valueOf(body["rexpr"], scope, run));
      return join(operands, operatorShare(body, run));
    }
    case "FuncCall":
      return callValue(body, scope, run);
    case "SubLink":
      return sublinkValue(body, scope, run);
    case "A_Indirection":
      return indirectionValue(body, scope, run);
    case "TypeCast":
      return childrenOf(body, scope, run);
    case "CaseExpr":
      if (body["arg"] === undefined) return childrenOf(body, scope, run);
      return join(childrenOf(body, scope, run), impliedOperators(["="], run));
    case "List":
      return allOf(items(body["items"]), scope, run);
    case "JsonObjectAgg":
    case "JsonArrayAgg":
      return jsonAggregate(body, scope, run);
    case "JsonObjectConstructor":
    case "JsonArrayConstructor":
    case "JsonScalarExpr":
      return join(childrenOf(body, scope, run), castToJson(run));
    default:
      return derivingTags.has(tag)
        ? childrenOf(body, scope, run)
        : join(opaque, childrenOf(body, scope, run));
  }
}

export function allOf(list: readonly unknown[], scope: Scope | null, run: Run): Value {
  let result = plain;
  for (const item of list) result = join(result, valueOf(item, scope, run));
  return result;
}

/** Nodes whose value derives from their children and from nothing else. */
const derivingTags: ReadonlySet<string> = new Set([
  "BoolExpr",
  "NullTest",
  "BooleanTest",
  "CaseWhen",
  "CoalesceExpr",
  "MinMaxExpr",
  "A_ArrayExpr",
  "RowExpr",
  "CollateClause",
  "A_Indices",
  "NamedArgExpr",
  "ResTarget",
  "MultiAssignRef",
  "GroupingFunc",
  "XmlExpr",
  "XmlSerialize",
  "JsonParseExpr",
  "JsonSerializeExpr",
  "JsonKeyValue",
  "JsonValueExpr",
  "JsonFuncExpr",
  "JsonArgument",
  "JsonIsPredicate",
]);

/* Fields that describe types and output formats, not values. */
const structural: ReadonlySet<string> = new Set(["typeName", "output", "format", "returning"]);

/** The values of everything below a node, however its fields nest, cast to the types it names. */
function childrenOf(body: Fields, scope: Scope | null, run: Run): Value {
  let result = plain;
  for (const key in body) {
    if (!structural.has(key)) result = join(result, childValue(body[key], scope, run));
  }
  if (body["typeName"] !== undefined) result = join(result, castValue(body["typeName"], run));
  const { typeName } = fields(body["output"]);
  return typeName === undefined ? result : join(result, readAs(typeName, run));
}

function childValue(child: unknown, scope: Scope | null, run: Run): Value {
  if (typeof child !== "object" || child === null) return plain;
  if (Array.isArray(child)) {
    let result = plain;
    for (const item of child) result = join(result, childValue(item, scope, run));
    return result;
  }
  const found = node(child);
  if (found === null) return plain;
  if (passive.has(found.tag)) return plain;
  // Tags are capitalised, fields are not: a struct without a tag nests its fields directly.
  const tagged = /^[A-Z]/.test(found.tag);
  if (tagged && found.tag === "SelectStmt") {
    return joinAll(selectOutput(found.body, scope, run).columns);
  }
  if (tagged && found.tag === "JsonBehavior") return valueOf(found.body["expr"], scope, run);
  return tagged ? valueOf(child, scope, run) : childrenOf(fields(child), scope, run);
}

/* Leaves that hold names or constants. */
const passive: ReadonlySet<string> = new Set(["String", "Integer", "Float", "Boolean", "TypeName"]);

function referenceOf(body: Fields, scope: Scope | null, run: Run): Value {
  const list = items(body["fields"]);
  if (bodyOf(list[list.length - 1], "A_Star") === null) return resolveColumn(body, scope, run);
  const name = stringOf(list[list.length - 2]);
  const source = name === null ? null : findSource(scope, null, name);
  return source === null ? opaque : rowOf(source);
}

/** Operators by kind: LIKE, BETWEEN, IN and their kin carry the operator's name as well. */
export function operatorShare(body: Fields, run: Run): Value {
  const kind = text(body["kind"]);
  return kind.startsWith("AEXPR_BETWEEN") || kind.startsWith("AEXPR_NOT_BETWEEN")
    ? impliedOperators(["<", "<=", ">", ">="], run)
    : operatorValue(body["name"], run);
}

function callValue(body: Fields, scope: Scope | null, run: Run): Value {
  const names: string[] = [];
  for (const part of items(body["funcname"])) names.push(stringOf(part) ?? "");
  const name = names[names.length - 1];
  const args = name === "count" && isBuiltin(names, run)
    ? countedValue(items(body["args"]), body, scope, run)
    : allOf(items(body["args"]), scope, run);
  const share = name === "set_config" && isBuiltin(names, run)
    ? judgeSetConfig(items(body["args"]), args, run)
    : callFunction(names, run);
  sideEffect(names, args, run);
  if (mayGiveRows(names, run)) {
    run.calls.givingRows++;
    filterByValue(opaque, run);
  }
  filterByCondition(body["agg_filter"], scope, run);
  const order = sortedBy(items(body["agg_order"]), scope, run);
  if (body["over"] !== undefined) filterByWindow(fields(body["over"]), scope, run);
  const value = join(args, share);
  if (castingFunctions.has(name ?? "") && isBuiltin(names, run)) {
    return join(value, castToSome(run));
  }
  if (!isAggregateCall(body)) return value;
  return aggregated(body["agg_within_group"] === true ? join(value, order) : value);
}

/**
 * A count tells how many are not null: of whole rows all, of a bare column those that have it,
 * which is a predicate on the column. Of anything else it may tell how many compare equal.
 */
function countedValue(
  args: readonly unknown[],
  body: Fields,
  scope: Scope | null,
  run: Run,
): Value {
  const [counted, ...others] = args;
  if (others.length === 0 && body["agg_distinct"] !== true) {
    if (rowReference(counted, scope) !== null) return plain;
    const reference = bodyOf(counted, "ColumnRef");
    const column = reference === null ? null : resolveColumn(reference, scope, run);
    if (column !== null && column.origin !== null && !column.opaque) {
      filterBy(run, column, "equality");
      return plain;
    }
  }
  return allOf(args, scope, run);
}

function jsonAggregate(body: Fields, scope: Scope | null, run: Run): Value {
  const { constructor: _, ...rest } = body;
  const parts = fields(body["constructor"]);
  const read = readAs(fields(parts["output"])["typeName"], run);
  filterByCondition(parts["agg_filter"], scope, run);
  sortedBy(items(parts["agg_order"]), scope, run);
  if (parts["over"] !== undefined) filterByWindow(fields(parts["over"]), scope, run);
  return aggregated(joinAll([childrenOf(rest, scope, run), read, castToJson(run)]));
}

/** Notes the keys that an aggregate sorts its rows by; what they derive from. */
function sortedBy(list: readonly unknown[], scope: Scope | null, run: Run): Value {
  const keys = list.map((sort) => sideOf(sortKey(sort), scope, run));
  for (const key of keys) filterByKey(key, "sort", run);
  return joinAll(keys.map(({ column }) => column));
}

function sublinkValue(body: Fields, scope: Scope | null, run: Run): Value {
  const test = valueOf(body["testexpr"], scope, run);
  const operator = body["operName"] === undefined
    ? impliedOperators(["="], run)
    : operatorValue(body["operName"], run);
  const select = bodyOf(body["subselect"], "SelectStmt");
  if (select === null) return opaque;
  if (body["subLinkType"] !== "EXISTS_SUBLINK") {
    const output = selectOutput(select, scope, run);
    const value = joinAll([test, operator, ...output.columns]);
    // What it gives, or that it gives nothing, tells of the rows that it chose among.
    return aggregated(output.open ? join(value, opaque) : value);
  }
  // EXISTS tells whether a predicate held: it derives from what the subquery compared.
  const outer = run.filtered;
  const inner: Run["filtered"] = new Map();
  run.filtered = inner;
  selectOutput(select, scope, run);
  run.filtered = outer;
  for (const [name, kinds] of inner) {
    for (const kind of kinds) noteFilter(run, name, kind);
  }
  const classes = [...inner.keys()].filter((name) => name !== "opaque").sort();
  return { classes, opaque: inner.has("opaque") };
}

function indirectionValue(body: Fields, scope: Scope | null, run: Run): Value {
  const steps = items(body["indirection"]);
  const [first, ...others] = steps;
  const source = rowReference(body["arg"], scope);
  const column = source === null ? null : columnOf(source, stringOf(first) ?? "");
  // `(t).column` of a whole row is that column; of anything else the whole value counts.
  let value: Value = column ?? valueOf(body["arg"], scope, run);
  for (const step of column === null ? steps : others) {
    const name = stringOf(step);
    if (name !== null) value = fieldValue(name, value, run);
    else if (bodyOf(step, "A_Star") === null) value = join(value, valueOf(step, scope, run));
  }
  return value;
}
