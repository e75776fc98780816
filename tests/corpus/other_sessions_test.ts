/**
 * What one session is told while others define: a name means to the server what it means when a
 * statement runs, not when it was judged.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { maintenanceDatabase, presenceLock } from "#actors/target/postgres/presence.ts";
import type { System } from "#deploy/demo/system.ts";
import { asSuperuser } from "#tests/real/planted.ts";
import { type Agent, connectAgent, type Reply } from "./agent.ts";
import { meanwhile } from "./meanwhile.ts";
import { findPlanted } from "./planted.ts";
import { addressOf, startCorpusRig } from "./rig.ts";

const asked = "select upper(who) from shifts";
const askedOfClass = "select upper(name) from patients";
/** Judged once what its session defined is known everywhere. */
const settled = "select 1";
/** Names in the schema of the role come before those of `public`. */
const shadowing = "create view gateway_ehr.shifts as select id, name as who from patients";
const shadow = `create schema gateway_ehr; ${shadowing}`;
const harmless = `create schema gateway_ehr;
  create table gateway_ehr.patients as select 1 as id, 'nobody' as name`;
/** What is done before a definition, and after. */
const between = [
  ["PREPARE and EXECUTE", [`prepare p as ${asked}`], ["execute p"]],
  ["PREPARE and EXPLAIN", [`prepare p as ${asked}`], ["explain (analyze, verbose) execute p"]],
  ["PREPARE and CREATE TABLE AS", [`prepare p as ${asked}`], [
    "create temp table t as execute p",
    "table t",
  ]],
  ["Parse and Bind", [`\\wire parse p: ${asked}`], ["\\wire bind q=p | execute q"]],
  ["Bind and Execute", ["begin", `\\wire parse p: ${asked} | bind q=p`], ["\\wire execute q"]],
  ["DECLARE and FETCH", ["begin", `declare c cursor for ${asked}`], ["fetch all from c"]],
  ["Bind and DECLARE", ["begin", `\\wire parse p: declare c cursor for ${asked} | bind q=p`], [
    "\\wire execute q",
    "fetch all from c",
  ]],
] as const;
Deno.test("another session's definitions", async (t) => {
  await using rig = await startCorpusRig({ twice: true });
  const address = addressOf(rig.system, "ordinary");
  const run = (agent: Agent, sql: string) => agent.run({ sql, parameters: null }, "simple");
  const runs = async (agent: Agent, sql: string) => {
    strictEqual((await run(agent, sql)).error, null, sql);
  };
  const tidy = async () => {
    using agent = await connectAgent(address);
    await runs(agent, "drop schema if exists gateway_ehr cascade");
    // Judged once the definition is known everywhere.
    await runs(agent, "select 1");
  };

  for (const [what, before, after] of between) {
    for (const [how, defined] of Object.entries({ shadow, harmless })) {
      await t.step(`made between ${what}: ${how}`, async () => {
        using reader = await connectAgent(address);
        using definer = await connectAgent(address);
        const asks = how === "shadow" ? asked : askedOfClass;
        const texts = (all: readonly string[]) => all.map((sql) => sql.replace(asked, asks));
        for (const sql of texts(before)) await runs(reader, sql);
        await runs(definer, defined);
        // Judged once the definition is known everywhere.
        await runs(definer, "select 1");
        for (const sql of texts(after)) deepStrictEqual(leaks(await run(reader, sql)), [], sql);
        await tidy();
      });
    }
  }

  await t.step("made twice since a statement was prepared, which it outlives", async () => {
    const execute = "\\wire bind q=p | execute q";
    const prepared = "select upper(who) from twice";
    // Prepared by SQL and by the protocol; and planned by what fails, or is only described.
    for (
      const [prepares, plans, executes] of [
        [`prepare p as ${prepared}`, "execute p", "execute p"],
        [`prepare p as ${prepared}`, "select 1/0 from (values (1)) v; execute p", "execute p"],
        [`prepare p as ${prepared}`, "explain execute p", "execute p"],
        [`\\wire parse p: ${prepared}`, execute, execute],
        [`\\wire parse p: ${prepared}`, "\\wire describe statement p", execute],
      ] as const
    ) {
      using reader = await connectAgent(address);
      using definer = await connectAgent(address);
      await runs(definer, "create table public.twice as select id, who from shifts");
      await runs(reader, "set search_path = other, public");
      await runs(reader, prepares);
      await runs(
        definer,
        "drop table twice; create view public.twice as select id, name as who from patients",
      );
      deepStrictEqual(leaks(await run(reader, plans)), []);
      await runs(definer, "create table other.twice as select 1 as id, 'x'::text as who");
      deepStrictEqual(leaks(await run(reader, executes)), [], plans);
      await runs(definer, "drop view public.twice; drop table other.twice");
    }
  });

  await t.step("made before a statement's names are looked up", async () => {
    using definer = await connectAgent(address);
    await runs(definer, "create domain slow as int check (pg_sleep(10) is not null)");
    for (
      const [prepares, late, waitsIn] of [
        [
          `prepare p(text) as ${asked} where $1 > ''`,
          "execute p(pg_sleep(10)::text)",
          "execute p%",
        ],
        ["select 1", `with a as (select '{1}'::slow[]) ${asked}`, "with a%"],
        [`\\wire parse p: ${asked} where $1::slow > 0`, "\\wire bind q=p 1 | execute q", "select%"],
      ] as const
    ) {
      using reader = await connectAgent(address);
      await runs(reader, prepares);
      const reading = run(reader, late);
      await waitsFor(rig.system, "Timeout", waitsIn);
      await runs(definer, shadow);
      const reply = await reading;
      deepStrictEqual([leaks(reply), reply.error?.code], [[], "57014"], late);
      await tidy();
    }
    await runs(definer, "drop domain slow");
  });

  for (const [what, { before, reads, defines, after }] of Object.entries(meanwhile)) {
    await t.step(`made while another statement of the request runs: ${what}`, async () => {
      using reader = await connectAgent(address);
      using definer = await connectAgent(address);
      for (const sql of [...before, settled]) await runs(definer, sql);
      const reading = run(reader, `select 'first'; select pg_sleep(10); ${reads}`);
      await waitsFor(rig.system, "Timeout", "select 'first'%");
      for (const sql of defines) await runs(definer, sql);
      const reply = await reading;
      deepStrictEqual([leaks(reply), reply.error?.code], [[], "57014"]);
      for (const sql of [after, settled]) await runs(definer, sql);
    });
  }

  await t.step("made beneath a materialised view that is not committed", async () => {
    using reader = await connectAgent(address);
    using definer = await connectAgent(address);
    await runs(definer, "create view v_beneath as select id, name as x from patients");
    await runs(definer, settled);
    await runs(definer, "begin");
    await runs(definer, "create materialized view m_above as select id, x from v_beneath");
    const plain = "create or replace view v_beneath as select id, 'x'::text as x from shifts";
    const replacing = run(reader, plain);
    await waitsFor(rig.system, "Lock", "create or replace%");
    await runs(definer, "commit");
    await replacing;
    deepStrictEqual(leaks(await run(reader, "select upper(x) from m_above")), []);
    await runs(definer, "drop view v_beneath cascade");
    await runs(definer, settled);
  });

  await t.step("made in the temporary schema of another session", async () => {
    using reader = await connectAgent(address);
    using definer = await connectAgent(address);
    await runs(definer, "create temp view shifts as select id, name as who from patients");
    const { results: [made] } = await run(definer, "select pg_my_temp_schema()::regnamespace");
    const schema = new TextDecoder().decode(made?.rows[0]?.[0] ?? new Uint8Array());
    for (
      const sql of [
        `select upper(who) from ${schema}.shifts`,
        "create temp table shifts as select 'x'::text as who",
        `select upper(who) from ${schema}.shifts`,
        "drop table shifts",
        `set search_path = ${schema}, public`,
        asked,
      ]
    ) deepStrictEqual(leaks(await run(reader, sql)), [], sql);
  });

  await t.step("made while a statement waits that only prepares", async () => {
    using reader = await connectAgent(address);
    using definer = await connectAgent(address);
    await runs(definer, "create table public.twice as select id, who from shifts");
    await runs(
      definer,
      "begin; drop table twice; create view public.twice as select id, name as who from patients",
    );
    const parsing = run(reader, "\\wire parse p: select upper(who) from twice");
    await waitsFor(rig.system, "Lock", "select upper%");
    await runs(definer, "commit");
    strictEqual((await parsing).error?.code, "57014");
    await runs(definer, "drop view twice");
  });

  await t.step("made beneath a temporary view", async () => {
    using reader = await connectAgent(address);
    using definer = await connectAgent(address);
    await runs(definer, "create view v_beneath as select id, 'a'::text as x from shifts");
    await runs(definer, "select 1");
    await runs(reader, "create temp view tv as select x from v_beneath");
    await runs(definer, "create or replace view v_beneath as select id, name as x from patients");
    await runs(definer, "select 1");
    deepStrictEqual(leaks(await run(reader, "select upper(x) from tv")), []);
    await runs(definer, "drop view v_beneath cascade");
  });

  await t.step("made for a session that is gone", async () => {
    using reader = await connectAgent(address);
    using definer = await connectAgent(address);
    await runs(definer, "create schema gateway_ehr");
    const lost = run(
      definer,
      `${shadowing}; select pg_sleep(10)`,
    );
    await waitsFor(rig.system, "Timeout", "create view%");
    definer[Symbol.dispose]();
    await lost;
    await runs(reader, asked);
    await waitsFor(rig.system, "Timeout", "create view%", 0);
    deepStrictEqual(leaks(await run(reader, asked)), []);
    await tidy();
  });

  for (const through of ["ehr", "ehr_again"]) {
    await t.step(`made through ${through} while a statement waits for a lock`, async () => {
      using reader = await connectAgent(address);
      using locker = await connectAgent(address);
      using definer = await connectAgent(address, { database: through });
      await runs(reader, asked);
      await runs(locker, "begin; truncate shifts");
      const reading = run(reader, asked);
      await waitsFor(rig.system, "Lock", "select upper%");
      await runs(definer, shadow);
      await runs(locker, "rollback");
      const reply = await reading;
      deepStrictEqual([leaks(reply), reply.error?.code], [[], "57014"]);
      deepStrictEqual(leaks(await run(reader, asked)), []);
      await tidy();
    });
  }

  await t.step("are refused while another process serves the database", async () => {
    using definer = await connectAgent(address);
    await asSuperuser(rig.system.postgres, async (sql) => {
      // As another target would.
      await sql.unsafe(`select pg_advisory_lock_shared(${presenceLock("ehr")})`);
      const { error } = await run(definer, harmless);
      deepStrictEqual([error?.code, error?.message.includes("another process")], ["55P03", true]);
      await runs(definer, "create temp table own as select 1");
      const { texts: [own] } = await run(
        definer,
        "select count(*) from pg_locks l, pg_database d where locktype = 'advisory' and " +
          "l.database = d.oid and datname = 'ehr'",
      );
      strictEqual(own, "0", "it is none of the database's own");
    }, maintenanceDatabase);
    await runs(definer, harmless);
    await tidy();
  });

  await t.step("that wait for a transaction give way to it", async () => {
    using reader = await connectAgent(address);
    using definer = await connectAgent(address);
    await runs(reader, "begin; select count(*) from shifts");
    const defining = run(definer, "alter table shifts add column later int");
    await waitsFor(rig.system, "Lock", "alter table%");
    await runs(reader, "select count(*) from visits");
    await runs(reader, "select count(*) from shifts");
    strictEqual((await defining).error?.code, "57014");
    await runs(reader, "commit");
  });

  await t.step("made while a statement waits for a row", async () => {
    using writer = await connectAgent(address);
    using locker = await connectAgent(address);
    using definer = await connectAgent(address);
    const writes = "update documents set title = title where id = 1";
    await runs(locker, `begin; ${writes}`);
    const writing = run(writer, writes);
    await waitsFor(rig.system, "Lock", "update documents%");
    await runs(definer, harmless);
    await runs(locker, "rollback");
    strictEqual((await writing).error, null);
    await tidy();
  });

  await t.step("made while a statement runs that knows what its names mean", async () => {
    using reader = await connectAgent(address);
    using definer = await connectAgent(address);
    const reading = run(reader, `${asked} where pg_sleep(1) is not null`);
    await waitsFor(rig.system, "Timeout", "select upper%");
    await runs(definer, shadow);
    const { error, texts: [rows] } = await reading;
    deepStrictEqual([error, rows], [null, "TEAM A\nTEAM B"]);
    await tidy();
  });

  await t.step("while one is made, whoever reads its name waits, and asks again", async () => {
    using reader = await connectAgent(address);
    using definer = await connectAgent(address);
    await runs(definer, "create schema gateway_ehr");
    const defining = run(
      definer,
      `${shadowing}; select pg_sleep(2)`,
    );
    await waitsFor(rig.system, "Timeout", "create view%");
    await runs(reader, "select upper(department) from visits");
    const { error } = await run(reader, asked);
    deepStrictEqual(error?.code, "40001");
    strictEqual((await defining).error, null);
    const again = await run(reader, asked);
    deepStrictEqual([again.error, leaks(again)], [null, []]);
    // A transaction is aborted, as by any error.
    await runs(reader, "begin");
    const third = run(definer, "drop view gateway_ehr.shifts; select pg_sleep(2)");
    await waitsFor(rig.system, "Timeout", "drop view%");
    deepStrictEqual((await run(reader, asked)).error?.code, "40001");
    deepStrictEqual((await run(reader, "select 1")).error?.code, "25P02");
    await runs(reader, "rollback");
    await runs(reader, "select 1");
    strictEqual((await third).error, null);
    await tidy();
  });
});

function leaks({ texts }: Reply): readonly string[] {
  return texts.flatMap((text) => findPlanted(text) ?? []);
}

/** Until so many statements of the gateway's role wait for what pg_stat_activity calls so. */
async function waitsFor(
  { postgres }: System,
  event: string,
  like: string,
  many = 1,
): Promise<void> {
  const waits = () =>
    asSuperuser(postgres, async (sql) => {
      const [row] = await sql`select count(*)::int as many from pg_stat_activity
        where usename = 'gateway_ehr' and wait_event_type = ${event} and query like ${like}`;
      return row?.["many"] === many;
    });
  for (let tries = 0; tries < 400; tries++) {
    if (await waits()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not ${many} statements wait for ${event}`);
}
