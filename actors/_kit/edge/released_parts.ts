/**
 * The parts of a session's responses: which comes next, which wait for an earlier one, and what was
 * released so far (G2).
 *
 * @module
 */
import type { Frame } from "#actors/_kit/frame.ts";
import { type Close, endedHeader } from "#schemas/frames.ts";
import { createHash } from "node:crypto";

export class ReleasedParts {
  readonly #ahead = new Map<number, Frame>();
  readonly #aheadMax: number;
  readonly #hash = createHash("sha256");
  #next = 0;
  #bytes = 0;
  #endedAhead: number | null = null;

  constructor(aheadMax: number) {
    this.#aheadMax = aheadMax;
  }

  /** Counts the part as released when it is the next; keeps one that is ahead. */
  take(frame: Frame): Frame | null {
    if (frame.part > this.#next) this.hold(frame);
    return frame.part === this.#next ? this.#count(frame) : null;
  }

  /** The next part, if it was kept and may leave, as released. */
  takeHeld(mayLeave: (frame: Frame) => boolean): Frame | null {
    const frame = this.#ahead.get(this.#next);
    if (frame === undefined || !mayLeave(frame)) return null;
    this.#ahead.delete(this.#next);
    return this.#count(frame);
  }

  /** Keeps a part for later. */
  hold(frame: Frame): void {
    // Of a part that is stored twice the first counts, in the record too.
    if (frame.part < this.#next || this.#ahead.has(frame.part)) return;
    // What is let go here is stored, and read again.
    if (this.#ahead.size >= this.#aheadMax) this.#ahead.clear();
    this.#ahead.set(frame.part, frame);
  }

  /**
   * A masking that was killed may have lost parts: its word that the response ended comes ahead.
   * Called from time to time, it gives that word out, as released, at the second call.
   */
  takeEndAcrossGap(): Frame | null {
    // What is here and may not leave yet is not missing.
    if (this.#ahead.has(this.#next)) return null;
    const ended = [...this.#ahead.values()].find(({ headers }) => headers.has(endedHeader));
    // The stream was read once since it came: what is missing before it is not stored.
    const certain = ended !== undefined && ended.part === this.#endedAhead;
    this.#endedAhead = ended?.part ?? null;
    if (!certain) return null;
    this.#next = ended.part;
    return this.#count(ended);
  }

  totals(): NonNullable<Close["released"]> {
    const sha256 = this.#hash.copy().digest("hex");
    return { parts: this.#next, bytes: this.#bytes, sha256 };
  }

  #count(frame: Frame): Frame {
    this.#next++;
    this.#hash.update(frame.payload);
    this.#bytes += frame.payload.length;
    return frame;
  }
}
