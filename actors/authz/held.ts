/**
 * What the approval actor says of a request that is held.
 *
 * @module
 */
import type { Voter } from "#schemas/approval.ts";
import type { Approval } from "#schemas/frames.ts";
import type { AuthzState } from "./state.ts";

/** Takes one step of an approval, stored at `timeMs`; one of another request changes nothing. */
export function heard(state: AuthzState, approval: Approval, timeMs: number): void {
  const { held } = state;
  if (held === null || held.verdict.approval?.id !== approval.id) return;
  if (approval.binding !== held.verdict.approval.binding) return;
  switch (approval.state) {
    case "voted":
      if (approval.by?.decision === "approve") held.voters.push(voterOf(approval.by));
      return;
    case "granted":
      held.untilMs = Date.parse(approval.expiresAt);
      held.answer = held.untilMs > timeMs ? "granted" : "expired";
      return;
    case "denied":
    case "expired":
    case "withdrawn":
      held.answer = approval.state;
  }
}

function voterOf(by: Voter): Voter {
  return { issuer: by.issuer, person: by.person, groups: by.groups };
}
