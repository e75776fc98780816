/**
 * Which columns hold which data classes: the configuration's column patterns over a catalog.
 *
 * **Invariant:** the classes of a column are at least those that a pattern gives it and those of
 * the column of that name in every parent and child (inheritance, partitions). Where what is not
 * listed is masked, a column of a user's table has a class, unless the configuration says that it,
 * or the column of that name in a parent, is plain, or an expression says what it derives from.
 *
 * @module
 */
import type { CatalogRelation } from "#schemas/catalog.ts";
import type { Config, PostgresConnection } from "#schemas/config.ts";
import { unlistedClass } from "#schemas/policy_schema.ts";

/** Relation oid, attribute number, sorted class names. */
export type Protected = ReadonlyMap<number, ReadonlyMap<number, readonly string[]>>;
/** What configuration says of the columns behind a connection. */
export type Listing = {
  readonly classes: Readonly<Record<string, { readonly columns: readonly string[] }>>;
  /** Patterns of columns that are known and harmless; a class holds all the same. */
  readonly plain: readonly string[];
  readonly unlisted: PostgresConnection["unlisted"];
};
/** Where a column is. */
export type ListedColumn = {
  readonly relation: CatalogRelation;
  readonly column: CatalogRelation["columns"][number];
};

type MutableProtected = Map<number, Map<number, readonly string[]>>;

/** FirstNormalObjectId: below are PostgreSQL's own. */
export const firstUserOid = 16_384;

/** PostgreSQL's own schemas, of which a wildcard in a pattern does not speak. */
export function isSystemSchema(schema: string): boolean {
  return schema === "pg_catalog" || schema === "information_schema" || schema === "pg_toast";
}

/** What a configuration says of the columns behind one of its connections. */
export function listingOf(
  { connections, classes }: Pick<Config, "connections" | "classes">,
  name: string,
): Listing {
  const connection = Object.hasOwn(connections, name) ? connections[name] : undefined;
  // What is not configured has nothing listed.
  if (connection?.protocol !== "postgres") return { classes, plain: [], unlisted: "mask" };
  return { classes, plain: connection.plain, unlisted: connection.unlisted };
}

/** Classifies every column of the relations. */
export function classify(relations: readonly CatalogRelation[], listing: Listing): Protected {
  const classes = named(relations, listing);
  if (listing.unlisted === "keep") return classes;
  for (const { relation, column } of inNoClass(relations, listing, classes)) {
    addClasses(classes, relation.oid, column.attribute, [unlistedClass]);
  }
  return classes;
}

/**
 * Columns of users' tables that neither a class nor `plain` names, in the catalog's order; where
 * listing a parent's would list its children's, the parent's alone.
 */
export function unlistedColumns(
  relations: readonly CatalogRelation[],
  listing: Listing,
): ListedColumn[] {
  const all = inNoClass(relations, listing, named(relations, listing));
  const keyOf = (oid: number, { column }: ListedColumn) => `${oid} ${column.name}`;
  const keys = new Set(all.map((one) => keyOf(one.relation.oid, one)));
  return all.filter((one) => !one.relation.parents.some((oid) => keys.has(keyOf(oid, one))));
}

/** The classes that a column has by its name, whether there is one or not; sorted. */
export function classesByName(
  { classes, plain, unlisted }: Listing,
  schema: string,
  relation: string,
  column: string,
): readonly string[] {
  const fits = (pattern: string) => {
    const parts = pattern.split(".");
    return fitsRelation(parts, schema, relation) && (parts[2] === "*" || parts[2] === column);
  };
  const names = Object.entries(classes).filter(([, { columns }]) => columns.some(fits))
    .map(([name]) => name).sort();
  if (names.length > 0 || unlisted === "keep" || plain.some(fits)) return names;
  return [unlistedClass];
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

/** The classes that patterns give, shared along inheritance. */
function named(relations: readonly CatalogRelation[], { classes }: Listing): MutableProtected {
  const patterns = Object.entries(classes).flatMap(([name, { columns }]) =>
    columns.map((pattern) => [pattern, name] as const)
  );
  const result: MutableProtected = new Map();
  for (const [{ relation, column }, name] of fitting(relations, patterns)) {
    addClasses(result, relation.oid, column.attribute, [name]);
  }
  return withInherited(relations, result);
}

/** Each column that a pattern speaks of, with what stands beside the pattern. */
function* fitting<T>(
  relations: readonly CatalogRelation[],
  patterns: readonly (readonly [string, T])[],
): Generator<readonly [ListedColumn, T]> {
  const parted = patterns.map(([pattern, what]) => ({ parts: pattern.split("."), what }));
  const byRelation = Map.groupBy(parted, ({ parts }) => parts[1] ?? "");
  for (const relation of relations) {
    const { schema, name } = relation;
    for (const key of new Set([name, "*"])) {
      for (const { parts, what } of byRelation.get(key) ?? []) {
        if (!fitsRelation(parts, schema, name)) continue;
        for (const column of relation.columns) {
          if (parts[2] === "*" || parts[2] === column.name) yield [{ relation, column }, what];
        }
      }
    }
  }
}

function inNoClass(
  relations: readonly CatalogRelation[],
  { plain }: Listing,
  classes: Protected,
): ListedColumn[] {
  const known = plainColumns(relations, plain);
  return relations.flatMap((relation) => {
    const { oid, schema, definition, columns } = relation;
    // What a view shows derives from tables.
    if (definition !== null || isSystemSchema(schema) && oid < firstUserOid) return [];
    return columns.filter(({ name, attribute, generated }) =>
      generated === null && classes.get(oid)?.has(attribute) !== true &&
      known.get(oid)?.has(name) !== true
    ).map((column) => ({ relation, column }));
  });
}

/** Names of columns that are plain, by relation: what a parent has listed its children have. */
function plainColumns(
  relations: readonly CatalogRelation[],
  patterns: readonly string[],
): ReadonlyMap<number, ReadonlySet<string>> {
  const known = new Map(relations.map(({ oid }) => [oid, new Set<string>()]));
  const plain = patterns.map((pattern) => [pattern, null] as const);
  for (const [{ relation, column }] of fitting(relations, plain)) {
    known.get(relation.oid)?.add(column.name);
  }
  const links = linksOf(relations);
  for (let changed = links.length > 0; changed;) {
    changed = false;
    for (const [child, parent] of links) {
      const above = known.get(parent.oid);
      const own = known.get(child.oid);
      for (const { name } of child.columns) {
        if (above?.has(name) !== true || own?.has(name) !== false) continue;
        own.add(name);
        changed = true;
      }
    }
  }
  return known;
}

/** Each child with each of its parents. */
function linksOf(relations: readonly CatalogRelation[]) {
  const byOid = new Map(relations.map((relation) => [relation.oid, relation]));
  return relations.flatMap((child) =>
    child.parents.flatMap((oid) => {
      const parent = byOid.get(oid);
      return parent === undefined ? [] : [[child, parent] as const];
    })
  );
}

/** Shares classes by column name along inheritance, both ways, until nothing changes. */
function withInherited(
  relations: readonly CatalogRelation[],
  classes: MutableProtected,
): MutableProtected {
  const links = linksOf(relations);
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
