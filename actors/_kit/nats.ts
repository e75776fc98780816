/**
 * The bus on a NATS JetStream server.
 *
 * It speaks JetStream by its subjects over the core client, so that each key can be held to exactly
 * the subjects it needs and the hot path carries nothing else.
 *
 * **Invariant:** what a server was made to send by somebody else's request is never taken for a
 * message. Whoever may ask the server anything chooses where the answer goes, past its permissions,
 * and an answer can carry that key's own stored bytes: a released frame must name the stored
 * subject it releases, a passing message must have no headers, a delivery must be one of the
 * consumer that was asked, and a stored copy of an answer is hollow (`contentOf`). An expected
 * sequence on every audit publish keeps pulled frames from being stored again.
 *
 * @module
 */
import { type Bus, BusError, type StoredMessage, type StreamState } from "#actors/_kit/bus.ts";
import type { PassingMessage, Published, PublishOptions, Subscription } from "#actors/_kit/bus.ts";
import type { HeaderMap } from "#actors/_kit/bus.ts";
import { consumeStage } from "#actors/_kit/nats_consume.ts";
import { type Link, openLink } from "#actors/_kit/nats_link.ts";
import { headerBytes, type NatsMsg, payloadOf } from "#actors/_kit/nats_message.ts";
import { statusError } from "#actors/_kit/nats_errors.ts";
import type { LinkOptions } from "#actors/_kit/nats_options.ts";
import { streamReader } from "#actors/_kit/nats_read.ts";
import { asObject, matchesSubject, parseHeaders } from "#actors/_kit/nats_wire.ts";
import { parseAuditSubject, releaseSubject } from "#schemas/subjects.ts";

export {
  type BusLimits,
  busLimits,
  type BusTls,
  type LinkOptions as BusOptions,
} from "#actors/_kit/nats_options.ts";

const empty = new Uint8Array(0);
const noHeaders: HeaderMap = new Map();

/** Connects to the server. @throws BusError when it cannot be reached or refuses the key. */
export async function connectBus(options: LinkOptions): Promise<Bus> {
  const link = await openLink(options);
  const reader = streamReader(link);
  return {
    publish: (subject, payload, headers, conditions) =>
      publish(link, subject, payload, headers, conditions),
    send: (subject, payload) => void link.write(subject, payload),
    subscribe: (subject, handler) => subscribe(link, subject, handler),
    async request(subject, payload, timeoutMs) {
      const answer = await link.request(subject, payload, timeoutMs);
      const { status } = parseHeaders(headerBytes(answer));
      if (status !== 0) throw statusError(status);
      return payloadOf(answer);
    },
    respond: (subject, handler) => respond(link, subject, handler),
    consume: (stream, consumer, handler, how) => consumeStage(link, stream, consumer, handler, how),
    read: reader.read,
    follow: reader.follow,
    async last(stream, subject) {
      return (await direct(link, stream, subject))?.message ?? null;
    },
    state: (stream) => state(link, stream),
    flush: link.flush,
    connected: link.connected,
    close: link.close,
  };
}

async function publish(
  link: Link,
  subject: string,
  payload: Uint8Array,
  headers: HeaderMap,
  options: PublishOptions,
): Promise<Published> {
  if (options.messageId === undefined) return link.publish(subject, payload, headers, options);
  try {
    return await link.publish(subject, payload, headers, options);
  } catch (error) {
    if (!(error instanceof BusError) || error.code !== "wrong_sequence") throw error;
    // Since server 2.12 the expectation is checked before deduplication: a second try of a message
    // that was stored is refused. Only what is stored can tell the two apart.
    const stored = await direct(link, options.stream, subject);
    if (stored === null || stored.messageId !== options.messageId) throw error;
    return { sequence: stored.message.sequence, duplicate: true };
  }
}

function subscribe(
  link: Link,
  pattern: string,
  handler: (message: PassingMessage) => void,
): Subscription {
  const released = pattern.startsWith("release.");
  const subscription = link.subscribe(pattern, (message) => {
    const passing = released ? toReleased(message) : toPassing(pattern, message);
    if (passing !== null) handler(passing);
  });
  return { stop: subscription.drain };
}

