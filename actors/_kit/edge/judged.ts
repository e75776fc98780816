/** What an edge needs of a verdict. @module */
import type { Frame } from "#actors/_kit/frame.ts";
import { decisionHeader, decodeControl, type Reason, type Verdict } from "#schemas/frames.ts";

export type Judged = Pick<Verdict, "decision" | "reasons" | "approval">;
export const allowed: Judged = { decision: "allow", reasons: [], approval: null };

/** Of what was allowed and is not run after all. */
export function deniedFor(reason: Reason): Judged {
  return { decision: "deny", reasons: [reason], approval: null };
}

/** Reads a verdict frame; null when it is none. */
export function judgedOf({ headers, payload }: Frame): Judged | null {
  // Nearly every verdict allows, and of that no more needs to be known.
  return headers.get(decisionHeader) === "allow" ? allowed : decodeControl("verdict", payload);
}
