/**
 * What is written beside the rows that a statement names: those of other tables that follow them by
 * foreign keys (CASCADE, SET NULL, SET DEFAULT). What runs on them runs under the statement, and
 * the error of one that fails says its values.
 *
 * @module
 */
import type { RelationCode } from "#schemas/catalog.ts";
import { listedRelation } from "./catalog_index.ts";
import type { Resolved } from "./resolve.ts";
import { type Run, spend } from "./run.ts";

/** How rows are written. What is deleted may have others deleted, or updated. */
type How = "update" | "delete";

/**
 * Notes the relations whose rows follow when those of one, or those that a view shows, are written.
 *
 * @returns the code on them, as it acts here.
 */
export function follow(how: How, resolved: Resolved | null, run: Run): ReadonlySet<RelationCode> {
  const code = new Set<RelationCode>();
  if (run.schema.followers.size === 0) return code;
  const reached = new Set<string>();
  const pending = startsOf(resolved, run).map((oid) => ({ oid, how }));
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    for (const { relation, updates, deletes } of run.schema.followers.get(one.oid) ?? []) {
      spend(run, 1);
      const key = `${one.how} ${relation.oid}`;
      if (!(one.how === "update" ? updates : deletes) || reached.has(key)) continue;
      reached.add(key);
      pending.push({ oid: relation.oid, how: one.how });
      if (one.how === "delete") pending.push({ oid: relation.oid, how: "update" });
      run.relations.add(`${relation.schema}.${relation.name}`);
      for (const kind of relation.code) {
        if (acting.has(kind)) code.add(kind);
        if (kind === "row_trigger" && relation.classified) code.add("trigger");
      }
    }
  }
  return code;
}

const acting: ReadonlySet<RelationCode> = new Set(["trigger", "rule", "check"]);

/** The relation, and what lies below it when it is a view. */
function startsOf(resolved: Resolved | null, { schema }: Run): readonly number[] {
  const oid = resolved?.relation?.oid;
  if (oid === undefined) return [];
  const below = schema.derived.get(oid)?.relations ?? [];
  return [oid, ...below.flatMap((qualified) => listedRelation(schema, qualified)?.oid ?? [])];
}
