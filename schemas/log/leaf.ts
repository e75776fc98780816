/**
 * The bytes of one leaf: a stored frame in a canonical, unambiguous binary form.
 *
 * ```
 * "sallyport-leaf/1\n"
 * u64  stream sequence
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
 * reading. Nothing in Sallyport draws meaning from them. The server's time of storing is not
 * covered either: times that count stand in our own payloads.
 *
 * **Invariant:** two different frames never have the same leaf bytes: each variable part is
 * preceded by its length.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { concatBytes } from "./bytes.ts";

/** What of a stored message a leaf covers. */
export type LeafMessage = {
  readonly subject: string;
  /** Stream sequence, from 1. */
  readonly sequence: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: Uint8Array;
};

const encoder = new TextEncoder();
const domain = encoder.encode("sallyport-leaf/1\n");
const excludedPrefix = "Nats-";
const leafPrefix = 0x00;

/** The leaf's bytes, whole; for an archive or another verifier. */
export function leafBytes(message: LeafMessage): Uint8Array {
  return concatBytes([leafHead(message).subarray(1), message.payload]);
}

/** RFC 6962's hash of the leaf, SHA-256(0x00 || leafBytes), without copying the payload. */
export function frameLeafHash(message: LeafMessage): Uint8Array {
  const hash = createHash("sha256").update(leafHead(message)).update(message.payload);
  return new Uint8Array(hash.digest());
}

/** 0x00, then all of the leaf that precedes its payload. */
function leafHead(message: LeafMessage): Uint8Array {
  const texts: Uint8Array[] = [];
  for (const [name, value] of message.headers) {
    if (name.startsWith(excludedPrefix)) continue;
    texts.push(encoder.encode(name), encoder.encode(value));
  }
  const subject = encoder.encode(message.subject);
  const variable = texts.reduce((length, text) => length + 4 + text.length, subject.length);
  const head = new Uint8Array(1 + domain.length + 8 + 4 + 4 + 8 + variable);
  const view = new DataView(head.buffer);
  head[0] = leafPrefix;
  head.set(domain, 1);
  let offset = 1 + domain.length;
  view.setBigUint64(offset, BigInt(message.sequence));
  offset = putText(view, head, offset + 8, subject);
  view.setUint32(offset, texts.length / 2);
  offset += 4;
  for (const text of texts) offset = putText(view, head, offset, text);
  view.setBigUint64(offset, BigInt(message.payload.length));
  return head;
}

function putText(view: DataView, head: Uint8Array, offset: number, text: Uint8Array): number {
  view.setUint32(offset, text.length);
  head.set(text, offset + 4);
  return offset + 4 + text.length;
}
