/**
 * What the columns of a view, or the generated columns of a table, derive from: the definition as
 * PostgreSQL prints it under an empty search path, analysed like any query.
 *
 * **Invariant:** names of a definition never resolve by the session's search path or to its
 * temporary relations.
 *
 * @module
 */
import { type Column, isColumn, join, named, opaque, type Value } from "./lineage.ts";
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
  const below = relation.definition === null
    ? generatedColumns(relation, inner)
    : viewColumns(relation, relation.definition, inner);
  run.work = inner.work;
  if (below === null) return null;
  const columns = relation.columns.map((column, index) => {
    const made = below[index] ?? named(column.name, opaque);
    // What is worked out is no column as it is stored, whatever it is called.
    return named(column.name, join(column, made), made.origin === null ? null : column.origin);
  });
  return {
    columns,
    targets: relation.definition === null
      ? relation.columns
      : relation.columns.map(({ name, origin }, index) =>
        named(name, targetBelow(below[index] ?? opaque, run), origin)
      ),
    relations: [...inner.relations],
    functions: [...inner.functions],
    classified: inner.classified || inner.unresolved || relation.classified,
    code: relation.code.union(inner.code),
    generated: inner.generated,
    runsCode: inner.effects.has("execute") || inner.details.has(hiddenCode),
  };
}

/** What is written when a view's column is: the column that it shows, without what it is called. */
function targetBelow(source: Value | Column, run: Run): Value {
  if (!isColumn(source) || source.origin === null) return source;
  const { relation, attribute } = source.origin;
  const targets = run.schema.derived.get(relation)?.targets ?? [];
  return targets.find(({ origin }) => origin?.attribute === attribute) ?? source;
}

/** What each column is made of, without what its own name says. */
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
    const source = output.columns[index] ?? named(column.name, opaque);
    return named(column.name, run.unresolved ? join(source, opaque) : source, source.origin);
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
    return named(column.name, value);
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