function toPassing(pattern: string, message: NatsMsg): PassingMessage | null {
  const { subject } = message;
  const payload = payloadOf(message);
  if (headerBytes(message) !== null || !matchesSubject(pattern, subject)) return null;
  return { subject, headers: noHeaders, payload };
}

/**
 * A republished frame, with the server's `Nats-Sequence` and `Nats-Last-Sequence` beside its own.
 */
function toReleased(message: NatsMsg): PassingMessage | null {
  const { subject } = message;
  const payload = payloadOf(message);
  const headers = parseHeaders(headerBytes(message));
  const last = headers.server.get("Nats-Last-Sequence");
  const sequence = headers.server.get("Nats-Sequence");
  const stored = parseAuditSubject(headers.server.get("Nats-Subject") ?? "");
  if (stored === null || last === undefined || sequence === undefined) return null;
  if (releaseSubject(stored.edge, stored.session, stored.kind) !== subject) return null;
  if (!headers.wellFormed || headers.status !== 0) return null;
  const own = new Map(headers.own);
  own.set("Nats-Sequence", sequence).set("Nats-Last-Sequence", last);
  return { subject, headers: own, payload };
}

function respond(
  link: Link,
  subject: string,
  handler: (payload: Uint8Array) => Promise<Uint8Array>,
): Subscription {
  let pending = 0;
  const subscription = link.subscribe(subject, (message) => {
    const { reply } = message;
    // Who asks chooses where the answer goes; it may go nowhere but to an inbox.
    if (reply === undefined || !reply.startsWith("_INBOX_")) return;
    if (headerBytes(message) !== null || message.subject !== subject) return;
    // Beyond the limit nobody answers: the asker times out and fails closed.
    if (pending >= link.options.limits.respondsPendingMax) return;
    pending++;
    handler(payloadOf(message))
      .then((answer) => void link.write(reply, answer))
      .catch((error) =>
        link.guard(() => {
          throw error;
        })
      )
      .finally(() => pending--);
  }, "respond");
  return { stop: subscription.drain };
}

type Direct = { readonly message: StoredMessage; readonly messageId: string | undefined };

/**
 * The newest message on a subject, from the stream's own copy (ADR-31). With one replica it sees
 * every publish that was acknowledged; with more, a follower may answer from behind, so a null or
 * an old answer is no proof. Decisions rest on expected sequences, which the leader checks.
 */
async function direct(link: Link, stream: string, subject: string): Promise<Direct | null> {
  const asked = `$JS.API.DIRECT.GET.${stream}.${subject}`;
  const answer = await link.request(asked, empty, link.options.limits.apiMsMax);
  const { status, own, server, wellFormed } = parseHeaders(headerBytes(answer));
  if (status === 404) return null;
  if (status !== 0) throw statusError(status);
  const sequence = Number(server.get("Nats-Sequence"));
  const timeMs = Date.parse(server.get("Nats-Time-Stamp") ?? "");
  if (!Number.isSafeInteger(sequence) || server.get("Nats-Subject") !== subject) {
    throw new BusError("unavailable", "Cannot read last: answer is not understood");
  }
  // A name that stands twice was stored beside the server's own: a hollow message (`contentOf`).
  const content = wellFormed
    ? { headers: own, payload: payloadOf(answer) }
    : { headers: noHeaders, payload: empty };
  const message = { subject, sequence, timeMs, ...content };
  return { message, messageId: server.get("Nats-Msg-Id") };
}

async function state(link: Link, stream: string): Promise<StreamState> {
  const info = await link.api(`$JS.API.STREAM.INFO.${stream}`, undefined);
  const fields = asObject(info["state"]);
  const number = (name: string): number => {
    const value = fields[name];
    if (typeof value === "number") return value;
    throw new BusError("unavailable", `Cannot read state: ${name} is missing`);
  };
  const messages = number("messages");
  const last = number("last_seq");
  // A server says 0 for the first of a stream that never held a message.
  const first = messages === 0 ? last + 1 : number("first_seq");
  return { first, last, messages, bytes: number("bytes") };
}
