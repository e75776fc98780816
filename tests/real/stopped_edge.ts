/** An edge that is stopped as planned: what its sessions are told, and what is recorded of them. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { payloadsOf, sessionNamed } from "./bus_user.ts";
import { asSuperuser } from "./planted.ts";
import { message, rawSession } from "./raw_client.ts";
import { psql } from "./psql.ts";
import { eventually, type Rig, scenario } from "./support.ts";

/** A lock that is held until the stop has begun. */
const gate = 9;
const query = (sql: string) => message("Q", `${sql}\0`);
const told = /E.*SFATAL\0.*C57P01\0Msallyport: .*the gateway is being stopped/s;

/** `insert into runs` must be permitted. */
export async function stoppedEdge(test: Deno.TestContext, rig: Rig): Promise<void> {
  await scenario(
    test,
    rig,
    "the edge is stopped: what runs ends first, and all are told",
    async () => {
      const { system } = rig;
      using idle = await rawSession(system, "stop-idle");
      using transaction = await rawSession(system, "stop-transaction");
      await transaction.send(query("begin"));
      await transaction.until("Z\0\0\0\u0005T");
      using running = await rawSession(system, "stop-running");
      const stopped = await asSuperuser(system.postgres, async (sql) => {
        await sql`select pg_advisory_lock(${gate})`;
        await running.send(query(
          `insert into runs select 'stop' from pg_advisory_xact_lock_shared(${gate})`,
        ));
        await eventually("it runs", async () => {
          const waiting =
            await sql`select from pg_locks where locktype = 'advisory' and not granted`;
          return waiting.length > 0 || undefined;
        });
        const edge = system.actor("edge");
        const stopping = edge.stop();
        match(await idle.toEnd(), told);
        return { stopping, edge };
      });
      match(await running.toEnd(), new RegExp(`INSERT 0 1.*${told.source}`, "s"));
      await transaction.send(query("commit"));
      match(await transaction.toEnd(), new RegExp(`COMMIT.*${told.source}`, "s"));
      await stopped.stopping;
      strictEqual((await stopped.edge.exited).code, 0);
      await system.restart("edge");
      deepStrictEqual(await reasons(rig, ["idle", "transaction", "running"]), [
        "edge_stopped",
        "edge_stopped",
        "edge_stopped",
      ]);
      const fresh = await psql(system, { args: ["-Atc", "select 'new'"] });
      deepStrictEqual(fresh, { code: 0, stdout: "new\n", stderr: "" });
    },
  );
}

/** Why the sessions of these names ended; all were stored before the edge was gone. */
async function reasons(rig: Rig, names: readonly string[]): Promise<(string | undefined)[]> {
  await using auditor = await rig.auditor();
  const frames = await auditor.frames();
  return names.map((name) => {
    const session = sessionNamed(frames, `stop-${name}`);
    return payloadsOf(frames, "close", session)[0]?.payload.reason;
  });
}
