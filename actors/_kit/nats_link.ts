/**
 * One connection to a NATS server: its state, its inbox, publishes that await their
 * acknowledgement, requests to the JetStream API.
 *
 * Theory of operation. All publishes share one inbox subscription; the last token of the reply
 * subject is a counter, by which the acknowledgement finds its publish. All have the same time
 * limit, so the map of waiting publishes is in the order of their deadlines and one timer serves
 * all. When the connection is lost every waiting publish fails at once as `unavailable`: what the
 * server did with it is not known.
 *
 * **Invariant:** nothing is written to a connection that is known to be down, where the client
 * library would count it as sent and throw it away.
 *
 * @module
 */
import { connect, headers, nkeyAuthenticator } from "@nats-io/transport-node";
import { BusError, type BusErrorCode, type HeaderMap, type Published } from "#actors/_kit/bus.ts";
import type { PublishOptions } from "#actors/_kit/bus.ts";
import type { Clock } from "#actors/_kit/clock.ts";
import {
  apiError,
  encodeStoredHeaders,
  parseHeaders,
  parseObject,
  parsePublishAnswer,
} from "#actors/_kit/nats_wire.ts";

type Connection = Awaited<ReturnType<typeof connect>>;

export type BusLimits = {
  /** How long a publish waits for its acknowledgement, milliseconds. */
  readonly publishMsMax: number;
  /** Publishes that wait for their acknowledgement at once. */
  readonly publishesPendingMax: number;
  /** Bytes of one payload and its headers; the server's own limit is `max_payload`. */
  readonly payloadBytesMax: number;
  /** How long a JetStream API call and a direct get wait, milliseconds. */
  readonly apiMsMax: number;
  /** Messages asked for ahead by one consumer. */
  readonly pullMessagesMax: number;
  /**
   * How long one pull stands at the server, at least 1,000. Each pull renews a worker's pin, so it
   * must be well below the consumers' `priority_timeout`.
   */
  readonly pullMsMax: number;
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
  pullMessagesMax: 512,
  pullMsMax: 1_000,
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

export type Link = {
  readonly nc: Connection;
  readonly options: LinkOptions;
  connected(): boolean;
  /** A subject that only this connection knows. */
  newInbox(): string;
  publish(
    subject: string,
    payload: Uint8Array,
    headers: HeaderMap,
    options: PublishOptions,
  ): Promise<Published>;
  /** A request whose answer is a JetStream API object. */
  api(subject: string, body: unknown): Promise<Record<string, unknown>>;
  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<NatsMsg>;
  /** Sends if connected; says whether it did. */
  write(subject: string, payload: Uint8Array, reply?: string): boolean;
  subscribe(subject: string, handler: (message: NatsMsg) => void, queue?: string): LinkSubscription;
  /** Called after each reconnect; returns how to forget it. */
  onReconnect(listener: () => void): () => void;
  /** Runs a handler; what it throws goes to `fault`. */
  guard(run: () => void): void;
  close(): Promise<void>;
};
export type LinkSubscription = {
  readonly error: () => BusError | null;
  unsubscribe(): void;
  /** Unsubscribes and resolves once everything already sent here was handled. */
  drain(): Promise<void>;
};

/** The parts of a message of the client library that are used here. */
export type NatsMsg = {
  readonly subject: string;
  readonly reply?: string;
  readonly data: Uint8Array;
};

type Waiting = {
  readonly subject: string;
  readonly deadlineMs: number;
  resolve(published: Published): void;
  reject(error: BusError): void;
};

const encoder = new TextEncoder();
const empty = new Uint8Array(0);

/** Connects and authenticates. @throws BusError when the server cannot be reached or refuses. */
export async function openLink(options: LinkOptions): Promise<Link> {
  const { clock, limits } = options;
  const nc = await dial(options);
  const waiting = new Map<number, Waiting>();
  const asking = new Set<(error: BusError) => void>();
  const reconnects = new Set<() => void>();
  const inbox = `${options.inboxPrefix}.${unguessable()}`;
  // The library asks its header object for bytes; this one hands over what we encoded.
  const carrier = Object.assign(headers(), { encode: () => encoded });
  let encoded: Uint8Array = empty;
  let counter = 0;
  let inboxes = 0;
  let up = true;
  let sweeping = false;
  let forgetSweep = () => {};

  nc.subscribe(`${inbox}.*`, {
    callback(error, message) {
      if (error !== null) return failAll("refused", "inbox is not permitted");
      const number = Number(message.subject.slice(inbox.length + 1));
      const entry = waiting.get(number);
      if (entry === undefined) return;
      waiting.delete(number);
      settle(entry, message);
    },
  });
  watch().catch(guardError);

  return {
    nc,
    options,
    connected: () => up && !nc.isClosed(),
    newInbox: () => `${inbox}.c.${++inboxes}`,
    publish,
    api,
    request,
    write,
    subscribe,
    onReconnect(listener) {
      reconnects.add(listener);
      return () => reconnects.delete(listener);
    },
    guard,
    async close() {
      up = false;
      forgetSweep();
      failAll("unavailable", "bus was closed");
      failAsking();
      await nc.close();
    },
  };

  function publish(
    subject: string,
    payload: Uint8Array,
    headerMap: HeaderMap,
    conditions: PublishOptions,
  ): Promise<Published> {
    return new Promise((resolve, reject) => {
      if (!up || nc.isClosed()) throw new BusError("unavailable", "Cannot publish: disconnected");
      if (waiting.size >= limits.publishesPendingMax) {
        throw new BusError("unavailable", "Cannot publish: too many wait to be acknowledged");
      }
      encoded = encodeStoredHeaders(headerMap, conditions);
      const bytes = payload.length + encoded.length;
      if (bytes > limits.payloadBytesMax) {
        throw new BusError("too_large", `Cannot publish: ${bytes} bytes`);
      }
      const number = ++counter;
      try {
        nc.publish(subject, payload, { reply: `${inbox}.${number}`, headers: carrier });
      } catch (error) {
        throw busErrorOf(error);
      }
      const deadlineMs = clock.nowMs() + limits.publishMsMax;
      waiting.set(number, { subject, deadlineMs, resolve, reject });
      if (!sweeping) sweepAfter(limits.publishMsMax);
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
    sweeping = true;
    forgetSweep = clock.after(Math.max(1, afterMs), () => {
      sweeping = false;
      const now = clock.nowMs();
      for (const [number, entry] of waiting) {
        if (entry.deadlineMs > now) return sweepAfter(entry.deadlineMs - now);
        waiting.delete(number);
        entry.reject(new BusError("timeout", "Cannot publish: no acknowledgement in time"));
      }
    });
  }

  function failAll(code: BusErrorCode, why: string, subject?: string): void {
    for (const [number, entry] of waiting) {
      if (subject !== undefined && entry.subject !== subject) continue;
      waiting.delete(number);
      entry.reject(new BusError(code, `Cannot publish: ${why}`));
    }
  }

  function failAsking(): void {
    for (const reject of asking) {
      reject(new BusError("unavailable", "Cannot request: connection was lost"));
    }
    asking.clear();
  }

  async function watch(): Promise<void> {
    for await (const status of nc.status()) {
      switch (status.type) {
        case "disconnect":
          up = false;
          failAll("unavailable", "connection was lost");
          failAsking();
          break;
        case "reconnect":
          up = true;
          for (const listener of [...reconnects]) guard(listener);
          break;
        case "error": {
          const refused = refusedPublish(status.error);
          if (refused !== null) failAll("refused", "subject is not permitted", refused);
          break;
        }
        default:
          break;
      }
    }
  }

  async function api(subject: string, body: unknown): Promise<Record<string, unknown>> {
    const payload = body === undefined ? empty : encoder.encode(JSON.stringify(body));
    const answer = parseObject((await request(subject, payload, limits.apiMsMax)).data);
    const error = apiError(answer);
    if (error !== null) throw error;
    return answer;
  }

  function request(subject: string, payload: Uint8Array, timeout: number): Promise<NatsMsg> {
    return new Promise((resolve, reject) => {
      if (!up || nc.isClosed()) throw new BusError("unavailable", "Cannot request: disconnected");
      // The library lets a request run into its time limit when the connection is lost.
      asking.add(reject);
      nc.request(subject, payload, { timeout })
        .then(resolve, (error) => reject(busErrorOf(error)))
        .finally(() => asking.delete(reject));
    });
  }

  function write(subject: string, payload: Uint8Array, reply?: string): boolean {
    if (!up || nc.isClosed()) return false;
    try {
      if (reply === undefined) nc.publish(subject, payload);
      else nc.publish(subject, payload, { reply });
      return true;
    } catch {
      // Closing: what was to be sent may get lost, as the caller knows.
      return false;
    }
  }

  function subscribe(
    subject: string,
    handler: (message: NatsMsg) => void,
    queue?: string,
  ): LinkSubscription {
    let failure: BusError | null = null;
    const subscription = nc.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback(error, message) {
        if (error === null) return guard(() => handler(message));
        // Silence would look like an idle bus: a missing permission is said aloud.
        failure = busErrorOf(error);
        guardError(failure);
      },
    });
    return {
      error: () => failure,
      unsubscribe: () => subscription.unsubscribe(),
      drain,
    };

    async function drain(): Promise<void> {
      if (!up || nc.isClosed()) return subscription.unsubscribe();
      try {
        await subscription.drain();
      } catch {
        // The connection went away meanwhile, and the subscription with it.
      }
    }
  }

  function guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      guardError(error);
    }
  }

  function guardError(error: unknown): void {
    if (options.fault !== undefined) options.fault(error);
    else reportError(error);
  }
}

