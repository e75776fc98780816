/**
 * The target's catalog as authz needs it: relations with their columns, view definitions, functions
 * that are not PostgreSQL's own, and where users' code runs unseen. Published by target; PHI-free
 * by construction (names, types and row estimates only).
 *
 * @module
 */
import { z } from "zod";

/**
 * Code of users' own that runs when a relation's rows are read (`policy`: row security) or written:
 * `trigger` reads or writes other rows, `row_trigger` only its own; `rule`, `default`, and `check`
 * for constraints, domains, index expressions and generated columns. Code in C, which extensions
 * bring, counts as PostgreSQL's own.
 */
export const RelationCode = z.enum([
  "policy",
  "trigger",
  "row_trigger",
  "rule",
  "default",
  "check",
]);
export type RelationCode = z.infer<typeof RelationCode>;

export const CatalogColumn = z.strictObject({
  name: z.string(),
  /** pg_attribute.attnum, from 1. */
  attribute: z.int().min(1),
  /** pg_type.oid of the column, and its base type's name (`int4`, `text`, `date`, ...). */
  typeOid: z.int().min(0),
  typeName: z.string(),
  /** pg_get_expr of a generated column's expression, else null. */
  generated: z.string().nullable(),
});
export type CatalogColumn = z.infer<typeof CatalogColumn>;

export const CatalogRelation = z.strictObject({
  oid: z.int().min(0),
  schema: z.string(),
  name: z.string(),
  /** pg_class.relkind. */
  kind: z.enum(["r", "p", "v", "m", "f", "S", "t", "c", "i", "I"]),
  /** pg_class.reltuples, -1 when never analysed; an estimate. */
  rowsEstimate: z.number(),
  columns: z.array(CatalogColumn),
  /** pg_get_viewdef for views and materialised views, else null. */
  definition: z.string().nullable(),
  /** The columns of each primary key or unique index without predicate or expression. */
  uniqueKeys: z.array(z.array(z.string())),
  /** Columns that any unique index or exclusion constraint reads; absent: maybe all. */
  conflictColumns: z.array(z.string()).optional(),
  /** Direct inheritance or partition parents, by oid. */
  parents: z.array(z.int().min(0)),
  /**
   * Relations that its foreign keys refer to, by oid, where its rows are written when those that
   * they refer to are updated, or deleted.
   */
  follows: z.array(
    z.strictObject({ oid: z.int().min(0), updates: z.boolean(), deletes: z.boolean() }),
  ).optional(),
  code: z.array(RelationCode),
});
export type CatalogRelation = z.infer<typeof CatalogRelation>;

export const CatalogFunction = z.strictObject({
  schema: z.string(),
  name: z.string(),
  /** pg_proc.prokind: f function, p procedure, a aggregate, w window. */
  kind: z.enum(["f", "p", "a", "w"]),
  /** pg_proc.provolatile: i immutable, s stable, v volatile. */
  volatility: z.enum(["i", "s", "v"]),
  language: z.string(),
  /** It returns as many rows as it likes; false is certain. */
  rows: z.boolean().optional(),
  /** May write rows or change the session, by itself or by what it calls; false is certain. */
  moves: z.boolean(),
  /** May create, change or drop what has a name, in the same way; absent: if it `moves`. */
  defines: z.boolean().optional(),
});
export type CatalogFunction = z.infer<typeof CatalogFunction>;

/** Where users' own code hides behind what looks like PostgreSQL's. */
export const HiddenCode = z.strictObject({
  /** Names of operators, in whatever schema. */
  operators: z.array(z.string()),
  /**
   * Names of types to which a value is cast, or by which it is checked, by such code; and the names
   * of the types that must be in play for it to run, none when it may always.
   */
  types: z.array(z.strictObject({ name: z.string(), sources: z.array(z.string()) })),
  /** Some cast by such code is applied without being written. */
  implicitCasts: z.boolean(),
  /** Some type's values are checked where they are read; absent: not known. */
  checksInput: z.boolean().optional(),
});
export type HiddenCode = z.infer<typeof HiddenCode>;

export const Catalog = z.strictObject({
  version: z.literal(1),
  connection: z.string(),
  database: z.string(),
  /** server_version_num. */
  serverVersion: z.int().min(0),
  /** SHA-256 over the canonical JSON of the rest, hex; what verdicts name as their catalog. */
  digest: z.string(),
  /**
   * The search path of a fresh session as it is set: `"$user"` and schemas that are not there yet
   * among them, for they may come.
   */
  searchPath: z.array(z.string()),
  /** Schemas that the role may not use: a search path passes them over. */
  passedOver: z.array(z.string()).optional(),
  /** The role the gateway logs in as. */
  role: z.string(),
  relations: z.array(CatalogRelation).max(100_000),
  functions: z.array(CatalogFunction).max(100_000),
  hidden: HiddenCode,
});
export type Catalog = z.infer<typeof Catalog>;
