/**
 * What is on its way out: gathered until all is done that one event led to, and written together,
 * since a write costs both sides more than what it carries. (The end of the whole turn, which
 * `setImmediate` waits for, is a look at the sockets later: a tenth of a statement's time.)
 *
 * What is not urgent (acknowledgements) goes with the next write, or by itself after a while. The
 * order of urgent writes is kept, and so is that of the others; the two are not ordered against
 * each other.
 *
 * @module
 */
import { nextTick } from "node:process";
import { headers as newHeaders, type NatsConnection } from "@nats-io/transport-node";
import type { Clock } from "#actors/_kit/clock.ts";

export type Outgoing = {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly reply?: string;
  /** An encoded header block. */
  readonly headers?: Uint8Array;
  /** It could not be handed to the connection: it is closing, or the message is too large. */
  readonly failed?: (error: unknown) => void;
};
export type Outbox = {
  /** Writes when all is done that this event led to. */
  write(message: Outgoing): void;
  /** Writes with whatever is written next, at the latest after `lateMs`. */
  writeLater(message: Outgoing): void;
  /** Hands everything to the connection now. */
  flush(): void;
  /** Forgets everything: the connection is down. */
  clear(): void;
};

/** The outbox of one connection. */
export function createOutbox(nc: NatsConnection, clock: Clock, lateMs: number): Outbox {
  // The library asks its header object for bytes; this one hands over what we encoded.
  const carrier = Object.assign(newHeaders(), { encode: () => encoded });
  let encoded: Uint8Array = new Uint8Array(0);
  let urgent: Outgoing[] = [];
  let later: Outgoing[] = [];
  let flushing = false;
  let timed = false;
  return { write, writeLater, flush, clear };

  function write(message: Outgoing): void {
    urgent.push(message);
    if (flushing) return;
    flushing = true;
    nextTick(() => {
      flushing = false;
      flush();
    });
  }

  function writeLater(message: Outgoing): void {
    later.push(message);
    if (timed) return;
    timed = true;
    clock.after(lateMs, () => {
      timed = false;
      if (later.length > 0) flush();
    });
  }

  function flush(): void {
    const [first, second] = [urgent, later];
    urgent = [];
    later = [];
    for (const message of first) hand(message);
    for (const message of second) hand(message);
  }

  function hand({ subject, payload, reply, headers, failed }: Outgoing): void {
    try {
      if (headers === undefined) nc.publish(subject, payload, reply === undefined ? {} : { reply });
      else {
        encoded = headers;
        nc.publish(subject, payload, { reply: reply ?? "", headers: carrier });
      }
    } catch (error) {
      // Without `failed` it may get lost, as its sender knows.
      failed?.(error);
    }
  }

  function clear(): void {
    urgent = [];
    later = [];
  }
}
