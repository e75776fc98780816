/**
 * Identity's own signatures: over the principal chain that a session opens with, and over each
 * person who approves. With them, an edge or approval that invents a person is found.
 *
 * @module
 */
import { verifyIdentityToken } from "#actors/_kit/identity_token.ts";
import { type IdentityCheck, storedSkewSeconds, verifyVote } from "#actors/_kit/vote.ts";
import type { Approval, Open } from "#schemas/frames.ts";

export type { IdentityCheck };

/** Why the chain of an opening is not what identity signed; null when it is. */
export function openFault(
  { keys, issuer }: IdentityCheck,
  { connection, token, principal }: Open,
  session: string,
  timeMs: number,
): string | null {
  const expected = { issuer, audience: "edge", connection, session } as const;
  const skewSeconds = storedSkewSeconds;
  const verified = verifyIdentityToken(token, keys, { ...expected, skewSeconds }, timeMs / 1000);
  if (!verified.ok) return verified.code;
  const same = JSON.stringify(verified.principal) === JSON.stringify(principal);
  return same ? null : "the principal is another";
}

/** Why a vote is not what identity signed; null when it is. */
export function voteFault(
  identity: IdentityCheck,
  approval: Approval,
  by: NonNullable<Approval["by"]>,
  timeMs: number,
): string | null {
  const voted = verifyVote(identity, approval, by, timeMs);
  return typeof voted === "string" ? voted : null;
}
