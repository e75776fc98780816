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
  /**
   * From the server's own clock, where the first row holds it as seconds since 1970, to that row's
   * arrival; milliseconds, null without. Both run on one machine.
   */
  readonly behindMs: number | null;
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
  behindMs: number | null;
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
              const none = { bytes: 0, firstRowMs: 0, behindMs: null };
              running = { ...none, syncs, startedMs, walker, resolve, reject };
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
        if (rows > 0 && running.firstRowMs === 0) {
          running.firstRowMs = sinceMs;
          running.behindMs = behindServer(chunk);
        }
        if (errors === 0 && ready < running.syncs) return;
        const { bytes, firstRowMs, behindMs, resolve, reject } = running;
        running = null;
        if (errors === 0) resolve({ bytes, firstRowMs, behindMs, wholeMs: sinceMs });
        else reject(new Error(`Cannot measure: a statement failed after ${bytes} bytes`));
      },
      closed: () => running?.reject(new Error("Cannot measure: the connection was closed")),
    });
  });
}

function behindServer(chunk: Uint8Array): number | null {
  const now = performance.timeOrigin + performance.now();
  const [seconds] = /\b\d{10}\.\d{6}\b/.exec(new TextDecoder("latin1").decode(chunk)) ?? [];
  return seconds === undefined ? null : now - Number(seconds) * 1000;
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
