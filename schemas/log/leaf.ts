/**
 * The bytes of one leaf: a stored frame in a canonical, unambiguous binary form.
 *
 * ```
 * "sallyport-leaf/2\n"
 * u64  stream sequence
 * u64  when the server stored it, milliseconds since 1970
 * u32  length, then subject (UTF-8)
 * u32  number of headers, then for each, in the order stored:
 *      u32 length, name; u32 length, value (UTF-8)
 * u64  length, then payload
 * ```
 * All integers are big-endian.
 *
 * Headers whose name starts with `Nats-` (that very spelling) are left out: the server and its
 * clients use them for the exchange itself (`Nats-Msg-Id`, `Nats-Expected-*`, and on delivery
 * `Nats-Stream`, `Nats-Sequence`, ...), so they are not the same at publishing and at every
 * reading. Nothing in Sallyport draws meaning from them.
 *
 * The time is the server's own and stays as it is: by it a report says when, and expiries and
 * tokens are judged. Leaves of version 1 left it out, so that whoever had the files could date a
 * disclosure anew.
 *
 * **Invariant:** two different frames never have the same leaf bytes: each variable part is
 * preceded by its length.
 *
 * @module
 */
import { hash } from "node:crypto";

/** What of a stored message a leaf covers. */
export type LeafMessage = {
  readonly subject: string;
  /** Stream sequence, from 1. */
  readonly sequence: number;
  /** When the server stored it, whole milliseconds since 1970. */
  readonly timeMs: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: Uint8Array;
};

const encoder = new TextEncoder();
const domain = encoder.encode("sallyport-leaf/2\n");
const excludedPrefix = "Nats-";
const leafPrefix = 0x00;

/** The leaf's bytes, whole; for an archive or another verifier. */
export function leafBytes(message: LeafMessage): Uint8Array {
  return prefixedLeaf(message).slice(1);
}

/** RFC 6962's hash of the leaf, SHA-256(0x00 || leafBytes). */
export function frameLeafHash(message: LeafMessage): Uint8Array {
  // One call over one buffer: calls into the platform cost more than copying a frame.
  return new Uint8Array(hash("sha256", prefixedLeaf(message), "buffer"));
}

/** Grows to the largest leaf; every call leaves it free for the next. */
let scratch = new Uint8Array(4096);

/** 0x00, then the leaf; valid until the next call. */
function prefixedLeaf(message: LeafMessage): Uint8Array {
  const { subject, sequence, timeMs, headers, payload } = message;
  const covered = [...headers].filter(([name]) => !name.startsWith(excludedPrefix));
  const characters = covered.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  // A character of a string is at most three bytes of UTF-8.
  const most = 64 + covered.length * 8 + (characters + subject.length) * 3 + payload.length;
  if (scratch.length < most) scratch = new Uint8Array(most * 2);
  const view = new DataView(scratch.buffer);
  scratch[0] = leafPrefix;
  scratch.set(domain, 1);
  let offset = 1 + domain.length;
  view.setBigUint64(offset, BigInt(sequence));
  view.setBigUint64(offset + 8, BigInt(timeMs));
  offset = putText(view, offset + 16, subject);
  view.setUint32(offset, covered.length);
  offset += 4;
  for (const [name, value] of covered) {
    offset = putText(view, offset, name);
    offset = putText(view, offset, value);
  }
  view.setBigUint64(offset, BigInt(payload.length));
  scratch.set(payload, offset + 8);
  return scratch.subarray(0, offset + 8 + payload.length);
}

function putText(view: DataView, offset: number, text: string): number {
  const { written } = encoder.encodeInto(text, scratch.subarray(offset + 4));
  view.setUint32(offset, written);
  return offset + 4 + written;
}
