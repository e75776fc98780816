/**
 * A connection between a simulated agent and an edge: bytes arrive later, in order, cut anywhere,
 * as fast as the reader reads.
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";
import type { AgentConnection } from "#actors/edge_postgres/agent_connection.ts";
import type { Chance } from "./clock.ts";

/** The agent's end. */
export type AgentEnd = {
  send(bytes: Uint8Array): void;
  /** Closes as a program that ends, or crashes, does. */
  close(): void;
};

export type Wire = {
  readonly edge: AgentConnection;
  readonly agent: AgentEnd;
  /** The edge's process is gone: nobody there notices anything more. */
  reset(): void;
};

export type WireOptions = {
  readonly clock: Clock;
  readonly chance: Chance;
  /** How many bytes the agent reads in a millisecond. */
  readonly bytesPerMs: number;
  readonly received: (bytes: Uint8Array) => void;
  /** The connection is over; `reset`: because the edge's process is gone. */
  readonly closed: (how: "ended" | "reset") => void;
};

type Piece = { readonly bytes: Uint8Array; readonly taken: (() => void) | undefined };

/** Creates the wire, connected. */
export function connect(options: WireOptions): Wire {
  const { clock, chance, bytesPerMs } = options;
  const listeners: (() => void)[] = [];
  const arrived: Uint8Array[] = [];
  let hears: ((chunk: Uint8Array) => void) | null = null;
  let paused = false;
  let edgeOpen = true;
  let edgeGone = false;
  let agentOpen = true;
  let waiting = 0;

  const up = line(clock, () => chance.between(0, 2));
  const down = line(clock, (bytes) => chance.between(0, 2) + bytes / bytesPerMs);
  return { edge: { ...edgeEnd(), hear }, agent: { send, close }, reset };

  function edgeEnd(): Omit<AgentConnection, "hear"> {
    return {
      address: "192.0.2.7",
      tlsVersion: () => "TLSv1.3",
      encrypted: true,
      upgrade: () => Promise.reject(new Error("TLS is on already")),
      closed: (listener) => void listeners.push(listener),
      isOpen: () => edgeOpen,
      write: (bytes, taken) => edgeOpen && write({ bytes: bytes.slice(), taken }),
      waitingBytes: () => waiting,
      cork() {},
      uncork() {},
      pause: () => void (paused = true),
      resume() {
        paused = false;
        give();
      },
      end(bytes) {
        if (!edgeOpen) return;
        if (bytes !== undefined) write({ bytes: bytes.slice(), taken: undefined });
        down.put(0, () => over("ended"));
      },
      destroy: () => over("ended"),
    };
  }

  function write({ bytes, taken }: Piece): void {
    waiting += bytes.length;
    for (let start = 0; start < bytes.length;) {
      const end = chance.of(0.7) ? bytes.length : start + 1 + chance.below(bytes.length - start);
      const chunk = bytes.subarray(start, end);
      start = end;
      down.put(chunk.length, () => {
        waiting -= chunk.length;
        if (agentOpen) options.received(chunk);
        if (end === bytes.length && !edgeGone) taken?.();
      });
    }
  }

  function hear(listener: ((chunk: Uint8Array) => void) | null): void {
    hears = listener;
    give();
  }

  function give(): void {
    while (hears !== null && !paused && edgeOpen && !edgeGone) {
      const next = arrived.shift();
      if (next === undefined) return;
      hears(next);
    }
  }

  function send(bytes: Uint8Array): void {
    if (!agentOpen) return;
    up.put(bytes.length, () => {
      arrived.push(bytes);
      give();
    });
  }

  function close(): void {
    if (!agentOpen) return;
    agentOpen = false;
    up.put(0, () => over("ended"));
  }

  function over(how: "ended" | "reset"): void {
    if (!edgeOpen) return;
    edgeOpen = false;
    if (!edgeGone) { for (const listener of [...listeners]) listener(); }
    if (!agentOpen) return;
    agentOpen = false;
    options.closed(how);
  }

  function reset(): void {
    edgeGone = true;
    clock.after(chance.between(0, 2), () => over("reset"));
  }
}

/** What is put in comes out in order, each after its delay behind the one before. */
function line(clock: Clock, delayOf: (bytes: number) => number) {
  let freeMs = 0;
  return {
    put(bytes: number, run: () => void): void {
      freeMs = Math.max(freeMs, clock.nowMs()) + delayOf(bytes);
      clock.after(freeMs - clock.nowMs(), run);
    },
  };
}
