/**
 * Which relations mean something else behind a definition, to whoever reads or writes them.
 *
 * Rows of children are reached through their parents, and rows that follow a foreign key through
 * what it refers to: code that is put on the ones runs for the others.
 *
 * @module
 */
import type { Relation } from "./catalog_index.ts";
import { allRelations } from "./inheritance.ts";
import { resolveRelation } from "./resolve.ts";
import { hiddenCode, newRun, type Run } from "./run.ts";
import { bodyOf, type Fields, fields, items, stringsOf, text } from "./tree.ts";

/** Their bare names; null: any, and not of relations alone. */
export function concernedBy(tag: string, body: Fields, run: Run): readonly string[] | null {
  switch (tag) {
    case "CommentStmt":
      return [];
    case "IndexStmt": {
      const name = text(body["idxname"]);
      // While one is made its table is read and, as far as the server allows, written.
      return bringsCode(run) ? [name, ...withAbove([body["relation"]], run)] : [name];
    }
    case "CreateStmt": {
      const parents = items(body["inhRelations"]).map((entry) => bodyOf(entry, "RangeVar"));
      return withAbove([body["relation"], ...parents, ...referredTo(body["tableElts"])], run);
    }
    case "CreateSeqStmt":
    case "AlterSeqStmt":
      return [nameOf(body["sequence"])];
    case "ViewStmt":
      return [nameOf(body["view"])];
    case "AlterTableStmt":
      return altered(body, run);
    case "DropStmt": {
      if (!/^OBJECT_(?:TABLE|VIEW|MATVIEW|INDEX|SEQUENCE)$/.test(text(body["removeType"]))) {
        return null;
      }
      return items(body["objects"]).map((object) =>
        stringsOf(bodyOf(object, "List")?.["items"])?.at(-1) ?? ""
      );
    }
    default:
      return null;
  }
}

function altered(body: Fields, run: Run): readonly string[] | null {
  const definitions = items(body["cmds"]).map((entry) =>
    fields(bodyOf(entry, "AlterTableCmd")?.["def"])
  );
  // A parent reads its children's rows.
  const isParted = definitions.some((one) =>
    one["RangeVar"] !== undefined || one["PartitionCmd"] !== undefined
  );
  if (isParted) return null;
  const referred = referredTo(definitions);
  const relation = body["relation"];
  if (referred.length === 0 && !bringsCode(run)) return [nameOf(relation)];
  return withAbove([relation, ...referred], run);
}

/** Code of users' own may stand in it, or behind the types of what it is about. */
function bringsCode({ effects, details, types, schema }: Run): boolean {
  return effects.has("execute") || details.has(hiddenCode) ||
    types.values().some((type) => schema.hidden.types.has(type));
}

/** The tables that foreign keys with actions, among columns and constraints, refer to. */
function referredTo(elements: unknown): readonly unknown[] {
  return items(elements).flatMap((element) => {
    const column = bodyOf(element, "ColumnDef");
    const constraints = column === null ? [element] : items(column["constraints"]);
    return constraints.flatMap((one) => {
      const { pktable, fk_upd_action, fk_del_action } = bodyOf(one, "Constraint") ?? {};
      const acts = [fk_upd_action, fk_del_action].some((action) => acting.test(text(action)));
      return acts && pktable !== undefined ? [pktable] : [];
    });
  });
}

/** CASCADE, SET NULL, SET DEFAULT. */
const acting = /^[cnd]$/;

/** Relations by their written names, and all through which their rows are reached. */
function withAbove(written: readonly unknown[], run: Run): readonly string[] {
  const found = new Set<Relation>();
  // What is about to be made is none that the statement touches.
  const inner = newRun(run.schema, run.session, run.parser, run.limits);
  for (const one of written) {
    const relation = resolveRelation(one, inner)?.relation ?? null;
    if (relation !== null) found.add(relation);
  }
  if (found.size > 0) {
    const byOid = new Map(allRelations(run).map((relation) => [relation.oid, relation]));
    // What is added is looked at in its turn.
    for (const { parents, follows } of found) {
      for (const oid of [...parents, ...follows.map((key) => key.oid)]) {
        const above = byOid.get(oid);
        if (above !== undefined) found.add(above);
      }
    }
  }
  return [...new Set([...written.map(nameOf), ...[...found].map(({ name }) => name)])];
}

function nameOf(relation: unknown): string {
  return text(fields(relation)["relname"]);
}
