/**
 * A stream in memory with the semantics of JetStream that the product relies on: expected
 * sequences, deduplication, limits, republishing, durable consumers with acknowledgement. Takes the
 * same configurations as the server (`deploy/nats/streams.ts`), and the time as an argument.
 *
 * @module
 */
import { BusError, type PublishOptions, type StoredMessage } from "#actors/_kit/bus.ts";
import type { HeaderMap, Published, StreamState } from "#actors/_kit/bus.ts";
import { encodeStoredHeaders, matchesSubject } from "#actors/_kit/nats_wire.ts";

/** A configuration in the JetStream API's own names. */
export type StreamConfig = { readonly name: string; readonly [field: string]: unknown };

export type MemoryStream = {
  readonly name: string;
  /** Kept through a stop of the server. */
  readonly durable: boolean;
  takes(subject: string): boolean;
  /** Stores or throws the BusError that a server would answer with. */
  append(
    subject: string,
    payload: Uint8Array,
    headers: HeaderMap,
    options: PublishOptions,
    nowMs: number,
  ): Published & { readonly stored: StoredMessage | null; readonly before: number };
  /** The first message from `from` on that a filter matches. */
  next(from: number, filters: readonly string[], nowMs: number): StoredMessage | null;
  at(sequence: number): StoredMessage | null;
  last(subject: string): StoredMessage | null;
  state(nowMs: number): StreamState;
  /** A work queue forgets what was acknowledged. */
  acknowledged(sequence: number): void;
  /** Where a stored message is republished to, or null. */
  releases(subject: string): string | null;
  /** Forgets everything, as a memory stream does when the server stops. */
  clear(): void;
};

/** Creates an empty stream. */
export function memoryStream(config: StreamConfig): MemoryStream {
  const subjects = texts(config["subjects"]);
  const workQueue = config["retention"] === "workqueue";
  const bytesMax = limit(config["max_bytes"]);
  const messageBytesMax = limit(config["max_msg_size"]);
  const perSubjectMax = limit(config["max_msgs_per_subject"]);
  const ageMsMax = limit(config["max_age"]) / 1e6;
  const windowMs = limit(config["duplicate_window"], 120e9) / 1e6;
  const republish = republishOf(config["republish"]);
  const messages = new Map<number, StoredMessage>();
  const bySubject = new Map<string, number[]>();
  const seen = new Map<string, { sequence: number; atMs: number }>();
  let lastSequence = 0;
  let bytes = 0;

  return {
    name: config.name,
    durable: config["storage"] !== "memory",
    takes: (subject) => subjects.some((pattern) => matchesSubject(pattern, subject)),
    append,
    next,
    at: (sequence) => messages.get(sequence) ?? null,
    last: (subject) => messages.get(bySubject.get(subject)?.at(-1) ?? 0) ?? null,
    state(nowMs) {
      expire(nowMs);
      const first = messages.keys().next().value ?? lastSequence + 1;
      return { first, last: lastSequence, messages: messages.size, bytes };
    },
    acknowledged(sequence) {
      if (workQueue) remove(sequence);
    },
    releases: (subject) => republish?.(subject) ?? null,
    clear() {
      messages.clear();
      bySubject.clear();
      bytes = 0;
    },
  };

  function append(
    subject: string,
    payload: Uint8Array,
    headers: HeaderMap,
    options: PublishOptions,
    nowMs: number,
  ) {
    expire(nowMs);
    const size = encodeStoredHeaders(headers, options).length + payload.length;
    if (options.stream !== config.name) throw new BusError("refused", "Not the expected stream");
    const before = bySubject.get(subject)?.at(-1) ?? 0;
    const expected = options.expectedLastSubjectSequence;
    const known = options.messageId === undefined ? undefined : seen.get(options.messageId);
    const duplicate = known !== undefined && nowMs - known.atMs < windowMs;
    if (expected !== undefined && expected !== before) {
      // The bus reads back what is stored and knows its own message again (`nats.ts`).
      if (duplicate && known.sequence === before) return again(known.sequence, before);
      throw new BusError("wrong_sequence", `Wrong last sequence: ${before}`);
    }
    if (duplicate) return again(known.sequence, before);
    if (size > messageBytesMax) throw new BusError("too_large", `Cannot store ${size} bytes`);
    const stored = { subject, sequence: lastSequence + 1, timeMs: Math.floor(nowMs) };
    const whole = { ...stored, headers: new Map(headers), payload: payload.slice() };
    if (bytes + sizeOf(whole) > bytesMax) throw new BusError("storage_full", "Stream is full");
    lastSequence++;
    bytes += sizeOf(whole);
    messages.set(lastSequence, whole);
    const own = bySubject.get(subject) ?? [];
    own.push(lastSequence);
    bySubject.set(subject, own);
    if (own.length > perSubjectMax) remove(own[0] ?? 0);
    if (options.messageId !== undefined) {
      seen.set(options.messageId, { sequence: lastSequence, atMs: nowMs });
    }
    return { sequence: lastSequence, duplicate: false, stored: whole, before };
  }

  function next(from: number, filters: readonly string[], nowMs: number): StoredMessage | null {
    expire(nowMs);
    for (let sequence = Math.max(1, from); sequence <= lastSequence; sequence++) {
      const message = messages.get(sequence);
      if (message === undefined) continue;
      if (filters.length === 0) return message;
      if (filters.some((filter) => matchesSubject(filter, message.subject))) return message;
    }
    return null;
  }

  function expire(nowMs: number): void {
    for (const [id, { atMs }] of seen) {
      if (nowMs - atMs < windowMs) break;
      seen.delete(id);
    }
    if (ageMsMax === Infinity) return;
    for (const message of messages.values()) {
      if (nowMs - message.timeMs < ageMsMax) return;
      remove(message.sequence);
    }
  }

  function remove(sequence: number): void {
    const message = messages.get(sequence);
    if (message === undefined) return;
    messages.delete(sequence);
    bytes -= sizeOf(message);
    const own = bySubject.get(message.subject) ?? [];
    const rest = own.filter((one) => one !== sequence);
    if (rest.length === 0) bySubject.delete(message.subject);
    else bySubject.set(message.subject, rest);
  }
}

function again(sequence: number, before: number) {
  return { sequence, duplicate: true, stored: null, before };
}

function sizeOf(message: StoredMessage): number {
  let size = message.subject.length + message.payload.length + 22;
  for (const [name, value] of message.headers) size += name.length + value.length + 4;
  return size;
}

/** A limit of the API: absent, 0 and negative mean none. */
function limit(value: unknown, absent = Infinity): number {
  return typeof value === "number" && value > 0 ? value : absent;
}

/** A list of texts; anything else is none. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** `src` with wildcards, `dest` with `{{wildcard(n)}}`, n from 1 (NATS subject mapping). */
function republishOf(value: unknown): ((subject: string) => string | null) | null {
  if (typeof value !== "object" || value === null) return null;
  if (!("src" in value) || !("dest" in value)) return null;
  const { src, dest } = value;
  if (typeof src !== "string" || typeof dest !== "string") return null;
  const stars = src.split(".").flatMap((token, index) => token === "*" ? [index] : []);
  return (subject) => {
    if (!matchesSubject(src, subject)) return null;
    const parts = subject.split(".");
    return dest.replace(
      /\{\{wildcard\((\d+)\)\}\}/g,
      (_all, number) => parts[stars[Number(number) - 1] ?? -1] ?? "",
    );
  };
}
