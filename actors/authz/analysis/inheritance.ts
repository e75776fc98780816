/**
 * Changes of who inherits from whom. Parents and children (inheritance, partitions) share classes
 * by their columns' names, so that one may have from another what its own name does not say.
 *
 * **Invariant:** where a column has a class through a relation that it is parted from, or that
 * goes, and keeps values, or where it comes under a parent that is listed, or brings a class under
 * one that has none, the change has the effect `declassify`.
 *
 * @module
 */
import { classesByName } from "#schemas/classification.ts";
import { unlistedClass } from "#schemas/policy_schema.ts";
import type { Relation } from "./catalog_index.ts";
import { type Column, isSubset, named, opaque } from "./lineage.ts";
import {
  derive,
  isTemporarySchema,
  type Resolved,
  resolveRelation,
  sessionPath,
} from "./resolve.ts";
import { type Run, spend } from "./run.ts";
import { bodyOf, type Fields, fields, items, stringsOf, text } from "./tree.ts";

/** What a command of ALTER TABLE changes of it. */
export function inheritanceChanged(command: Fields, resolved: Resolved | null, run: Run): void {
  const { subtype, def, name } = command;
  const partition = bodyOf(def, "PartitionCmd")?.["name"];
  switch (subtype) {
    case "AT_AddInherit":
      return joined(resolved, resolveRelation(bodyOf(def, "RangeVar"), run), run);
    case "AT_AttachPartition":
      return joined(resolveRelation(partition, run), resolved, run);
    case "AT_DropInherit":
      return parted(resolved, resolveRelation(bodyOf(def, "RangeVar"), run), run);
    case "AT_DetachPartition":
    case "AT_DetachPartitionFinalize":
      return parted(resolved, resolveRelation(partition, run), run);
    case "AT_DropColumn":
      return columnDropped(text(name), resolved, run);
  }
}

/** CREATE TABLE as a child: its name may give a column a class that its parent's has not. */
export function childCreated(body: Fields, run: Run): void {
  const relation = fields(body["relation"]);
  const schema = text(relation["schemaname"]);
  // Which schemas of the path are there is not known of those that have no relation.
  const places = schema === "" ? sessionPath(run) : [schema];
  const children = items(body["inhRelations"]);
  const isTemporary = relation["relpersistence"] === "t" ||
    isTemporarySchema(places?.[0] ?? "");
  const generates = isTemporary && items(body["tableElts"]).some(isGenerated);
  if (children.length > 0 && (places === null || generates)) run.effects.add("declassify");
  for (const entry of children) {
    const parent = resolveRelation(bodyOf(entry, "RangeVar"), run);
    // What a temporary child generates or checks no catalog says of its parent.
    if (isTemporary && parent?.schema !== "pg_temp") run.effects.add("declassify");
    for (const { name, classes } of parent?.columns ?? []) {
      const own = (places ?? []).flatMap((place) =>
        classesByName(run.schema.listing, place, text(relation["relname"]), name)
      );
      if (brings(own, classes)) run.effects.add("declassify");
    }
  }
}

function isGenerated(element: unknown): boolean {
  return items(bodyOf(element, "ColumnDef")?.["constraints"]).some((one) =>
    bodyOf(one, "Constraint")?.["contype"] === "CONSTR_GENERATED"
  );
}

/** Whether a child's column has a class that its parent's has not. */
function brings(classes: readonly string[], above: readonly string[]): boolean {
  return classes.some((one) => one !== unlistedClass && !above.includes(one));
}

/** NO INHERIT, DETACH: both keep their rows. */
function parted(one: Resolved | null, other: Resolved | null, run: Run): void {
  for (const side of [one, other]) if (side?.relation) generatedRowsGo(side.relation, run);
  for (const resolved of [one, other]) {
    if (resolved === null || resolved.columns === null) run.effects.add("declassify");
    else stands(resolved, resolved.columns, run);
  }
}

/** INHERIT, ATTACH: what a parent has listed its children have, so that it is unlisted no more. */
function joined(child: Resolved | null, parent: Resolved | null, run: Run): void {
  const above = parent?.columns ?? null;
  if (child?.schema === "pg_temp") {
    const isKnown = parent?.schema === "pg_temp" &&
      child.columns?.some((one) => one.opaque) === false;
    if (!isKnown) run.effects.add("declassify");
  }
  for (const { name, classes } of child?.columns ?? [named("", opaque)]) {
    const same = above?.find((column) => column.name === name);
    // Whoever reads the parent at this moment would get rows of a class that they know nothing of.
    if (same !== undefined && brings(classes, same.classes)) run.effects.add("declassify");
    if (run.schema.listing.unlisted === "keep") continue;
    const isKept = child !== null && above !== null &&
      (same === undefined || !classes.includes(unlistedClass) ||
        same.classes.includes(unlistedClass));
    if (!isKept) run.effects.add("declassify");
  }
}

