/**
 * For the tests of this folder: bytes written by hand, and a player that feeds one message to the
 * framing whole, byte by byte, and with the bytes of a next message behind it.
 *
 * @module
 */
import { deepStrictEqual, equal, fail } from "node:assert/strict";
import { type Frame, Framer, parseFrame } from "./frame.ts";

/** One message: its bytes, typed from the protocol's pages, and what they mean. */
export type WireCase<M> = { readonly name: string; readonly bytes: string; readonly message: M };

export const limits = { messageBytesMax: 1 << 20 } as const;

/** Bytes of a text of hex digits and 'quoted ASCII', blanks between them ignored. */
export function wire(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const [token] of text.matchAll(/'[^']*'|[0-9a-f]{2}|[^\s]/g)) {
    if (token.startsWith("'") && token.length > 1) {
      for (const character of token.slice(1, -1)) bytes.push(character.charCodeAt(0));
    } else if (/^[0-9a-f]{2}$/.test(token)) bytes.push(Number.parseInt(token, 16));
    else fail(`not a byte: ${token}`);
  }
  return Uint8Array.from(bytes);
}

/** The one frame that the bytes are. */
export function frameOf(bytes: Uint8Array): Frame {
  const parsed = parseFrame(bytes, limits);
  if (parsed.kind !== "message") return fail(`no frame: ${parsed.kind}`);
  equal(parsed.rest.length, 0);
  return parsed.message;
}

/** A message of any tag and body, its length as it should be. */
export function tagged(tag: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 5);
  bytes[0] = tag.charCodeAt(0);
  new DataView(bytes.buffer).setInt32(1, body.length + 4);
  bytes.set(body, 5);
  return bytes;
}

/** Every frame that the chunks hold; fails the test on malformed framing. */
export function framesOf(chunks: Iterable<Uint8Array>, framer = new Framer(limits)): Frame[] {
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    // Chunks are overwritten after their turn, as a socket's buffer is: a frame that is kept must
    // have been copied, and the framer must have kept nothing but copies.
    const buffer = chunk.slice();
    framer.push(buffer);
    for (let next = framer.next(); next.kind !== "need"; next = framer.next()) {
      if (next.kind === "malformed") return fail(`malformed: ${next.code}`);
      frames.push({ ...next, raw: next.raw.slice() });
    }
    buffer.fill(0xaa);
  }
  return frames;
}

export function* eachByte(bytes: Uint8Array): Generator<Uint8Array> {
  for (const byte of bytes) yield Uint8Array.of(byte);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Plays the bytes three ways and gives the frame, which is the same each time. */
export function playThreeWays(bytes: Uint8Array): Frame {
  const whole = frameOf(bytes);
  deepStrictEqual(whole.raw, bytes);
  deepStrictEqual(framesOf([bytes]), [whole]);
  deepStrictEqual(framesOf(eachByte(bytes)), [whole]);

  const sync = wire("'S' 00000004");
  const followed = parseFrame(concat(bytes, sync), limits);
  if (followed.kind !== "message") return fail(`no frame: ${followed.kind}`);
  deepStrictEqual(followed.message, whole);
  deepStrictEqual(followed.rest, sync);
  deepStrictEqual(framesOf([concat(bytes, sync)]), [whole, frameOf(sync)]);
  return whole;
}

/** The body cut at every length, and with one byte more: none of it may read as the message. */
export function* damaged(bytes: Uint8Array): Generator<Frame> {
  const frame = frameOf(bytes);
  const body = bytes.subarray(5);
  for (let length = 0; length < body.length; length++) {
    yield frameOf(tagged(frame.tag, body.subarray(0, length)));
  }
  yield frameOf(tagged(frame.tag, concat(body, Uint8Array.of(0))));
}
