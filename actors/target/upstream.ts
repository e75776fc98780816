/**
 * The book-keeping of one upstream connection: which request is running, what the server still owes
 * it, how much came back, and the raw bytes gathered for masking.
 *
 * @module
 */
import type { Outcome } from "#schemas/frames.ts";
import {
  answered,
  expectAnswer,
  type Expectation,
  isSettled,
  newExpectation,
} from "./expectation.ts";
import { bodyOffset, Framer } from "#schemas/wire/postgres/frame.ts";

export type UpstreamLimits = {
  /** The largest message taken from the server. */
  readonly messageBytesMax: number;
  /** The size at which gathered bytes are sent to masking; also the largest piece. */
  readonly chunkBytes: number;
  /** Command tags kept for the record of one request. */
  readonly commandsMax: number;
};

/** Mutable, owned by the target's session state. */
export type Upstream = {
  readonly limits: UpstreamLimits;
  readonly framer: Framer;
  readonly expectation: Expectation;
  gathered: Uint8Array[];
  gatheredBytes: number;
  /** A wake to send what is gathered has been asked for. */
  flushing: boolean;
  /** The next raw part is the first of the running request. */
  begins: boolean;
  /** True when the running request has had all its answers. */
  settled: boolean;
  part: number;
  rawBytes: number;
  lastRequest: number;
  /** What ReadyForQuery said in this request; null before it, as after a Flush without Sync. */
  transaction: "I" | "T" | "E" | null;
  startedMs: number;
  bytes: number;
  rows: number;
  commands: string[];
  completed: number;
  sqlstate: string | null;
  takeGathered(chunkBytes: number): Uint8Array[];
};

export function newUpstream(limits: UpstreamLimits): Upstream {
  return {
    limits,
    framer: new Framer({ messageBytesMax: limits.messageBytesMax }),
    expectation: newExpectation(),
    gathered: [],
    gatheredBytes: 0,
    flushing: false,
    begins: true,
    settled: true,
    part: 0,
    rawBytes: 0,
    lastRequest: 0,
    transaction: null,
    startedMs: 0,
    bytes: 0,
    rows: 0,
    commands: [],
    completed: 0,
    sqlstate: null,
    takeGathered,
  };
}

/** A request's bytes go upstream now. No parts: the login, which ends with ReadyForQuery. */
export function startRequest(
  upstream: Upstream,
  parts: readonly Uint8Array[],
  nowMs: number,
): void {
  upstream.begins = true;
  upstream.startedMs = nowMs;
  upstream.bytes = 0;
  upstream.rows = 0;
  upstream.commands = [];
  upstream.completed = 0;
  upstream.sqlstate = null;
  upstream.transaction = null;
  if (parts.length === 0) expectAnswer(upstream.expectation, "S");
  const framer = new Framer({ messageBytesMax: Number.MAX_SAFE_INTEGER });
  for (const part of parts) {
    framer.push(part);
    for (let frame = framer.next(); frame.kind === "frame"; frame = framer.next()) {
      expectAnswer(upstream.expectation, frame.tag);
    }
  }
  upstream.settled = isSettled(upstream.expectation);
}

/** Takes bytes of the server. @returns false when they are no protocol messages. */
export function takeUpstream(upstream: Upstream, bytes: Uint8Array): boolean {
  const { framer, expectation } = upstream;
  upstream.gathered.push(bytes);
  upstream.gatheredBytes += bytes.length;
  upstream.bytes += bytes.length;
  framer.push(bytes);
  for (;;) {
    const frame = framer.next();
    if (frame.kind === "need") break;
    if (frame.kind === "malformed") return false;
    switch (frame.tag) {
      case "D":
      case "d":
        upstream.rows++;
        continue;
      case "C":
        upstream.completed++;
        if (upstream.commands.length < upstream.limits.commandsMax) {
          upstream.commands.push(commandOf(frame.raw));
        }
        break;
      case "E":
        upstream.sqlstate = sqlstateOf(frame.raw) ?? "XX000";
        break;
      case "Z":
        upstream.transaction = statusOf(frame.raw[bodyOffset]);
        break;
    }
    answered(expectation, frame.tag);
  }
  upstream.settled = isSettled(expectation);
  return true;
}

/** What is to be recorded of the request that has ended. */
export function outcomeOf(
  upstream: Upstream,
  nowMs: number,
): Omit<Outcome, "version" | "request" | "digest" | "verdict"> {
  const { bytes, rows, commands, sqlstate, transaction, completed } = upstream;
  const status = sqlstate === null ? "executed" : sqlstate === "57014" ? "cancelled" : "failed";
  const durationMs = Math.max(0, nowMs - upstream.startedMs);
  return {
    status,
    durationMs,
    bytes,
    rows,
    commands,
    sqlstate,
    transaction,
    completed,
    alive: false,
    catalogDigest: null,
  };
}

/** Joins what is gathered into pieces of at most `chunkBytes`; each is a copy or a whole chunk. */
function takeGathered(this: Upstream, chunkBytes: number): Uint8Array[] {
  const { gathered, gatheredBytes } = this;
  this.gathered = [];
  this.gatheredBytes = 0;
  if (gatheredBytes === 0) return [];
  const first = gathered[0];
  if (gathered.length === 1 && first !== undefined && gatheredBytes <= chunkBytes) return [first];
  const joined = new Uint8Array(gatheredBytes);
  let at = 0;
  for (const bytes of gathered) {
    joined.set(bytes, at);
    at += bytes.length;
  }
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < gatheredBytes; start += chunkBytes) {
    pieces.push(joined.subarray(start, Math.min(start + chunkBytes, gatheredBytes)));
  }
  return pieces;
}

function statusOf(byte: number | undefined): "I" | "T" | "E" | null {
  return byte === 0x49 ? "I" : byte === 0x54 ? "T" : byte === 0x45 ? "E" : null;
}

const ascii = new TextDecoder("latin1");

/** A command tag is PostgreSQL's own word and a count: `INSERT 0 5`. */
function commandOf(raw: Uint8Array): string {
  return ascii.decode(raw.subarray(bodyOffset, Math.min(raw.length - 1, bodyOffset + 64)));
}

/** The `C` field of an ErrorResponse. */
function sqlstateOf(raw: Uint8Array): string | null {
  let at = bodyOffset;
  while (at < raw.length && raw[at] !== 0) {
    const end = raw.indexOf(0, at + 1);
    if (end < 0) return null;
    if (raw[at] === 0x43 && end - at === 6) return ascii.decode(raw.subarray(at + 1, end));
    at = end + 1;
  }
  return null;
}
