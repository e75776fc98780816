/**
 * The catalog, indexed for analysis: relations by schema and name with each column's data classes,
 * functions by name, and a memo for what views derive from.
 *
 * **Invariant:** the classes of a column are at least those that `classify` gives it, and for a
 * view or a generated column those of its definition.
 *
 * @module
 */
import type {
  Catalog,
  CatalogFunction,
  CatalogRelation,
  HiddenCode,
  RelationCode,
} from "#schemas/catalog.ts";
import {
  classify,
  firstUserOid,
  isSystemSchema,
  type Listing,
  type Protected,
} from "#schemas/classification.ts";
import { pureTypes } from "./builtin_functions.ts";
import type { Column } from "./lineage.ts";
import { isLeaky, isLeakyColumn, isLeakyExtension } from "./system_relations.ts";

export type Relation = {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: CatalogRelation["kind"];
  readonly rows: number;
  /** `rows` is the catalog's own count; of a view it has none, nor of a table never analysed. */
  readonly counted: boolean;
  /** Structure only: PostgreSQL's own relation, readable and without classes. */
  readonly system: boolean;
  readonly columns: readonly Column[];
  /** Expressions of generated columns by position in `columns`; null where there is none. */
  readonly generated: readonly (string | null)[];
  readonly definition: string | null;
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Columns by which rows may conflict; null for any. */
  readonly conflictColumns: readonly string[] | null;
  /** Direct parents, by oid. */
  readonly parents: readonly number[];
  /** Those that its rows follow by foreign keys. */
  readonly follows: NonNullable<CatalogRelation["follows"]>;
  /** True when some column has a class, by pattern or inheritance. */
  readonly classified: boolean;
  /** Its own, and that of its children, whose rows are reached through it. */
  readonly code: ReadonlySet<RelationCode>;
  /** Names of the types of its columns and of its rows; of an array its elements' type. */
  readonly types: readonly string[];
};

/** What a view (or a relation with generated columns) derives from. */
export type Derived = {
  readonly columns: readonly Column[];
  /** What is written when they are written to; see `Resolved`. */
  readonly targets: readonly Column[];
  readonly relations: readonly string[];
  readonly functions: readonly string[];
  readonly classified: boolean;
  /** Code that runs when the relations below are read or written. */
  readonly code: ReadonlySet<RelationCode>;
  /** Functions of users' own run when it is read. */
  readonly runsCode: boolean;
  /** Classes that chose among rows that it makes; see `Run.generated`. */
  readonly generated: ReadonlySet<string>;
};

/** A relation whose rows are written when those of another, or of its children, are. */
export type Follower = {
  readonly relation: Relation;
  readonly updates: boolean;
  readonly deletes: boolean;
};

export type Schema = {
  readonly database: string;
  /** server_version_num. */
  readonly serverVersion: number;
  readonly role: string;
  readonly searchPath: readonly string[];
  readonly passedOver: ReadonlySet<string>;
  readonly relations: ReadonlyMap<string, ReadonlyMap<string, Relation>>;
  readonly functions: ReadonlyMap<string, readonly CatalogFunction[]>;
  readonly hidden: {
    readonly operators: ReadonlySet<string>;
    /** For each list of types that must be in play; an empty one means that none must. */
    readonly types: ReadonlyMap<string, readonly (readonly string[])[]>;
    readonly implicitCasts: HiddenCode["implicitCasts"];
    readonly checksInput: boolean;
  };
  /** By the oid of the relation that they follow. */
  readonly followers: ReadonlyMap<number, readonly Follower[]>;
  /** By oid, of all below it those that have generated columns. */
  readonly generatedBelow: ReadonlyMap<number, readonly Relation[]>;
  readonly protected: Protected;
  readonly listing: Listing;
  /** By relation's oid, the attributes that are arrays of one of PostgreSQL's scalar types. */
  readonly scalarArrays: ReadonlyMap<number, ReadonlySet<number>>;
  /** Filled as views are met; null while one is being analysed, so that a cycle is seen. */
  readonly derived: Map<number, Derived | null>;
};

/** Indexes a catalog once. Pure but for the memo of views inside. */
export function indexCatalog(catalog: Catalog, listing: Listing): Schema {
  const shared = classify(catalog.relations, listing);
  const relations = new Map<string, Map<string, Relation>>();
  const code = codeThroughParents(catalog.relations);
  for (const relation of catalog.relations) {
    const inSchema = relations.get(relation.schema) ?? new Map<string, Relation>();
    relations.set(
      relation.schema,
      inSchema.set(
        relation.name,
        indexRelation(relation, shared, code.get(relation.oid) ?? new Set()),
      ),
    );
  }
  const functions = new Map<string, CatalogFunction[]>();
  for (const entry of catalog.functions) {
    const overloads = functions.get(entry.name);
    if (overloads === undefined) functions.set(entry.name, [entry]);
    else overloads.push(entry);
  }
  const all = relations.values().flatMap((inSchema) => inSchema.values()).toArray();
  return {
    database: catalog.database,
    serverVersion: catalog.serverVersion,
    role: catalog.role,
    searchPath: catalog.searchPath,
    passedOver: new Set(catalog.passedOver),
    relations,
    functions,
    hidden: {
      operators: new Set(catalog.hidden.operators),
      types: new Map(
        [...Map.groupBy(catalog.hidden.types, ({ name }) => name)]
          .map(([name, rows]) => [name, rows.map(({ sources }) => sources)]),
      ),
      implicitCasts: catalog.hidden.implicitCasts,
      checksInput: catalog.hidden.checksInput ?? true,
    },
    followers: followersOf(all),
    generatedBelow: generatedBelowOf(all),
    protected: shared,
    listing,
    scalarArrays: new Map(
      catalog.relations.map(({ oid, columns }) => [oid, scalarArraysOf(columns)]),
    ),
    derived: new Map(),
  };
}

