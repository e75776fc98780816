/**
 * Reads the catalog of a connection: names, types, view definitions and row estimates, never a row
 * of data.
 *
 * Theory of operation. One connection stays open and is asked at each reading whether anything may
 * have changed since the last: a hash over which versions of which rows the system catalogs have,
 * a few milliseconds that take no lock of a user's relation. Only then all of it is read.
 *
 * A session's settings are made at its login, so the open connection is given up when a fresh one
 * would get another search path or role; and after each reading where a login trigger might make
 * them.
 *
 * **Invariant:** a reading ends within `queryMsMax` for each of its two queries, waits for a lock
 * of a user's for `lockMsMax` at most, and leaves no transaction behind. Names mean what they mean
 * in pg_catalog, whatever schemas users have put before it.
 *
 * @module
 */
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
import { parseSearchPath } from "#schemas/sql/search_path.ts";
import { followFunctions, hiddenCodeQuery, relationCodeQuery } from "./catalog_code.ts";
import { type QueryConnection, QueryError } from "./postgres/query_connection.ts";
import type { ReadCatalog } from "./reach.ts";

export type CatalogLimits = {
  /** The longest that one of a reading's two queries may take, at the server. */
  readonly queryMsMax: number;
  /**
   * The longest wait for a lock; shorter than the second after which PostgreSQL looks for
   * deadlocks, or an agent's statement might be the one that it ends.
   */
  readonly lockMsMax: number;
};

/** A view of PostgreSQL's own that was replaced, and reads what is not. */
const usesOthers = `exists (select from pg_rewrite r join pg_depend d
    on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refobjid >= 16384
  where r.ev_class = c.oid)`;

const relationsQuery = `
select c.oid::int8 as oid, n.nspname as schema, c.relname as name, c.relkind as kind,
  c.reltuples::float8 as "rowsEstimate",
  case when c.relkind in ('v', 'm') and (c.oid >= 16384 or ${usesOthers})
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
  (select coalesce(json_agg(distinct a.attname), '[]') from pg_index i
    join pg_attribute a on a.attrelid = c.oid
    where i.indrelid = c.oid and (i.indisunique or i.indisexclusion) and
      (a.attnum = any (i.indkey::int2[]) or exists (select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
          and d.refobjid = c.oid and d.refobjsubid = a.attnum))) as "conflictColumns",
  (select coalesce(json_agg(h.inhparent::int8), '[]')
    from pg_inherits h where h.inhrelid = c.oid) as parents,
  (select coalesce(json_agg(json_build_object('oid', f.confrelid::int8,
      'updates', f.confupdtype in ('c', 'n', 'd'), 'deletes', f.confdeltype in ('c', 'n', 'd'))
      order by f.oid), '[]')
    from pg_constraint f where f.conrelid = c.oid and f.contype = 'f'
      and (f.confupdtype in ('c', 'n', 'd') or f.confdeltype in ('c', 'n', 'd'))) as follows
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_(toast|temp)'
order by n.nspname, c.relname`;

/** The body of a function in SQL's own syntax is kept as a tree, since server 14. */
function functionsQuery(serverVersion: number): string {
  const body = serverVersion < 140_000 ? "null" : "pg_get_function_sqlbody(p.oid)";
  return `
select p.oid::int8 as oid, n.nspname as schema, p.proname as name, p.prokind as kind,
  p.provolatile as volatility, p.proretset as rows,
  case p.prokind when 'a' then 'sql' else l.lanname end as language,
  concat_ws(' ', p.prosrc, ${body}, a.aggtransfn, a.aggfinalfn,
    a.aggcombinefn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn,
    pg_get_expr(p.proargdefaults, 0)) as text
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
left join pg_aggregate a on a.aggfnoid = p.oid
where p.oid >= 16384 or n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
order by n.nspname, p.proname`;
}