/** DROP COLUMN: children that have the column by themselves, or with ONLY, keep it and its rows. */
function columnDropped(name: string, parent: Resolved | null, run: Run): void {
  const dropped = parent?.columns?.find((column) => column.name === name);
  if (dropped === undefined || dropped.classes.length === 0) return;
  for (const relation of descendantsOf(parent?.relation ?? null, run)) {
    if (relation.columns.some((column) => column.name === name)) stands(relation, [dropped], run);
  }
}

/** DROP: a parent of what goes remains, and its other children. CASCADE may reach other tables. */
export function tablesDropped(body: Fields, run: Run): void {
  const kind = text(body["removeType"]);
  const isWide = kind === "OBJECT_EXTENSION" ||
    body["behavior"] === "DROP_CASCADE" && !reachesNoTable.test(kind);
  if (!isWide && !/^OBJECT_(?:FOREIGN_)?TABLE$/.test(kind)) return;
  const named = items(body["objects"]).map((object) =>
    stringsOf(bodyOf(object, "List")?.["items"])?.toReversed() ?? []
  );
  // Without a schema it may be any of the name.
  const goes = ({ schema, name }: Relation) =>
    isWide || named.some(([last, place = schema]) => last === name && place === schema);
  const all = allRelations(run);
  const parents = new Set(all.flatMap((one) => goes(one) ? one.parents : []));
  for (const one of all) if (parents.has(one.oid)) stands(one, one.columns, run);
  for (const one of all) if (goes(one)) generatedRowsGo(one, run);
}

/**
 * A column that a child generates otherwise than its parent: what others took from it through the
 * parent, as a materialised view, stays, and nothing says any more what it derives from.
 */
function generatedRowsGo(child: Relation, run: Run): void {
  if (child.parents.length === 0 || child.generated.every((one) => one === null)) return;
  const parents = allRelations(run).filter(({ oid }) => child.parents.includes(oid));
  const { columns } = derive(child, run);
  child.generated.forEach((expression, index) => {
    const column = columns[index];
    if (expression === null || column === undefined) return;
    if (!column.opaque && column.classes.length === 0) return;
    const isSame = parents.every((parent) => {
      const at = parent.columns.findIndex(({ name }) => name === column.name);
      return at < 0 || parent.generated[at] === expression;
    });
    if (!isSame) run.effects.add("declassify");
  });
}

/**
 * Whether a child that this transaction made may generate a column of a table that is read: it can
 * go as it came, and no catalog ever shows it.
 */
export function mayHaveChildren(run: Run): boolean {
  return run.session.unsettled &&
    allRelations(run).some((one) =>
      one.definition === null && one.generated.some((expression) => expression !== null) &&
      run.relations.has(`${one.schema}.${one.name}`)
    );
}

/** Of what depends on these no table goes with them. */
const reachesNoTable = /^OBJECT_(?:VIEW|MATVIEW|INDEX|SEQUENCE|TRIGGER|RULE|POLICY)$/;

/** Whether columns have their classes by the relation's own names. */
function stands(
  { schema, name: relation }: Pick<Relation, "schema" | "name">,
  columns: readonly Column[],
  run: Run,
): void {
  for (const { name, classes } of columns) {
    const own = classesByName(run.schema.listing, schema, relation, name);
    if (!isSubset(classes, own)) run.effects.add("declassify");
  }
}

function descendantsOf(relation: Relation | null, run: Run): readonly Relation[] {
  const all = allRelations(run);
  const above = new Set(relation === null ? [] : [relation.oid]);
  const found: Relation[] = [];
  for (let count = -1; count < found.length;) {
    count = found.length;
    for (const one of all) {
      if (above.has(one.oid) || !one.parents.some((oid) => above.has(oid))) continue;
      above.add(one.oid);
      found.push(one);
    }
  }
  return found;
}

export function allRelations(run: Run): readonly Relation[] {
  const all = run.schema.relations.values().flatMap((inSchema) => inSchema.values()).toArray();
  spend(run, all.length);
  return all;
}
