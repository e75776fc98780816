/**
 * SIGKILL for each actor while sessions are idle, run a statement, stream a result and wait for
 * approval. The session goes on or ends with a proper error; nothing runs twice; what may have run
 * is recorded as unknown (G7).
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { ProcessKind } from "#deploy/processes.ts";
import type { Outcome } from "#schemas/frames.ts";
import { type Asked, askedBy, decide } from "./approver.ts";
import { payloadsOf, sessionNamed, settledOutcomes } from "./bus_user.ts";
import { asSuperuser } from "./planted.ts";
import { psql, type PsqlResult, type RunningPsql, startPsql } from "./psql.ts";
import { stoppedEdge } from "./stopped_edge.ts";
import { eventually, type Rig, scenario, startRig } from "./support.ts";

const policy = (text: string) =>
  `${text}
@id("test-inserts")
permit (principal in Group::"analysts", action in [Action::"write", Action::"export"],
  resource == Connection::"ehr") when { context.command != "UPDATE" };
`;
const rows = 150_000;
/** As many names as the demo's policy lets an agent ask for in a session. */
const names = Array.from({ length: 20 }, (_, index) => `name ${index}`);
/** A lock that a test holds while it does its harm. */
const gate = 7;

type Sessions = {
  readonly idle: RunningPsql;
  readonly running: RunningPsql;
  readonly streaming: RunningPsql;
  readonly held: RunningPsql;
  readonly asked: Asked;
};
type Results = Readonly<Record<"idle" | "running" | "streaming" | "held", PsqlResult>>;

Deno.test("actors are killed under running sessions", async (test) => {
  await using rig = await startRig({
    policy,
    prepare: (postgres) =>
      asSuperuser(postgres, async (sql) => {
        await sql`create table runs (what text not null)`;
        await sql`grant select, insert on runs to gateway_ehr`;
      }),
  });

  for (const kind of ["authz", "approval", "audit", "identity"] as const) {
    await scenario(test, rig, `${kind} is killed: every session goes on`, async () => {
      const { results, outcomes } = await killUnder(rig, kind);
      match(results.idle.stdout, /here\nINSERT 0 1\nalive\n$/);
      match(results.running.stdout, /INSERT 0 1\n$/);
      strictEqual(results.streaming.stdout.split("\n").length - 1, rows);
      match(results.held.stdout, /paid\nUPDATE 1\n$/);
      // What the session asked before the kill still counts.
      match(results.idle.stderr, /^ERROR: {2}sallyport: policy "no-guessing-of-identifiers"/);
      for (const { stderr } of [results.running, results.streaming]) strictEqual(stderr, "");
      strictEqual(outcomes.running, "executed");
      strictEqual(outcomes.held, "executed");
    });
  }

  await scenario(test, rig, "masking is killed: what streams ends with an error", async () => {
    const { results, outcomes } = await killUnder(rig, "masking");
    match(results.idle.stdout, /here\nINSERT 0 1\nalive\n$/);
    match(results.held.stdout, /paid\nUPDATE 1\n$/);
    match(results.running.stdout, /INSERT 0 1\n$/);
    const { stdout, stderr } = results.streaming;
    if (stdout === "") match(stderr, /FATAL: {2}sallyport: the response was interrupted/);
    else strictEqual(stdout.split("\n").length - 1, rows);
    strictEqual(outcomes.running, "executed");
  });

  await scenario(test, rig, "target is killed: sessions end, what ran is unknown", async () => {
    const { results, outcomes } = await killUnder(rig, "target");
    for (const result of Object.values(results)) {
      strictEqual(result.code, 2);
      match(result.stderr, /FATAL: {2}sallyport: /);
    }
    match(results.running.stderr, /whether it took effect is not known/);
    strictEqual(outcomes.running, "unknown");
    strictEqual(outcomes.held, "not_run");
  });

  await scenario(test, rig, "the edge is killed: sessions are closed on the record", async () => {
    const { results, outcomes, decided } = await killUnder(rig, "edge");
    for (const result of Object.values(results)) {
      strictEqual(result.code, 2);
      match(result.stderr, /server closed the connection|Connection reset|connection to server/);
    }
    ok(["unknown", "executed"].includes(outcomes.running ?? ""), outcomes.running);
    strictEqual(decided, "approval_not_pending");
    strictEqual(outcomes.held, undefined);
  });

  await stoppedEdge(test, rig);
});

