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

/**
 * Sends `messages` over TLS and reads up to the `syncs`th ReadyForQuery.
 * @throws Error when one of them fails.
 */
export function exchange(
  target: Target,
  caPem: string,
  messages: Uint8Array,
  syncs = 1,
): Promise<Answer> {
  const endpoint = { ...target, tls: { ca: caPem, serverName: "localhost" } };
  return new Promise((resolve, reject) => {
    const walker = messageWalker();
    let bytes = 0;
    let startedMs = 0;
    let firstRowMs = 0;
    let hangUp = () => {};
    dial(endpoint, {}, targetLimits, {
      failed: (sqlstate, reason) => reject(new Error(`Cannot connect: ${sqlstate} ${reason}`)),
      ready(upstream) {
        hangUp = upstream.hangUp;
        startedMs = performance.now();
        upstream.write(messages);
      },
      received(chunk) {
        bytes += chunk.length;
        const { rows, errors, ready } = walker(chunk);
        const sinceMs = performance.now() - startedMs;
        if (rows > 0 && firstRowMs === 0) firstRowMs = sinceMs;
        if (errors > 0) {
          hangUp();
          return reject(new Error(`Cannot measure: a statement failed after ${bytes} bytes`));
        }
        if (ready < syncs) return;
        hangUp();
        resolve({ bytes, firstRowMs, wholeMs: sinceMs });
      },
      closed: () => reject(new Error("Cannot measure: the connection was closed")),
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
