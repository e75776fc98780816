/**
 * What an agent is told when the upstream is gone: whether its request ran, as the outcome says.
 * The outcome and the last part of the response are stored by two actors, and come in any order.
 *
 * @module
 */
import type { Outcome } from "#schemas/frames.ts";
import { openingRequest, type OutstandingRequests, purposeRequest } from "./outstanding.ts";

export type Fate = "unknown" | "not_run";

export class UpstreamEnd {
  #refused = false;
  #brokeOff = false;
  #fate: Fate | null = null;

  /** The response ended without a word of why. @returns null when the outcome is still to come. */
  brokeOff(outstanding: OutstandingRequests): Fate | null {
    this.#brokeOff = true;
    // What was not allowed has no outcome.
    return outstanding.find(purposeRequest)?.verdict?.decision === "allow" ? this.#fate : "not_run";
  }

  /** The opening failed or the request is over. @returns null when the response says the rest. */
  settled({ request, status, bytes }: Outcome): Fate | null {
    if (request === openingRequest && bytes > 0) {
      // Why it could not be reached is on its way; that nothing was run then goes without saying.
      this.#refused = true;
      return null;
    }
    this.#fate = status === "not_run" ? "not_run" : "unknown";
    const silent = (status === "unknown" || status === "not_run") && bytes === 0;
    return this.#brokeOff || silent && !this.#refused ? this.#fate : null;
  }
}
