/**
 * Cuts a stream into pieces that each stand behind their UInt32 length, as messages of SSH channels
 * in our frames and packets of sftp do.
 *
 * **Invariant:** a length is judged before anything of its piece is kept, and what follows one that
 * is malformed is not read.
 *
 * @module
 */
import { joinBytes } from "#schemas/join_bytes.ts";
import { int32At, type Malformed, malformed } from "./cursor.ts";

/** Bytes of a piece, its length not counted. */
export type LengthLimits = { readonly bytesMin: number; readonly bytesMax: number };
export type Need = { readonly kind: "need"; readonly bytes: number };

export class LengthFramer {
  readonly #limits: LengthLimits;
  #waiting: Uint8Array = new Uint8Array(0);
  #failure: Malformed | null = null;

  constructor(limits: LengthLimits) {
    this.#limits = limits;
  }

  /** Bytes that no `next` has given yet. */
  get buffered(): number {
    return this.#waiting.length;
  }

  push(chunk: Uint8Array): void {
    this.#waiting = this.#waiting.length === 0 ? chunk : joinBytes([this.#waiting, chunk]);
  }

  /** The next piece, without its length: a view of what was pushed where that is possible. */
  next(): Uint8Array | Need | Malformed {
    if (this.#failure !== null) return this.#failure;
    const waiting = this.#waiting;
    if (waiting.length < 4) return { kind: "need", bytes: 4 - waiting.length };
    const length = int32At(waiting, 0) >>> 0;
    const { bytesMin, bytesMax } = this.#limits;
    if (length > bytesMax) return this.fail(malformed("message_too_large", "length", 0));
    if (length < bytesMin) return this.fail(malformed("length_below_minimum", "length", 0));
    if (waiting.length < 4 + length) return { kind: "need", bytes: 4 + length - waiting.length };
    this.#waiting = waiting.subarray(4 + length);
    return waiting.subarray(4, 4 + length);
  }

  /** A piece that could not be understood: nothing comes after it. */
  fail(reason: Malformed): Malformed {
    this.#failure = reason;
    return reason;
  }
}
