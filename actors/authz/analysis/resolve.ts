/**
 * From a written relation name to what it means in this session: a temporary relation, or one of
 * the catalog with the classes of its columns, views analysed down to their base tables.
 *
 * **Invariant:** what does not resolve marks the run `unresolved`, so that every output is opaque;
 * while DDL is unseen, every column of a relation that is not PostgreSQL's own is opaque.
 *
 * @module
 */
import { bareName } from "#schemas/analysis.ts";
import { type Column, join, named, opaque, plain } from "./lineage.ts";
import type { RelationCode } from "#schemas/catalog.ts";
import type { Derived, Relation } from "./catalog_index.ts";
import { deriveRelation } from "./derive.ts";
import { fields, text } from "./tree.ts";
import { isSystemSchema } from "#schemas/classification.ts";
import { isNumberedTemporary } from "#schemas/sql/search_path.ts";
import type { Run } from "./run.ts";
import { anyType, hiddenCode, noteCall, spend } from "./run.ts";

/** A relation as this session sees it. `columns` is null when they are not known. */
export type Resolved = {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[] | null;
  /**
   * The same as they are written to: of a view what lies below it, whatever its own columns are
   * called, of a generated column nothing.
   */
  readonly targets: readonly Column[];
  /** Null for a temporary relation. */
  readonly relation: Relation | null;
  readonly classified: boolean;
  readonly code: ReadonlySet<RelationCode>;
};

/** Resolves a RangeVar that is no common table expression, and notes it as touched. */
export function resolveRelation(rangeVar: unknown, run: Run): Resolved | null {
  const body = fields(rangeVar);
  const schema = text(body["schemaname"]);
  const name = text(body["relname"]);
  const resolved = lookup(schema === "" ? null : schema, name, run);
  if (resolved === null) {
    run.unresolved = true;
    run.relations.add(schema === "" ? name : `${schema}.${name}`);
    return null;
  }
  run.relations.add(`${resolved.schema}.${resolved.name}`);
  return resolved;
}

function lookup(schema: string | null, name: string, run: Run): Resolved | null {
  if (schema !== null) {
    if (isNumberedTemporary(schema)) return null;
    return isTemporarySchema(schema) ? temporary(name, run) : inSchema(schema, name, run);
  }
  const searchPath = sessionPath(run);
  if (searchPath === null) return null;
  for (const candidate of effectivePath(searchPath)) {
    const found = isTemporarySchema(candidate)
      ? temporary(name, run)
      : inSchema(candidate, name, run);
    if (found !== null) return found;
  }
  return null;
}

/** The session's search path, with `"$user"` as the role's own schema; null when not known. */
export function sessionPath(run: Run): readonly string[] | null {
  const { role, passedOver } = run.schema;
  const path = run.session.searchPath;
  if (path === null || !path.includes("$user") && passedOver.size === 0) return path;
  return path.map((name) => name === "$user" ? role : name).filter((name) => !passedOver.has(name));
}

/** Where an object without a schema is made: in the first of the path that is there. */
export function creationSchema(run: Run): string {
  const { relations } = run.schema;
  return (sessionPath(run) ?? []).find((name) =>
    name === "public" || isSystemSchema(name) || relations.has(name)
  ) ?? "";
}

/** The search path with what PostgreSQL puts in front: temporary relations, then pg_catalog. */
export function effectivePath(searchPath: readonly string[]): readonly string[] {
  const path = searchPath.includes("pg_catalog") ? searchPath : ["pg_catalog", ...searchPath];
  return path.includes("pg_temp") ? path : ["pg_temp", ...path];
}

export function isTemporarySchema(schema: string): boolean {
  return schema === "pg_temp" || isNumberedTemporary(schema);
}

function temporary(name: string, run: Run): Resolved | null {
  const found = run.session.temporary.get(name);
  if (found === undefined) return null;
  if (found.columns === null) run.unresolved = true;
  run.types.add(anyType);
  const classified = found.columns?.some(({ classes }) => classes.length > 0) ?? true;
  const code = new Set<RelationCode>();
  const { columns } = found;
  const targets = columns ?? [];
  return { schema: "pg_temp", name, columns, targets, relation: null, classified, code };
}

function inSchema(schema: string, name: string, run: Run): Resolved | null {
  const relation = run.schema.relations.get(schema)?.get(name);
  if (relation === undefined) return null;
  spend(run, relation.columns.length);
  const derived = derive(relation, run);
  const columns = run.session.unsettled && !relation.system
    ? derived.columns.map((column) => named(column.name, join(column, opaque), column.origin))
    : derived.columns;
  for (const base of derived.relations) run.relations.add(base);
  for (const called of derived.functions) {
    run.functions.add(called);
    noteCall(bareName(called), run);
  }
  const { classified, code, runsCode } = derived;
  for (const kind of code) run.code.add(kind);
  for (const chosen of derived.generated) run.generated.add(chosen);
  for (const type of relation.types) run.types.add(type);
  // What this transaction put on it is not in the catalog yet.
  const isUnsettled = run.session.unsettled && !relation.system;
  // What does not depend on a row the planner works out: checks, and what indexes are made of.
  const runs = runsCode || code.has("policy") || code.has("check");
  if (runs || isUnsettled) run.details.add(hiddenCode);
  const { targets } = derived;
  return { schema, name, columns, targets, relation, classified, code };
}

/** The columns of a relation with what its definition adds, worked out once. */
export function derive(relation: Relation, run: Run): Derived {
  const memo = run.schema.derived.get(relation.oid);
  if (memo !== undefined && memo !== null) return memo;
  if (memo === null) return cyclic(relation);
  const children = run.schema.generatedBelow.get(relation.oid) ?? [];
  const simple = relation.definition === null && children.length === 0 &&
    relation.generated.every((expression) => expression === null);
  if (simple) return keep(bare(relation));
  run.schema.derived.set(relation.oid, null);
  try {
    const own = deriveRelation(relation, run) ?? cyclic(relation);
    return keep(children.reduce((sum, child) => joined(sum, derive(child, run)), own));
  } finally {
    // An analysis cut short by its limits must not leave a view half known.
    if (run.schema.derived.get(relation.oid) === null) run.schema.derived.delete(relation.oid);
  }
  function keep(derived: Derived): Derived {
    run.schema.derived.set(relation.oid, derived);
    return derived;
  }
}

/** Rows of a child are among those of its parents. */
function joined(parent: Derived, child: Derived): Derived {
  const columns = parent.columns.map((column) => {
    const below = child.columns.find(({ name }) => name === column.name) ?? plain;
    return named(column.name, join(column, below), column.origin);
  });
  return {
    ...parent,
    columns,
    relations: [...new Set([...parent.relations, ...child.relations])],
    functions: [...new Set([...parent.functions, ...child.functions])],
    classified: parent.classified || child.classified,
    runsCode: parent.runsCode || child.runsCode,
  };
}

function bare(relation: Relation): Derived {
  return {
    columns: relation.columns,
    targets: relation.columns,
    relations: [],
    functions: [],
    classified: relation.classified,
    code: relation.code,
    runsCode: false,
    generated: new Set(),
  };
}

/** A definition that is not understood: every column opaque, and read as if classified. */
function cyclic(relation: Relation): Derived {
  const columns = relation.columns.map((column) =>
    named(column.name, join(column, opaque), column.origin)
  );
  const targets = columns.map(({ name }) => named(name, plain));
  return { ...bare(relation), columns, targets, classified: true, runsCode: true };
}
