/**
 * FROM items: relations, subqueries, functions and joins, each with what `*` expands to and the
 * names it brings into scope (parse_clause.c).
 *
 * **Invariant:** an item whose columns are not all known is `open`, so that nothing is mistaken for
 * an outer column and every output beside it is masked.
 *
 * @module
 */
import { columnsOfFunction } from "./calls.ts";
import { joinRows } from "./estimate.ts";
import { allOf, valueOf } from "./expression.ts";
import { type Column, join, joinAll, named, opaque, type Value } from "./lineage.ts";
import { type Resolved, resolveRelation } from "./resolve.ts";
import { filterBy, type Run, spend } from "./run.ts";
import {
  findCte,
  type FromItem,
  itemOf,
  nested,
  renamed,
  type Scope,
  type Source,
} from "./scope.ts";
import { selectOutput } from "./select.ts";
import { bodyOf, type Fields, fields, items, node, stringOf, stringsOf, text } from "./tree.ts";

/** What names an item may use: the enclosing query, and items to its left when LATERAL. */
export type Around = { readonly outer: Scope | null; readonly left: readonly FromItem[] };

/** The items of a FROM clause, each seeing those before it when LATERAL. */
export function fromClause(
  list: readonly unknown[],
  outer: Scope | null,
  run: Run,
): readonly FromItem[] {
  const result: FromItem[] = [];
  for (const entry of list) result.push(fromItem(entry, { outer, left: result.slice() }, run));
  return result;
}

export function fromItem(entry: unknown, around: Around, run: Run): FromItem {
  spend(run, 1);
  const found = node(entry);
  if (found === null) return unknownItem(null);
  const { tag, body } = found;
  switch (tag) {
    case "RangeVar":
      return relationItem(body, around.outer, run);
    case "RangeSubselect":
      return subselectItem(body, around, run);
    case "RangeFunction":
      return functionItem(body, around, run);
    case "RangeTableSample": {
      const item = fromItem(body["relation"], around, run);
      filterBy(run, allOf(items(body["args"]), lateral(around), run));
      filterBy(run, valueOf(body["repeatable"], lateral(around), run));
      return item;
    }
    case "RangeTableFunc":
    case "JsonTable":
      return tableFunctionItem(body, around, run);
    case "JoinExpr":
      return joinItem(body, around, run);
    default:
      return unknownItem(aliasOf(body).name);
  }
}

/** The target of INSERT, UPDATE, DELETE or MERGE: never a common table expression. */
export function targetItem(
  rangeVar: unknown,
  run: Run,
): { readonly item: FromItem; readonly resolved: Resolved | null } {
  const body = fields(rangeVar);
  const resolved = resolveRelation(body, run);
  return { item: resolvedItem(body, resolved), resolved };
}

function relationItem(body: Fields, outer: Scope | null, run: Run): FromItem {
  const { name, columns: names } = aliasOf(body);
  const relname = text(body["relname"]);
  const cte = text(body["schemaname"]) === "" ? findCte(outer, relname) : null;
  if (cte !== null) {
    const columns = renamed(cte.columns, names);
    const open = cte.open ? join(opaque, joinAll(columns)) : null;
    return itemOf(
      { alias: name ?? relname, schema: null, columns, open, relation: null },
      cte.rows,
    );
  }
  const resolved = resolveRelation(body, run);
  run.effects.add("read");
  if (resolved?.classified === true) run.classified = true;
  // A relation that is leaky as a whole is administration; a leaky column of another is masked.
  if (resolved?.columns?.every((column) => column.opaque) === true && isSystem(resolved)) {
    run.effects.add("administer");
    run.details.add("other_sessions");
  }
  return resolvedItem(body, resolved);
}

function isSystem(resolved: Resolved): boolean {
  return resolved.relation !== null && resolved.relation.definition === null &&
    /^(pg_catalog|information_schema|pg_toast)$|^pg_stat_statements/.test(resolved.schema);
}

function resolvedItem(body: Fields, resolved: Resolved | null): FromItem {
  const { name, columns: names } = aliasOf(body);
  const alias = name ?? text(body["relname"]);
  if (resolved === null || resolved.columns === null) return unknownItem(alias);
  const source: Source = {
    alias,
    schema: name === null ? resolved.schema : null,
    columns: renamed(resolved.columns, names),
    open: null,
    relation: resolved.relation,
  };
  return itemOf(source, resolved.relation?.rows ?? 1000);
}

