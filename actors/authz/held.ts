/**
 * What the approval actor says of a request that is held.
 *
 * **Invariant:** consent is what identity signed. Approval's word alone is none: whoever may store
 * its frames can neither invent a person, nor turn a denial round, nor make time.
 *
 * @module
 */
import { type IdentityCheck, verifyVote } from "#actors/_kit/vote.ts";
import { approverRefusal } from "#schemas/approval.ts";
import type { Approval } from "#schemas/frames.ts";
import type { AuthzState, HeldRequest } from "./state.ts";

/** How far the clocks of our machines may be apart, and a frame be stored late, milliseconds. */
const clockSkewMs = 5000;

/** Takes one step of an approval, stored at `timeMs`; one of another request changes nothing. */
export function heard(
  { held, open }: AuthzState,
  approval: Approval,
  timeMs: number,
  identity: IdentityCheck,
): void {
  if (held === null || open === null) return;
  const asked = held.verdict.approval;
  if (asked?.id !== approval.id || asked.binding !== approval.binding) return;
  switch (approval.state) {
    case "voted": {
      const { by } = approval;
      if (by?.decision !== "approve") return;
      const voter = verifyVote(identity, asked, by, timeMs);
      if (typeof voter === "string") return;
      if (approverRefusal(voter, open.principal, asked.needs, held.voters) !== null) return;
      held.voters.push({ issuer: voter.issuer, person: voter.person, groups: voter.groups });
      return;
    }
    case "granted":
      held.untilMs = Math.min(Date.parse(approval.expiresAt), latestMs(held));
      held.answer = held.untilMs > timeMs ? "granted" : "expired";
      return;
    case "denied":
    case "expired":
    case "withdrawn":
      held.answer = approval.state;
  }
}

/** Until when its policies let it wait, milliseconds since 1970. */
function latestMs({ verdict, heldAtMs }: HeldRequest): number {
  const waits = (verdict.approval?.needs ?? []).map(({ expiresMs }) => expiresMs);
  return heldAtMs + Math.min(...waits) + clockSkewMs;
}
