/**
 * One connection to a NATS server: its state, its inbox, requests to the JetStream API.
 *
 * **Invariant:** nothing is written to a connection that is known to be down, where the client
 * library would count it as sent and throw it away.
 *
 * @module
 */
import { connect, type NatsConnection, nkeyAuthenticator } from "@nats-io/transport-node";
import { type Bus, BusError } from "#actors/_kit/bus.ts";
import { busErrorOf, refusedPublish } from "#actors/_kit/nats_errors.ts";
import type { NatsMsg } from "#actors/_kit/nats_message.ts";
import type { LinkOptions } from "#actors/_kit/nats_options.ts";
import { createOutbox } from "#actors/_kit/nats_outbox.ts";
import { createPublisher } from "#actors/_kit/nats_publish.ts";
import { apiError, parseObject } from "#actors/_kit/nats_wire.ts";

export type Link = {
  readonly options: LinkOptions;
  connected(): boolean;
  /** A subject that only this connection knows. */
  newInbox(): string;
  readonly publish: Bus["publish"];
  /** A request whose answer is a JetStream API object. */
  api(subject: string, body: unknown): Promise<Record<string, unknown>>;
  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<NatsMsg>;
  /** Sends if connected; says whether it did. */
  write(subject: string, payload: Uint8Array, reply?: string): boolean;
  /** As `write`, but not urgent: it goes with the next write, or by itself soon. */
  writeLater(subject: string, payload: Uint8Array): void;
  /** Resolves when the server has taken all that was written before. */
  flush(): Promise<void>;
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

const encoder = new TextEncoder();
const empty = new Uint8Array(0);

/** Connects and authenticates. @throws BusError when the server cannot be reached or refuses. */
export async function openLink(options: LinkOptions): Promise<Link> {
  const { clock, limits } = options;
  const nc = await dial(options);
  const asking = new Set<(error: BusError) => void>();
  const reconnects = new Set<() => void>();
  const inbox = `${options.inboxPrefix}.${unguessable()}`;
  let inboxes = 0;
  let up = true;
  const outbox = createOutbox(nc, clock, limits.acknowledgeMsMax);
  const publisher = createPublisher(nc, outbox, inbox, clock, limits);

  watch().catch(guardError);

  return {
    options,
    connected: () => up && !nc.isClosed(),
    newInbox: () => `${inbox}.c.${++inboxes}`,
    publish(subject, payload, headerMap, conditions) {
      if (up && !nc.isClosed()) {
        return publisher.publish(subject, payload, headerMap, conditions);
      }
      return Promise.reject(new BusError("unavailable", "Cannot publish: disconnected"));
    },
    api,
    request,
    write,
    writeLater,
    async flush() {
      outbox.flush();
      await nc.flush();
    },
    subscribe,
    onReconnect(listener) {
      reconnects.add(listener);
      return () => reconnects.delete(listener);
    },
    guard,
    async close() {
      if (up && !nc.isClosed()) outbox.flush();
      up = false;
      publisher.fail("unavailable", "bus was closed");
      failAsking();
      await nc.close();
    },
  };

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
          outbox.clear();
          publisher.fail("unavailable", "connection was lost");
          failAsking();
          break;
        case "reconnect":
          up = true;
          for (const listener of [...reconnects]) guard(listener);
          break;
        case "error": {
          const refused = refusedPublish(status.error);
          if (refused !== null) publisher.fail("refused", "subject is not permitted", refused);
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
    outbox.write(reply === undefined ? { subject, payload } : { subject, payload, reply });
    return true;
  }

  function writeLater(subject: string, payload: Uint8Array): void {
    if (up && !nc.isClosed()) outbox.writeLater({ subject, payload });
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
      outbox.flush();
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

/** 128 random bits: another key cannot aim an answer at this inbox. */
function unguessable(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

async function dial(options: LinkOptions): Promise<NatsConnection> {
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
