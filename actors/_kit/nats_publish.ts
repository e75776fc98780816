/**
 * Publishes that await their acknowledgement.
 *
 * Theory of operation. All publishes share one inbox subscription; the last token of the reply
 * subject is a counter, by which the acknowledgement finds its publish. All have the same time
 * limit, so the map of waiting publishes is in the order of their deadlines and one timer serves
 * all. When the connection is lost every waiting publish fails at once as `unavailable`: what the
 * server did with it is not known.
 *
 * @module
 */
import type { NatsConnection } from "@nats-io/transport-node";
import { BusError, type BusErrorCode, type HeaderMap, type Published } from "#actors/_kit/bus.ts";
import type { PublishOptions } from "#actors/_kit/bus.ts";
import type { Clock } from "#actors/_kit/clock.ts";
import { busErrorOf, statusError } from "#actors/_kit/nats_errors.ts";
import { headerBytes, type NatsMsg } from "#actors/_kit/nats_message.ts";
import type { BusLimits } from "#actors/_kit/nats_options.ts";
import type { Outbox } from "#actors/_kit/nats_outbox.ts";
import { encodeStoredHeaders, parseHeaders, parsePublishAnswer } from "#actors/_kit/nats_wire.ts";

export type Publisher = {
  /** The connection must be up. */
  publish(
    subject: string,
    payload: Uint8Array,
    headerMap: HeaderMap,
    conditions: PublishOptions,
  ): Promise<Published>;
  /** Fails what waits, all of it or what was published on one subject. */
  fail(code: BusErrorCode, why: string, subject?: string): void;
};

type Waiting = {
  readonly subject: string;
  readonly deadlineMs: number;
  resolve(published: Published): void;
  reject(error: BusError): void;
};

/** The publisher of one connection; acknowledgements come to `<inbox>.<number>`. */
export function createPublisher(
  nc: NatsConnection,
  outbox: Outbox,
  inbox: string,
  clock: Clock,
  limits: BusLimits,
): Publisher {
  const waiting = new Map<number, Waiting>();
  let counter = 0;
  let forgetSweep: (() => void) | null = null;

  nc.subscribe(`${inbox}.*`, {
    callback(error, message) {
      if (error !== null) return fail("refused", "inbox is not permitted");
      const number = Number(message.subject.slice(inbox.length + 1));
      const entry = waiting.get(number);
      if (entry === undefined) return;
      waiting.delete(number);
      settle(entry, message);
    },
  });
  return { publish, fail };

  function publish(
    subject: string,
    payload: Uint8Array,
    headerMap: HeaderMap,
    conditions: PublishOptions,
  ): Promise<Published> {
    return new Promise((resolve, reject) => {
      if (waiting.size >= limits.publishesPendingMax) {
        throw new BusError("unavailable", "Cannot publish: too many wait to be acknowledged");
      }
      const headers = encodeStoredHeaders(headerMap, conditions);
      const bytes = payload.length + headers.length;
      if (bytes > limits.payloadBytesMax) {
        throw new BusError("too_large", `Cannot publish: ${bytes} bytes`);
      }
      const number = ++counter;
      const failed = (error: unknown) => {
        waiting.delete(number);
        reject(busErrorOf(error));
      };
      outbox.write({ subject, payload, reply: `${inbox}.${number}`, headers, failed });
      const deadlineMs = clock.nowMs() + limits.publishMsMax;
      waiting.set(number, { subject, deadlineMs, resolve, reject });
      if (forgetSweep === null) sweepAfter(limits.publishMsMax);
    });
  }

  function settle(entry: Waiting, message: NatsMsg): void {
    if (message.data.length === 0) {
      return entry.reject(statusError(parseHeaders(headerBytes(message)).status));
    }
    const answer = parsePublishAnswer(message.data);
    if (answer instanceof BusError) entry.reject(answer);
    else entry.resolve(answer);
  }

  function sweepAfter(afterMs: number): void {
    forgetSweep = clock.after(Math.max(1, afterMs), () => {
      forgetSweep = null;
      const now = clock.nowMs();
      for (const [number, entry] of waiting) {
        if (entry.deadlineMs > now) return sweepAfter(entry.deadlineMs - now);
        waiting.delete(number);
        entry.reject(new BusError("timeout", "Cannot publish: no acknowledgement in time"));
      }
    });
  }

  function fail(code: BusErrorCode, why: string, subject?: string): void {
    for (const [number, entry] of waiting) {
      if (subject !== undefined && entry.subject !== subject) continue;
      waiting.delete(number);
      entry.reject(new BusError(code, `Cannot publish: ${why}`));
    }
    if (waiting.size > 0) return;
    forgetSweep?.();
    forgetSweep = null;
  }
}
