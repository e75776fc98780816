/**
 * The requests of one channel that are published and not yet settled: the opening, what the channel
 * is for, and what continues it.
 *
 * @module
 */
import type { Frame } from "#actors/_kit/frame.ts";
import { decisionHeader, decodeControl, type Verdict } from "#schemas/frames.ts";

/** What the edge needs of a verdict. */
export type Judged = Pick<Verdict, "decision" | "reasons" | "approval">;
const allowed: Judged = { decision: "allow", reasons: [], approval: null };

/** Reads a verdict frame; null when it is none. */
export function judgedOf({ headers, payload }: Frame): Judged | null {
  // Nearly every verdict allows, and of that no more needs to be known.
  return headers.get(decisionHeader) === "allow" ? allowed : decodeControl("verdict", payload);
}

export type Outstanding = {
  readonly request: number;
  readonly sftpIds: readonly number[];
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

export class OutstandingRequests {
  readonly #all: Outstanding[] = [];
  /** Stream sequence below which no verdict or outcome is waited for. */
  #settledThrough = 0;

  add(request: number, sftpIds: readonly number[] = []): void {
    const flags = { verdict: null, sequence: 0, heldMs: null, asked: false, outcome: false };
    this.#all.push({ request, sftpIds, ...flags });
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
