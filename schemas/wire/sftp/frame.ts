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
import type { Malformed } from "../cursor.ts";
import { LengthFramer, type Need } from "../length_framer.ts";

/** OpenSSH's SFTP_MAX_MSG_LENGTH: what its server and client take, the length apart. */
export const sftpPacketBytesMax = 256 * 1024;

export type SftpPacketBytes = {
  readonly kind: "packet";
  /** Without the length; a view of what was pushed where that is possible. */
  readonly bytes: Uint8Array;
};

export class SftpFramer {
  readonly #pieces: LengthFramer;

  constructor(limits: { readonly packetBytesMax: number }) {
    this.#pieces = new LengthFramer({ bytesMin: 1, bytesMax: limits.packetBytesMax });
  }

  /** Bytes that no `next` has given yet. */
  get buffered(): number {
    return this.#pieces.buffered;
  }

  push(chunk: Uint8Array): void {
    this.#pieces.push(chunk);
  }

  next(): SftpPacketBytes | Need | Malformed {
    const piece = this.#pieces.next();
    return piece instanceof Uint8Array ? { kind: "packet", bytes: piece } : piece;
  }
}
