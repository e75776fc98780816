/** What target says to other processes of its presence in a database, on a real server. @module */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { systemClock } from "#actors/_kit/clock.ts";
import { dial, type Endpoint } from "#actors/target/dial.ts";
import { presenceLimits, targetLimits as limits } from "#actors/target/limits.ts";
import { dialMaintenance, presenceOf } from "#actors/target/postgres/presence.ts";
import { queryConnection } from "#actors/target/postgres/query_connection.ts";
import type { PostgresServer } from "#deploy/machine/postgres.ts";
import postgres from "postgres";

/** Asserts it of a server without TLS. */
export async function checkPresence(server: PostgresServer): Promise<void> {
  const { host, port, superuser: user, superuserPassword: password } = server;
  const endpoint: Endpoint = { host, port, user, password, database: "postgres", tls: null };
  const processes: { readonly close: () => void }[] = [];
  const process = (queryMsMax: number) => {
    const presence = presenceOf(
      'a "weird" näme',
      (lost) => {
        const connection = queryConnection(
          dialMaintenance(
            (database, events) =>
              dial({ ...endpoint, database }, { application_name: "presence" }, limits, events),
            "postgres",
          ),
          systemClock,
          { ...presenceLimits, queryMsMax },
          lost,
        );
        processes.push(connection);
        return connection;
      },
      systemClock,
      { presenceLingerMs: 0 },
    );
    return presence;
  };
  const first = process(60_000);
  const second = process(60_000);
  const hasty = process(300);
  const sql = postgres({ host, port, user, password, database: "postgres", max: 1 });
  try {
    deepStrictEqual(await Promise.all([first.enter(), first.enter()]), ["began", "goes on"]);
    strictEqual(await first.claim(), "alone", "alone");
    await rejects(hasty.enter(), { code: "timeout" });
    const came: string[] = [];
    const entering = second.enter().then((since) => void came.push(since));
    await first.claim();
    deepStrictEqual(came, [], "while something is defined");
    first.share();
    first.share();
    await entering;
    deepStrictEqual(came, ["began"]);
    strictEqual(await first.claim(), "shared");
    strictEqual(await second.claim(), "shared");

    first.leave();
    strictEqual(await second.claim(), "shared", "one session is left");
    first.leave();
    for (let tries = 0; tries < 400 && await second.claim() === "shared"; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    strictEqual(await second.claim(), "alone");

    const lost = new Promise<void>((resolve) => second.whenLost(resolve));
    await sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'`;
    await lost;
    strictEqual(await first.enter(), "began");
    strictEqual(await first.claim(), "alone", "what is lost holds nothing");
  } finally {
    await sql.end();
    for (const { close } of processes) close();
  }
}
