/**
 * The synthetic clinic in a real PostgreSQL: its rows, its rights, and that a second load is none.
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import { loadClinic } from "#deploy/demo/clinic.ts";
import { demoSizes } from "#deploy/demo/clinic_data.ts";
import { startPostgres } from "#deploy/machine/postgres.ts";

const say = () => {};

Deno.test("loadClinic() fills the clinic; the gateway's role has rows and nothing more", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await using server = await startPostgres({ directory, say, ephemeral: true });
    const options = { ...server, gatewayPassword: "a 'quoted' one", seed: 42, say };
    const clinic = await loadClinic(options);
    assert.deepEqual(clinic, { database: "ehr", user: "gateway_ehr", sizes: demoSizes });
    await loadClinic(options);
    const sql = postgres({
      host: server.host,
      port: server.port,
      user: clinic.user,
      password: "a 'quoted' one",
      database: clinic.database,
      max: 1,
    });
    try {
      for (const [table, count] of Object.entries(demoSizes)) {
        const [row] = await sql.unsafe(`select count(*)::int as n from ${table}`);
        assert.equal(row?.["n"], count, table);
      }
      const [summary] = await sql`select count(*)::int as n from patient_summary where visits > 0`;
      assert.equal(summary?.["n"], demoSizes.patients);
      const [known] = await sql`select reltuples::int as n from pg_class where relname = 'visits'`;
      assert.equal(known?.["n"], demoSizes.visits);
      await sql`update claims set status = 'appealed' where id = 1`;
      for (
        const refused of [
          "create table mine (n int)",
          "drop table claims",
          "truncate claims",
          "create temp table mine (n int)",
          "copy patients to program 'true'",
          "select pg_read_file('/etc/hostname')",
          "set role postgres",
        ]
      ) {
        await assert.rejects(sql.unsafe(refused), /permission denied|must be owner/, refused);
      }
    } finally {
      await sql.end({ timeout: 2 });
    }
  } finally {
    await Deno.remove(directory, { recursive: true }).catch(() => {});
  }
});
