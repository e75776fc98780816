/**
 * What a connection to the bus is given: where, by which key, under which limits.
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";

export type BusLimits = {
  /** How long a publish waits for its acknowledgement, milliseconds. */
  readonly publishMsMax: number;
  /** Publishes that wait for their acknowledgement at once. */
  readonly publishesPendingMax: number;
  /** Bytes of one payload and its headers; the server's own limit is `max_payload`. */
  readonly payloadBytesMax: number;
  /** How long a JetStream API call and a direct get wait, milliseconds. */
  readonly apiMsMax: number;
  /** How long an acknowledgement waits for company, milliseconds; well below `ack_wait`. */
  readonly acknowledgeMsMax: number;
  /** Messages asked for ahead by one consumer. */
  readonly pullMessagesMax: number;
  /**
   * How long one pull stands at the server, at least 1,000. Each pull renews a worker's pin, so it
   * must be well below the consumers' `priority_timeout`.
   */
  readonly pullMsMax: number;
  /** Messages asked for at once by a reader that is in no hurry. */
  readonly gatherMessagesMax: number;
  /** How long such a reader waits for an answer when it is to have all that there is. */
  readonly catchUpMsMax: number;
  /** Messages and bytes of one page of a bounded read. */
  readonly pageMessagesMax: number;
  readonly pageBytesMax: number;
  /** Requests that are being answered at once by one `respond`. */
  readonly respondsPendingMax: number;
};
export const busLimits: BusLimits = {
  publishMsMax: 5_000,
  publishesPendingMax: 16_384,
  payloadBytesMax: 1_000_000,
  apiMsMax: 5_000,
  acknowledgeMsMax: 20,
  pullMessagesMax: 512,
  pullMsMax: 1_000,
  gatherMessagesMax: 2_048,
  catchUpMsMax: 1_000,
  pageMessagesMax: 256,
  pageBytesMax: 8 * 1024 * 1024,
  respondsPendingMax: 1_024,
};

export type BusTls = {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  /** True when the server is configured so (`handshake_first`): nothing is said before TLS. */
  readonly handshakeFirst?: boolean;
};

export type LinkOptions = {
  /** `nats://host:port`, or `tls://host:port`. */
  readonly url: string;
  /** The nkey seed's characters, as in a seed file. */
  readonly seed: Uint8Array;
  /** Shown in the server's monitoring. */
  readonly name: string;
  /** The key's own name space: inboxes and reading consumers. */
  readonly inboxPrefix: string;
  readonly clock: Clock;
  readonly limits: BusLimits;
  /** PEM texts; without it the connection is not encrypted. */
  readonly tls?: BusTls;
  /** A handler threw: a bug. Without it the error is thrown to the process. */
  readonly fault?: (error: unknown) => void;
};