const Row = z.strictObject({
  oid: z.number(),
  schema: z.string(),
  name: z.string(),
  kind: CatalogRelation.shape.kind,
  rowsEstimate: z.number(),
  definition: z.string().nullable(),
  columns: z.array(CatalogColumn),
  uniqueKeys: z.array(z.array(z.string())),
  conflictColumns: z.array(z.string()),
  parents: z.array(z.number()),
  follows: CatalogRelation.shape.follows,
});
const FunctionRow = CatalogFunction.omit({ moves: true, defines: true }).extend({
  oid: z.number(),
  text: z.string(),
});
const CodeRow = z.strictObject({
  oid: z.number(),
  kind: z.enum(["policy", "rule", "trigger", "default", "check"]),
  function: z.number().nullable(),
});
const Answer = z.tuple([
  z.array(Row).nullable(),
  z.array(FunctionRow).nullable(),
  z.array(CodeRow).nullable(),
  z.tuple([HiddenCode]),
]);
type Answer = z.infer<typeof Answer>;

/** What each system catalog's rows are told apart by; temporary objects are nobody else's. */
const watched: readonly (readonly [table: string, key: string, rows?: string])[] = [
  ["pg_namespace", "oid", "nspname !~ '^pg_(toast_)?temp_'"],
  ["pg_class", "oid", "relpersistence <> 't'"],
  [
    "pg_attribute",
    "attrelid::int8 * 4096 + attnum",
    "attrelid not in (select oid from pg_class where relpersistence = 't')",
  ],
  [
    "pg_type",
    "oid",
    "typnamespace not in (select oid from pg_namespace where nspname ~ '^pg_temp_')",
  ],
  ["pg_index", "indexrelid"],
  ["pg_inherits", "inhrelid::int8 * 4096 + inhseqno"],
  ["pg_attrdef", "oid"],
  ["pg_constraint", "oid"],
  ["pg_rewrite", "oid"],
  ["pg_trigger", "oid"],
  ["pg_policy", "oid"],
  ["pg_statistic_ext", "oid"],
  ["pg_proc", "oid"],
  ["pg_language", "oid"],
  ["pg_operator", "oid"],
  ["pg_cast", "oid"],
];
const versions = watched.map(([table, key, rows = "true"]) => {
  const version = `hashint8extended(xmin::text::int8, (${key})::int8)`;
  return `(select count(*) || ' ' || coalesce(sum(${version}), 0) from ${table} where ${rows})`;
});

/** Functions of login triggers that may set something for the session that logs in. */
const loginCode = `select from pg_event_trigger e join pg_proc p on p.oid = e.evtfoid
  join pg_language l on l.oid = p.prolang
  where e.evtevent = 'login' and e.evtenabled <> 'D' and (l.lanname <> 'plpgsql' or p.prosrc ~*
    '\\m(set|reset|discard|set_config|select|perform|call|execute)\\M')`;

/** What a login as this role to this database would be given, the closest of its settings first. */
const givenSettings = `select distinct on (1) split_part(one, '=', 1) as name,
    substr(one, strpos(one, '=') + 1) as value
  from pg_db_role_setting s, unnest(s.setconfig) one
  where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
    and s.setrole in (0, (select oid from pg_roles where rolname = session_user))
    and split_part(one, '=', 1) in ('search_path', 'role')
  order by 1, (s.setrole <> 0) desc, (s.setdatabase <> 0) desc`;

/** Two rows: what the session is, before its search path is put aside, and what the server has. */
function probeQuery(limits: CatalogLimits): string {
  return `begin isolation level repeatable read read only;
set local statement_timeout = ${limits.queryMsMax}; set local lock_timeout = ${limits.lockMsMax};
select pg_catalog.json_build_object(
  'version', pg_catalog.current_setting('server_version_num'), 'role', current_user,
  'path', pg_catalog.to_json(pg_catalog.current_schemas(false)),
  'setPath', pg_catalog.current_setting('search_path'),
  'made', (select pg_catalog.json_object_agg(s.name, s.reset_val) from pg_catalog.pg_settings s
    where s.name operator(pg_catalog.=) any ('{search_path,role}'::pg_catalog.text[])
      and s.source operator(pg_catalog.=) any (
        '{global,database,user,database user}'::pg_catalog.text[])));
set local search_path = '';
select json_build_object('given', (select json_object_agg(name, value) from (${givenSettings}) g),
  'passedOver', (select coalesce(json_agg(nspname order by nspname), '[]') from pg_namespace
    where nspname !~ '^pg_' and not has_schema_privilege(oid, 'usage')),
  'loginSets', exists (${loginCode}), 'versions', array[${versions.join(", ")}])`;
}