/** The relation that an analysis lists as `schema.name`. */
export function listedRelation(
  { relations }: Pick<Schema, "relations">,
  qualified: string,
): Relation | undefined {
  const [first = "", ...rest] = qualified.split(".");
  return relations.get(first)?.get(rest.join("."));
}

/** Whether `schema.name`, as an analysis lists it, has a column of some class. */
export function isClassified(schema: Schema, qualified: string): boolean {
  // What is not in the catalog is not known to be plain.
  return listedRelation(schema, qualified)?.classified ?? true;
}

function scalarArraysOf(columns: CatalogRelation["columns"]): ReadonlySet<number> {
  // A user's type may have the name of PostgreSQL's own.
  const arrays = columns.filter(({ typeName, typeOid }) =>
    typeOid < firstUserOid && (typeName === "int2vector" || typeName === "oidvector" ||
      typeName.startsWith("_") && pureTypes.has(typeName.slice(1)))
  );
  return new Set(arrays.map(({ attribute }) => attribute));
}

/** A statement on a parent reads and writes its children's rows. */
function codeThroughParents(
  relations: readonly CatalogRelation[],
): ReadonlyMap<number, ReadonlySet<RelationCode>> {
  const code = new Map(relations.map(({ oid, code }) => [oid, new Set(code)]));
  const children = relations.filter(({ parents }) => parents.length > 0);
  for (let changed = true; changed;) {
    changed = false;
    for (const { oid, parents } of children) {
      for (const parent of parents) {
        for (const kind of code.get(oid) ?? []) {
          const above = code.get(parent);
          if (above === undefined || above.has(kind)) continue;
          above.add(kind);
          changed = true;
        }
      }
    }
  }
  return code;
}

/** Rows of children are written through their parents. */
function followersOf(relations: readonly Relation[]): ReadonlyMap<number, readonly Follower[]> {
  const above = lineageOf(relations);
  const followers = new Map<number, Follower[]>();
  for (const relation of relations) {
    for (const { oid, updates, deletes } of relation.follows) {
      for (const one of above(oid)) {
        followers.set(one, [...followers.get(one) ?? [], { relation, updates, deletes }]);
      }
    }
  }
  return followers;
}

/** A child may generate a column from something else than its parent does. */
function generatedBelowOf(relations: readonly Relation[]): Map<number, readonly Relation[]> {
  const above = lineageOf(relations);
  const below = new Map<number, Relation[]>();
  for (const relation of relations) {
    if (relation.parents.length === 0 || relation.generated.every((one) => one === null)) continue;
    for (const oid of above(relation.oid)) {
      if (oid !== relation.oid) below.set(oid, [...below.get(oid) ?? [], relation]);
    }
  }
  return below;
}

/** A relation and all that it inherits from, by oid. */
function lineageOf(relations: readonly Relation[]): (oid: number) => ReadonlySet<number> {
  const parents = new Map(relations.map((relation) => [relation.oid, relation.parents]));
  return (oid) => {
    const above = new Set([oid]);
    // What is added is looked at in its turn.
    for (const one of above) for (const parent of parents.get(one) ?? []) above.add(parent);
    return above;
  };
}

function indexRelation(
  relation: CatalogRelation,
  classes: Protected,
  code: ReadonlySet<RelationCode>,
): Relation {
  const own = classes.get(relation.oid);
  const inSystem = isSystemSchema(relation.schema);
  // Others may be made there as well, and views be replaced by what reads users' relations.
  const system = inSystem && relation.oid < firstUserOid && relation.definition === null;
  const leaky = inSystem
    ? isLeaky(relation.schema, relation.name)
    : isLeakyExtension(relation.name) || relation.kind === "t";
  return {
    oid: relation.oid,
    schema: relation.schema,
    name: relation.name,
    kind: relation.kind,
    rows: relation.rowsEstimate < 0 ? 1000 : relation.rowsEstimate,
    counted: relation.rowsEstimate >= 0 && relation.kind !== "v",
    system: system && !leaky,
    columns: relation.columns.map((column) => ({
      name: column.name,
      classes: own?.get(column.attribute) ?? [],
      opaque: leaky || isLeakyColumn(relation.schema, column.name),
      origin: { relation: relation.oid, attribute: column.attribute },
    })),
    generated: relation.columns.map((column) => column.generated),
    definition: relation.definition,
    uniqueKeys: relation.uniqueKeys,
    conflictColumns: relation.kind === "r" ? relation.conflictColumns ?? null : null,
    parents: relation.parents,
    follows: relation.follows ?? [],
    classified: own !== undefined && own.size > 0,
    code,
    types: [
      relation.name,
      ...new Set(relation.columns.map(({ typeName }) => typeName.replace(/^_+/, ""))),
    ],
  };
}
