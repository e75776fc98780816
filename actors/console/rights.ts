/**
 * Who may see what at the console.
 *
 * - An approval: the members of a group it asks, and the person who is accountable for the request.
 * - A recording, and the list of sessions: the members of every group that approves somewhere, and
 *   of a session of their own the person who is accountable for it.
 * - An agent sees nothing, whoever it acts for.
 *
 * **Invariant:** what somebody may not see is answered as if it did not exist.
 *
 * @module
 */
import type { PrincipalChain } from "#schemas/frames.ts";
import type { ApprovalEntry, Ledger, SessionEntry } from "./ledger.ts";

/** Says whether the accountable person of `principal` is the viewer. */
export function isOwn(viewer: PrincipalChain, principal: PrincipalChain | null): boolean {
  return principal !== null && principal.issuer === viewer.issuer &&
    principal.person === viewer.person;
}

export function maySeeApproval(viewer: PrincipalChain, entry: ApprovalEntry): boolean {
  return isOwn(viewer, entry.principal) ||
    entry.needs.some(({ group }) => viewer.groups.includes(group));
}

export function maySeeSession(
  viewer: PrincipalChain,
  ledger: Pick<Ledger, "approverGroups">,
  session: SessionEntry,
): boolean {
  const groups = ledger.approverGroups();
  return isOwn(viewer, session.principal) || viewer.groups.some((group) => groups.has(group));
}
