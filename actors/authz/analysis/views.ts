/**
 * What replacing a view leaves behind.
 *
 * @module
 */
import { isSubset } from "./lineage.ts";
import { resolveRelation } from "./resolve.ts";
import { newRun, type Run } from "./run.ts";
import { selectOutput } from "./select.ts";
import { bodyOf, type Fields } from "./tree.ts";

/** The detail of a statement that holds only while no other materialised view is made. */
export const losesClass = "loses_class";

/**
 * A view's columns lose a class: what a materialised view took from it before stays, and its
 * definition says nothing of it any more.
 */
export function replacedView(body: Fields, run: Run): void {
  const before = resolveRelation(body["view"], run);
  if (before === null || before.columns === null) return;
  const select = bodyOf(body["query"], "SelectStmt");
  if (select === null) return;
  const after = selectOutput(select, null, run);
  const loses = after.open || before.columns.some(({ classes, opaque }, index) => {
    const column = after.columns[index];
    return column === undefined || opaque && !column.opaque || !isSubset(classes, column.classes);
  });
  if (!loses) return;
  const kept = run.session.unsettled || readByMaterialised(`${before.schema}.${before.name}`, run);
  if (kept) run.effects.add("declassify");
  else run.details.add(losesClass);
}

function readByMaterialised(view: string, run: Run): boolean {
  for (const [schema, relations] of run.schema.relations) {
    for (const [name, { kind }] of relations) {
      if (kind !== "m") continue;
      const other = newRun(run.schema, run.session, run.parser, run.limits);
      other.work = run.work;
      resolveRelation({ schemaname: schema, relname: name }, other);
      run.work = other.work;
      if (other.unresolved || other.relations.has(view)) return true;
    }
  }
  return false;
}
