/**
 * Bytes of NATS messages as JetStream shapes them: headers, acknowledgements, delivery subjects.
 * Pure, and written for the hot path: no object is made that the caller does not keep.
 *
 * **Invariant:** no caller's text can widen a header block: names are tokens, values are printable
 * ASCII, and `Nats-` names, which the server obeys, are written here alone.
 *
 * Sources: NATS ADR-4 (headers), ADR-13 (pull), ADR-15 (JetStream acknowledgements),
 * ADR-31 (direct get).
 *
 * @module
 */
import { BusError, type BusErrorCode, type HeaderMap } from "#actors/_kit/bus.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const headerName = /^(?!nats-)[A-Za-z0-9][A-Za-z0-9-]{0,63}$/i;
const headerValue = /^[\x20-\x7e]*$/;

/** What the server is asked to check before it stores a message. */
export type StoreConditions = {
  readonly stream: string;
  readonly messageId?: string;
  readonly expectedLastSubjectSequence?: number;
};

/** The header block of a message to be stored. @throws BusError `refused` for a name or value. */
export function encodeStoredHeaders(headers: HeaderMap, conditions: StoreConditions): Uint8Array {
  let text = `NATS/1.0\r\nNats-Expected-Stream: ${conditions.stream}\r\n`;
  if (conditions.expectedLastSubjectSequence !== undefined) {
    text += `Nats-Expected-Last-Subject-Sequence: ${conditions.expectedLastSubjectSequence}\r\n`;
  }
  if (conditions.messageId !== undefined) {
    checkValue("message id", conditions.messageId);
    text += `Nats-Msg-Id: ${conditions.messageId}\r\n`;
  }
  for (const [name, value] of headers) {
    if (!headerName.test(name)) {
      throw new BusError("refused", `Cannot publish: header name of length ${name.length}`);
    }
    checkValue(name, value);
    text += `${name}: ${value}\r\n`;
  }
  return encoder.encode(`${text}\r\n`);
}

/** A parsed header block: the publisher's own names, and apart from them the server's. */
export type Headers = {
  /** The status of a message that only says something, such as 100, 404, 408, 503; else 0. */
  readonly status: number;
  readonly description: string;
  readonly own: ReadonlyMap<string, string>;
  /** Names that begin with `Nats-`. */
  readonly server: ReadonlyMap<string, string>;
  /** False when a name stands twice or a line is no header. */
  readonly wellFormed: boolean;
};

const pinHeader = "\r\nNats-Pin-Id:";
const none: ReadonlyMap<string, string> = new Map();
const nothing = new Uint8Array(0);
const noHeaders: Headers = {
  status: 0,
  description: "",
  own: none,
  server: none,
  wellFormed: true,
};

/** Parses a header block; null bytes mean a message without one. */
export function parseHeaders(bytes: Uint8Array | null): Headers {
  if (bytes === null) return noHeaders;
  const text = decoder.decode(bytes);
  let start = text.indexOf("\r\n");
  if (start < 0 || !text.startsWith("NATS/1.0")) return { ...noHeaders, wellFormed: false };
  const own = new Map<string, string>();
  let server = none;
  let wellFormed = true;
  const first = start > 8 ? text.slice(8, start).trim() : "";
  for (start += 2;;) {
    const end = text.indexOf("\r\n", start);
    if (end <= start) break;
    const colon = text.indexOf(":", start);
    if (colon < 0 || colon > end) {
      wellFormed = false;
    } else {
      const name = text.slice(start, colon);
      const from = text.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1;
      const value = text.slice(from, end);
      if (isServerName(name)) {
        if (server.has(name)) wellFormed = false;
        server = server === none ? new Map([[name, value]]) : new Map(server).set(name, value);
      } else {
        if (own.has(name)) wellFormed = false;
        own.set(name, value);
      }
    }
    start = end + 2;
  }
  const status = first === "" ? 0 : Number(first.slice(0, 3)) || 0;
  return { status, description: first.slice(4), own, server, wellFormed };
}

