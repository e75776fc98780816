/**
 * One client of the bus in memory: its two lines to the server, and the port over them.
 *
 * @module
 */
import { type Bus, BusError } from "#actors/_kit/bus.ts";
import type { HeaderMap, PassingMessage, Published, PublishOptions } from "#actors/_kit/bus.ts";
import type { MemoryPermissions, ServerSide } from "#actors/_kit/memory_bus.ts";
import { memoryLine } from "#actors/_kit/memory_line.ts";
import { memoryReading } from "#actors/_kit/memory_reading.ts";
import type { MemoryStream } from "#actors/_kit/memory_store.ts";
import { allowsSubject, encodeStoredHeaders, matchesSubject } from "#actors/_kit/nats_wire.ts";

export type MemoryClient = {
  readonly name: string;
  readonly bus: Bus;
  reachable(): boolean;
  hears(subject: string): boolean;
  answers(subject: string): boolean;
  receive(message: PassingMessage, delayMs: number): void;
  ask(subject: string, payload: Uint8Array, answer: (payload: Uint8Array) => void): void;
  /** The server stopped. */
  down(): void;
  /** Cut off from the server; silently, so that it only sees time limits pass. */
  cut(silent: boolean): void;
  heal(): void;
  /** The server runs again. */
  up(): void;
};

type Listener = { readonly pattern: string; handler(message: PassingMessage): void };
type Responder = { readonly subject: string; handler(payload: Uint8Array): Promise<Uint8Array> };