/** Brings four sessions into four states, kills `kind`, starts it again, and lets them end. */
async function killUnder(rig: Rig, kind: ProcessKind) {
  const { sessions, decided } = await asSuperuser(rig.system.postgres, async (sql) => {
    // What runs and what streams goes on when the lock is given back, and not before.
    await sql`select pg_advisory_lock(${gate})`;
    const sessions = await openSessions(rig, kind);
    await rig.system.actor(kind).kill();
    await rig.system.restart(kind);
    return { sessions, decided: await decideFirmly(rig, sessions.asked) };
  });
  const further = [`insert into runs values ('${kind}-idle')`, guess("another"), "select 'alive'"];
  const type = further.map((sql) => `${sql};\n`).join("");
  await sessions.idle.type(type).catch(() => {});
  const results = await finishAll(sessions);
  const outcomes = await eventually(`the sessions under ${kind} are settled`, () => {
    return settledStatuses(rig, kind);
  }, 60_000);
  await isRunOnce(rig, kind, results);
  const fresh = await psql(rig.system, { args: ["-Atc", "select 'new'"] });
  deepStrictEqual(fresh, { code: 0, stdout: "new\n", stderr: "" });
  return { results, outcomes, decided };
}

function guess(...values: readonly string[]): string {
  const list = values.map((value) => `'${value}'`).join();
  return `select id from patients where name in (${list})`;
}

async function openSessions(rig: Rig, kind: string): Promise<Sessions> {
  const open = (state: string, input: string) => {
    return startPsql(rig.system, { application: `${kind}-${state}`, input, args: ["-At"] });
  };
  const idle = await open("idle", `${guess(...names)};\nselect 'here';\n`);
  const held = await open(
    "held",
    "update claims set status = 'paid' where id = 1 returning status;\n",
  );
  const asked = await askedBy(rig, `${kind}-held`);
  await eventually("the idle session answers", () => idle.printed().includes("here") || undefined);
  const streaming = await open(
    "streaming",
    `select n, repeat('x', 150),
      case when n = ${rows / 2} then pg_advisory_xact_lock_shared(${gate})::text end
      from generate_series(1, ${rows}) as t(n);\n`,
  );
  const running = await open(
    "running",
    `insert into runs select '${kind}-running' from pg_advisory_xact_lock_shared(${gate});\n`,
  );
  await using auditor = await rig.auditor();
  await eventually("a result streams and a statement runs", async () => {
    const frames = await auditor.frames();
    const streams = sessionNamed(frames, `${kind}-streaming`);
    const parts = frames.filter((frame) => {
      return frame.key.session === streams && frame.kind === "response" && frame.request === 1;
    });
    const session = sessionNamed(frames, `${kind}-running`);
    const verdicts = session === undefined ? [] : payloadsOf(frames, "verdict", session);
    return parts.length >= 3 && verdicts.length >= 2 ? true : undefined;
  });
  return { idle, running, streaming, held, asked };
}

/** While an actor comes back, a decision may find nobody: a person tries again. */
async function decideFirmly(rig: Rig, asked: Asked): Promise<string> {
  return await eventually("the decision is taken", async () => {
    const [state] = await decide(rig, asked, rig.system.tokens.approver, "approve");
    return state === "unavailable" || state === "busy" ? undefined : state;
  });
}

async function finishAll(sessions: Sessions): Promise<Results> {
  const finish = async (running: RunningPsql) => {
    await running.end();
    return await running.finished;
  };
  const [idle, running, streaming, held] = await Promise.all([
    finish(sessions.idle),
    finish(sessions.running),
    finish(sessions.streaming),
    finish(sessions.held),
  ]);
  return { idle, running, streaming, held };
}

type Status = Outcome["status"] | undefined;

/** The outcomes of request 1, once all four are closed and each allow has its outcome. */
async function settledStatuses(rig: Rig, kind: string) {
  await using auditor = await rig.auditor();
  const frames = await auditor.frames();
  const statuses: Record<string, Status> = {};
  for (const state of ["idle", "running", "streaming", "held"]) {
    const session = sessionNamed(frames, `${kind}-${state}`);
    const outcomes = session === undefined ? null : settledOutcomes(frames, session);
    if (outcomes === null) return;
    statuses[state] = outcomes.find(({ request }) => request === 1)?.status;
  }
  return statuses;
}

/** Each insert is there at most once, and exactly once when its client was told so. */
async function isRunOnce(rig: Rig, kind: string, results: Results): Promise<void> {
  const counts = await asSuperuser(rig.system.postgres, async (sql) => {
    // A backend whose gateway died waits for the lock before it can notice.
    await eventually("no statement runs any more", async () => {
      const busy = await sql`select from pg_stat_activity
        where usename = 'gateway_ehr' and state = 'active'`;
      return busy.length === 0 || undefined;
    });
    return await sql`select what, count(*)::int as n from runs
      where what like ${`${kind}-%`} group by what`;
  });
  const count = new Map(counts.map((row) => [String(row["what"]), Number(row["n"])]));
  for (const state of ["idle", "running"] as const) {
    const times = count.get(`${kind}-${state}`) ?? 0;
    const told = results[state].stdout.includes("INSERT 0 1");
    ok(told ? times === 1 : times <= 1, `${kind}-${state} ran ${times} times, told: ${told}`);
  }
}