const Settings = z.record(z.string(), z.string()).nullable();
const Probe = z.tuple([
  z.strictObject({
    version: z.coerce.number(),
    role: z.string(),
    path: z.array(z.string()),
    setPath: z.string(),
    made: Settings,
  }),
  z.strictObject({
    given: Settings,
    loginSets: z.boolean(),
    passedOver: z.array(z.string()),
    versions: z.array(z.string()),
  }),
]);
type Probe = z.infer<typeof Probe>;

/** Reads catalogs over a connection that is the reader's own. */
export function catalogReader(
  name: string,
  database: string,
  connection: QueryConnection,
  limits: CatalogLimits,
): ReadCatalog {
  /** What was asked before the last reading, and the digest that came of it. */
  let last: { readonly probe: string; readonly digest: string } | null = null;
  /** Settings that a fresh login does not get although they are there; a role that is none. */
  let ignored: string | null = null;
  return async (known) => {
    try {
      const probe = await begin();
      const catalog = await take(probe, known);
      if (probe[1].loginSets) connection.close();
      return catalog;
    } catch (error) {
      connection.close();
      throw error;
    }
  };

  async function take(probe: Probe, known: string | null): Promise<Catalog | null> {
    const asked = JSON.stringify(probe);
    if (last !== null && last.probe === asked && last.digest === known) {
      await connection.query("commit");
      return null;
    }
    const catalog = await read(probe);
    last = { probe: asked, digest: catalog.digest };
    return catalog;
  }

  /** Opens the transaction; over a new connection when the settings of this one are old. */
  async function begin(): Promise<Probe> {
    const kept = connection.isOpen;
    const probe = await ask();
    if (!isStale(probe)) return probe;
    if (kept) {
      connection.close();
      const anew = await ask();
      if (!isStale(anew)) return anew;
      ignored = JSON.stringify(anew[1].given);
      return anew;
    }
    ignored = JSON.stringify(probe[1].given);
    return probe;
  }

  async function ask(): Promise<Probe> {
    return Probe.parse(jsonOf(await connection.query(probeQuery(limits))));
  }

  function isStale([{ made }, { given }]: Probe): boolean {
    if (JSON.stringify(given) === ignored) return false;
    return ["search_path", "role"].some((setting) => made?.[setting] !== given?.[setting]);
  }

  async function read(probe: Probe): Promise<Catalog> {
    const queries = [
      relationsQuery,
      functionsQuery(probe[0].version),
      relationCodeQuery,
      hiddenCodeQuery,
    ];
    const texts = queries.map((query) => `select json_agg(q) from (${query}) q;`);
    const rows = await connection.query(`${texts.join("\n")}\ncommit`);
    return catalogOf(name, database, probe, Answer.parse(jsonOf(rows)));
  }
}

/** Each row is one column that holds JSON. */
function jsonOf(rows: readonly (readonly (string | null)[])[]): unknown[] {
  try {
    return rows.map(([text]) => JSON.parse(text ?? "null"));
  } catch {
    throw new QueryError("malformed");
  }
}

function catalogOf(
  name: string,
  database: string,
  [session, { passedOver }]: Probe,
  [rows, functionRows, codeRows, [hidden]]: Answer,
): Catalog {
  const texts = functionRows ?? [];
  const work = followFunctions(texts);
  const code = codeByRelation(codeRows ?? [], work);
  const relations = (rows ?? []).map((relation) => ({
    ...relation,
    code: code.get(relation.oid) ?? [],
  }));
  // What a function does is told; its text stays here.
  const functions = texts.map(({ oid, text: _, ...listed }) => ({
    ...listed,
    moves: work.get(oid)?.moves ?? true,
    defines: work.get(oid)?.defines ?? true,
  }));
  // A path that is no plain list of names is taken as it came out.
  const searchPath: string[] = [...parseSearchPath(session.setPath) ?? session.path];
  const facts = {
    version: 1,
    connection: name,
    database,
    serverVersion: session.version,
    searchPath,
    passedOver,
    role: session.role,
    relations,
    functions,
    hidden,
  } as const;
  return Catalog.parse({ ...facts, digest: digestOf(facts) });
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
