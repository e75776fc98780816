/**
 * A client that writes messages and counts what comes back, message by message, and does nothing
 * else, so that what is measured is not the client.
 *
 * @module
 */
import { dial } from "#actors/target/dial.ts";
import { targetLimits } from "#actors/target/limits.ts";
import type { Target } from "./tools.ts";

export type Answer = {
  readonly bytes: number;
  /** From the sending of the messages, milliseconds. */
  readonly firstRowMs: number;
  readonly wholeMs: number;
};

export type WireClient = {
  /**
   * Sends `messages` and reads up to the `syncs`th ReadyForQuery; one exchange at a time.
   * @throws Error when a statement fails.
   */
  exchange(messages: Uint8Array, syncs?: number): Promise<Answer>;
  hangUp(): void;
};

type Exchange = {
  readonly syncs: number;
  readonly startedMs: number;
  readonly walker: (chunk: Uint8Array) => Seen;
  bytes: number;
  firstRowMs: number;
  resolve(answer: Answer): void;
  reject(error: Error): void;
};

/** Logs in over TLS. @throws Error when that fails. */
export function connectWire(target: Target, caPem: string): Promise<WireClient> {
  const endpoint = { ...target, tls: { ca: caPem, serverName: "localhost" } };
  let running: Exchange | null = null;
  return new Promise((resolve, reject) => {
    dial(endpoint, {}, targetLimits, {
      failed: (sqlstate, reason) => reject(new Error(`Cannot connect: ${sqlstate} ${reason}`)),
      ready(upstream) {
        resolve({
          exchange: (messages, syncs = 1) =>
            new Promise((resolve, reject) => {
              const startedMs = performance.now();
              const walker = messageWalker();
              running = { syncs, startedMs, walker, bytes: 0, firstRowMs: 0, resolve, reject };
              upstream.write(messages);
            }),
          hangUp: upstream.hangUp,
        });
      },
      received(chunk) {
        if (running === null) return;
        running.bytes += chunk.length;
        const { rows, errors, ready } = running.walker(chunk);
        const sinceMs = performance.now() - running.startedMs;
        if (rows > 0 && running.firstRowMs === 0) running.firstRowMs = sinceMs;
        if (errors === 0 && ready < running.syncs) return;
        const { bytes, firstRowMs, resolve, reject } = running;
        running = null;
        if (errors === 0) resolve({ bytes, firstRowMs, wholeMs: sinceMs });
        else reject(new Error(`Cannot measure: a statement failed after ${bytes} bytes`));
      },
      closed: () => running?.reject(new Error("Cannot measure: the connection was closed")),
    });
  });
}

type Seen = { readonly rows: number; readonly errors: number; readonly ready: number };

/** Goes from one message's head to the next and counts kinds; bodies are not looked at. */
function messageWalker(): (chunk: Uint8Array) => Seen {
  const head = new Uint8Array(5);
  const view = new DataView(head.buffer);
  const seen = { rows: 0, errors: 0, ready: 0 };
  let held = 0;
  let skip = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (skip > 0) {
        const step = Math.min(skip, chunk.length - at);
        skip -= step;
        at += step;
        continue;
      }
      head[held++] = chunk[at++] ?? 0;
      if (held < head.length) continue;
      held = 0;
      skip = view.getUint32(1) - 4;
      const kind = head[0];
      if (kind === 0x44 || kind === 0x64) seen.rows++; // DataRow, CopyData
      else if (kind === 0x45) seen.errors++; // ErrorResponse
      else if (kind === 0x5a) seen.ready++; // ReadyForQuery
    }
    return seen;
  };
}
