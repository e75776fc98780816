/**
 * SIGKILL for each actor of a gateway of SSH while sessions wait for input, run a command and
 * stream output, and for the target's host itself. A session goes on or ends in words; nothing runs
 * twice; what may have run is recorded as unknown (G7).
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { ProcessKind } from "#deploy/processes.ts";
import type { Outcome } from "#schemas/frames.ts";
import { settledOutcomes } from "./bus_user.ts";
import {
  openLabSystem,
  printed,
  type RunningClient,
  type SshClient,
  sshClient,
  type SshResult,
} from "./ssh_client.ts";
import { closeReasons } from "./ssh_frames.ts";
import { eventually, type Rig, scenario, startRig } from "./support.ts";

const states = ["idle", "running", "streaming"] as const;
type State = (typeof states)[number];
type Sessions = Readonly<Record<State, RunningClient>>;
type Status = Outcome["status"];
const lines = 150_000;

Deno.test("actors are killed under sessions of SSH", async (test) => {
  await using rig = await startRig(openLabSystem);

  for (const kind of ["authz", "approval", "audit", "identity"] as const) {
    await scenario(test, rig, `${kind} is killed: every session goes on`, async () => {
      const { results, outcomes } = await under(rig, kind, () => killActor(rig, kind));
      for (const state of states) {
        strictEqual(results[state].stderr, "", state);
        strictEqual(results[state].code, 0, state);
        strictEqual(outcomes[state], "executed", state);
      }
      strictEqual(results.running.stdout, "started\ndone\n");
      strictEqual(results.streaming.stdout.split("\n").length - 1, lines);
    });
  }

  await scenario(test, rig, "masking is killed: what streams ends in words", async () => {
    const { results } = await under(rig, "masking", () => killActor(rig, "masking"));
    for (const state of states) {
      const { code, stderr } = results[state];
      if (code !== 0) match(stderr, /sallyport: the response was interrupted/, state);
    }
  });

  await scenario(test, rig, "target is killed: sessions end, what ran is unknown", async () => {
    const { results, outcomes } = await under(rig, "target", () => {
      return killActor(rig, "target");
    });
    for (const state of states) {
      strictEqual(results[state].code, 255, state);
      match(results[state].stderr, /sallyport: the target was lost while the request ran/, state);
      strictEqual(outcomes[state], "unknown", state);
    }
  });

  await scenario(test, rig, "the edge is killed: sessions are closed on the record", async () => {
    const { results, outcomes } = await under(rig, "edge_ssh", () => {
      return killActor(rig, "edge_ssh");
    });
    for (const state of states) {
      strictEqual(results[state].code, 255, state);
      ok(["unknown", "executed"].includes(outcomes[state] ?? ""), state);
    }
  });

  await scenario(
    test,
    rig,
    "the edge is stopped: what runs ends first, and all is closed",
    async () => {
      await using client = await sshClient(rig.system);
      const control = `${client.folder}/control`;
      const bare = await client.start(["-M", "-S", control, "-N", "gw"]);
      await eventually("a connection without a channel stands", async () => {
        return (await client.ssh(["-S", control, "-O", "check", "gw"])).code === 0 || undefined;
      });
      const running = await client.start(["gw", "echo started; cat; echo done"]);
      await printed(running, /started/);
      const edge = rig.system.actor("edge_ssh");
      const stopping = edge.stop();
      strictEqual((await bare.finished).code, 255);
      await running.type("typed\n");
      await running.end();
      deepStrictEqual(await running.finished, {
        code: 0,
        stdout: "started\ntyped\ndone\n",
        stderr: "",
      });
      await stopping;
      strictEqual((await edge.exited).code, 0);
      await rig.system.restart("edge_ssh");
      deepStrictEqual((await closeReasons(rig)).slice(-1), ["closed"]);
      strictEqual((await client.ssh(["gw", "echo new"])).stdout, "new\n");
    },
  );

  await scenario(test, rig, "the host breaks off: what ran is unknown", async () => {
    const { results, outcomes } = await under(rig, "host", () => killSessions(rig));
    for (const state of states) {
      strictEqual(results[state].code, 255, state);
      match(results[state].stderr, /sallyport: the target was lost while the request ran/, state);
      strictEqual(outcomes[state], "unknown", state);
    }
  });

  await scenario(
    test,
    rig,
    "a host that is gone is told in words, and nothing is run",
    async () => {
      await using client = await sshClient(rig.system);
      await rig.system.lab?.kill();
      const { code, stderr } = await client.ssh(["gw", "echo ran"]);
      strictEqual(code, 255);
      match(stderr, /the target could not be reached: the host refused the connection/);
      await rig.system.lab?.restart();
      strictEqual((await client.ssh(["gw", "echo ran"])).stdout, "ran\n");
    },
  );
});

/** Brings three sessions into three states, does the harm, and lets them end. */
async function under(rig: Rig, name: string, harm: () => Promise<void>) {
  await using client = await sshClient(rig.system);
  const sessions = await openSessions(client, name);
  await harm();
  await Deno.writeTextFile(`${rig.system.lab?.home}/${name}-over`, "");
  await sessions.idle.type(`${name}-idle\n`).catch(() => {});
  const finish = async (running: RunningClient) => {
    await running.end().catch(() => {});
    return await running.finished;
  };
  const [idle, running, streaming] = await Promise.all([
    finish(sessions.idle),
    finish(sessions.running),
    finish(sessions.streaming),
  ]);
  const results = { idle, running, streaming };
  const outcomes = await eventually(`the sessions under ${name} are settled`, () => {
    return settledStatuses(rig, name);
  }, 60_000);
  await isRunOnce(rig, name, results);
  // Who comes anew is served.
  await using fresh = await sshClient(rig.system);
  strictEqual((await fresh.ssh(["gw", "echo new"])).stdout, "new\n");
  return { results, outcomes };
}

