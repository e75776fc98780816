/**
 * A person's decision on its way to approval: a token bound to this one vote, asked of identity for
 * the person behind the request, and the binding that they were shown.
 *
 * **Invariant:** who decides is never taken from the request; what cannot be read to its end is not
 * approved, whoever sends it; approval judges every rule again.
 *
 * @module
 */
import {
  approverRefusal,
  isJustified,
  justificationUnitsMax,
  type VoteContent,
  voteDigest,
} from "#schemas/approval.ts";
import type { PrincipalChain } from "#schemas/frames.ts";
import type { BusClient } from "./bus_client.ts";
import { type ApprovalEntry, stateAt } from "./ledger.ts";
import { ConsoleError, type Viewer } from "./ports.ts";

export type Decision = {
  readonly decision: "approve" | "deny";
  readonly justification: string;
  /** The binding that was shown. */
  readonly binding: string;
};

/** Sends a decision. @throws ConsoleError with a code of approval, of identity, or our own. */
export async function decide(
  client: BusClient,
  viewer: Viewer,
  entry: ApprovalEntry,
  decision: Decision,
  rules: {
    readonly justificationMin: number;
    readonly nowMs: number;
    /** Says whether the statement can be shown to its end. */
    readonly isShownWhole: () => Promise<boolean>;
  },
): Promise<"voted" | "granted" | "denied"> {
  const { justification } = decision;
  const isSound = justification.length <= justificationUnitsMax &&
    isJustified(justification, rules.justificationMin);
  if (!isSound) {
    const message = `Say why, in ${rules.justificationMin} to ${justificationUnitsMax} characters.`;
    throw new ConsoleError(422, "justification_missing", message);
  }
  const state = stateAt(entry, rules.nowMs);
  if (state === "expired") {
    const message = "The approval expired. The requester has to ask again.";
    throw new ConsoleError(409, "approval_expired", message);
  }
  if (state !== "pending") {
    throw new ConsoleError(409, "approval_not_pending", "The approval is settled already.");
  }
  const refusal = refusalOf(viewer.principal, entry);
  if (refusal !== null) throw new ConsoleError(403, refusal.code, refusal.message);
  if (decision.decision === "approve" && !await rules.isShownWhole()) {
    const message = "The statement cannot be shown to its end, so it can only be denied.";
    throw new ConsoleError(409, "statement_not_shown", message);
  }
  const vote: VoteContent = {
    binding: decision.binding,
    decision: decision.decision,
    justification: justification.normalize("NFC"),
  };
  const granted = await client.exchange({
    version: 1,
    token: viewer.token,
    connection: null,
    session: null,
    approval: entry.id,
    vote: voteDigest(vote),
    audience: "approval",
  });
  const { token } = granted;
  return await client.decide({ version: 1, key: entry.key, approval: entry.id, ...vote, token });
}

/** Why somebody has no vote on an approval; null when they have. */
export function refusalOf(
  approver: PrincipalChain,
  entry: ApprovalEntry,
): { readonly code: string; readonly message: string } | null {
  if (entry.principal === null) {
    return { code: "approval_unknown", message: "Who asked is not known, so nobody can decide." };
  }
  const votes = entry.votes.map((vote) => ({ ...vote, groups: [] }));
  const code = approverRefusal(approver, entry.principal, entry.needs, votes);
  return code === null ? null : { code, message: refusals.get(code) ?? "You have no vote on it." };
}

const refusals: ReadonlyMap<string, string> = new Map([
  ["approver_is_agent", "Only a person who acts alone decides, never an agent."],
  ["approver_is_requester", "You asked, or an agent asks on your behalf: others have to decide."],
  ["approver_not_in_group", "You are in none of the groups that decide about this request."],
  ["already_voted", "You have decided already; others have to."],
]);
