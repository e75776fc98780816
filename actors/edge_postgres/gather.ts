/**
 * Gathers an agent's messages into requests, the smallest unit that can be judged: a simple Query
 * or FunctionCall by itself, extended messages up to Sync or Flush, COPY data as it comes. A long
 * batch is cut behind an Execute by a Flush of our own: the server does the same with it, and only
 * answers the first part earlier.
 *
 * **Invariant:** the bytes of all requests, joined, are the bytes the agent sent, in order, but for
 * what cuts long batches.
 *
 * @module
 */
import { describeMalformed, type Malformed, Writer } from "#schemas/wire/cursor.ts";
import { type Frame, Framer } from "#schemas/wire/postgres/frame.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";

/** How a request ends tells what its refusal must say: a ReadyForQuery follows, or it does not. */
export type RequestEnd = "query" | "sync" | "flush" | "copy";

/** Whether a request brings data of a COPY, or its end, and by which protocol that was begun. */
export type Copies = "no" | "simple" | "extended";

/** What is asked of the server in one piece. */
export type AgentRequest = {
  readonly bytes: Uint8Array;
  readonly end: RequestEnd;
  readonly copies: Copies;
};

export type Gathered =
  | { readonly kind: "request" } & AgentRequest
  | { readonly kind: "terminate" }
  | { readonly kind: "too_large"; readonly announced: number }
  | { readonly kind: "protocol_error"; readonly message: string };

export class Gatherer {
  readonly #framer: Framer;
  readonly #bytesMax: number;
  /** In one piece: a request may be made of millions of messages. */
  #kept = new Writer();
  #messages = 0;
  #copying = false;
  /** The last statement was a simple query's, so that the end of its COPY is answered at once. */
  #simple = true;
  #over = false;

  constructor(requestBytesMax: number) {
    this.#framer = new Framer({ messageBytesMax: requestBytesMax });
    this.#bytesMax = requestBytesMax;
  }

  /** Bytes that wait for the rest of their request. */
  get waiting(): number {
    return this.#kept.length + this.#framer.buffered;
  }
  /** Memory held for them: at most twice as much, and a little. */
  get reserved(): number {
    return this.#kept.reserved + this.#framer.reserved;
  }

  /** Takes a chunk; after it, COPY data that came is a request of its own. */
  receive(chunk: Uint8Array): Gathered[] {
    const found: Gathered[] = [];
    if (this.#over) return found;
    this.#framer.push(chunk);
    while (!this.#over) {
      const frame = this.#framer.next();
      if (frame.kind === "malformed") {
        found.push(this.#malformed(frame));
        break;
      }
      if (frame.kind === "need") break;
      this.#message(frame, found);
    }
    if (this.#copying) this.#emit("copy", found);
    return found;
  }

  #message(frame: Frame, found: Gathered[]): void {
    const ends = frame.tag === "c" || frame.tag === "f";
    const copy = frame.tag === "d" || ends && this.#simple;
    if (copy !== this.#copying && this.#kept.length > 0) {
      this.#emit(this.#copying ? "copy" : "flush", found);
    }
    switch (frame.tag) {
      case "X":
        this.#over = true;
        found.push({ kind: "terminate" });
        return;
      case "Q":
      case "F":
        // Extended messages before it without a Sync stand with it: by itself nothing ends them.
        this.#simple = true;
        this.#keep(frame.raw, found);
        this.#emit("query", found);
        return;
      case "S":
        this.#keep(frame.raw, found);
        this.#emit("sync", found);
        return;
      case "H":
        this.#keep(frame.raw, found);
        this.#emit("flush", found);
        return;
      case "P":
      case "B":
      case "D":
      case "C":
        this.#simple = false;
        this.#keep(frame.raw, found);
        return;
      case "E":
        this.#simple = false;
        this.#keep(frame.raw, found);
        if (this.#messages < batchMessages && this.#kept.length < batchBytes) return;
        this.#keep(flush, found);
        this.#emit("flush", found);
        return;
      case "d":
        this.#copying = true;
        this.#keep(frame.raw, found);
        if (this.#kept.length > copyBytes) this.#emit("copy", found);
        return;
      case "c":
      case "f":
        this.#keep(frame.raw, found);
        // Of the extended protocol it is a message like any other, answered at Sync or Flush.
        if (this.#simple) this.#emit("copy", found);
        return;
      default:
        this.#over = true;
        found.push({ kind: "protocol_error", message: "a message of unknown type" });
    }
  }

  #keep(raw: Uint8Array, found: Gathered[]): void {
    const announced = this.#kept.length + raw.length;
    if (announced > this.#bytesMax) {
      this.#over = true;
      this.#kept = new Writer();
      found.push({ kind: "too_large", announced });
      return;
    }
    this.#kept.raw(raw);
    this.#messages++;
  }

  #emit(end: RequestEnd, found: Gathered[]): void {
    this.#copying = false;
    this.#messages = 0;
    if (this.#kept.length === 0 || this.#over) return;
    const bytes = this.#kept.bytes();
    const copies = !copyTags.has(bytes[0] ?? 0) ? "no" : this.#simple ? "simple" : "extended";
    found.push({ kind: "request", bytes, end, copies });
    if (this.#kept.reserved > keptBytes) this.#kept = new Writer();
    else this.#kept.clear();
  }

  #malformed(reason: Malformed): Gathered {
    this.#over = true;
    if (reason.code === "message_too_large") {
      return { kind: "too_large", announced: this.#framer.header?.messageBytes ?? this.#bytesMax };
    }
    return { kind: "protocol_error", message: describeMalformed(reason) };
  }
}

/** CopyData, CopyDone, CopyFail. */
const copyTags: ReadonlySet<number> = new Set([0x64, 0x63, 0x66]);
/** Memory that is kept from one request to the next. */
const keptBytes = 16 * 1024;
const flush = frontendBytes({ kind: "flush" });
/** Where a batch is cut: what authz reads at once holds up others; a verdict names each answer. */
const batchMessages = 4096;
const batchBytes = 4 * 1024 * 1024;
/** COPY data is judged in pieces of about this size. */
const copyBytes = 128 * 1024;