async function openSessions(client: SshClient, name: string): Promise<Sessions> {
  // The first words of each command tell the sessions apart in the record.
  const open = (state: State, command: string) => {
    return client.start(["gw", `: ${name}-${state}; ${command}`]);
  };
  const batch = 1000;
  const half = lines / batch / 2;
  // What runs and what streams goes on when the harm was done, and not before.
  const wait = `until [ -e ${name}-over ]; do sleep 0.1; done`;
  const [idle, running, streaming] = await Promise.all([
    open("idle", "echo here; cat >> runs"),
    open("running", `echo started; ${wait}; echo ${name}-running >> runs; echo done`),
    open(
      "streaming",
      `for i in $(seq 1 ${lines / batch}); do seq 1 ${batch}; [ $i != ${half} ] || ${wait}; done`,
    ),
  ]);
  await Promise.all([
    printed(idle, /here/),
    printed(running, /started/),
    printed(streaming, /999/),
  ]);
  return { idle, running, streaming };
}

async function killActor(rig: Rig, kind: ProcessKind): Promise<void> {
  await rig.system.actor(kind).kill();
  await rig.system.restart(kind);
}

/** The host's own processes that serve connections; its listener stays. */
async function killSessions(rig: Rig): Promise<void> {
  const listener = rig.system.lab?.pid ?? 0;
  const parents = new Map<number, number>();
  const servers = new Set<number>();
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    parents.set(Number(name), Number(parent));
    if (/\(sshd/.test(stat)) servers.add(Number(name));
  }
  const serves = (pid: number): boolean => {
    const parent = parents.get(pid) ?? 0;
    return parent === listener || parent > 1 && serves(parent);
  };
  const serving = [...servers].filter(serves);
  ok(serving.length >= states.length);
  for (const pid of serving) Deno.kill(pid, "SIGKILL");
}

/** The outcomes of what each session was opened for, once all are closed and settled. */
async function settledStatuses(
  rig: Rig,
  name: string,
): Promise<Readonly<Record<State, Status | undefined>> | undefined> {
  await using auditor = await rig.auditor();
  const frames = await auditor.frames();
  const statuses: Record<State, Status | undefined> = {
    idle: undefined,
    running: undefined,
    streaming: undefined,
  };
  for (const state of states) {
    const session = frames.find(({ kind, request, payload }) => {
      const text = new TextDecoder("latin1").decode(payload);
      return kind === "request" && request === 1 && text.includes(`: ${name}-${state};`);
    })?.key.session;
    const outcomes = session === undefined ? null : settledOutcomes(frames, session);
    if (outcomes === null) return;
    statuses[state] = outcomes.find(({ request }) => request === 1)?.status;
  }
  return statuses;
}

/** Each line is there at most once, and exactly once when its client was told so. */
async function isRunOnce(
  rig: Rig,
  name: string,
  results: Readonly<Record<State, SshResult>>,
): Promise<void> {
  const text = await Deno.readTextFile(`${rig.system.lab?.home}/runs`);
  const count = (line: string) => text.split("\n").filter((one) => one === line).length;
  const times = count(`${name}-running`);
  const told = results.running.stdout.includes("done");
  ok(told ? times === 1 : times <= 1, `${name}-running ran ${times} times, told: ${told}`);
  ok(count(`${name}-idle`) <= 1, `the input of ${name}-idle`);
  if (results.idle.code === 0) strictEqual(count(`${name}-idle`), 1);
}