/**
 * The publisher's headers alone: what a delivery carries. Null for a hollow message: one that the
 * server was made to write by an answer to a direct get whose reply subject lay in a stream. Such a
 * copy holds what its writer may store elsewhere under a subject that its writer may not publish.
 * It is told by the headers that a direct get adds, which no publisher of ours ever stores.
 */
export function parseOwnHeaders(bytes: Uint8Array | null): ReadonlyMap<string, string> | null {
  if (bytes === null) return none;
  const own = new Map<string, string>();
  const text = decoder.decode(bytes);
  for (let start = text.indexOf("\r\n") + 2; start > 1;) {
    const end = text.indexOf("\r\n", start);
    if (end <= start) break;
    const colon = text.indexOf(":", start);
    if (colon < 0 || colon > end) return null;
    const name = text.slice(start, colon);
    if (!isServerName(name)) {
      if (own.has(name)) return null;
      const from = text.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1;
      own.set(name, text.slice(from, end));
    } else if (!storedNames.has(name)) {
      return null;
    }
    start = end + 2;
  }
  return own;
}

/** The `Nats-` names that a publisher stores, and the one that a pinned consumer adds. */
const storedNames: ReadonlySet<string> = new Set([
  "Nats-Expected-Stream",
  "Nats-Expected-Last-Subject-Sequence",
  "Nats-Msg-Id",
  "Nats-Pin-Id",
]);

/**
 * Under which name a pinned consumer (NATS ADR-42) served this message; null when it does not say.
 * The server's own header stands last.
 */
export function pinOf(bytes: Uint8Array | null): string | null {
  const text = bytes === null ? "" : decoder.decode(bytes);
  const at = text.lastIndexOf(pinHeader);
  const end = text.indexOf("\r\n", at + pinHeader.length);
  return at < 0 || end < 0 ? null : text.slice(at + pinHeader.length, end).trim();
}

/** Gives a hollow message neither headers nor payload, so that every reader refuses it. */
export function contentOf(
  headers: Uint8Array | null,
  payload: Uint8Array,
): { headers: ReadonlyMap<string, string>; payload: Uint8Array } {
  const own = parseOwnHeaders(headers);
  return own === null ? { headers: none, payload: nothing } : { headers: own, payload };
}

/** What the server answered to a publish. */
export type PublishAnswer = { readonly sequence: number; readonly duplicate: boolean } | BusError;

/**
 * Reads the acknowledgement of a publish. The plain one, `{"stream":"S", "seq":12}`, is read from
 * its end without a JSON parser; all others (errors, duplicates, domains) go through one.
 */
export function parsePublishAnswer(bytes: Uint8Array): PublishAnswer {
  const sequence = plainSequence(bytes);
  if (sequence > 0) return { sequence, duplicate: false };
  const answer = parseObject(bytes);
  const error = apiError(answer);
  if (error !== null) return error;
  const seq = answer["seq"];
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 1) {
    return new BusError("timeout", "Cannot publish: acknowledgement is not understood");
  }
  return { sequence: seq, duplicate: answer["duplicate"] === true };
}

/** Parses a JSON object; empty when it is none. */
export function parseObject(bytes: Uint8Array): Record<string, unknown> {
  try {
    return asObject(JSON.parse(decoder.decode(bytes)));
  } catch {
    return {};
  }
}

/** An object's fields, to be checked one by one; empty when it is none. */
export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** The error of a JetStream answer (ADR-7), or null. */
export function apiError(answer: Record<string, unknown>): BusError | null {
  if (answer["error"] === undefined) return null;
  const { code, err_code: detail, description } = asObject(answer["error"]);
  // The server's text names streams, subjects and limits, never content.
  const text = `JetStream ${String(detail)}: ${String(description)}`;
  return new BusError(codeOfApi(Number(code), Number(detail)), text);
}

