/**
 * Identity's own signatures: over the principal chain that a session opens with, and over each
 * person who approves. With them, an edge or approval that invents a person is found.
 *
 * @module
 */
import {
  type ExpectedIdentity,
  type IdentityKeys,
  verifyIdentityToken,
} from "#actors/_kit/identity_token.ts";
import type { Approval, Open, PrincipalChain } from "#schemas/frames.ts";

/** What is needed to check identity's signatures. */
export type IdentityCheck = {
  readonly keys: IdentityKeys;
  /** `identityIssuer(config.organisation)`. */
  readonly issuer: string;
};

/** A frame may be stored some time after its token was checked: publishes are tried again. */
const skewSeconds = 60;

/** Why the chain of an opening is not what identity signed; null when it is. */
export function openFault(
  identity: IdentityCheck,
  open: Open,
  session: string,
  timeMs: number,
): string | null {
  const { connection } = open;
  const expected = { audience: "edge", connection, session } as const;
  const signed = signedChain(identity, open.token, expected, timeMs);
  if (typeof signed === "string") return signed;
  const same = JSON.stringify(signed) === JSON.stringify(open.principal);
  return same ? null : "the principal is another";
}

/** Why an approver is not whom identity signed; null when it is. */
export function approverFault(
  identity: IdentityCheck,
  approval: Approval,
  by: NonNullable<Approval["by"]>,
  timeMs: number,
): string | null {
  const expected = { audience: "approval", approval: approval.id } as const;
  const signed = signedChain(identity, by.token, expected, timeMs);
  if (typeof signed === "string") return signed;
  if (signed.actors.length > 0) return "the token is an agent's";
  const names = (who: Pick<PrincipalChain, "issuer" | "person" | "groups">) =>
    JSON.stringify([who.issuer, who.person, who.groups]);
  return names(signed) === names(by) ? null : "the person is another";
}

function signedChain(
  { keys, issuer }: IdentityCheck,
  token: string,
  expected: Omit<ExpectedIdentity, "issuer" | "skewSeconds">,
  timeMs: number,
): PrincipalChain | string {
  const verified = verifyIdentityToken(
    token,
    keys,
    { ...expected, issuer, skewSeconds },
    timeMs / 1000,
  );
  return verified.ok ? verified.principal : verified.code;
}
