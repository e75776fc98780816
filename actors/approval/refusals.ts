/** What approval says when a decision does not count. Never a value of the request. @module */
import type { DecideErrorCode, DecideReply } from "#schemas/approval.ts";

/** The refusal of a code. */
export function refusal(code: DecideErrorCode): Extract<DecideReply, { ok: false }> {
  return { ok: false, code, message: messages.get(code) ?? signInAgain };
}

const signInAgain = "Your sign-in does not hold for this decision. Sign in again and decide anew.";

/** Codes of identity are all answered by signing in again. */
const messages: ReadonlyMap<DecideErrorCode, string> = new Map<DecideErrorCode, string>([
  ["request_malformed", "The decision cannot be read. Reload the page and decide anew."],
  ["approval_unknown", "There is no such approval in this session."],
  ["approval_not_pending", "The approval is settled already; reload to see how."],
  ["approval_expired", "The approval expired. The requester has to ask again."],
  ["binding_mismatch", "The request is not the one you were shown. Reload and look again."],
  ["justification_missing", "Say why, in a sentence: the record needs a justification."],
  ["approver_is_agent", "Only a person who acts alone decides, never an agent."],
  ["approver_is_requester", "You asked, or somebody asks on your behalf: others have to decide."],
  ["approver_not_in_group", "You are in none of the groups that decide about this request."],
  ["already_voted", "You have voted already; others have to."],
  ["busy", "Too many decisions at once. Try again shortly."],
  ["unavailable", "The decision could not be stored. Reload and see whether it counted."],
]);
