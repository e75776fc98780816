/**
 * What a real server's planner says of statements that do not run, over a connection of target's
 * own; of every major version the same.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import postgres from "postgres";
import { systemClock } from "#actors/_kit/clock.ts";
import { dial, type Endpoint } from "#actors/target/dial.ts";
import { plannerLimits, targetLimits } from "#actors/target/limits.ts";
import { planner } from "#actors/target/postgres/planner.ts";
import { queryConnection } from "#actors/target/postgres/query_connection.ts";
import type { PostgresServer } from "#deploy/machine/postgres.ts";

const weird = `we"ird 's, "x`;
const quoted = `"${weird.replaceAll('"', '""')}"`;
const definitions = `set search_path = public;
  create table planned (id int primary key, kind text);
  insert into planned select n, case when n % 1000 = 0 then 'rare' else 'usual' end
    from generate_series(1, 5000) n;
  create schema ${quoted};
  create table ${quoted}.planned (id int);
  insert into ${quoted}.planned values (1), (2), (3);
  create sequence counted;
  analyze planned; analyze ${quoted}.planned;`;

/** Asserts it of a server without TLS. */
export async function checkPlanning(server: PostgresServer): Promise<void> {
  const { host, port, superuser: user, superuserPassword: password } = server;
  const endpoint: Endpoint = { host, port, user, password, database: "postgres", tls: null };
  // Under load a plan may take its time; what is asserted is what comes of it.
  const limits = { ...plannerLimits, planMsMax: 60_000, plannerWaitMsMax: 60_000 };
  const connection = queryConnection(
    (events) => dial(endpoint, { application_name: "planner" }, targetLimits, events),
    systemClock,
    { ...limits, queryMsMax: 60_000 },
  );
  const plan = planner(connection, systemClock, { ...limits, plannerWaitingMax: 3 });
  const rowsOf = async (text: string, path = ["public"], parameterTypes: number[] = []) => {
    return (await plan([{ text, parameterTypes, searchPath: path }]))[0] ?? null;
  };
  const options = { host, port, user, password, database: "postgres", max: 1, onnotice() {} };
  const sql = postgres(options);
  try {
    await sql.unsafe(definitions);
    strictEqual(await rowsOf("select * from planned"), 5000);
    strictEqual(await rowsOf("select * from planned;  -- all of it"), 5000);
    strictEqual(await rowsOf("select * from planned", [weird, "public"]), 3);
    strictEqual(await rowsOf("select * from planned", []), null, "no name without a path");
    strictEqual(await rowsOf("select * from planned limit 7"), 7);
    const rare = await rowsOf("select * from planned where kind = 'rare'") ?? -1;
    ok(rare >= 0 && rare < 100, "by the value that is named");
    const any = await rowsOf("select * from planned where kind = $1") ?? -1;
    ok(any > 1000, "by no value: half of the kinds there are");
    strictEqual(await rowsOf("select * from planned where id = $1", ["public"], [23]), 1);
    const pair = "select * from planned where id = $1 and kind = $2";
    deepStrictEqual(
      await plan([pair, "select 1"].map((text) => ({
        text,
        parameterTypes: [],
        searchPath: ["public"],
      }))),
      [1, 1],
    );

    // What does not plan has no rows, and nothing of it stays behind.
    strictEqual(await rowsOf("select 1; drop table planned"), null, "one statement by protocol");
    strictEqual(await rowsOf("selekt"), null);
    strictEqual(await rowsOf("select nope from planned"), null);
    strictEqual(await rowsOf("select nextval('counted')"), 1);
    ok(await rowsOf("delete from planned") !== null, "planned, and not run");
    strictEqual(await rowsOf("select * from planned"), 5000);
    const [left] = await sql.unsafe(
      `select (select count(*)::int from planned) as rows,
        (select is_called from counted) as called,
        (select state from pg_stat_activity where application_name = 'planner') as state`,
    );
    deepStrictEqual({ ...left }, { rows: 5000, called: false, state: "idle" });

    // A table that somebody keeps locked is not waited for.
    await sql.unsafe("begin; lock table planned in access exclusive mode");
    strictEqual(await rowsOf("select * from planned"), null);
    await sql.unsafe("rollback");
    const many = Array.from({ length: 4 }, () => rowsOf("select * from planned"));
    deepStrictEqual(await Promise.all(many), [5000, 5000, 5000, null], "one more than may wait");

    // Names are names, however the server reads strings.
    await sql.unsafe("alter role current_user set standard_conforming_strings = off");
    connection.close();
    const out = "x\\', true); commit; create table escaped (id int); --";
    strictEqual(await rowsOf("select * from planned", [out, "public"]), 5000);
    const [escaped] = await sql.unsafe("select to_regclass('escaped') as it");
    strictEqual(escaped?.["it"], null);
  } finally {
    connection.close();
    await sql.end({ timeout: 5 });
  }
}