/** What the acknowledgement subject of a delivery says (ADR-15; both forms). */
export type DeliverySubject = {
  readonly deliveries: number;
  readonly sequence: number;
  /** The consumer's own count, from 1; a gap means that a delivery was lost. */
  readonly consumerSequence: number;
  readonly timeMs: number;
  /** How many more the consumer could deliver now. */
  readonly pending: number;
};

/**
 * Parses an acknowledgement subject; null when it is not one of this consumer, such as when another
 * key made its own deliveries come to our inbox.
 */
export function parseDeliverySubject(
  reply: string,
  stream: string,
  consumer: string,
): DeliverySubject | null {
  const parts = reply.split(".");
  const at = parts.length === 9 ? 2 : parts.length >= 11 ? 4 : 0;
  if (at === 0 || parts[0] !== "$JS" || parts[1] !== "ACK") return null;
  if (parts[at] !== stream || parts[at + 1] !== consumer) return null;
  const time = parts[at + 5] ?? "";
  return {
    deliveries: Number(parts[at + 2]),
    sequence: Number(parts[at + 3]),
    consumerSequence: Number(parts[at + 4]),
    // Nanoseconds exceed 2^53: cut to milliseconds before they become a number.
    timeMs: Number(time.slice(0, -6)),
    pending: Number(parts[at + 6]),
  };
}

/** Says whether `subject` matches `pattern` (`*` one token, `>` one or more). */
export function matchesSubject(pattern: string, subject: string): boolean {
  if (pattern === subject) return true;
  const wanted = pattern.split(".");
  const given = subject.split(".");
  for (let index = 0; index < wanted.length; index++) {
    if (wanted[index] === ">") return given.length > index;
    if (given[index] === undefined) return false;
    if (wanted[index] !== "*" && wanted[index] !== given[index]) return false;
  }
  return wanted.length === given.length;
}

/** Says whether one of the permissions allows every subject of `wanted`; absent ones allow all. */
export function allowsSubject(patterns: readonly string[] | undefined, wanted: string): boolean {
  if (patterns === undefined) return true;
  return patterns.some((pattern) => {
    // `*` in a permission covers one token, and so not what `>` stands for.
    if (wanted.endsWith(">") && !pattern.endsWith(">")) return false;
    return matchesSubject(pattern, wanted);
  });
}

function isServerName(text: string): boolean {
  return text.startsWith("Nats-");
}

function checkValue(name: string, value: string): void {
  if (!headerValue.test(value)) {
    throw new BusError("refused", `Cannot publish: value of ${name} is not printable ASCII`);
  }
}

const close = 0x7d;
const colon = 0x3a;
const quote = 0x22;
/** The sequence of `{"s…"seq":<digits>}`, or 0 when the answer is of any other form. */
function plainSequence(bytes: Uint8Array): number {
  let at = bytes.length - 1;
  if (bytes[at] !== close || bytes[2] !== 0x73) return 0;
  let sequence = 0;
  let scale = 1;
  for (at--; at > 6; at--) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    sequence += digit * scale;
    scale *= 10;
  }
  const named = bytes[at] === colon && bytes[at - 1] === quote && bytes[at - 2] === 0x71 &&
    bytes[at - 3] === 0x65 && bytes[at - 4] === 0x73 && bytes[at - 5] === quote;
  return named && Number.isSafeInteger(sequence) ? sequence : 0;
}

/** server/errors.json of nats-server: the codes are interface, the texts are not. */
const codes: ReadonlyMap<number, BusErrorCode> = new Map([
  [10071, "wrong_sequence"],
  [10164, "wrong_sequence"],
  [10002, "storage_full"],
  [10023, "storage_full"],
  [10028, "storage_full"],
  [10047, "storage_full"],
  [10077, "storage_full"],
  [10122, "storage_full"],
  [10054, "too_large"],
  [10097, "too_large"],
]);

function codeOfApi(code: number, detail: number): BusErrorCode {
  const known = codes.get(detail);
  if (known !== undefined) return known;
  if (code === 408) return "timeout";
  return code === 503 || code === 429 || code === 500 ? "unavailable" : "refused";
}
