/**
 * The book-keeping of one upstream connection: the request that is running, how much came back of
 * it, and the raw bytes gathered for masking.
 *
 * @module
 */
import type { Outcome } from "#schemas/frames.ts";
import type { Conversation, Terms } from "./conversation.ts";
import { joinBytes } from "#schemas/join_bytes.ts";

/** Mutable, owned by the target's session state. */
export type Upstream = {
  readonly conversation: Conversation;
  gathered: Uint8Array[];
  gatheredBytes: number;
  /** A wake to send what is gathered has been asked for. */
  flushing: boolean;
  /** When something was last sent on, on the actor's clock. */
  flushedMs: number;
  /** The next raw part is the first of the running request. */
  begins: boolean;
  part: number;
  rawBytes: number;
  /** The same when the running request began. */
  beganBytes: number;
  lastRequest: number;
  startedMs: number;
  bytes: number;
};

export function newUpstream(conversation: Conversation): Upstream {
  return {
    conversation,
    gathered: [],
    gatheredBytes: 0,
    flushing: false,
    flushedMs: Number.NEGATIVE_INFINITY,
    begins: true,
    part: 0,
    rawBytes: 0,
    beganBytes: 0,
    lastRequest: 0,
    startedMs: 0,
    bytes: 0,
  };
}

/** The upstream is dialled: what the login answers counts as the answer to request 0. */
export function startDial(upstream: Upstream, nowMs: number): void {
  begin(upstream, nowMs);
  upstream.conversation.dials();
}

/** A request goes upstream. @returns what of it does so now; null when it cannot run. */
export function startRequest(
  upstream: Upstream,
  parts: readonly Uint8Array[],
  terms: Terms,
  nowMs: number,
): readonly Uint8Array[] | null {
  begin(upstream, nowMs);
  return upstream.conversation.asks(parts, terms);
}

function begin(upstream: Upstream, nowMs: number): void {
  upstream.begins = true;
  upstream.beganBytes = upstream.rawBytes;
  upstream.startedMs = nowMs;
  upstream.bytes = 0;
}

/** Takes bytes of the server. @returns false when they are not of the protocol. */
export function takeUpstream(upstream: Upstream, bytes: Uint8Array): boolean {
  const passed = upstream.conversation.takes(bytes);
  for (const piece of passed ?? []) {
    if (piece.length > 0) upstream.gathered.push(piece);
    upstream.gatheredBytes += piece.length;
    upstream.bytes += piece.length;
  }
  return passed !== null;
}

/** What is to be recorded of the request that has ended. */
export function outcomeOf(
  upstream: Upstream,
  nowMs: number,
): Omit<Outcome, "version" | "request" | "digest" | "verdict"> {
  const durationMs = Math.max(0, nowMs - upstream.startedMs);
  const { bytes, conversation } = upstream;
  return { ...conversation.answered(), durationMs, bytes, alive: false, catalogDigest: null };
}

/**
 * Takes what is gathered, in pieces of at most `chunkBytes`. What was received together stays
 * together unless it alone is larger than that.
 */
export function takeGathered(upstream: Upstream, chunkBytes: number): Uint8Array[] {
  const { gathered } = upstream;
  upstream.gathered = [];
  upstream.gatheredBytes = 0;
  const pieces: Uint8Array[] = [];
  let group: Uint8Array[] = [];
  let bytes = 0;
  for (const received of gathered) {
    if (bytes > 0 && bytes + received.length > chunkBytes) {
      pieces.push(joinBytes(group));
      group = [];
      bytes = 0;
    }
    group.push(received);
    bytes += received.length;
    if (bytes <= chunkBytes) continue;
    for (let start = 0; start < bytes; start += chunkBytes) {
      pieces.push(received.subarray(start, start + chunkBytes));
    }
    group = [];
    bytes = 0;
  }
  if (bytes > 0) pieces.push(joinBytes(group));
  return pieces;
}
