/**
 * What goes wrong while a simulation runs: messages, processes, lines, the bus, the server.
 *
 * @module
 */
import type { MemoryFaults, PublishFate } from "#actors/_kit/memory_bus.ts";
import type { Chance } from "./clock.ts";
import { noTrouble, type Trouble } from "./postgres.ts";
import type { Supervised } from "./processes.ts";
import { edges, sshEdges, type World } from "./world.ts";

/** Probabilities for each message, and mean times between events in milliseconds; 0: never. */
export type Faults = {
  readonly publish: Readonly<Record<Exclude<PublishFate, "stored">, number>>;
  readonly passing: { readonly lost: number; readonly twice: number; readonly late: number };
  /** Between deaths of processes. */
  readonly crashEveryMs: number;
  /** Between stops, as planned, of what lets agents in. */
  readonly stopEveryMs: number;
  /** Between processes cut off from the bus. */
  readonly partitionEveryMs: number;
  /** Between stops of the bus. */
  readonly busEveryMs: number;
  /** Between times in which the stream takes nothing more. */
  readonly fullEveryMs: number;
  /** Between deaths of the server's connections. */
  readonly upstreamEveryMs: number;
  readonly server: Trouble;
  /** For each request that target is given. */
  readonly tampering: number;
};

export const noFaults: Faults = {
  publish: { lost: 0, stored_acknowledgement_lost: 0, storage_full: 0 },
  passing: { lost: 0, twice: 0, late: 0 },
  crashEveryMs: 0,
  stopEveryMs: 0,
  partitionEveryMs: 0,
  busEveryMs: 0,
  fullEveryMs: 0,
  upstreamEveryMs: 0,
  server: noTrouble,
  tampering: 0,
};

/** What a seed draws: some kinds of faults, each more or less. */
export function drawFaults(chance: Chance): Faults {
  const some = (most: number) => chance.of(0.5) ? chance.between(0, most) : 0;
  const stops = chance.fork("stops");
  const every = (fromMs: number) => chance.of(0.5) ? chance.between(fromMs, fromMs * 5) : 0;
  return {
    publish: {
      lost: some(0.01),
      stored_acknowledgement_lost: some(0.02),
      storage_full: some(0.003),
    },
    passing: { lost: some(0.05), twice: some(0.1), late: some(0.1) },
    crashEveryMs: every(6000),
    stopEveryMs: stops.of(0.5) ? stops.between(6000, 30_000) : 0,
    partitionEveryMs: every(10_000),
    busEveryMs: every(30_000),
    fullEveryMs: every(40_000),
    upstreamEveryMs: every(8000),
    server: { refuses: some(0.1), slow: some(0.1), dies: some(0.03) },
    tampering: some(0.02),
  };
}

export type FaultCounts = Record<string, number>;

/** Starts the faults; `heal` ends them all. */
export function startFaults(
  world: World,
  processes: readonly Supervised[],
  faults: Faults,
  chance: Chance,
): { heal(): void; readonly counts: FaultCounts } {
  const { bus, clock, postgres, host } = world;
  const counts: FaultCounts = {};
  const cutOff = new Set<string>();
  let full = false;
  let stopped = false;
  let healed = false;
  bus.faults(messageFaults());
  postgres.trouble = { ...faults.server };
  host.trouble = { ...faults.server };
  world.tampering = faults.tampering;
  repeat(faults.crashEveryMs, "crashes", () => {
    chance.pick(processes).kill(
      chance.of(0.7) ? chance.between(0, 500) : chance.between(0, 20_000),
    );
  });
  const stops = chance.fork("stops");
  const stoppable = processes.filter(({ name }) => [...edges, ...sshEdges].includes(name));
  repeat(faults.stopEveryMs, "stops", () => {
    stops.pick(stoppable).stop(stops.between(0, 2000));
  }, stops);
  repeat(faults.partitionEveryMs, "partitions", () => {
    const { name } = chance.pick(processes);
    bus.partition(name, { silent: chance.of(0.6) });
    cutOff.add(name);
    clock.after(chance.between(100, 20_000), () => mend(name));
  });
  repeat(faults.busEveryMs, "bus stops", () => {
    if (stopped) return;
    stopped = true;
    bus.stop();
    clock.after(chance.between(10, 15_000), start);
  });
  repeat(faults.fullEveryMs, "times full", () => {
    full = true;
    clock.after(chance.between(100, 10_000), () => void (full = false));
  });
  repeat(faults.upstreamEveryMs, "connections cut", () => {
    const share = chance.between(0, 0.6);
    postgres.cut(() => chance.of(share));
    host.cut(() => chance.of(share));
  });
  return { heal, counts };

  function messageFaults(): MemoryFaults {
    return {
      publish(_client, subject) {
        const { lost, stored_acknowledgement_lost: unheard, storage_full: refused } =
          faults.publish;
        if (full && subject.startsWith("audit.")) return counted("storage_full");
        const drawn = chance();
        if (drawn < lost) return counted("lost");
        if (drawn < lost + unheard) return counted("stored_acknowledgement_lost");
        return drawn < lost + unheard + refused ? counted("storage_full") : "stored";
      },
      passing() {
        const { lost, twice, late } = faults.passing;
        const delayMs = chance.of(late) ? chance.between(1, 3000) : 0;
        if (chance.of(lost)) return { copies: 0, delayMs };
        return { copies: chance.of(twice) ? 2 : 1, delayMs };
      },
    };
  }

  function counted(fate: PublishFate): PublishFate {
    counts[`publish ${fate}`] = (counts[`publish ${fate}`] ?? 0) + 1;
    return fate;
  }

  function repeat(everyMs: number, name: string, happen: () => void, when = chance): void {
    if (everyMs === 0) return;
    clock.after(when.between(0, everyMs * 2), () => {
      if (healed) return;
      counts[name] = (counts[name] ?? 0) + 1;
      happen();
      repeat(everyMs, name, happen, when);
    });
  }

  function start(): void {
    if (!stopped) return;
    stopped = false;
    bus.start();
  }

  function mend(name: string): void {
    if (cutOff.delete(name)) bus.heal(name);
  }

  function heal(): void {
    healed = true;
    full = false;
    bus.faults({});
    postgres.trouble = { ...noTrouble };
    host.trouble = { ...noTrouble };
    world.tampering = 0;
    start();
    for (const name of [...cutOff]) mend(name);
  }
}