/**
 * The header block of a message, unparsed. The library's own parser validates each name anew on
 * every message; its parsed form is rebuilt only if its fields are not what version 3.4 has.
 */
export function headerBytes(message: NatsMsg): Uint8Array | null {
  if (
    "_rdata" in message && message._rdata instanceof Uint8Array && "_msg" in message &&
    typeof message._msg === "object" && message._msg !== null && "hdr" in message._msg &&
    typeof message._msg.hdr === "number"
  ) {
    return message._msg.hdr > 0 ? message._rdata.subarray(0, message._msg.hdr) : null;
  }
  if (!("headers" in message) || message.headers === undefined) return null;
  return encoder.encode(String(message.headers));
}

/** The payload as plain bytes: a socket's chunks are Buffers, whose `slice` shares memory. */
export function payloadOf(message: NatsMsg): Uint8Array {
  const { data } = message;
  return new Uint8Array(data.buffer, data.byteOffset, data.length);
}

/** The error of a message that is only a status. */
export function statusError(status: number): BusError {
  if (status === 503) return new BusError("unavailable", "No responders: 503");
  if (status === 408) return new BusError("timeout", "Timed out at the server: 408");
  return new BusError("refused", `Refused by the server: ${status}`);
}

/** The bus's word for an error of the client library. */
export function busErrorOf(error: unknown): BusError {
  if (error instanceof BusError) return error;
  const name = error instanceof Error ? error.name : "";
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  if (name === "RequestError" && cause !== undefined) return busErrorOf(cause);
  const options = { cause: error };
  switch (name) {
    case "TimeoutError":
      return new BusError("timeout", "No answer in time", options);
    case "NoResponders":
      return new BusError("unavailable", "No responders", options);
    case "PermissionViolationError":
    case "AuthorizationError":
    case "UserAuthenticationExpiredError":
    case "InvalidSubjectError":
      return new BusError("refused", `Refused: ${name}`, options);
    case "InvalidArgumentError":
      return new BusError("too_large", "Larger than the server takes", options);
    default:
      return new BusError("unavailable", `Connection: ${name === "" ? "unknown" : name}`, options);
  }
}

function refusedPublish(error: Error): string | null {
  if (error.name !== "PermissionViolationError") return null;
  if (!("operation" in error) || error.operation !== "publish") return null;
  return "subject" in error && typeof error.subject === "string" ? error.subject : null;
}

/** 128 random bits: another key cannot aim an answer at this inbox. */
function unguessable(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

async function dial(options: LinkOptions): Promise<Connection> {
  try {
    return await connect({
      servers: options.url,
      name: options.name,
      authenticator: nkeyAuthenticator(options.seed),
      inboxPrefix: options.inboxPrefix,
      maxReconnectAttempts: -1,
      // A key may be rotated while the server restarts; giving up would need a person.
      ignoreAuthErrorAbort: true,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      reconnectJitterTLS: 250,
      pingInterval: 5_000,
      maxPingOut: 2,
      noAsyncTraces: true,
      timeout: 10_000,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    });
  } catch (error) {
    throw busErrorOf(error);
  }
}
