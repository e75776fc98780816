/** The bus goes away under running sessions and comes back; its disk is full. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { payloadsOf, sessionNamed } from "./bus_user.ts";
import { asSuperuser } from "./planted.ts";
import { psql, startPsql } from "./psql.ts";
import { eventually, kinds, type Rig, scenario, startRig } from "./support.ts";

const policy = (text: string) =>
  `${text}
@id("test-inserts")
permit (principal in Group::"analysts", action in [Action::"write", Action::"export"],
  resource == Connection::"ehr");
`;

Deno.test("the bus is lost and comes back", async (test) => {
  await using rig = await startRig({ policy, prepare: prepareRuns });
  const { system } = rig;
  const pids = kinds.map((kind) => system.actor(kind).pid);

  await scenario(test, rig, "killed in mid session: errors say so, nothing runs", async () => {
    const idle = await startPsql(system, {
      application: "idle",
      input: "select 'here';\n",
      args: ["-At"],
    });
    const running = await startPsql(system, {
      application: "running",
      input: "insert into runs select 'running' from pg_sleep(3);\n",
      args: ["-At"],
    });
    await eventually("the session answers", () => idle.printed().includes("here") || undefined);
    await eventually("the statement runs", () => isAllowed(rig, "running"));
    await system.nats.kill();
    await idle.type("insert into runs values ('unrecorded');\n");
    await idle.end();
    const lost = await idle.finished;
    strictEqual(lost.code, 2);
    match(lost.stderr, /FATAL: {2}sallyport: the audit log cannot be reached/);
    const late = await psql(system, { args: ["-c", "select 1"] });
    match(late.stderr, /FATAL: {2}sallyport: identity cannot be reached/);
    await system.nats.restart();
    await running.end();
    const after = await running.finished;
    const told = after.stdout.includes("INSERT 0 1");
    if (!told) match(after.stderr, /FATAL: {2}sallyport: /);
    const counts = await runs(rig);
    strictEqual(counts.get("unrecorded"), undefined);
    ok(told ? counts.get("running") === 1 : (counts.get("running") ?? 0) <= 1);
    await eventually("the sessions are closed and settled", () => areSettled(rig));
  });

  await scenario(test, rig, "after it no process has died, and new sessions work", async () => {
    deepStrictEqual(kinds.map((kind) => system.actor(kind).pid), pids);
    // Sending it to a process that is gone throws.
    for (const pid of pids) Deno.kill(pid, "SIGCONT");
    const input = "insert into runs values ('after');\n" +
      "select ssn from patients where id = 1;\n";
    const fresh = await psql(system, { input, args: ["-At"] });
    deepStrictEqual(fresh, { code: 0, stdout: "INSERT 0 1\n[ssn]\n", stderr: "" });
  });
});

Deno.test("the bus has no room left", async (test) => {
  await using rig = await startRig({ policy, prepare: prepareRuns, natsFileMax: 6 * 1024 ** 2 });
  const { system } = rig;
  const pids = kinds.map((kind) => system.actor(kind).pid);
  const filler = "x".repeat(400_000);
  const inserts = Array.from({ length: 40 }, (_, at) => {
    return `insert into runs values ('full ${at}') /* ${filler} */;\n`;
  });

  await scenario(test, rig, "what cannot be recorded is refused and does not run", async () => {
    const full = await psql(system, {
      input: inserts.join(""),
      args: ["-At"],
      application: "full",
    });
    strictEqual(full.code, 2);
    match(full.stderr, /FATAL: {2}sallyport: the audit log is full, and nothing runs unrecorded/);
    const told = full.stdout.split("\n").filter((line) => line === "INSERT 0 1").length;
    ok(told > 0 && told < inserts.length, `${told} ran`);
    const ran = (await runs(rig)).size;
    ok(ran === told || ran === told + 1, `${told} told, ${ran} ran`);
    const late = await psql(system, {
      input: inserts.join("").replaceAll("full ", "late "),
      args: ["-At"],
    });
    strictEqual(late.code, 2);
    match(late.stderr, /FATAL: {2}sallyport: /);
    deepStrictEqual(kinds.map((kind) => system.actor(kind).pid), pids);

    const config = await Deno.readTextFile(`${system.directory}/nats/nats.conf`);
    const roomy = config.replace(/max_file_store: \d+/, `max_file_store: ${1024 ** 3}`);
    await system.nats.restart(roomy);
    const fresh = await eventually("sessions open again", async () => {
      const result = await psql(system, { args: ["-Atc", "select 'room'"] });
      return result.code === 0 ? result : undefined;
    });
    strictEqual(fresh.stdout, "room\n");
    await eventually("the sessions are closed and settled", () => areSettled(rig));
  });
});

async function prepareRuns(postgres: Parameters<typeof asSuperuser>[0]): Promise<void> {
  await asSuperuser(postgres, async (sql) => {
    await sql`create table runs (what text not null)`;
    await sql`grant select, insert on runs to gateway_ehr`;
  });
}

async function isAllowed(rig: Rig, application: string): Promise<true | undefined> {
  await using auditor = await rig.auditor();
  const frames = await auditor.frames();
  const session = sessionNamed(frames, application);
  if (session === undefined) return undefined;
  return payloadsOf(frames, "verdict", session).length >= 2 ? true : undefined;
}

/** Every session is closed, and every allow has its outcome. */
async function areSettled(rig: Rig): Promise<true | undefined> {
  await using auditor = await rig.auditor();
  const frames = await auditor.frames();
  for (const { frame } of payloadsOf(frames, "open")) {
    const { session } = frame.key;
    if (payloadsOf(frames, "close", session).length === 0) return undefined;
    const settled = new Set(
      payloadsOf(frames, "outcome", session).map(({ payload }) => payload.request),
    );
    const allowed = payloadsOf(frames, "verdict", session)
      .filter(({ payload }) => payload.decision === "allow");
    if (allowed.some(({ payload }) => !settled.has(payload.request))) return undefined;
  }
  return true;
}

function runs(rig: Rig): Promise<Map<string, number>> {
  return asSuperuser(rig.system.postgres, async (sql) => {
    await eventually("no statement runs any more", async () => {
      const busy = await sql`select from pg_stat_activity
        where usename = 'gateway_ehr' and state = 'active'`;
      return busy.length === 0 || undefined;
    });
    const counts = await sql`select what, count(*)::int as n from runs group by what`;
    return new Map(counts.map((row) => [String(row["what"]), Number(row["n"])]));
  });
}