function subselectItem(body: Fields, around: Around, run: Run): FromItem {
  const { name, columns: names } = aliasOf(body);
  const select = bodyOf(body["subquery"], "SelectStmt");
  if (select === null) return unknownItem(name);
  const scope = body["lateral"] === true ? lateral(around) : around.outer;
  const output = selectOutput(select, scope, run);
  const columns = renamed(output.columns, names);
  const open = output.open ? join(opaque, joinAll(columns)) : null;
  return itemOf({ alias: name, schema: null, columns, open, relation: null }, output.rows);
}

/** Functions in FROM always see the items to their left. */
function functionItem(body: Fields, around: Around, run: Run): FromItem {
  const { name, columns: names } = aliasOf(body);
  const functions = items(body["functions"]).map((entry) =>
    items(bodyOf(entry, "List")?.["items"])
  );
  const columns: Column[] = [];
  let open: Value | null = null;
  for (const [call, definitions] of functions) {
    const value = valueOf(call, lateral(around), run);
    const defined = columnDefinitions(bodyOf(definitions, "List")?.["items"]);
    const listed = defined.length > 0 ? defined : columnDefinitions(body["coldeflist"]);
    const known = listed.length > 0 ? listed : functionColumns(call, run, name, functions.length);
    if (known === null) open = join(open ?? value, value);
    for (const column of known ?? []) columns.push(named(column, value));
  }
  if (body["ordinality"] === true) {
    columns.push(named("ordinality", { classes: [], opaque: false }));
  }
  if (open !== null) {
    // The first columns take the names of the alias list. The alias itself is no column of a
    // composite, and then means a column of an outer query: it stays unknown.
    const value = open;
    const guessed = names.map((guess) => named(guess, value));
    columns.splice(0, columns.length, ...guessed);
  }
  const source = { alias: name ?? callName(functions[0]?.[0]), schema: null, open, relation: null };
  return itemOf({ ...source, columns: renamed(columns, names) }, 1000);
}

function functionColumns(
  call: unknown,
  run: Run,
  alias: string | null,
  functions: number,
): readonly string[] | null {
  const body = bodyOf(call, "FuncCall");
  // CURRENT_DATE and its kin are allowed here too, and yield one column.
  if (body === null) return null;
  const names = stringsOf(body["funcname"]);
  if (names === null) return null;
  if (names[names.length - 1] === "unnest") return unnestColumns(body, alias, run);
  const columns = columnsOfFunction(names, run);
  // A single scalar function's column takes the alias's name.
  return columns?.length === 1 && alias !== null && functions === 1 &&
      columns[0] === names[names.length - 1]
    ? [alias]
    : columns;
}

/** `unnest` of arrays of scalars has one column each; of anything else, maybe a row's many. */
function unnestColumns(
  body: Fields,
  alias: string | null,
  run: Run,
): readonly string[] | null {
  const args = items(body["args"]);
  // With pg_catalog behind other schemas a type's bare name may be another type.
  const foreign = run.session.searchPath?.includes("pg_catalog") !== false;
  if (foreign || args.length === 0 || !args.every(isScalarArray)) return null;
  return args.length === 1 ? [alias ?? "unnest"] : args.map(() => "unnest");
}

/** Whether the text alone says that the elements are of a scalar type of PostgreSQL's own. */
function isScalarArray(expression: unknown): boolean {
  const elements = bodyOf(expression, "A_ArrayExpr")?.["elements"];
  if (elements !== undefined) {
    const isScalar = (item: unknown) => bodyOf(item, "A_Const") !== null || isScalarCast(item);
    return items(elements).length > 0 && items(elements).every(isScalar);
  }
  if (isScalarCast(expression)) return true;
  const names = stringsOf(bodyOf(expression, "FuncCall")?.["funcname"]) ?? [];
  return ["string_to_array", "regexp_split_to_array"].includes(names[names.length - 1] ?? "");
}

function isScalarCast(expression: unknown): boolean {
  const names = stringsOf(fields(bodyOf(expression, "TypeCast")?.["typeName"])["names"]) ?? [];
  return scalarTypes.has(names[names.length - 1] ?? "") &&
    (names.length === 1 || names[0] === "pg_catalog");
}

const scalarTypes: ReadonlySet<string> = new Set(
  `text varchar bpchar int2 int4 int8 numeric float4 float8 bool date time timetz timestamp
  timestamptz interval uuid bytea oid name json jsonb xml inet cidr`.split(/\s+/),
);

function callName(call: unknown): string | null {
  const names = stringsOf(bodyOf(call, "FuncCall")?.["funcname"]);
  return names?.[names.length - 1] ?? null;
}

