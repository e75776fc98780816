/**
 * Framing of PostgreSQL protocol 3: Byte1 tag, Int32 length (counting itself, not the tag), body.
 * https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-MESSAGE-CONCEPTS
 *
 * **Invariant:** a message's length is judged from its first five bytes, before any of its body is
 * kept; and the frames given out, joined, are the bytes taken in.
 *
 * @example
 * ```ts
 * import { parseFrame } from "#schemas/wire/postgres/frame.ts";
 * import { equal } from "node:assert/strict";
 * const sync = Uint8Array.of(0x53, 0, 0, 0, 4);
 * const parsed = parseFrame(sync, { messageBytesMax: 1024 });
 * equal(parsed.kind === "message" && parsed.message.tag, "S");
 * ```
 * @module
 */
import { int32At, type Malformed, malformed, Reader } from "../cursor.ts";
import { decodeStartupFrame, type StartupFrame, startupFrameBytesMax } from "./startup_message.ts";

/** `messageBytesMax` counts a whole message: tag, length and body. */
export type FrameLimits = { readonly messageBytesMax: number };

/** `raw` is the whole message, a view of the input; its body begins at `bodyOffset`. */
export type Frame = { readonly kind: "frame"; readonly tag: string; readonly raw: Uint8Array };
/** At least `bytes` more bytes are needed before anything else can be said. */
export type Need = { readonly kind: "need"; readonly bytes: number };

export type Parsed<M> =
  | { readonly kind: "message"; readonly message: M; readonly rest: Uint8Array }
  | Need
  | { readonly kind: "malformed"; readonly reason: Malformed };

/** The tag, and the size of the whole message that it announces. */
export type FrameHeader = { readonly tag: string; readonly messageBytes: number };

/** Where the body of a tagged message begins. */
export const bodyOffset = 5;

/** The body of a frame, a view. */
export function bodyOf(frame: Frame): Uint8Array {
  return frame.raw.subarray(bodyOffset);
}

/** A reader at the start of the frame's body; its offsets count from the tag. */
export function readerOf(frame: Frame): Reader {
  return new Reader(frame.raw, bodyOffset);
}

/** Cuts one tagged message off the input. */
export function parseFrame(input: Uint8Array, limits: FrameLimits): Parsed<Frame> {
  const size = messageBytes(input, 0, input.length, 1, limits.messageBytesMax);
  if (typeof size !== "number") return { kind: "malformed", reason: size };
  if (size > input.length) return { kind: "need", bytes: size - input.length };
  return { kind: "message", message: frameOf(input.subarray(0, size)), rest: input.subarray(size) };
}

/** Cuts the first, untagged packet of a connection off the input. */
export function parseStartupFrame(input: Uint8Array, limits: FrameLimits): Parsed<StartupFrame> {
  const bytesMax = Math.min(limits.messageBytesMax, startupFrameBytesMax);
  const size = messageBytes(input, 0, input.length, 0, bytesMax);
  if (typeof size !== "number") return { kind: "malformed", reason: size };
  if (size > input.length) return { kind: "need", bytes: size - input.length };
  const message = decodeStartupFrame(input.subarray(0, size));
  if (message.kind === "malformed") return { kind: "malformed", reason: message };
  return { kind: "message", message, rest: input.subarray(size) };
}

/**
 * Cuts messages off a stream of chunks. Push a chunk, then take `next()` until it is a `need`; the
 * chunk may be reused from then on, and so the frames that were views of it must be done with or
 * copied. A message in one chunk is a view of it; one in several is gathered in a buffer of its own
 * that doubles with the bytes that came, never with the length that was announced.
 *
 * `malformed` sticks: a stream that lost its framing has no next message.
 */
export class Framer {
  #bytesMax: number;
  #chunk: Uint8Array = empty;
  #offset = 0;
  #gathered: Uint8Array = empty;
  #gatheredLength = 0;
  #failure: Malformed | null = null;

  constructor(limits: FrameLimits) {
    this.#bytesMax = limits.messageBytesMax;
  }

  /** Changes the limit from the next header on: what may come before authentication is little. */
  setLimits(limits: FrameLimits): void {
    this.#bytesMax = limits.messageBytesMax;
  }

