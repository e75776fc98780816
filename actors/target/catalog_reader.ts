/**
 * Reads the catalog of a connection: names, types, view definitions and row estimates, never a row
 * of data.
 *
 * @module
 */
import postgres from "postgres";
import { createHash } from "node:crypto";
import { z } from "zod";
import {
  Catalog,
  CatalogColumn,
  CatalogFunction,
  CatalogRelation,
  HiddenCode,
  type RelationCode,
} from "#schemas/catalog.ts";
import type { FunctionWork } from "#schemas/function_text.ts";
import { followFunctions, hiddenCodeQuery, relationCodeQuery } from "./catalog_code.ts";
import type { Endpoint } from "./dial.ts";

const relationsQuery = `
select c.oid::int8::float8 as oid, n.nspname as schema, c.relname as name, c.relkind as kind,
  c.reltuples::float8 as "rowsEstimate",
  case when c.relkind in ('v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
    then pg_get_viewdef(c.oid) end as definition,
  (select coalesce(json_agg(json_build_object(
      'name', a.attname, 'attribute', a.attnum, 'typeOid', a.atttypid::int8,
      'typeName', coalesce(b.typname, t.typname),
      'generated', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end)
      order by a.attnum), '[]')
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    left join pg_type b on b.oid = t.typbasetype and t.typtype = 'd'
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
  (select coalesce(json_agg((select json_agg(a.attname order by k.place)
      from unnest(i.indkey::int2[]) with ordinality as k(number, place)
      join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number
      where k.place <= i.indnkeyatts)), '[]')
    from pg_index i where i.indrelid = c.oid and i.indisunique
      and i.indpred is null and i.indexprs is null and i.indisvalid) as "uniqueKeys",
  (select coalesce(json_agg(h.inhparent::int8), '[]')
    from pg_inherits h where h.inhrelid = c.oid) as parents
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_(toast|temp)'
order by n.nspname, c.relname`;

const functionsQuery = `
select p.oid::int8::float8 as oid, n.nspname as schema, p.proname as name, p.prokind as kind,
  p.provolatile as volatility, l.lanname as language,
  concat_ws(' ', p.prosrc, pg_get_function_sqlbody(p.oid), a.aggtransfn, a.aggfinalfn,
    a.aggcombinefn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn,
    pg_get_expr(p.proargdefaults, 0)) as text
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
left join pg_aggregate a on a.aggfnoid = p.oid
where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by n.nspname, p.proname`;

const Row = z.strictObject({
  oid: z.number(),
  schema: z.string(),
  name: z.string(),
  kind: CatalogRelation.shape.kind,
  rowsEstimate: z.number(),
  definition: z.string().nullable(),
  columns: z.array(CatalogColumn),
  uniqueKeys: z.array(z.array(z.string())),
  parents: z.array(z.number()),
});
const FunctionRow = CatalogFunction.omit({ moves: true }).extend({
  oid: z.number(),
  text: z.string(),
});
const CodeRow = z.strictObject({
  oid: z.number(),
  kind: z.enum(["policy", "rule", "trigger", "default", "check"]),
  function: z.number().nullable(),
});
const Session = z.tuple([z.object({
  version: z.coerce.number(),
  path: z.array(z.string()),
  role: z.string(),
})]);

/** Reads a catalog over a connection of its own. @throws Error with a code, without values. */
export async function readCatalog(
  name: string,
  endpoint: Endpoint,
  connectMsMax: number,
): Promise<Catalog> {
  const { host, port, database, user, password, tls } = endpoint;
  const sql = postgres({
    host,
    port,
    database,
    username: user,
    password,
    max: 1,
    connect_timeout: connectMsMax / 1000,
    idle_timeout: 1,
    onnotice: () => {},
    ssl: tls === null ? false : {
      rejectUnauthorized: true,
      servername: tls.serverName,
      ...(tls.ca === undefined ? {} : { ca: [tls.ca] }),
    },
  });
  try {
    const rows = await sql.begin(
      "isolation level repeatable read read only",
      async (transaction) => {
        const session = await transaction.unsafe(
          `select current_setting('server_version_num') as version,
             current_schemas(false)::text[] as path, current_user::text as role`,
        );
        // Definitions name every relation in full when no schema is on the path.
        await transaction.unsafe("set local search_path = ''");
        const relations = await transaction.unsafe(relationsQuery);
        const functions = await transaction.unsafe(functionsQuery);
        const code = await transaction.unsafe(relationCodeQuery);
        const hidden = await transaction.unsafe(hiddenCodeQuery);
        return { session, relations, functions, code, hidden };
      },
    );
    const [session] = Session.parse(plainRows(rows.session));
    const texts = z.array(FunctionRow).parse(plainRows(rows.functions));
    const work = followFunctions(texts);
    const code = codeByRelation(z.array(CodeRow).parse(plainRows(rows.code)), work);
    const relations = z.array(Row).parse(plainRows(rows.relations)).map((relation) => ({
      ...relation,
      code: code.get(relation.oid) ?? [],
    }));
    // What a function does is told; its text stays here.
    const functions = texts.map(({ oid, text: _, ...listed }) => ({
      ...listed,
      moves: work.get(oid)?.moves ?? true,
    }));
    const [hidden] = z.tuple([HiddenCode]).parse(plainRows(rows.hidden));
    const facts = {
      version: 1,
      connection: name,
      database,
      serverVersion: session.version,
      searchPath: session.path,
      role: session.role,
      relations,
      functions,
      hidden,
    } as const;
    return Catalog.parse({ ...facts, digest: digestOf(facts) });
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Rows of the driver's as the objects that they are. */
function plainRows(rows: Iterable<object>): object[] {
  return [...rows].map((row) => ({ ...row }));
}

function codeByRelation(
  rows: readonly z.infer<typeof CodeRow>[],
  work: ReadonlyMap<number, FunctionWork>,
): Map<number, RelationCode[]> {
  const found = new Map<number, Set<RelationCode>>();
  for (const { oid, kind, function: called } of rows) {
    const does = called === null ? undefined : work.get(called);
    const contained = kind === "trigger" && does?.moves === false && !does.reads;
    found.set(oid, (found.get(oid) ?? new Set()).add(contained ? "row_trigger" : kind));
  }
  return new Map([...found].map(([oid, kinds]) => [oid, [...kinds].sort()]));
}

/** Row estimates move with every ANALYZE and are not part of what a verdict depends on. */
function digestOf(facts: Omit<Catalog, "digest">): string {
  const stable = facts.relations.map((relation) => ({ ...relation, rowsEstimate: 0 }));
  return createHash("sha256").update(JSON.stringify({ ...facts, relations: stable })).digest("hex");
}
