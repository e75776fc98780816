/**
 * The catalog, indexed for analysis: relations by schema and name with each column's data classes,
 * functions by name, and a memo for what views derive from.
 *
 * **Invariant:** the classes of a column are at least those that a pattern gives it, those of the
 * column of that name in every parent and child (inheritance, partitions), and for a view or a
 * generated column those of its definition.
 *
 * @module
 */
import type { Catalog, CatalogFunction, CatalogRelation } from "#schemas/catalog.ts";
import { type Column, union } from "./lineage.ts";
import { isLeaky, isLeakyColumn, isLeakyExtension, isSystemSchema } from "./system_relations.ts";

/** Which columns hold which classes: relation oid, attribute number, sorted class names. */
export type Protected = ReadonlyMap<number, ReadonlyMap<number, readonly string[]>>;

/** What configuration says of a class; only the column patterns matter here. */
export type ClassPatterns = Readonly<Record<string, { readonly columns: readonly string[] }>>;

export type Relation = {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: CatalogRelation["kind"];
  readonly rows: number;
  /** Structure only: PostgreSQL's own relation, readable and without classes. */
  readonly system: boolean;
  readonly columns: readonly Column[];
  /** Expressions of generated columns by position in `columns`; null where there is none. */
  readonly generated: readonly (string | null)[];
  readonly definition: string | null;
  readonly uniqueKeys: readonly (readonly string[])[];
  /** True when some column has a class, by pattern or inheritance. */
  readonly classified: boolean;
};

/** What a view (or a relation with generated columns) derives from. */
export type Derived = {
  readonly columns: readonly Column[];
  readonly relations: readonly string[];
  readonly functions: readonly string[];
  readonly classified: boolean;
};

export type Schema = {
  readonly database: string;
  readonly role: string;
  readonly searchPath: readonly string[];
  readonly relations: ReadonlyMap<string, ReadonlyMap<string, Relation>>;
  readonly functions: ReadonlyMap<string, readonly CatalogFunction[]>;
  readonly protected: Protected;
  /** Filled as views are met; null while one is being analysed, so that a cycle is seen. */
  readonly derived: Map<number, Derived | null>;
};

/** Indexes a catalog once. Pure but for the memo of views inside. */
export function indexCatalog(catalog: Catalog, classes: ClassPatterns): Schema {
  const shared = inheritedClasses(catalog.relations, directClasses(catalog.relations, classes));
  const relations = new Map<string, Map<string, Relation>>();
  for (const relation of catalog.relations) {
    const inSchema = relations.get(relation.schema) ?? new Map<string, Relation>();
    relations.set(relation.schema, inSchema.set(relation.name, indexRelation(relation, shared)));
  }
  const functions = new Map<string, CatalogFunction[]>();
  for (const entry of catalog.functions) {
    const overloads = functions.get(entry.name);
    if (overloads === undefined) functions.set(entry.name, [entry]);
    else overloads.push(entry);
  }
  return {
    database: catalog.database,
    role: catalog.role,
    searchPath: catalog.searchPath,
    relations,
    functions,
    protected: shared,
    derived: new Map(),
  };
}

/** Whether `schema.name`, as an analysis lists it, has a column of some class. */
export function isClassified(schema: Schema, qualified: string): boolean {
  const [first, ...rest] = qualified.split(".");
  const relation = schema.relations.get(first ?? "")?.get(rest.join("."));
  // What is not in the catalog is not known to be plain.
  return relation === undefined ? true : relation.classified;
}

function indexRelation(relation: CatalogRelation, classes: Protected): Relation {
  const own = classes.get(relation.oid);
  const system = isSystemSchema(relation.schema);
  const leaky = system
    ? isLeaky(relation.schema, relation.name)
    : isLeakyExtension(relation.name) || relation.kind === "t";
  return {
    oid: relation.oid,
    schema: relation.schema,
    name: relation.name,
    kind: relation.kind,
    rows: relation.rowsEstimate < 0 ? 1000 : relation.rowsEstimate,
    system: system && !leaky,
    columns: relation.columns.map((column) => ({
      name: column.name,
      classes: own?.get(column.attribute) ?? [],
      opaque: leaky || isLeakyColumn(relation.schema, column.name),
      origin: { relation: relation.oid, attribute: column.attribute },
    })),
    generated: relation.columns.map((column) => column.generated),
    definition: system ? null : relation.definition,
    uniqueKeys: relation.uniqueKeys,
    classified: own !== undefined && own.size > 0,
  };
}

type MutableProtected = Map<number, Map<number, readonly string[]>>;

function directClasses(
  relations: readonly CatalogRelation[],
  classes: ClassPatterns,
): MutableProtected {
  const patterns = Object.entries(classes).flatMap(([name, { columns }]) =>
    columns.map((pattern) => ({ name, parts: pattern.split(".") }))
  );
  const result: MutableProtected = new Map();
  for (const relation of relations) {
    // A wildcard schema means the organisation's own; PostgreSQL's are named or not meant.
    const system = isSystemSchema(relation.schema);
    const fitting = patterns.filter(({ parts: [schema, name] }) =>
      (schema === relation.schema || (schema === "*" && !system)) &&
      (name === "*" || name === relation.name)
    );
    for (const { name, parts: [, , pattern] } of fitting) {
      for (const column of relation.columns) {
        if (pattern === "*" || pattern === column.name) {
          addClasses(result, relation.oid, column.attribute, [name]);
        }
      }
    }
  }
  return result;
}

/** Shares classes by column name along inheritance, both ways, until nothing changes. */
function inheritedClasses(
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
  const after = union(before, names);
  classes.set(oid, columns.set(attribute, after));
  return after.length > before.length;
}