  push(chunk: Uint8Array): void {
    const left = this.#chunk.length - this.#offset;
    if (left === 0) {
      this.#chunk = chunk;
    } else {
      const joined = new Uint8Array(left + chunk.length);
      joined.set(this.#chunk.subarray(this.#offset));
      joined.set(chunk, left);
      this.#chunk = joined;
    }
    this.#offset = 0;
  }

  /** The next tagged message. */
  next(): Frame | Need | Malformed {
    const raw = this.#take(1, this.#bytesMax);
    return raw instanceof Uint8Array ? frameOf(raw) : raw;
  }

  /** The next untagged packet: for the start of a connection, and after an answer to SSLRequest. */
  nextStartup(): StartupFrame | Need | Malformed {
    const raw = this.#take(0, Math.min(this.#bytesMax, startupFrameBytesMax));
    if (!(raw instanceof Uint8Array)) return raw;
    const frame = decodeStartupFrame(raw);
    if (frame.kind === "malformed") this.#failure = frame;
    return frame;
  }

  /** Tag and size of the tagged message that is still coming, as soon as five bytes are there. */
  get header(): FrameHeader | null {
    const gathering = this.#gatheredLength > 0;
    const bytes = gathering ? this.#gathered : this.#chunk;
    const at = gathering ? 0 : this.#offset;
    const end = gathering ? this.#gatheredLength : this.#chunk.length;
    if (end - at < bodyOffset) return null;
    return {
      tag: String.fromCharCode(bytes[at] ?? 0),
      messageBytes: (int32At(bytes, at + 1) >>> 0) + 1,
    };
  }

  /** Bytes taken in and not yet given out. After an answer to SSLRequest it must be 0. */
  get buffered(): number {
    return this.#gatheredLength + this.#chunk.length - this.#offset;
  }

  /** Memory held for a message that came in part: at most twice what came, and 64 bytes. */
  get reserved(): number {
    return this.#gathered.length;
  }

  /** Gives out, as a copy, what is buffered, and begins anew. */
  takeRest(): Uint8Array {
    const rest = new Uint8Array(this.buffered);
    rest.set(this.#gathered.subarray(0, this.#gatheredLength));
    rest.set(this.#chunk.subarray(this.#offset), this.#gatheredLength);
    this.#release();
    this.#gathered = empty;
    this.#gatheredLength = 0;
    this.#failure = null;
    return rest;
  }

  #take(tagBytes: 0 | 1, bytesMax: number): Uint8Array | Need | Malformed {
    if (this.#failure !== null) return this.#failure;
    if (this.#gatheredLength === 0) {
      const available = this.#chunk.length - this.#offset;
      const size = messageBytes(this.#chunk, this.#offset, available, tagBytes, bytesMax);
      if (typeof size !== "number") return this.#failure = size;
      if (size <= available) {
        const start = this.#offset;
        this.#offset += size;
        return this.#chunk.subarray(start, this.#offset);
      }
    }
    return this.#gather(tagBytes, bytesMax);
  }

  #gather(tagBytes: 0 | 1, bytesMax: number): Uint8Array | Need | Malformed {
    const headerBytes = tagBytes + 4;
    this.#gatherUpTo(headerBytes);
    const have = this.#gatheredLength;
    const size = messageBytes(this.#gathered, 0, have, tagBytes, bytesMax);
    if (typeof size !== "number") return this.#failure = size;
    if (have >= headerBytes) this.#gatherUpTo(size);
    if (this.#gatheredLength < size) {
      this.#release();
      return { kind: "need", bytes: size - this.#gatheredLength };
    }
    const raw = this.#gathered.subarray(0, size);
    this.#gathered = empty;
    this.#gatheredLength = 0;
    return raw;
  }

  #gatherUpTo(size: number): void {
    const wanted = size - this.#gatheredLength;
    const more = Math.min(wanted, this.#chunk.length - this.#offset);
    if (more <= 0) return;
    const needed = this.#gatheredLength + more;
    if (needed > this.#gathered.length) {
      const doubled = Math.max(needed, this.#gathered.length * 2, gatherBytesMin);
      const grown = new Uint8Array(Math.min(doubled, Math.max(size, gatherBytesMin)));
      grown.set(this.#gathered.subarray(0, this.#gatheredLength));
      this.#gathered = grown;
    }
    const end = this.#offset + more;
    this.#gathered.set(this.#chunk.subarray(this.#offset, end), this.#gatheredLength);
    this.#gatheredLength = needed;
    this.#offset = end;
  }

  #release(): void {
    this.#chunk = empty;
    this.#offset = 0;
  }
}

const empty = new Uint8Array(0);
const gatherBytesMin = 64;

function frameOf(raw: Uint8Array): Frame {
  return { kind: "frame", tag: String.fromCharCode(raw[0] ?? 0), raw };
}

/** The size of the message at `offset`; of its header only while that is not all there. */
function messageBytes(
  bytes: Uint8Array,
  offset: number,
  available: number,
  tagBytes: 0 | 1,
  bytesMax: number,
): number | Malformed {
  const headerBytes = tagBytes + 4;
  if (available < headerBytes) return headerBytes;
  const length = int32At(bytes, offset + tagBytes);
  // A first packet holds at least its code.
  if (length < (tagBytes === 1 ? 4 : 8)) {
    return malformed(length < 0 ? "negative_length" : "length_below_minimum", "length", tagBytes);
  }
  const size = length + tagBytes;
  return size > bytesMax ? malformed("message_too_large", "length", tagBytes) : size;
}