/** Creates the client, connected. */
export function memoryClient(
  server: ServerSide,
  options: {
    readonly name: string;
    readonly inboxPrefix: string;
    readonly permissions?: MemoryPermissions;
    readonly fault?: (error: unknown) => void;
  },
  forget: () => void,
): MemoryClient {
  const { clock, random, limits } = server.options;
  const { name, permissions, inboxPrefix } = options;
  const listeners = new Set<Listener>();
  const responders = new Set<Responder>();
  const waiting = new Set<(error: BusError) => void>();
  const resumes = new Set<() => void>();
  const reachable = () => client.reachable();
  const delayOf = () => random() * limits.lineDelayMsMax;
  const uplink = memoryLine(clock, delayOf, reachable);
  const downlink = memoryLine(clock, delayOf, reachable);
  const reading = memoryReading({
    server,
    clock,
    inboxPrefix,
    uplink,
    downlink,
    resumes,
    reachable,
    known,
    ask,
    guard,
  });
  let carries = true;
  let noticed = true;
  let closed = false;
  let cutOff = false;

  const bus: Bus = {
    flush: () =>
      answerable<void>(limits.publishMsMax, (resolve) => {
        uplink.put(() => downlink.put(resolve));
      }),
    publish,
    send(subject, payload) {
      if (!bus.connected() || !allowsSubject(permissions?.publish, subject)) return;
      const message = { subject, headers: new Map<string, string>(), payload: payload.slice() };
      uplink.put(() => server.pass(message));
    },
    subscribe(pattern, handler) {
      if (refusesSubscription(pattern)) return { stop: () => Promise.resolve() };
      const listener = { pattern, handler };
      listeners.add(listener);
      return { stop: () => Promise.resolve(void listeners.delete(listener)) };
    },
    request,
    respond(subject, handler) {
      if (refusesSubscription(subject)) return { stop: () => Promise.resolve() };
      const responder = { subject, handler };
      responders.add(responder);
      return { stop: () => Promise.resolve(void responders.delete(responder)) };
    },
    ...reading,
    async last(stream, subject) {
      const asked = `$JS.API.DIRECT.GET.${stream}.${subject}`;
      return await ask(asked, () => known(stream).last(subject));
    },
    async state(stream) {
      const asked = `$JS.API.STREAM.INFO.${stream}`;
      return await ask(asked, () => known(stream).state(clock.nowMs()));
    },
    connected: () => noticed && !closed,
    close() {
      failWaiting("bus was closed");
      closed = true;
      carries = false;
      forget();
      return Promise.resolve();
    },
  };
  const client: MemoryClient = {
    name,
    bus,
    reachable: () => carries && server.running() && !closed,
    hears: (subject) => [...listeners].some((one) => matchesSubject(one.pattern, subject)),
    answers: (subject) => [...responders].some((one) => one.subject === subject),
    receive(message, delayMs) {
      if (delayMs === 0) return downlink.put(() => hear(message));
      // Past the line: later ones may come before it.
      clock.after(delayMs, () => {
        if (client.reachable()) hear(message);
      });
    },
    ask(subject, payload, answer) {
      downlink.put(() => {
        const responder = [...responders].find((one) => one.subject === subject);
        responder?.handler(payload)
          .then((result) => uplink.put(() => answer(result)))
          .catch((error) => fault(error));
      });
    },
    down() {
      drop();
      noticed = false;
      failWaiting("connection was lost");
    },
    cut(silent) {
      cutOff = true;
      drop();
      if (silent) return;
      noticed = false;
      failWaiting("connection was lost");
    },
    heal() {
      cutOff = false;
      client.up();
    },
    up() {
      if (closed || cutOff || !server.running()) return;
      carries = true;
      noticed = true;
      for (const resume of [...resumes]) resume();
    },
  };
  return client;

  function drop(): void {
    carries = false;
    uplink.clear();
    downlink.clear();
  }

  function failWaiting(why: string): void {
    for (const reject of [...waiting]) reject(new BusError("unavailable", `Bus: ${why}`));
    waiting.clear();
  }

  function fault(error: unknown): void {
    if (options.fault !== undefined) options.fault(error);
    else reportError(error);
  }

  function guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      fault(error);
    }
  }

  function hear(message: PassingMessage): void {
    for (const one of [...listeners]) {
      if (matchesSubject(one.pattern, message.subject)) guard(() => one.handler(message));
    }
  }

  function refusesSubscription(pattern: string): boolean {
    if (allowsSubject(permissions?.subscribe, pattern)) return false;
    fault(new BusError("refused", "Subscription is not permitted"));
    return true;
  }

  /** A promise that a lost connection, or the time limit, rejects. */
  function answerable<Answer>(
    timeoutMs: number,
    start: (resolve: (answer: Answer) => void, reject: (error: unknown) => void) => void,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        waiting.delete(fail);
        forgetTimer();
      };
      const fail = (error: unknown) => {
        settle();
        reject(error);
      };
      const forgetTimer = clock.after(timeoutMs, () => {
        fail(new BusError("timeout", "No answer in time"));
      });
      waiting.add(fail);
      start((answer) => {
        settle();
        resolve(answer);
      }, fail);
    });
  }

  async function publish(
    subject: string,
    payload: Uint8Array,
    headers: HeaderMap,
    conditions: PublishOptions,
  ): Promise<Published> {
    if (!bus.connected()) throw new BusError("unavailable", "Cannot publish: disconnected");
    if (waiting.size >= limits.publishesPendingMax) {
      throw new BusError("unavailable", "Cannot publish: too many wait to be acknowledged");
    }
    const bytes = encodeStoredHeaders(headers, conditions).length + payload.length;
    if (bytes > limits.payloadBytesMax) {
      throw new BusError("too_large", `Cannot publish: ${bytes} bytes`);
    }
    const kept = payload.slice();
    const copied = new Map(headers);
    return await answerable(limits.publishMsMax, (resolve, reject) => {
      uplink.put(() => {
        const answer = serve(subject, kept, copied, conditions);
        if (answer === null) return;
        downlink.put(() => answer instanceof BusError ? reject(answer) : resolve(answer));
      });
    });
  }

  /** Null: no acknowledgement ever comes. */
  function serve(
    subject: string,
    payload: Uint8Array,
    headers: HeaderMap,
    conditions: PublishOptions,
  ): Published | BusError | null {
    if (!allowsSubject(permissions?.publish, subject)) {
      return new BusError("refused", "Cannot publish: subject is not permitted");
    }
    const fate = server.fateOfPublish(name, subject);
    if (fate === "lost") return null;
    if (fate === "storage_full") return new BusError("storage_full", "Stream is full");
    try {
      const published = server.append(subject, payload, headers, conditions);
      return fate === "stored" ? published : null;
    } catch (error) {
      if (error instanceof BusError) return error;
      throw error;
    }
  }

  /** Asks the JetStream API, over both lines. */
  async function ask<Answer>(subject: string | string[], answer: () => Answer): Promise<Answer> {
    if (!bus.connected()) throw new BusError("unavailable", "Cannot ask: disconnected");
    return await answerable(limits.publishMsMax, (resolve, reject) => {
      uplink.put(() => {
        const allowed = [subject].flat().every((one) => allowsSubject(permissions?.publish, one));
        downlink.put(() => {
          if (!allowed) return reject(new BusError("refused", "Cannot ask: not permitted"));
          try {
            resolve(answer());
          } catch (error) {
            reject(error);
          }
        });
      });
    });
  }

  function known(stream: string): MemoryStream {
    const found = server.stream(stream);
    if (found === null) throw new BusError("refused", `No stream ${stream}`);
    return found;
  }

  async function request(
    subject: string,
    payload: Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array> {
    if (!bus.connected()) throw new BusError("unavailable", "Cannot request: disconnected");
    const kept = payload.slice();
    return await answerable(timeoutMs, (resolve, reject) => {
      uplink.put(() => {
        const refused = !allowsSubject(permissions?.publish, subject);
        const responder = refused ? null : server.responder(subject);
        if (responder === null) {
          const error = refused
            ? new BusError("refused", "Cannot request: not permitted")
            : new BusError("unavailable", "No responders");
          return downlink.put(() => reject(error));
        }
        responder.ask(subject, kept, (answer) => downlink.put(() => resolve(answer)));
      });
    });
  }
}
