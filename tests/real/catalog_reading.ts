/**
 * What target reads of a real server's catalog, over one connection that stays open; of every major
 * version the same.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import postgres from "postgres";
import { systemClock } from "#actors/_kit/clock.ts";
import { catalogReader } from "#actors/target/catalog_reader.ts";
import { dial, type Endpoint } from "#actors/target/dial.ts";
import { targetLimits } from "#actors/target/limits.ts";
import { queryConnection } from "#actors/target/postgres/query_connection.ts";
import type { PostgresServer } from "#deploy/machine/postgres.ts";
import type { Catalog } from "#schemas/catalog.ts";

const definitions = `create table visit (id int primary key, note text,
    twice int generated always as (id * 2) stored);
  create view seen as select id, note from visit;
  create table stay (at date, ward text) partition by range (at);
  create table stay_one partition of stay for values from ('2026-01-01') to ('2027-01-01');
  create function quiet(int) returns int language sql as 'select $1 + 1';
  create function moving() returns trigger language plpgsql as
    $$begin insert into visit select * from visit; return new; end$$;
  create trigger moves before insert on visit for each row execute function moving();`;

/** Asserts it of a server without TLS on which nothing has been made. */
export async function checkCatalogReading(server: PostgresServer): Promise<void> {
  const { host, port, superuser: user, superuserPassword: password } = server;
  const endpoint: Endpoint = { host, port, user, password, database: "postgres", tls: null };
  let logins = 0;
  const connection = queryConnection(
    (events) => {
      logins++;
      return dial(endpoint, { application_name: "reader" }, targetLimits, events);
    },
    systemClock,
    targetLimits,
  );
  const read = catalogReader("ward", "postgres", connection, targetLimits);
  const options = { host, port, user, password, database: "postgres", max: 1, onnotice() {} };
  const sql = postgres(options);
  const other = postgres(options);
  try {
    let known = await changed(read(null));
    strictEqual(Math.trunc(known.serverVersion / 10_000), Number.parseInt(server.version));
    deepStrictEqual([known.searchPath, known.passedOver], [["$user", "public"], []]);
    strictEqual(await read(known.digest), null);

    await sql.unsafe(definitions);
    known = await changed(read(known.digest));
    checkDefinitions(known);
    await sql.unsafe("create temp table mine (id int primary key); analyze visit");
    const same = (await read(known.digest))?.digest ?? known.digest;
    strictEqual(same, known.digest, "temporary tables are nobody else's");
    await sql.unsafe("alter table visit rename note to remark");
    known = await changed(read(known.digest));
    ok(relation(known, "seen").definition?.includes("remark"));
    strictEqual(logins, 1, "one login for all of it");
    const [idle] = await sql.unsafe(
      "select state, backend_xmin::text from pg_stat_activity where application_name = 'reader'",
    );
    deepStrictEqual({ ...idle }, { state: "idle", "backend_xmin": null });

    // What a login would get is read by a login.
    await sql.unsafe("create schema ours; alter role postgres set search_path = ours, pg_catalog");
    await sql.unsafe("create table ours.pg_class (); create table ours.pg_proc ()");
    known = await changed(read(known.digest));
    deepStrictEqual(known.searchPath, ["ours", "pg_catalog"]);
    relation(known, "visit");
    await sql.unsafe("alter role postgres reset search_path");
    known = await changed(read(known.digest));
    deepStrictEqual([known.searchPath, logins], [["$user", "public"], 3]);
    await sql.unsafe("alter role postgres set work_mem = '8MB'");
    strictEqual(await read(known.digest), null);
    strictEqual(logins, 3, "a setting that names do not depend on");

    // A table that somebody keeps locked is not waited for, and nothing is told of it.
    await sql.unsafe("begin; lock table visit in access exclusive mode");
    strictEqual(await read(known.digest), null, "nothing has changed, so no lock is needed");
    await other.unsafe("create table since ()");
    await rejects(read(known.digest), { name: "QueryError", code: "55P03" });
    await sql.unsafe("rollback");
    known = await changed(read(known.digest));
    relation(known, "since");

    if (known.serverVersion >= 170_000) await checkLoginTriggers();
  } finally {
    connection.close();
    await Promise.all([sql.end({ timeout: 5 }), other.end({ timeout: 5 })]);
  }

  async function checkLoginTriggers(): Promise<void> {
    const before = logins;
    const trigger = (body: string) => {
      return `create or replace function at_login() returns event_trigger language plpgsql as
        $$begin ${body} end$$`;
    };
    await sql.unsafe(`create table logins (who text);
      ${trigger("insert into logins values (session_user);")};
      create event trigger counted on login execute function at_login();
      alter event trigger counted enable always`);
    const { digest } = await changed(read(null));
    strictEqual(await read(digest), null);
    const [counted] = await sql.unsafe("select count(*)::int as rows from logins");
    deepStrictEqual([counted?.["rows"], logins], [0, before], "reading sets off no trigger");
    await sql.unsafe(trigger("set search_path = ours;"));
    await changed(read(null));
    const after = await changed(read(null));
    deepStrictEqual(after.searchPath, ["ours"], "what a login trigger may set is read by a login");
  }
}

function checkDefinitions(catalog: Catalog): void {
  const visit = relation(catalog, "visit");
  deepStrictEqual(
    visit.columns.map(({ name, typeName, generated }) => [name, typeName, generated]),
    [
      ["id", "int4", null],
      ["note", "text", null],
      ["twice", "int4", "(id * 2)"],
    ],
  );
  deepStrictEqual([visit.kind, visit.uniqueKeys, visit.code], ["r", [["id"]], ["trigger"]]);
  const stay = relation(catalog, "stay");
  deepStrictEqual([stay.kind, stay.uniqueKeys], ["p", []]);
  deepStrictEqual(relation(catalog, "stay_one").parents, [stay.oid]);
  ok(relation(catalog, "seen").definition?.includes("FROM public.visit"));
  const moves = catalog.functions.map(({ name, moves }) => [name, moves]);
  deepStrictEqual(moves, [["moving", true], ["quiet", false]]);
}

function relation(catalog: Catalog, name: string) {
  const found = catalog.relations.find((one) => one.name === name && one.schema !== "ours");
  if (found === undefined) throw new Error(`The catalog has no ${name}`);
  return found;
}

async function changed(reading: Promise<Catalog | null>): Promise<Catalog> {
  const catalog = await reading;
  if (catalog === null) throw new Error("A change was not seen");
  return catalog;
}
