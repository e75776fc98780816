/**
 * One run: the whole system with its agents and people under a schedule of faults, then healed and
 * drained, then held against its guarantees.
 *
 * @module
 */
import { type Agent, hangs, startAgent } from "./agent.ts";
import {
  startApproval,
  startAudit,
  startAuthz,
  startIdentity,
  startMasking,
  startTarget,
} from "./actors.ts";
import { describeSession } from "./describe.ts";
import { check } from "./checks.ts";
import { type EdgeRunning, type SshEdgeRunning, startEdge, startSshEdge } from "./edges.ts";
import { type Faults, startFaults } from "./faults.ts";
import { type Person, requesters, startPeople } from "./people.ts";
import { connectAs, type Start, supervise, type Supervised } from "./processes.ts";
import { startSshAgent } from "./ssh_agent.ts";
import type { Wire } from "./wire.ts";
import { createWorld, edges, elapsed, sshEdges, type World } from "./world.ts";

export type ScenarioOptions = {
  readonly seed: number;
  readonly agents: number;
  /** Agents that run commands over SSH; with none there is no edge of SSH either. */
  readonly sshAgents?: number;
  /** Moves of each agent. */
  readonly moves: number;
  /** How long faults go on, virtual milliseconds. */
  readonly troubledMs: number;
  readonly faults: Faults;
};

export type Result = {
  readonly findings: readonly string[];
  /** The last lines that the processes said. */
  readonly log: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  /** What the stream holds of a session, by the name of its agent's connection. */
  readonly describe: (name: string) => readonly string[];
};

/** After this long without faults everything must be done. */
const drainMsMax = 900_000;

/** Runs a scenario; the same options give the same result. */
export async function runScenario(options: ScenarioOptions): Promise<Result> {
  const world = createWorld(options.seed);
  const bug = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    const { reason } = event;
    world.find(`a rejection that nobody handles: ${reason instanceof Error ? reason.stack : ""}`);
  };
  globalThis.addEventListener("unhandledrejection", bug);
  try {
    return await run(world, options);
  } finally {
    globalThis.removeEventListener("unhandledrejection", bug);
  }
}

async function run(world: World, options: ScenarioOptions): Promise<Result> {
  const { clock, chance } = world;
  const gates = new Map<string, EdgeRunning>();
  const { sshAgents = 0 } = options;
  const sshGates = new Map<string, SshEdgeRunning>();
  const processes = [
    ...startProcesses(world, gates),
    ...(sshAgents === 0 ? [] : startSshEdges(world, sshGates)),
  ];
  const people = startPeople(world, connectAs(world, "console", "people"), chance.fork("people"));
  const runners = Array.from({ length: sshAgents }, (_, index) => {
    const edge = sshEdges[index % sshEdges.length] ?? "";
    return startSshAgent(world, {
      name: `runner${index}`,
      who: requesterOf(index),
      chance: chance.fork(`runner ${index}`),
      moves: options.moves,
      dial: (agent, reset) => sshGates.get(edge)?.accept(agent, reset) ?? null,
    });
  });
  const clients = Array.from({ length: options.agents }, (_, index) => {
    const edge = edges[index % edges.length] ?? "";
    return startAgent(world, {
      name: `agent${index}`,
      who: requesterOf(index),
      chance: chance.fork(`agent ${index}`),
      moves: options.moves,
      dial: (wire) => dial(gates.get(edge), wire),
    });
  });
  const agents = [...clients, ...runners];
  const faults = startFaults(world, processes, options.faults, chance.fork("faults"));
  watch(world, agents);
  await clock.run(clock.nowMs() + options.troubledMs, () => world.findings.length > 0);
  faults.heal();
  const healedMs = clock.nowMs();
  const until = healedMs + drainMsMax;
  await clock.run(until, () => world.findings.length > 0 || agents.every((one) => one.done()));
  const early = world.findings.length > 0;
  for (const agent of agents) {
    if (!early && !agent.done()) world.find(`${agent.name} did not come to its end`);
  }
  // What still lets go of sessions does so within an idle edge's, a statement's and a hold's time.
  if (world.findings.length === 0) await clock.run(clock.nowMs() + 240_000);
  const checked = early ? {} : await check(world, processes);
  const counts: Record<string, number> = { ...checked, ...people, ...faults.counts };
  for (const agent of agents) add(counts, agent.counts);
  counts["virtual seconds"] = Math.round(elapsed(world));
  const describe = (name: string) => describeSession(world, name);
  return { findings: world.findings, log: world.log, counts, describe };
}

function startProcesses(world: World, gates: Map<string, EdgeRunning>): Supervised[] {
  const pairs: readonly (readonly [string, Start])[] = [
    ["target", startTarget],
    ["identity", startIdentity],
    ["authz", startAuthz],
    ["masking", startMasking],
    ["approval", startApproval],
    ["audit", startAudit],
  ];
  // Two of each kind: one works, the other stands by.
  const doubled = pairs.flatMap(([kind, start]) => {
    return ["a", "b"].map((half) => supervise(world, kind, `${kind}_${half}`, start));
  });
  const single = edges.map((edge) =>
    supervise(
      world,
      edge,
      edge,
      startEdge((running) => {
        if (running === null) gates.delete(edge);
        else gates.set(edge, running);
      }),
    )
  );
  return [...doubled, ...single];
}

function startSshEdges(world: World, gates: Map<string, SshEdgeRunning>): Supervised[] {
  return sshEdges.map((edge) => {
    const start = startSshEdge((running) => {
      if (running === null) gates.delete(edge);
      else gates.set(edge, running);
    });
    return supervise(world, edge, edge, start);
  });
}

function requesterOf(index: number): Person {
  const who = requesters[index % requesters.length];
  if (who === undefined) throw new RangeError("There is nobody to ask");
  return who;
}

function dial(gate: EdgeRunning | undefined, wire: Wire): boolean {
  gate?.accept(wire.edge, wire.reset);
  return gate !== undefined;
}

/** Notices agents that wait for ever, while they do. */
function watch(world: World, agents: readonly Agent[]): void {
  world.clock.after(5000, () => {
    for (const agent of agents) {
      if (hangs(agent)) world.find(`${agent.name} waits for ever`);
    }
    watch(world, agents);
  });
}

function add(to: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count;
}
