/**
 * When target is granted more: it counts the raw bytes of a session that the agent has taken, and
 * reads its upstream only so far ahead of them.
 *
 * Credit is given in steps, and for the first part of a response that goes on: until then target
 * reads little of it, so that nothing competes with the rows that the agent waits for.
 *
 * @module
 */
import type { Frame } from "#actors/_kit/frame.ts";

export class Credit {
  readonly #everyBytes: number;
  #granted = 0;
  /** The newest request of which a first part was given. */
  #begun = 0;
  /** The count of that part until it is taken: target waits for no response before it. */
  #first = Infinity;

  constructor(everyBytes: number) {
    this.#everyBytes = everyBytes;
  }

  /** Bytes granted since the session's start. */
  get granted(): number {
    return this.#granted;
  }

  /** A part that `drained` raw bytes became is given to the agent; with `more`, others follow. */
  gives({ request, more }: Pick<Frame, "request" | "more">, drained: number): void {
    if (!more || request === this.#begun || drained <= this.#granted) return;
    this.#begun = request;
    this.#first = drained;
  }

  /** The agent has taken what `drained` raw bytes became. @returns whether more is granted. */
  drained(drained: number): boolean {
    if (drained < Math.min(this.#granted + this.#everyBytes, this.#first)) return false;
    this.#granted = drained;
    if (drained >= this.#first) this.#first = Infinity;
    return true;
  }
}
