/**
 * Cuts sftp packets off a stream: an UInt32 length, then a type and the rest.
 *
 * **Invariant:** a length is judged before anything of its packet is kept, and what follows one
 * that is malformed is not read.
 *
 * @example
 * ```ts
 * import { SftpFramer } from "#schemas/wire/sftp/frame.ts";
 * import { deepStrictEqual } from "node:assert/strict";
 * const framer = new SftpFramer({ packetBytesMax: 1024 });
 * framer.push(Uint8Array.of(0, 0, 0, 5, 1, 0, 0, 0, 3));
 * deepStrictEqual(framer.next(), { kind: "packet", bytes: Uint8Array.of(1, 0, 0, 0, 3) });
 * deepStrictEqual(framer.next(), { kind: "need", bytes: 4 });
 * ```
 * @module
 */
import { int32At, type Malformed, malformed } from "../cursor.ts";

/** OpenSSH's SFTP_MAX_MSG_LENGTH: what its server and client take, the length apart. */
export const sftpPacketBytesMax = 256 * 1024;

export type SftpPacketBytes = {
  readonly kind: "packet";
  /** Without the length; a view of what was pushed where that is possible. */
  readonly bytes: Uint8Array;
};
export type SftpNeed = { readonly kind: "need"; readonly bytes: number };

export class SftpFramer {
  readonly #bytesMax: number;
  #waiting: Uint8Array = new Uint8Array(0);
  #failure: Malformed | null = null;

  constructor(limits: { readonly packetBytesMax: number }) {
    this.#bytesMax = limits.packetBytesMax;
  }

  /** Bytes that no `next` has given yet. */
  get buffered(): number {
    return this.#waiting.length;
  }

  push(chunk: Uint8Array): void {
    if (this.#waiting.length === 0) {
      this.#waiting = chunk;
      return;
    }
    const joined = new Uint8Array(this.#waiting.length + chunk.length);
    joined.set(this.#waiting);
    joined.set(chunk, this.#waiting.length);
    this.#waiting = joined;
  }

  next(): SftpPacketBytes | SftpNeed | Malformed {
    if (this.#failure !== null) return this.#failure;
    const waiting = this.#waiting;
    if (waiting.length < 4) return { kind: "need", bytes: 4 - waiting.length };
    const length = int32At(waiting, 0) >>> 0;
    if (length > this.#bytesMax) return this.#fail(malformed("message_too_large", "length", 0));
    if (length === 0) return this.#fail(malformed("length_below_minimum", "length", 0));
    if (waiting.length < 4 + length) return { kind: "need", bytes: 4 + length - waiting.length };
    this.#waiting = waiting.subarray(4 + length);
    return { kind: "packet", bytes: waiting.subarray(4, 4 + length) };
  }

  #fail(reason: Malformed): Malformed {
    this.#failure = reason;
    return reason;
  }
}
