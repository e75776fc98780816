/**
 * SIGKILL for each actor while a shell is open, a command runs and output streams. The channel goes
 * on or ends with words and a status; nothing runs twice; what may have run is recorded as unknown
 * (G7).
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { ProcessKind } from "#deploy/processes.ts";
import { payloadsOf } from "./bus_user.ts";
import {
  openLabSystem,
  printed,
  type RunningClient,
  type SshClient,
  sshClient,
  type SshResult,
} from "./ssh_client.ts";
import { eventually, type Rig, scenario, startRig } from "./support.ts";

const lines = 200_000;

Deno.test("actors are killed under running channels", async (test) => {
  await using rig = await startRig(openLabSystem);

  for (const kind of ["authz", "approval", "audit", "identity"] as const) {
    await scenario(test, rig, `${kind} is killed: every channel goes on`, async () => {
      const { results, statuses } = await killUnder(rig, kind);
      match(results.shell.stdout, /alive-42/);
      strictEqual(results.shell.code, 5);
      deepStrictEqual([results.running.code, results.running.stdout], [0, "done\n"]);
      strictEqual(results.streaming.stdout.split("\n").length - 1, lines);
      strictEqual(statuses.get("running"), "executed");
    });
  }

  await scenario(test, rig, "masking is killed: what streams ends in words", async () => {
    const { results, statuses } = await killUnder(rig, "masking");
    const { code, stdout, stderr } = results.streaming;
    if (code !== 0) match(stderr, /sallyport: /);
    else strictEqual(stdout.split("\n").length - 1, lines);
    strictEqual(statuses.get("running"), "executed");
  });

  await scenario(test, rig, "target is killed: channels end, what ran is unknown", async () => {
    const { results, statuses } = await killUnder(rig, "target");
    for (const { code, stdout, stderr } of Object.values(results)) {
      strictEqual(code, 255);
      match(stdout + stderr, /sallyport: /);
    }
    match(results.running.stderr, /whether it took effect is not known/);
    strictEqual(statuses.get("running"), "unknown");
  });

  await scenario(test, rig, "the edge is killed: channels are closed on the record", async () => {
    const { results, statuses } = await killUnder(rig, "edge_ssh");
    for (const { code } of Object.values(results)) strictEqual(code, 255);
    ok(["unknown", "executed"].includes(statuses.get("running") ?? ""));
  });
});

type Sessions = Readonly<Record<"shell" | "running" | "streaming", RunningClient>>;
type Results = Readonly<Record<"shell" | "running" | "streaming", SshResult>>;

/** Opens three channels, kills `kind`, starts it again, and lets them end. */
async function killUnder(rig: Rig, kind: ProcessKind) {
  await using client = await sshClient(rig.system);
  const sessions = await openSessions(rig, client, kind);
  await rig.system.actor(kind).kill();
  await rig.system.restart(kind);
  await sessions.shell.type("echo alive-$((6 * 7)); exit 5\r").catch(() => undefined);
  const [shell, running, streaming] = await Promise.all(
    [sessions.shell, sessions.running, sessions.streaming].map(({ finished }) => finished),
  );
  if (shell === undefined || running === undefined || streaming === undefined) {
    throw new Error("three channels");
  }
  const results: Results = { shell, running, streaming };
  const statuses = await eventually(`the channels under ${kind} are settled`, () => {
    return settled(rig, kind);
  }, 60_000);
  await isRunOnce(rig, kind, results);
  await using fresh = await sshClient(rig.system);
  const after = await fresh.ssh(["gw", "echo new"]);
  deepStrictEqual(after, { code: 0, stdout: "new\n", stderr: "" });
  return { results, statuses };
}

async function openSessions(rig: Rig, client: SshClient, kind: string): Promise<Sessions> {
  const shell = await client.terminal(["gw"]);
  await printed(shell, /lab:~\$ /);
  const streaming = await client.start([
    "gw",
    `: ${kind}-streaming; for i in $(seq 1 ${lines / 1000}); do ` +
    `yes "$(printf '%0100d' 0)" | head -n 1000; sleep 0.02; done`,
  ]);
  const running = await client.start([
    "gw",
    `: ${kind}-running; sleep 4; echo ${kind} >> runs; echo done`,
  ]);
  await streaming.end();
  await running.end();
  await using auditor = await rig.auditor();
  await eventually("output streams and a command runs", async () => {
    const frames = await auditor.frames();
    const runs = sessionOf(frames, `${kind}-running`);
    const judged = runs === null ? [] : payloadsOf(frames, "verdict", runs);
    const streams = sessionOf(frames, `${kind}-streaming`);
    const parts = frames.filter((one) => {
      return one.key.session === streams && one.kind === "response";
    });
    return parts.length >= 3 && judged.length >= 2 ? true : undefined;
  });
  return { shell, running, streaming };
}

type Frames = Awaited<ReturnType<Awaited<ReturnType<Rig["auditor"]>>["frames"]>>;

/** The session whose command names it. */
function sessionOf(frames: Frames, name: string): string | null {
  const found = frames.find(({ kind, payload }) => {
    return kind === "request" && new TextDecoder().decode(payload).includes(name);
  });
  return found?.key.session ?? null;
}

/** How request 1 ended, once every channel is closed and each allow has its outcome. */
async function settled(rig: Rig, kind: string) {
  await using auditor = await rig.auditor();
  const frames = await auditor.frames();
  const statuses = new Map<string, string | undefined>();
  for (const { frame: { key: { session } } } of payloadsOf(frames, "open")) {
    if (payloadsOf(frames, "close", session).length === 0) return;
    const outcomes = payloadsOf(frames, "outcome", session).map(({ payload }) => payload);
    const known = new Set(outcomes.map(({ request }) => request));
    const allowed = payloadsOf(frames, "verdict", session)
      .filter(({ payload }) => payload.decision === "allow");
    if (allowed.some(({ payload }) => !known.has(payload.request))) return;
    for (const state of ["running", "streaming"]) {
      if (sessionOf(frames, `${kind}-${state}`) !== session) continue;
      statuses.set(state, outcomes.find(({ request }) => request === 1)?.status);
    }
  }
  return statuses;
}

/** The command has run at most once, and exactly once when its client was told so. */
async function isRunOnce(rig: Rig, kind: string, results: Results): Promise<void> {
  const { lab } = rig.system;
  if (lab === null) throw new Error("the lab does not run");
  // What a killed target left behind sleeps to its end.
  await new Promise((resolve) => setTimeout(resolve, 4500));
  const text = await Deno.readTextFile(`${lab.home}/runs`).catch(() => "");
  const times = text.split("\n").filter((line) => line === kind).length;
  const told = results.running.stdout === "done\n";
  ok(told ? times === 1 : times <= 1, `${kind} ran ${times} times, told: ${told}`);
}