function columnDefinitions(list: unknown): readonly string[] {
  return items(list).map((item) => text(bodyOf(item, "ColumnDef")?.["colname"]));
}

/** XMLTABLE and JSON_TABLE: every column derives from the document and from what it is asked. */
function tableFunctionItem(body: Fields, around: Around, run: Run): FromItem {
  const { name, columns: names } = aliasOf(body);
  const { columns: definitions, alias: _, ...rest } = body;
  const scope = lateral(around);
  const asked = [...items(definitions)];
  const columnNames: string[] = [];
  let value = allOf(Object.values(rest).flatMap(expressionsIn), scope, run);
  for (let entry = asked.shift(); entry !== undefined; entry = asked.shift()) {
    spend(run, 1);
    const column = bodyOf(entry, "RangeTableFuncCol") ?? bodyOf(entry, "JsonTableColumn");
    if (column === null) return unknownItem(name);
    const { columns: inner, ...own } = column;
    value = join(value, allOf(Object.values(own).flatMap(expressionsIn), scope, run));
    asked.push(...items(inner));
    if (items(inner).length === 0) {
      columnNames.push(text(column["colname"]) || text(column["name"]));
    }
  }
  const columns = renamed(columnNames.map((column) => named(column, value)), names);
  return itemOf({ alias: name, schema: null, columns, open: null, relation: null }, 1000);
}

/** The tagged expressions in a field, through lists and untagged structs. */
function expressionsIn(field: unknown): readonly unknown[] {
  if (typeof field !== "object" || field === null) return [];
  if (Array.isArray(field)) return field.flatMap(expressionsIn);
  const found = node(field);
  if (found === null || found.tag === "TypeName" || found.tag === "String") return [];
  if (/^[A-Z]/.test(found.tag)) return [field];
  return Object.entries(fields(field)).flatMap(([key, inner]) =>
    key === "typeName" || key === "coltype" || key === "format" ? [] : expressionsIn(inner)
  );
}

function joinItem(body: Fields, around: Around, run: Run): FromItem {
  const left = fromItem(body["larg"], around, run);
  const right = fromItem(body["rarg"], { ...around, left: [...around.left, left] }, run);
  spend(run, left.columns.length + right.columns.length);
  const natural = body["isNatural"] === true;
  const using = natural
    ? left.columns.map(({ name }) => name).filter((name) => hasColumn(right, name))
    : items(body["usingClause"]).map((item) => stringOf(item) ?? "");
  const merged = using.map((name) =>
    named(name, join(columnIn(left, name), columnIn(right, name)))
  );
  for (const column of merged) filterBy(run, column);
  filterBy(run, valueOf(body["quals"], nested(around.outer, [left, right]), run));
  const rest = [...left.columns, ...right.columns].filter(({ name }) => !using.includes(name));
  const columns = [...merged, ...rest];
  const open = openOf(left, right);
  if (natural && open !== null) filterBy(run, opaque);
  const rows = joinRows(left.rows, right.rows, body["quals"] !== undefined || using.length > 0);
  const { name, columns: names } = aliasOf(body);
  if (name !== null) {
    const source = { alias: name, schema: null, open, relation: null };
    return itemOf({ ...source, columns: renamed(columns, names) }, rows);
  }
  const usingAlias = text(fields(body["join_using_alias"])["aliasname"]);
  const alias = { alias: usingAlias, schema: null, columns: merged, open: null, relation: null };
  const sources = [...left.sources, ...right.sources, ...(usingAlias === "" ? [] : [alias])];
  return { sources, columns, open, rows };
}

function openOf(left: FromItem, right: FromItem): Value | null {
  if (left.open === null) return right.open;
  return right.open === null ? left.open : join(left.open, right.open);
}

function hasColumn(item: FromItem, name: string): boolean {
  return item.columns.some((column) => column.name === name);
}

function columnIn(item: FromItem, name: string): Value {
  return item.columns.find((column) => column.name === name) ?? opaque;
}

function lateral(around: Around): Scope {
  return nested(around.outer, around.left);
}

function unknownItem(alias: string | null): FromItem {
  return itemOf({ alias, schema: null, columns: [], open: opaque, relation: null }, 1000);
}

function aliasOf(body: Fields): { readonly name: string | null; readonly columns: string[] } {
  const alias = fields(body["alias"]);
  const name = text(alias["aliasname"]);
  const columns = items(alias["colnames"]).map((item) => stringOf(item) ?? "");
  return { name: name === "" ? null : name, columns };
}
