/**
 * Whether identity signed a vote as it stands in the record. Authz asks before it lets a held
 * request go, the verifier asks years later: neither takes approval's word for what people said.
 *
 * @module
 */
import type { Approval, PrincipalChain } from "#schemas/frames.ts";
import { voteDigest } from "#schemas/approval.ts";
import type { IdentityKeys } from "./identity_keys.ts";
import { verifyIdentityToken } from "./identity_token.ts";

/** What is needed to check identity's signatures. */
export type IdentityCheck = {
  readonly keys: IdentityKeys;
  /** `identityIssuer(config.organisation)`. */
  readonly issuer: string;
};

/** A frame may be stored some time after its token was checked: publishes are tried again. */
export const storedSkewSeconds = 60;

/** Who voted so, by identity's signature; or why that does not stand. `timeMs`: when stored. */
export function verifyVote(
  { keys, issuer }: IdentityCheck,
  { id, binding }: Pick<Approval, "id" | "binding">,
  by: NonNullable<Approval["by"]>,
  timeMs: number,
): PrincipalChain | string {
  const expected = { issuer, audience: "approval", approval: id } as const;
  const skewSeconds = storedSkewSeconds;
  const verified = verifyIdentityToken(by.token, keys, { ...expected, skewSeconds }, timeMs / 1000);
  if (!verified.ok) return verified.code;
  const { claims, principal } = verified;
  const { decision, justification } = by;
  if (claims.vote !== voteDigest({ binding, decision, justification })) {
    return "what was decided is another";
  }
  if (principal.actors.length > 0) return "the token is an agent's";
  return namesOf(principal) === namesOf(by) ? principal : "the person is another";
}

function namesOf(who: Pick<PrincipalChain, "issuer" | "person" | "name" | "groups">): string {
  return JSON.stringify([who.issuer, who.person, who.name, who.groups]);
}
