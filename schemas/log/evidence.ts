/**
 * A month's record in one file, or one session of it, to be read and verified where the
 * installation is not: lines of JSON (RFC 8259, each ended by a line feed). The first says what it
 * is and holds the public keys; then stand the log's signed checkpoints and then its frames, each
 * in stored order and exactly as stored. Of a session alone there is the newest checkpoint, and in
 * the place of other sessions' frames stand ranges of leaves. docs/evidence.md is for those who
 * write a verifier of their own.
 *
 * **Invariant:** a message that was written and read again has the same subject, sequence, headers
 * and payload, so it has the same leaf hash. Nothing in the file is believed for standing there:
 * the verifier recomputes all of it, and a key taken from elsewhere says whose it is.
 *
 * @module
 */
import { z } from "zod";
import { decodeBase64 } from "./bytes.ts";
import { hashBytes, type LeafRange } from "./merkle.ts";

export const EvidenceHead = z.strictObject({
  evidence: z.literal("sallyport"),
  version: z.literal(1),
  /** The log's name on the bus, and the month. */
  log: z.string().min(1).max(64),
  epoch: z.string().regex(/^\d{4}_(0[1-9]|1[0-2])$/),
  /** Of one session alone: its name, `<epoch>.<shard>.<edge>.<session>`. */
  session: z.string().min(1).max(256).optional(),
  /** Whose record it is; identity's signatures name it too. */
  organisation: z.string().min(1).max(256),
  exportedAt: z.string(),
  /** Sequences up to which messages were written. */
  frames: z.int().min(0),
  checkpoints: z.int().min(0),
  /** The log's public key (C2SP signed-note), without a month. */
  logKey: z.string().min(1).max(1024),
  /** Identity's public keys, a JWKS. */
  identityKeys: z.unknown(),
});
export type EvidenceHead = z.infer<typeof EvidenceHead>;

const Line = z.strictObject({
  subject: z.string().min(1).max(512),
  sequence: z.int().min(1),
  /** As far as there are dates (ECMAScript section 21.4.1.1). */
  timeMs: z.int().min(0).max(8_640_000_000_000_000),
  /** Pairs, for a leaf covers their order. */
  headers: z.array(z.tuple([z.string(), z.string()])),
  /** Base64. */
  payload: z.string(),
});

const RangeLine = z.strictObject({
  /** The first sequence and the last. */
  from: z.int().min(1),
  through: z.int().min(1),
  /** Base64. */
  hashes: z.array(z.string()).min(1).max(128),
});

/** A stored message, as the bus gives it. */
export type EvidenceMessage = {
  readonly subject: string;
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: Uint8Array;
};

/** One line with its end. */
export function encodeEvidenceHead(head: EvidenceHead): string {
  return `${JSON.stringify(head)}\n`;
}

/** One line with its end. */
export function encodeEvidenceMessage(message: EvidenceMessage): string {
  const { subject, sequence, timeMs, headers, payload } = message;
  const line = {
    subject,
    sequence,
    timeMs,
    headers: [...headers],
    payload: payload.toBase64(),
  };
  return `${JSON.stringify(line)}\n`;
}

/** One line with its end. */
export function encodeEvidenceRange({ start, end, hashes }: LeafRange): string {
  const line = { from: start + 1, through: end, hashes: hashes.map((hash) => hash.toBase64()) };
  return `${JSON.stringify(line)}\n`;
}

/** A line in the place of frames, without its end; null when it is none, in its one spelling. */
export function decodeEvidenceRange(line: string): LeafRange | null {
  const parsed = RangeLine.safeParse(jsonOf(line));
  if (!parsed.success) return null;
  const { from, through, hashes: texts } = parsed.data;
  const hashes = texts.flatMap((text) => decodeBase64(text) ?? []);
  if (hashes.some(({ length }) => length !== hashBytes)) return null;
  const range = { start: from - 1, end: through, hashes };
  return encodeEvidenceRange(range) === `${line}\n` ? range : null;
}

/** The first line, without its end; null when it is not of this form. */
export function decodeEvidenceHead(line: string): EvidenceHead | null {
  return EvidenceHead.safeParse(jsonOf(line)).data ?? null;
}

/** A later line, without its end; null when it is not of this form, in its one spelling. */
export function decodeEvidenceMessage(line: string): EvidenceMessage | null {
  const parsed = Line.safeParse(jsonOf(line));
  if (!parsed.success) return null;
  const { headers, payload, ...place } = parsed.data;
  const bytes = decodeBase64(payload);
  if (bytes === null) return null;
  const message = { ...place, headers: new Map(headers), payload: bytes };
  // A name that stands twice would be one thing to us and another to whoever reads it next.
  return encodeEvidenceMessage(message) === `${line}\n` ? message : null;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
