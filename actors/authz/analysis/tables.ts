/**
 * What a change of a table moves, keeps or tells: columns that lose what they derived from, keys
 * that follow updates, indexes that put rows in order.
 *
 * **Invariant:** where values stay behind in a column that had a class by something else than its
 * name, and has none without it, the change has the effect `declassify`.
 *
 * @module
 */
import { classesByName } from "#schemas/classification.ts";
import { castValue } from "./calls.ts";
import { valueOf } from "./expression.ts";
import { filterByCondition, filterBySide, sideOf } from "./filters.ts";
import { targetItem } from "./from.ts";
import { isSubset, named, opaque } from "./lineage.ts";
import { inheritanceChanged } from "./inheritance.ts";
import { assign } from "./modify.ts";
import { creationSchema, resolveRelation } from "./resolve.ts";
import { filterBy, type Run, spend } from "./run.ts";
import { type FromItem, nested } from "./scope.ts";
import { bodyOf, type Fields, fields, items, stringOf, stringsOf, text } from "./tree.ts";

/** How many rows an index has, and whether it can be made at all, tells of their classes. */
export function indexed(body: Fields, run: Run): void {
  const { item } = targetItem(body["relation"], run);
  const scope = nested(null, [item]);
  filterByCondition(body["whereClause"], scope, run);
  for (const element of items(body["indexParams"])) indexElement(element, item, run);
}

function indexElement(element: unknown, item: FromItem, run: Run): void {
  const { expr, name } = bodyOf(element, "IndexElem") ?? {};
  if (expr !== undefined) filterBySide(sideOf(expr, nested(null, [item]), run), "pattern", run);
  // Rows may come in its order without being asked for it.
  else filterByColumnNamed(text(name), item, run);
}

/** Rows are put in order by a column of a relation. */
function filterByColumnNamed(name: string, item: FromItem, run: Run): void {
  filterBy(run, item.columns.find((column) => column.name === name) ?? opaque, "sort");
}

/** CLUSTER puts rows in the order of an index, which may be one of any column. */
export function clustered(body: Fields, run: Run): void {
  if (body["relation"] === undefined) return filterBy(run, opaque, "sort");
  const { item } = targetItem(body["relation"], run);
  for (const column of item.columns) filterBy(run, column, "sort");
}

export function alterTable(body: Fields, run: Run): void {
  const relation = fields(body["relation"]);
  const { item, resolved } = targetItem(relation, run);
  const scope = nested(null, [item]);
  for (const entry of items(body["cmds"])) {
    spend(run, 1);
    const command = bodyOf(entry, "AlterTableCmd") ?? {};
    run.details.add(text(command["subtype"]).replace(/^AT_/, "alter_").toLowerCase());
    const column = bodyOf(command["def"], "ColumnDef");
    // That every row there is passes it is told.
    for (const constraint of [command["def"], ...items(column?.["constraints"])]) {
      const { contype, raw_expr: checked, exclusions } = bodyOf(constraint, "Constraint") ?? {};
      if (contype === "CONSTR_CHECK") filterByCondition(checked, scope, run);
      for (const exclusion of items(exclusions)) {
        indexElement(items(bodyOf(exclusion, "List")?.["items"])[0], item, run);
      }
    }
    partitionBound(bodyOf(command["def"], "PartitionCmd")?.["bound"], run);
    if (command["subtype"] === "AT_AddColumn") {
      derivedColumns([command["def"]], relation, run);
      foreignKeys([command["def"]], relation, run);
      // A domain may have a default, which fills the rows that are there.
      assign(null, castValue(column?.["typeName"], run), run);
    }
    if (command["subtype"] === "AT_ColumnDefault") {
      assign(null, valueOf(command["def"], scope, run), run);
    }
    if (command["subtype"] === "AT_AlterColumnType" && column !== null) {
      const target = item.columns.find(({ name }) => name === text(command["name"])) ?? null;
      assign(target, valueOf(column["raw_default"], scope, run), run);
    }
    if (command["subtype"] === "AT_SetExpression") run.effects.add("declassify");
    if (command["subtype"] === "AT_DropExpression") {
      // The values stay, and nothing says any more what they derive from.
      const derived = item.columns.find(({ name }) => name === text(command["name"])) ?? opaque;
      const own = resolved?.targets.find(({ name }) => name === text(command["name"])) ?? null;
      assign(own, derived, run);
    }
    inheritanceChanged(command, resolved, run);
    const constraint = bodyOf(command["def"], "Constraint");
    if (constraint === null) continue;
    for (const key of items(constraint["keys"])) {
      filterByColumnNamed(stringOf(key) ?? "", item, run);
    }
    const referencing = items(constraint["fk_attrs"]).map((name) =>
      item.columns.find((one) => one.name === stringOf(name))?.classes ?? []
    );
    cascades(constraint, referencing, run);
  }
}

