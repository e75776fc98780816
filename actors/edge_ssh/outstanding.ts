/**
 * The requests of one channel that are published and not yet settled: the opening, what the channel
 * is for, and what continues it.
 *
 * @module
 */
import type { Judged } from "#actors/_kit/edge/judged.ts";
import { operationHeader } from "#schemas/frames.ts";
import type { Continuation } from "./input.ts";

export type Outstanding = {
  readonly request: number;
  readonly sftpIds: readonly number[];
  /** Nothing follows it before it is judged. */
  readonly alone: boolean;
  verdict: Judged | null;
  /** Stream sequence of its newest verdict. */
  sequence: number;
  /** Until when people may decide, milliseconds from the hold; null when it is not held. */
  heldMs: number | null;
  /** The agent was told that people are asked. */
  asked: boolean;
  outcome: boolean;
};

/** The numbers of the first two requests of every channel. */
export const openingRequest = 0;
export const purposeRequest = 1;
/** Headers of what continues the channel's purpose. */
export const continuation: ReadonlyMap<string, string> = new Map([
  [operationHeader, `continues:${purposeRequest}`],
]);

export class OutstandingRequests {
  readonly #all: Outstanding[] = [];
  /** Stream sequence below which no verdict or outcome is waited for. */
  #settledThrough = 0;

  add(request: number, continued: Partial<Continuation> = {}): void {
    const { sftpIds = [], alone = false } = continued;
    const flags = { verdict: null, sequence: 0, heldMs: null, asked: false, outcome: false };
    this.#all.push({ request, sftpIds, alone, ...flags });
  }

  /** The newest is judged before anything follows. */
  isAlone(): boolean {
    return this.#all.some(({ alone, verdict }) => alone && verdict === null);
  }

  find(request: number): Outstanding | undefined {
    return this.#all.find((one) => one.request === request);
  }

  /** It waits for people. */
  isHeld(request: number): boolean {
    const found = this.find(request);
    return found?.verdict === null && found.heldMs !== null;
  }

  /** The oldest that is not judged. */
  unjudged(): Outstanding | undefined {
    return this.#all.find(({ verdict }) => verdict === null);
  }

  /** Continuations that are neither denied nor carried out. */
  continuations(): number {
    return this.#all.filter(({ request }) => request > purposeRequest).length;
  }

  /** Lets go of what is settled, oldest first; the purpose stays until the channel ends. */
  settle(): void {
    for (;;) {
      const index = this.#all.findIndex(({ request }) => request !== purposeRequest);
      const one = this.#all[index];
      if (one === undefined || one.verdict === null) return;
      if (one.verdict.decision === "allow" && !one.outcome) return;
      this.#all.splice(index, 1);
      this.#settledThrough = Math.max(this.#settledThrough, one.sequence);
    }
  }

  get settledThrough(): number {
    return this.#settledThrough;
  }
}
