/**
 * A person's decision about a held request, as it crosses the bus, and the rules by which it
 * counts. The rules stand here because three parties apply them to the same frames: approval when
 * it takes a vote, authz before it lets the request go, and the verifier years later.
 *
 * **Invariant:** whoever asked, is accountable for the asking, or acts anywhere in its chain has no
 * vote; a person has one vote, for one need, whatever groups they are in. There is no exemption.
 *
 * @module
 */
import { hash } from "node:crypto";
import { z } from "zod";
import type { ApprovalNeed, PrincipalChain } from "#schemas/frames.ts";
import { IdentityErrorCode, tokenBytesMax } from "#schemas/identity.ts";
import { isToken } from "#schemas/subjects.ts";

/** The longest justification, in UTF-16 code units; what a frame holds. */
export const justificationUnitsMax = 2000;

const SubjectToken = z.string().refine(isToken, "a token of a subject");
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const DecideRequest = z.strictObject({
  version: z.literal(1),
  /** Where the held request lives, as the `asked` frame's subject says. */
  key: z.strictObject({
    epoch: z.string().regex(/^\d{4}_(0[1-9]|1[0-2])$/),
    shard: z.int().min(0).max(255),
    edge: SubjectToken,
    session: SubjectToken,
  }),
  /** The approval's id. */
  approval: z.string().min(1).max(64),
  /** The binding that the approver was shown. */
  binding: Sha256,
  decision: z.enum(["approve", "deny"]),
  justification: z.string().max(justificationUnitsMax),
  /** Identity's token for the approver: audience `approval`, bound to this vote on it. */
  token: z.string().min(1).max(tokenBytesMax),
});
export type DecideRequest = z.infer<typeof DecideRequest>;

export const DecideErrorCode = z.enum([
  ...IdentityErrorCode.options,
  "approval_unknown",
  "approval_not_pending",
  "approval_expired",
  "binding_mismatch",
  "justification_missing",
  "approver_is_agent",
  "approver_is_requester",
  "approver_not_in_group",
  "already_voted",
  "unavailable",
]);
export type DecideErrorCode = z.infer<typeof DecideErrorCode>;

export const DecideReply = z.discriminatedUnion("ok", [
  z.strictObject({
    ok: z.literal([true]),
    /** `voted` while more votes are needed. */
    state: z.enum(["voted", "granted", "denied"]),
  }),
  z.strictObject({ ok: z.literal([false]), code: DecideErrorCode, message: z.string() }),
]);
export type DecideReply = z.infer<typeof DecideReply>;

/** What somebody decides: about which bytes, how, and why. */
export type VoteContent = Pick<DecideRequest, "binding" | "decision" | "justification">;

/**
 * What identity's token for a vote is bound to, SHA-256 in hexadecimal: whoever passes a vote on
 * can neither turn a refusal into consent nor give it for other bytes or for another reason.
 */
export function voteDigest({ binding, decision, justification }: VoteContent): string {
  return hash("sha256", JSON.stringify(["sallyport-vote/1", binding, decision, justification]));
}

/** Somebody whose approval counts. */
export type Voter = Pick<PrincipalChain, "issuer" | "person"> & {
  readonly groups: readonly string[];
};

/** One name for one person: the issuer and its subject, however that is spelt. */
export function voterId({ issuer, person }: Pick<Voter, "issuer" | "person">): string {
  return JSON.stringify([issuer, oneSpelling(person)]);
}

/**
 * Whether somebody is the accountable person of a chain or an agent in it. Agents are named with or
 * without their issuer; both count.
 */
export function standsInChain(
  { person, actors }: Pick<PrincipalChain, "person" | "actors">,
  by: Pick<Voter, "issuer" | "person">,
): boolean {
  const prefix = `${by.issuer}|`;
  const plain = (name: string) => {
    return oneSpelling(name.startsWith(prefix) ? name.slice(prefix.length) : name);
  };
  return [person, ...actors].some((name) => plain(name) === plain(by.person));
}

/**
 * A name without what people cannot tell apart (case, width, space, what is not shown): directories
 * behind an issuer may take it in any of these spellings. Two who differ by no more than that count
 * as one, so that nobody agrees with themselves.
 */
function oneSpelling(name: string): string {
  const shown = name.normalize("NFKC").replaceAll(/[\p{Default_Ignorable_Code_Point}\p{C}]/gu, "");
  return shown.toLowerCase().normalize("NFKC").replaceAll(/\s+/gu, " ").trim();
}

/** Why this approver has no vote on a request; null when they have. */
export function approverRefusal(
  approver: PrincipalChain,
  requester: PrincipalChain,
  needs: readonly ApprovalNeed[],
  votes: readonly Voter[],
): DecideErrorCode | null {
  if (approver.issuer !== requester.issuer) return "token_foreign_issuer";
  if (approver.actors.length > 0) return "approver_is_agent";
  if (standsInChain(requester, approver)) return "approver_is_requester";
  if (!needs.some((need) => approver.groups.includes(need.group))) return "approver_not_in_group";
  if (votes.some((vote) => voterId(vote) === voterId(approver))) return "already_voted";
  return null;
}

/**
 * Says whether distinct people fill every need. Each person fills one place of one need; who fills
 * which is chosen so that as many places as possible are filled (bipartite matching), so the order
 * of the votes does not matter. No need at all is never met.
 */
export function quorumMet(needs: readonly ApprovalNeed[], votes: readonly Voter[]): boolean {
  const people = new Map(votes.map((vote) => [voterId(vote), vote]));
  const places = needs.flatMap((need) => Array.from({ length: need.quorum }, () => need.group));
  if (places.length === 0 || people.size < places.length) return false;
  const filledBy = new Map<number, Voter>();
  for (const voter of people.values()) fill(voter, new Set());
  return filledBy.size === places.length;

  /** Finds the voter a place, moving those who can stand elsewhere. */
  function fill(voter: Voter, tried: Set<number>): boolean {
    for (const [place, group] of places.entries()) {
      if (tried.has(place) || !voter.groups.includes(group)) continue;
      tried.add(place);
      const before = filledBy.get(place);
      if (before !== undefined && !fill(before, tried)) continue;
      filledBy.set(place, voter);
      return true;
    }
    return false;
  }
}

/** Says whether a justification has enough characters once space is taken off. */
export function isJustified(justification: string, charactersMin: number): boolean {
  const text = justification.normalize("NFC").replaceAll(/[\s\p{C}]+/gu, " ").trim();
  return [...text].length >= charactersMin;
}
