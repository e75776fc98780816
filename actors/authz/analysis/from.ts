/**
 * FROM items: relations, subqueries, functions and joins, each with what `*` expands to and the
 * names it brings into scope (parse_clause.c).
 *
 * **Invariant:** an item whose columns are not all known is `open`, so that nothing is mistaken for
 * an outer column and every output beside it is masked.
 *
 * @module
 */
import { impliedOperators } from "./calls.ts";
import { joinRows } from "./estimate.ts";
import { functionItem, tableFunctionItem } from "./from_functions.ts";
import { allOf, valueOf } from "./expression.ts";
import { filterByCondition, filterByValue, matchBy } from "./filters.ts";
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
  uncertain,
} from "./scope.ts";
import { selectOutput } from "./select.ts";
import { bodyOf, type Fields, fields, items, node, stringOf, text } from "./tree.ts";

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
      filterByValue(allOf(items(body["args"]), lateral(around), run), run);
      filterByValue(valueOf(body["repeatable"], lateral(around), run), run);
      return item;
    }
    case "RangeTableFunc":
    case "JsonTable":
      return tableFunctionItem(tag, body, around, run);
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
    const columns = renamed(cte.columns, names, cte.open);
    const open = cte.open ? join(opaque, joinAll(columns)) : null;
    return itemOf(
      { alias: name ?? relname, schema: null, columns, open, relation: null },
      cte.rows,
    );
  }
  const resolved = resolveRelation(body, run);
  run.effects.add("read");
  if (resolved?.classified === true) run.classified = true;
  if (resolved?.relation?.counted === false) run.counted = false;
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
  const columns = renamed(output.columns, names, output.open);
  const open = output.open ? join(opaque, joinAll(columns)) : null;
  return itemOf({ alias: name, schema: null, columns, open, relation: null }, output.rows);
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
  for (const name of using) matchBy(columnIn(left, name), columnIn(right, name), "join", run);
  if (using.length > 0) filterBy(run, impliedOperators(["="], run), "pattern");
  filterByCondition(body["quals"], nested(around.outer, [left, right]), run);
  const both = left.columns.concat(right.columns);
  const known = using.length === 0
    ? both
    : [...merged, ...both.filter(({ name }) => !using.includes(name))];
  const open = openOf(left, right);
  // Any of them may be merged with one that is not known.
  const columns = natural && open !== null ? uncertain(known) : known;
  if (natural && open !== null) filterBy(run, opaque, "pattern");
  const rows = joinRows(left.rows, right.rows, body["quals"] !== undefined || using.length > 0);
  const { name, columns: names } = aliasOf(body);
  if (name !== null) {
    const source = { alias: name, schema: null, open, relation: null };
    return itemOf({ ...source, columns: renamed(columns, names, open !== null) }, rows);
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

function columnIn(item: FromItem, name: string): Column {
  return item.columns.find((column) => column.name === name) ?? named(name, opaque);
}

/** What a LATERAL item sees: the items to its left, then the enclosing query. */
export function lateral(around: Around): Scope {
  return nested(around.outer, around.left);
}

/** An item of which nothing is known. */
export function unknownItem(alias: string | null): FromItem {
  return itemOf({ alias, schema: null, columns: [], open: opaque, relation: null }, 1000);
}

/** An item's alias and the names it gives to columns. */
export function aliasOf(
  body: Fields,
): { readonly name: string | null; readonly columns: string[] } {
  const alias = fields(body["alias"]);
  const name = text(alias["aliasname"]);
  const columns = items(alias["colnames"]).map((item) => stringOf(item) ?? "");
  return { name: name === "" ? null : name, columns };
}
