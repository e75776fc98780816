/**
 * Who may see what at the console.
 *
 * - An approval: the members of a group it asks, and the person who is accountable for the request.
 * - A recording, and the list of sessions: the members of every group that the policy in force asks
 *   for approval, and of a session of their own the person who is accountable for it.
 * - An agent sees nothing, whoever it acts for.
 *
 * **Invariant:** what somebody may not see is answered as if it did not exist.
 *
 * @module
 */
import type { PrincipalChain } from "#schemas/frames.ts";
import type { ApprovalEntry, Ledger, SessionEntry } from "./ledger.ts";
import { ConsoleError, type Viewer } from "./ports.ts";

/** Says whether the accountable person of `principal` is the viewer. */
export function isOwn(viewer: PrincipalChain, principal: PrincipalChain | null): boolean {
  return principal !== null && principal.issuer === viewer.issuer &&
    principal.person === viewer.person;
}

function maySeeApproval(viewer: PrincipalChain, entry: ApprovalEntry): boolean {
  return isOwn(viewer, entry.principal) ||
    entry.needs.some(({ group }) => viewer.groups.includes(group));
}

function maySeeSession(
  viewer: PrincipalChain,
  ledger: Pick<Ledger, "approverGroups">,
  session: SessionEntry,
): boolean {
  const groups = ledger.approverGroups();
  return isOwn(viewer, session.principal) || viewer.groups.some((group) => groups.has(group));
}

/** What a viewer sees of the ledger. */
export type Sight = {
  /** Newest first. */
  approvals(viewer: Viewer): ApprovalEntry[];
  /** Newest first. */
  sessions(viewer: Viewer): SessionEntry[];
  /** @throws ConsoleError 404 */
  approval(viewer: Viewer, id: string): ApprovalEntry;
  /** @throws ConsoleError 404 */
  session(viewer: Viewer, id: string): SessionEntry;
  /** Whoever approves somewhere, and who is accountable for the session. */
  mayEnd(viewer: Viewer, session: SessionEntry): boolean;
  /** False when the viewer sees no sessions but their own. */
  isApprover(viewer: Viewer): boolean;
};

export function sightOf(ledger: Ledger): Sight {
  const sees = ({ principal }: Viewer, entry: ApprovalEntry) => maySeeApproval(principal, entry);
  const seesSession = ({ principal }: Viewer, entry: SessionEntry) => {
    return maySeeSession(principal, ledger, entry);
  };
  return {
    approvals: (viewer) => ledger.approvals().filter((entry) => sees(viewer, entry)),
    sessions: (viewer) => ledger.sessions().filter((entry) => seesSession(viewer, entry)),
    approval(viewer, id) {
      const entry = ledger.approval(id);
      if (entry !== undefined && sees(viewer, entry)) return entry;
      throw new ConsoleError(404, "approval_unknown", "There is no such approval for you.");
    },
    session(viewer, id) {
      const entry = ledger.session(id);
      if (entry !== undefined && seesSession(viewer, entry)) return entry;
      throw new ConsoleError(404, "session_unknown", "There is no such session for you.");
    },
    mayEnd: (viewer, entry) => {
      return isOwn(viewer.principal, entry.principal) || isApprover(viewer);
    },
    isApprover,
  };

  function isApprover({ principal }: Viewer): boolean {
    const groups = ledger.approverGroups();
    return principal.groups.some((group) => groups.has(group));
  }
}
