/**
 * Which columns hold which data classes: the configuration's column patterns over a catalog.
 *
 * **Invariant:** the classes of a column are at least those that a pattern gives it and those of
 * the column of that name in every parent and child (inheritance, partitions).
 *
 * @module
 */
import type { CatalogRelation } from "#schemas/catalog.ts";

/** Relation oid, attribute number, sorted class names. */
export type Protected = ReadonlyMap<number, ReadonlyMap<number, readonly string[]>>;
/** What configuration says of a class; only the column patterns matter here. */
export type ClassPatterns = Readonly<Record<string, { readonly columns: readonly string[] }>>;

type MutableProtected = Map<number, Map<number, readonly string[]>>;

/** PostgreSQL's own schemas, of which a wildcard in a pattern does not speak. */
export function isSystemSchema(schema: string): boolean {
  return schema === "pg_catalog" || schema === "information_schema" || schema === "pg_toast";
}

/** Classifies every column of the relations. */
export function classify(
  relations: readonly CatalogRelation[],
  classes: ClassPatterns,
): Protected {
  return withInherited(relations, directClasses(relations, classes));
}

/** The classes that patterns give to a column by its name, whether there is one or not; sorted. */
export function classesByName(
  classes: ClassPatterns,
  schema: string,
  relation: string,
  column: string,
): readonly string[] {
  const fits = (pattern: string) => {
    const parts = pattern.split(".");
    return fitsRelation(parts, schema, relation) && (parts[2] === "*" || parts[2] === column);
  };
  return Object.entries(classes).filter(([, { columns }]) => columns.some(fits))
    .map(([name]) => name).sort();
}

/** Whether a pattern's first two parts speak of the relation. */
function fitsRelation(
  [first, second]: readonly string[],
  schema: string,
  relation: string,
): boolean {
  return (first === schema || first === "*" && !isSystemSchema(schema)) &&
    (second === "*" || second === relation);
}

function directClasses(
  relations: readonly CatalogRelation[],
  classes: ClassPatterns,
): MutableProtected {
  const patterns = Object.entries(classes).flatMap(([name, { columns }]) =>
    columns.map((pattern) => ({ name, parts: pattern.split(".") }))
  );
  const result: MutableProtected = new Map();
  for (const relation of relations) {
    const { schema, name } = relation;
    const fitting = patterns.filter(({ parts }) => fitsRelation(parts, schema, name));
    for (const { name, parts: [, , pattern] } of fitting) {
      for (const column of relation.columns) {
        if (pattern !== "*" && pattern !== column.name) continue;
        addClasses(result, relation.oid, column.attribute, [name]);
      }
    }
  }
  return result;
}

/** Shares classes by column name along inheritance, both ways, until nothing changes. */
function withInherited(
  relations: readonly CatalogRelation[],
  classes: MutableProtected,
): Protected {
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]));
  const links = relations.flatMap((child) =>
    child.parents.flatMap((oid) => {
      const parent = byOid.get(oid);
      return parent === undefined ? [] : [[child, parent] as const];
    })
  );
  for (let changed = links.length > 0; changed;) {
    changed = false;
    for (const [child, parent] of links) {
      for (const column of child.columns) {
        const same = parent.columns.find((other) => other.name === column.name);
        if (same === undefined) continue;
        const down = classes.get(parent.oid)?.get(same.attribute) ?? [];
        const up = classes.get(child.oid)?.get(column.attribute) ?? [];
        changed = addClasses(classes, child.oid, column.attribute, down) || changed;
        changed = addClasses(classes, parent.oid, same.attribute, up) || changed;
      }
    }
  }
  return classes;
}

/** Says whether anything was added. */
function addClasses(
  classes: MutableProtected,
  oid: number,
  attribute: number,
  names: readonly string[],
): boolean {
  if (names.length === 0) return false;
  const columns = classes.get(oid) ?? new Map<number, readonly string[]>();
  const before = columns.get(attribute) ?? [];
  const after = [...new Set([...before, ...names])].sort();
  if (after.length === before.length) return false;
  classes.set(oid, columns.set(attribute, after));
  return true;
}
