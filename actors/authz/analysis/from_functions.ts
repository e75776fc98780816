/**
 * Functions in FROM, XMLTABLE and JSON_TABLE: their columns all derive from the arguments.
 *
 * **Invariant:** a function whose row shape is not known is `open`; its alias alone names no
 * column.
 *
 * @module
 */
import { columnsOfFunction, isBuiltin, isShadowed, readAs } from "./calls.ts";
import { allOf, valueOf } from "./expression.ts";
import { filterByValue } from "./filters.ts";
import { aliasOf, type Around, lateral, unknownItem } from "./from.ts";
import { type Column, join, joinAll, named, plain, type Value } from "./lineage.ts";
import { columnName } from "./names.ts";
import { elementsOf, type Given } from "./probes.ts";
import { resolveColumn } from "./references.ts";
import { type Run, spend } from "./run.ts";
import { type FromItem, itemOf, renamed } from "./scope.ts";
import { firstName } from "./select.ts";
import { bodyOf, type Fields, fields, items, node, stringsOf, text } from "./tree.ts";

/** Functions in FROM always see the items to their left. */
export function functionItem(body: Fields, around: Around, run: Run): FromItem {
  const { name, columns: names } = aliasOf(body);
  const functions = items(body["functions"]).map((entry) =>
    items(bodyOf(entry, "List")?.["items"])
  );
  const columns: Column[] = [];
  let all = plain;
  let isOpen = false;
  for (const [call, definitions] of functions) {
    const own = items(bodyOf(definitions, "List")?.["items"]);
    const definition = own.length > 0 ? own : items(body["coldeflist"]);
    const listed = columnDefinitions(definition);
    const value = join(valueOf(call, lateral(around), run), typesOf(definition, run));
    const known = listed.length > 0
      ? listed
      : functionColumns(call, around, run, name, functions.length);
    all = join(all, value);
    isOpen ||= known === null;
    const given = known?.length === 1 ? unnested(call, run) : null;
    for (const column of known ?? []) {
      columns.push(given === null ? named(column, value) : { ...named(column, value), given });
    }
  }
  if (body["ordinality"] === true) {
    columns.push(named("ordinality", { classes: [], opaque: false }));
  }
  const open = isOpen ? all : null;
  if (open !== null) {
    // The first columns take the names of the alias list. The alias itself is no column of a
    // composite, and then means a column of an outer query: it stays unknown.
    const guessed = names.map((guess) => named(guess, open));
    columns.splice(0, columns.length, ...guessed);
  }
  // Without an alias it has the name that its call would give to a column.
  const alias = name ??
    columnName(functions[0]?.[0], (star) => firstName(star, lateral(around), run));
  const source = { alias, schema: null, open, relation: null };
  return itemOf({ ...source, columns: renamed(columns, names) }, 1000);
}

function functionColumns(
  call: unknown,
  around: Around,
  run: Run,
  alias: string | null,
  functions: number,
): readonly string[] | null {
  const body = bodyOf(call, "FuncCall");
  // CURRENT_DATE and its kin are allowed here too, and yield one column.
  if (body === null) return null;
  const names = stringsOf(body["funcname"]);
  if (names === null) return null;
  if (names[names.length - 1] === "unnest") return unnestColumns(body, around, alias, run);
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
  around: Around,
  alias: string | null,
  run: Run,
): readonly string[] | null {
  const args = items(body["args"]);
  // With pg_catalog behind other schemas a type's bare name may be another type.
  const isArray = (item: unknown) => isScalarArray(item, run) || isArrayColumn(item, around, run);
  const foreign = run.session.searchPath?.includes("pg_catalog") !== false;
  if (foreign || args.length === 0 || !args.every(isArray)) return null;
  return args.length === 1 ? [alias ?? "unnest"] : args.map(() => "unnest");
}

/** What the elements of `unnest(array)` are made of; null for anything else. */
function unnested(call: unknown, run: Run): readonly (Given | null)[] | null {
  const body = bodyOf(call, "FuncCall") ?? {};
  const names = stringsOf(body["funcname"]) ?? [];
  const [array, ...others] = items(body["args"]);
  const isUnnest = names.at(-1) === "unnest" && isBuiltin(names, run) && others.length === 0;
  return isUnnest ? elementsOf(array, run) : null;
}

/** Whether it is a column of the catalog's, with a type that says so. */
function isArrayColumn(expression: unknown, around: Around, run: Run): boolean {
  const reference = bodyOf(expression, "ColumnRef");
  const origin = reference === null ? null : resolveColumn(reference, lateral(around), run).origin;
  return origin !== null &&
    run.schema.scalarArrays.get(origin.relation)?.has(origin.attribute) === true;
}

/** Whether the text alone says that the elements are of a scalar type of PostgreSQL's own. */
function isScalarArray(expression: unknown, run: Run): boolean {
  const elements = bodyOf(expression, "A_ArrayExpr")?.["elements"];
  if (elements !== undefined) {
    const isScalar = (item: unknown) => bodyOf(item, "A_Const") !== null || isScalarCast(item, run);
    return items(elements).length > 0 && items(elements).every(isScalar);
  }
  if (isScalarCast(expression, run)) return true;
  const names = stringsOf(bodyOf(expression, "FuncCall")?.["funcname"]) ?? [];
  return isBuiltin(names, run) &&
    ["string_to_array", "regexp_split_to_array"].includes(names[names.length - 1] ?? "");
}

function isScalarCast(expression: unknown, run: Run): boolean {
  const names = stringsOf(fields(bodyOf(expression, "TypeCast")?.["typeName"])["names"]) ?? [];
  const name = names[names.length - 1] ?? "";
  const isOwn = names.length > 1 ? names[0] === "pg_catalog" : !isShadowed(name, run);
  return scalarTypes.has(name) && isOwn;
}

const scalarTypes: ReadonlySet<string> = new Set(
  `text varchar bpchar int2 int4 int8 numeric float4 float8 bool date time timetz timestamp
  timestamptz interval uuid bytea oid name json jsonb xml inet cidr`.split(/\s+/),
);

function columnDefinitions(list: readonly unknown[]): readonly string[] {
  return list.map((item) => text(bodyOf(item, "ColumnDef")?.["colname"]));
}

/** What the values are read as, by the definitions of their columns. */
function typesOf(list: readonly unknown[], run: Run): Value {
  return joinAll(list.map((item) => readAs(bodyOf(item, "ColumnDef")?.["typeName"], run)));
}

/** XMLTABLE and JSON_TABLE: every column derives from the document and from what it is asked. */
export function tableFunctionItem(
  tag: "RangeTableFunc" | "JsonTable",
  body: Fields,
  around: Around,
  run: Run,
): FromItem {
  const { name: written, columns: names } = aliasOf(body);
  const name = written ?? (tag === "JsonTable" ? "json_table" : "xmltable");
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
    if (own["typeName"] !== undefined) value = join(value, readAs(own["typeName"], run));
    asked.push(...items(inner));
    if (items(inner).length === 0) {
      columnNames.push(text(column["colname"]) || text(column["name"]));
    }
  }
  filterByValue(value, run);
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
