/** A real PostgreSQL: TLS that verifies, the password method asked for, recovery after a crash. */
import assert from "node:assert/strict";
import postgres from "postgres";
import { ensureAuthority, issueCertificate } from "#deploy/machine/certificates.ts";
import { type PostgresServer, startPostgres } from "#deploy/machine/postgres.ts";

const say = () => {};

Deno.test("startPostgres() serves verified TLS with scram, and recovers from SIGKILL", async () => {
  const directory = await Deno.makeTempDir();
  const authority = await ensureAuthority({ directory: `${directory}/ca`, say });
  const tls = await issueCertificate({ authority, directory: `${directory}/ca`, name: "postgres" });
  try {
    await using server = await startPostgres({
      directory: `${directory}/pg`,
      say,
      tls,
      users: [{ name: "reader", password: "a 'quoted' one" }],
      ephemeral: true,
    });
    const ssl = { ca: authority.certPem, servername: "localhost" };
    const [row] = await query(
      server,
      ssl,
      "select version() as v, rolpassword as p, ssl " +
        "from pg_authid, pg_stat_ssl where rolname = 'reader' and pid = pg_backend_pid()",
    );
    assert.match(String(row?.["v"]), /^PostgreSQL 18/);
    assert.match(String(row?.["p"]), /^SCRAM-SHA-256\$/);
    assert.ok(row?.["ssl"]);
    await assert.rejects(query(server, "none", "select 1"), /no encryption/);
    const other = await ensureAuthority({ directory: `${directory}/other`, say });
    await assert.rejects(query(server, { ca: other.certPem }, "select 1"));
    await query(server, ssl, "create table kept as select 42 as n");
    await server.kill();
    await server.restart();
    assert.equal((await query(server, ssl, "select n from kept"))[0]?.["n"], 42);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("startPostgres() offers the older password methods too", async () => {
  for (const passwordMethod of ["md5", "password"] as const) {
    const directory = await Deno.makeTempDir();
    try {
      await using server = await startPostgres({ directory, say, passwordMethod, ephemeral: true });
      const [row] = await query(
        server,
        "none",
        "select auth_method as m from pg_hba_file_rules",
      );
      assert.equal(row?.["m"], passwordMethod);
    } finally {
      await Deno.remove(directory, { recursive: true }).catch(() => {});
    }
  }
});

Deno.test("startPostgres() keeps its cluster, and makes half a one anew", async () => {
  const directory = await Deno.makeTempDir();
  const options = { directory, say, users: [{ name: "reader", password: "reader" }] };
  try {
    const first = await startPostgres(options);
    await query(first, "none", "create table kept as select 42 as n");
    await first.stop();
    const second = await startPostgres(options);
    assert.equal(second.superuserPassword, first.superuserPassword);
    assert.equal((await query(second, "none", "select n from kept"))[0]?.["n"], 42);
    await second.stop();
    await Deno.remove(`${directory}/cluster.complete`);
    await Deno.remove(`${directory}/data/global`, { recursive: true });
    await using third = await startPostgres(options);
    await query(third, "none", "create table kept as select 43 as n");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

async function query(
  server: PostgresServer,
  trust: "none" | { ca: string; servername?: string },
  text: string,
): Promise<readonly Record<string, unknown>[]> {
  const sql = postgres({
    host: server.host,
    port: server.port,
    user: server.superuser,
    password: server.superuserPassword,
    database: "postgres",
    ssl: trust === "none" ? false : trust,
    max: 1,
  });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end({ timeout: 2 });
  }
}
