/**
 * What the conformance suite needs of an implementation of the bus: clients by the name of their
 * key, a server that stops and starts, and its time.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import type { Clock } from "#actors/_kit/clock.ts";
import { type MemoryFaults, memoryLimits, memoryServer } from "#actors/_kit/memory_bus.ts";
import type { MemoryServer } from "#actors/_kit/memory_bus.ts";
import { keysOf } from "#deploy/nats/accounts.ts";
import { inboxPrefixOf, permissionsOf } from "#deploy/nats/permissions.ts";
import { consumers, streams } from "#deploy/nats/streams.ts";

export const epoch = "2026_11";
export const shards = 2;
export const edges = ["pg1", "pg2"];
export const sshEdges = ["ssh1"];
export const scope = { epochs: [epoch], shards, replicas: 1 } as const;

export type Rig = {
  connect(name: string): Promise<Bus>;
  stop(): Promise<void>;
  start(): Promise<void>;
  sleep(ms: number): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

export type MemoryRig = Rig & { readonly server: MemoryServer; readonly clock: Clock };

/** The bus in memory, on a clock that runs as fast as its timers come. */
export function memoryRig(seed: number, faults: MemoryFaults = {}): MemoryRig {
  const clock = fastClock();
  const server = memoryServer({
    clock,
    random: seeded(seed),
    streams: streams({ epoch, shards, replicas: 1 }),
    consumers: consumers({ epoch, shards, replicas: 1 }),
    limits: memoryLimits,
    faults,
  });
  const buses: Bus[] = [];
  return {
    server,
    clock,
    connect(name) {
      const key = keysOf(edges).find((one) => one.name === name);
      if (key === undefined) throw new RangeError(`no key ${name}`);
      const permissions = permissionsOf(key, scope);
      const bus = server.connect({ name, inboxPrefix: inboxPrefixOf(key), permissions });
      buses.push(bus);
      return Promise.resolve(bus);
    },
    stop: () => Promise.resolve(server.stop()),
    start: () => Promise.resolve(server.start()),
    sleep: (ms) => new Promise((resolve) => void clock.after(ms, resolve)),
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus.close();
      clock.halt();
    },
  };
}

/** Time that jumps to the next timer whenever everything else is done. */
function fastClock(): Clock & { halt(): void } {
  const timers: { readonly dueMs: number; readonly order: number; callback(): void }[] = [];
  let nowMs = 1_795_000_000_000;
  let order = 0;
  let pump: ReturnType<typeof setTimeout> | null = null;
  let halted = false;
  return {
    nowMs: () => nowMs,
    after(afterMs, callback) {
      const timer = { dueMs: nowMs + Math.max(0, afterMs), order: order++, callback };
      timers.push(timer);
      arm();
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },
    halt() {
      halted = true;
      if (pump !== null) clearTimeout(pump);
    },
  };

  function arm(): void {
    if (pump !== null || halted || timers.length === 0) return;
    pump = setTimeout(() => {
      pump = null;
      timers.sort((left, right) => left.dueMs - right.dueMs || left.order - right.order);
      const next = timers.shift();
      if (next !== undefined) {
        nowMs = Math.max(nowMs, next.dueMs);
        next.callback();
      }
      arm();
    }, 0);
  }
}

/** mulberry32: a small generator, good enough to draw delays. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
