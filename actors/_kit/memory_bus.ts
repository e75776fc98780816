/**
 * The bus in memory, for simulation: the semantics of `nats.ts` under one conformance suite, driven
 * by an injected clock and seeded randomness, with faults that a network and a server have.
 *
 * Theory of operation. Each client has a line to the server and one back; what goes over a line
 * arrives in order after a drawn delay, or not at all when the client is cut off. Stored messages
 * are delivered over the line in order; republished and passing messages may be dropped, doubled
 * or delayed past each other, because core NATS promises nothing. Permissions are the server's own
 * lists, so that a simulated actor is refused what the real one would be refused.
 *
 * **Invariant:** the same seed, clock and calls give the same run.
 *
 * @module
 */
import { type Bus, BusError, type StoredMessage } from "#actors/_kit/bus.ts";
import type { HeaderMap, PassingMessage, Published, PublishOptions } from "#actors/_kit/bus.ts";
import type { Clock } from "#actors/_kit/clock.ts";
import { type MemoryClient, memoryClient } from "#actors/_kit/memory_client.ts";
import { type MemoryConsumer, memoryConsumer } from "#actors/_kit/memory_consumer.ts";
import { type MemoryStream, memoryStream, type StreamConfig } from "#actors/_kit/memory_store.ts";

/** What becomes of one publish. Both failures look alike to the publisher: a timeout. */
export type PublishFate = "stored" | "lost" | "stored_acknowledgement_lost" | "storage_full";
/** What becomes of one republished or passing message on its way to one client. */
export type PassingFate = { readonly copies: number; readonly delayMs: number };

export type MemoryFaults = {
  publish?(client: string, subject: string): PublishFate;
  passing?(client: string, subject: string): PassingFate;
};

export type MemoryBusOptions = {
  readonly clock: Clock;
  /** Uniform in [0, 1), seeded. */
  readonly random: () => number;
  readonly streams: readonly StreamConfig[];
  readonly consumers: readonly { readonly stream: string; readonly config: StreamConfig }[];
  readonly limits: MemoryLimits;
  readonly faults?: MemoryFaults;
};
export type MemoryLimits = {
  readonly publishMsMax: number;
  readonly publishesPendingMax: number;
  readonly payloadBytesMax: number;
  /** The longest that a message takes from client to server or back. */
  readonly lineDelayMsMax: number;
};
export const memoryLimits: MemoryLimits = {
  publishMsMax: 5_000,
  publishesPendingMax: 16_384,
  payloadBytesMax: 1_000_000,
  lineDelayMsMax: 2,
};

/** Subject patterns, as the server has them; without them everything is allowed. */
export type MemoryPermissions = {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
};
export type MemoryServer = {
  connect(client: {
    readonly name: string;
    readonly inboxPrefix: string;
    readonly permissions?: MemoryPermissions;
    /** A handler threw, or a subscription was refused. */
    readonly fault?: (error: unknown) => void;
  }): Bus;
  /** Stops the server: every client notices; memory streams are lost. */
  stop(): void;
  start(): void;
  /** Cuts clients of this name off. Unless `silent` they notice at once. */
  partition(name: string, options?: { silent: boolean }): void;
  heal(name: string): void;
  /** Replaces the faults. */
  faults(faults: MemoryFaults): void;
  /** All that a stream holds, for checkers. */
  stored(stream: string): StoredMessage[];
};

/** What a client asks of the server, once its line carried it there. */
export type ServerSide = {
  running(): boolean;
  readonly options: MemoryBusOptions;
  fateOfPublish(client: string, subject: string): PublishFate;
  append(
    subject: string,
    payload: Uint8Array,
    headers: HeaderMap,
    options: PublishOptions,
  ): Published;
  stream(name: string): MemoryStream | null;
  consumer(stream: string, name: string): MemoryConsumer | null;
  pass(message: PassingMessage): void;
  responder(subject: string): MemoryClient | null;
  changed: Set<() => void>;
};

/** Creates the server with its streams and consumers, running. */
export function memoryServer(options: MemoryBusOptions): MemoryServer {
  const { clock, random } = options;
  const streams = new Map(options.streams.map((config) => [config.name, memoryStream(config)]));
  const consumers = new Map<string, MemoryConsumer>();
  const clients = new Set<MemoryClient>();
  const changed = new Set<() => void>();
  let faults = options.faults ?? {};
  let running = true;
  for (const { stream, config } of options.consumers) {
    const source = streams.get(stream);
    if (source === undefined) throw new RangeError(`No stream ${stream}`);
    const made = memoryConsumer(config, source, clock, () => running);
    consumers.set(`${stream}.${config.name}`, made);
  }

  const side: ServerSide = {
    running: () => running,
    options,
    fateOfPublish: (client, subject) => faults.publish?.(client, subject) ?? "stored",
    append,
    stream: (name) => streams.get(name) ?? null,
    consumer: (stream, name) => consumers.get(`${stream}.${name}`) ?? null,
    pass,
    responder(subject) {
      const able = [...clients].filter((one) => one.reachable() && one.answers(subject));
      return able[Math.floor(random() * able.length)] ?? null;
    },
    changed,
  };

  return {
    connect(client) {
      const made = memoryClient(side, client, () => clients.delete(made));
      clients.add(made);
      return made.bus;
    },
    stop() {
      running = false;
      for (const client of clients) client.down();
      for (const stream of streams.values()) if (!stream.durable) stream.clear();
    },
    start() {
      running = true;
      for (const consumer of consumers.values()) consumer.restart();
      for (const client of clients) client.up();
      notify();
    },
    partition(name, how) {
      for (const client of named(name)) client.cut(how?.silent ?? false);
      notify();
    },
    heal(name) {
      for (const client of named(name)) client.heal();
      notify();
    },
    faults(next) {
      faults = next;
    },
    stored(name) {
      const stream = streams.get(name);
      const found: StoredMessage[] = [];
      for (let from = 1; stream !== undefined;) {
        const message = stream.next(from, [], clock.nowMs());
        if (message === null) break;
        found.push(message);
        from = message.sequence + 1;
      }
      return found;
    },
  };

  function named(name: string): MemoryClient[] {
    return [...clients].filter((client) => client.name === name);
  }

  function append(
    subject: string,
    payload: Uint8Array,
    headers: HeaderMap,
    conditions: PublishOptions,
  ): Published {
    const stream = [...streams.values()].find((one) => one.takes(subject));
    if (stream === undefined) throw new BusError("unavailable", "No responders");
    const answer = stream.append(subject, payload, headers, conditions, clock.nowMs());
    if (answer.stored !== null) {
      const released = stream.releases(subject);
      if (released !== null) pass(toReleased(released, answer.stored, answer.before));
      notify();
    }
    return { sequence: answer.sequence, duplicate: answer.duplicate };
  }

  function pass(message: PassingMessage): void {
    for (const client of clients) {
      if (!client.hears(message.subject)) continue;
      const fate = faults.passing?.(client.name, message.subject) ?? { copies: 1, delayMs: 0 };
      for (let copy = 0; copy < fate.copies; copy++) client.receive(message, fate.delayMs);
    }
  }

  function notify(): void {
    for (const consumer of consumers.values()) consumer.pump();
    for (const listener of [...changed]) listener();
  }
}

function toReleased(subject: string, stored: StoredMessage, before: number): PassingMessage {
  const headers = new Map(stored.headers);
  headers.set("Nats-Sequence", String(stored.sequence)).set("Nats-Last-Sequence", String(before));
  return { subject, headers, payload: stored.payload };
}
