/**
 * What the columns of a view, or the generated columns of a table, derive from: the definition as
 * PostgreSQL prints it under an empty search path, analysed like any query.
 *
 * **Invariant:** names of a definition never resolve by the session's search path or to its
 * temporary relations.
 *
 * @module
 */
import { join, named, opaque } from "./lineage.ts";
import type { Derived, Relation } from "./catalog_index.ts";
import { freshSession } from "./session.ts";
import { bodyOf, fields, isWithin, items } from "./tree.ts";
import { hiddenCode, newRun, type Run } from "./run.ts";
import { itemOf, nested } from "./scope.ts";
import { selectOutput } from "./select.ts";
import { valueOf } from "./expression.ts";

/** Null when the definition does not parse or does not fit the columns. */
export function deriveRelation(relation: Relation, run: Run): Derived | null {
  const inner = newRun(run.schema, freshSession([]), run.parser, run.limits);
  inner.work = run.work;
  const columns = relation.definition === null
    ? generatedColumns(relation, inner)
    : viewColumns(relation, relation.definition, inner);
  run.work = inner.work;
  if (columns === null) return null;
  return {
    columns,
    relations: [...inner.relations],
    functions: [...inner.functions],
    classified: inner.classified || inner.unresolved || relation.classified,
    code: relation.code.union(inner.code),
    runsCode: inner.effects.has("execute") || inner.details.has(hiddenCode),
  };
}

function viewColumns(
  relation: Relation,
  definition: string,
  run: Run,
): Derived["columns"] | null {
  const select = parseSelect(definition, run);
  if (select === null) return null;
  const output = selectOutput(select, null, run);
  if (output.open || output.columns.length !== relation.columns.length) return null;
  return relation.columns.map((column, index) => {
    const source = output.columns[index] ?? opaque;
    const value = run.unresolved ? join(source, opaque) : source;
    return named(column.name, join(column, value), column.origin);
  });
}

function generatedColumns(relation: Relation, run: Run): Derived["columns"] {
  const source = {
    alias: relation.name,
    schema: relation.schema,
    columns: relation.columns,
    open: null,
    relation,
  };
  const scope = nested(null, [itemOf(source, relation.rows)]);
  return relation.columns.map((column, index) => {
    const expression = relation.generated[index] ?? null;
    if (expression === null) return column;
    const select = parseSelect(`SELECT ${expression}`, run);
    const target = bodyOf(items(select?.["targetList"])[0], "ResTarget");
    const value = target === null ? opaque : valueOf(target["val"], scope, run);
    return named(column.name, join(column, value), column.origin);
  });
}

function parseSelect(sql: string, run: Run): Record<string, unknown> | null {
  const parsed = run.parser(sql);
  if (!parsed.ok) return null;
  if (!isWithin(parsed.tree, run.limits.nodesMax, run.limits.depthMax)) return null;
  const statements = items(fields(parsed.tree)["stmts"]);
  if (statements.length !== 1) return null;
  return bodyOf(fields(statements[0])["stmt"], "SelectStmt");
}