/** A foreign key that follows updates writes what is referenced into the columns that refer. */
function cascades(
  constraint: Fields,
  referencing: readonly (readonly string[])[],
  run: Run,
): void {
  if (constraint["contype"] !== "CONSTR_FOREIGN" || constraint["fk_upd_action"] !== "c") return;
  const referenced = resolveRelation(constraint["pktable"], run);
  const names = items(constraint["pk_attrs"]).map((name) => stringOf(name) ?? "");
  const keys = names.length > 0 ? names : referenced?.relation?.uniqueKeys.flat() ?? [];
  for (const column of referenced?.columns ?? [named("", opaque)]) {
    if (referenced !== null && !keys.includes(column.name)) continue;
    const fitting = names.length > 0
      ? [referencing[names.indexOf(column.name)] ?? []]
      : referencing;
    const isKept = !column.opaque && fitting.length > 0 &&
      fitting.every((classes) => isSubset(column.classes, classes));
    if (!isKept) run.effects.add("declassify");
  }
}

/** Foreign keys of columns that are made: they have the classes of their names. */
export function foreignKeys(elements: unknown, relation: Fields, run: Run): void {
  const schema = text(relation["schemaname"]) || creationSchema(run);
  const classesOf = (column: string) =>
    classesByName(run.schema.listing, schema, text(relation["relname"]), column);
  for (const element of items(elements)) {
    const column = bodyOf(element, "ColumnDef");
    for (const entry of column === null ? [element] : items(column["constraints"])) {
      const constraint = bodyOf(entry, "Constraint") ?? {};
      const referring = column === null
        ? items(constraint["fk_attrs"]).map((name) => stringOf(name) ?? "")
        : [text(column["colname"])];
      cascades(constraint, referring.map(classesOf), run);
    }
  }
}

/** The bounds of a partition are worked out at once, and kept where the catalog shows them. */
export function partitionBound(bound: unknown, run: Run): void {
  for (const list of ["listdatums", "lowerdatums", "upperdatums"]) {
    for (const datum of items(fields(bound)[list])) {
      // MINVALUE and MAXVALUE; no column may stand here.
      if (bodyOf(datum, "ColumnRef") === null) assign(null, valueOf(datum, null, run), run);
    }
  }
}

/**
 * Generated columns derive from others, and a default from whatever it calls: a class moves into a
 * column that has none yet. In a new table the columns generated from are as new.
 */
export function derivedColumns(list: unknown, relation: Fields | null, run: Run): void {
  const scope = relation === null ? null : nested(null, [targetItem(relation, run).item]);
  for (const entry of items(list)) {
    for (const constraint of items(bodyOf(entry, "ColumnDef")?.["constraints"])) {
      const body = bodyOf(constraint, "Constraint");
      const isDerived = body?.["contype"] === "CONSTR_DEFAULT" ||
        body?.["contype"] === "CONSTR_GENERATED" && scope !== null;
      if (isDerived) assign(null, valueOf(body?.["raw_expr"], scope, run), run);
    }
  }
}

/** The calls of `nextval` that are a column's whole default, as of a serial column. */
export function ownDefaults(tag: string, body: Fields): ReadonlySet<unknown> {
  const defaults: unknown[] = [];
  const commands = tag === "AlterTableStmt" ? items(body["cmds"]) : [];
  const columns = [...tag === "CreateStmt" ? items(body["tableElts"]) : []];
  for (const entry of commands) {
    const { subtype, def } = bodyOf(entry, "AlterTableCmd") ?? {};
    if (subtype === "AT_ColumnDefault") defaults.push(def);
    else columns.push(def);
  }
  for (const column of columns) {
    for (const entry of items(bodyOf(column, "ColumnDef")?.["constraints"])) {
      const constraint = bodyOf(entry, "Constraint") ?? {};
      if (constraint["contype"] === "CONSTR_DEFAULT") defaults.push(constraint["raw_expr"]);
    }
  }
  const calls = defaults.flatMap((value) => {
    const call = bodyOf(bodyOf(value, "TypeCast")?.["arg"] ?? value, "FuncCall");
    return call !== null && stringsOf(call["funcname"])?.at(-1) === "nextval" ? [call] : [];
  });
  return new Set(calls);
}
