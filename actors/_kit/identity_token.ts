/**
 * Verifies identity's own tokens: what edge, authz and approval rely on. Synchronous, so that it
 * can stand inside a pure step and give the same answer when frames are replayed; the time is an
 * argument (the stored frame's time).
 *
 * One algorithm and one header are accepted, byte for byte of meaning: EdDSA over Ed25519
 * (RFC 8037), our own `typ` (RFC 8725 section 3.11), a key id that we know, of a key that was in
 * use when it signed, and still is. Nothing in the header chooses how the token is verified.
 *
 * **Invariant:** claims are parsed only after the signature over them held.
 *
 * @module
 */
import type { PrincipalChain } from "#schemas/frames.ts";
import {
  audienceClaim,
  type IdentityAudience,
  IdentityClaims,
  type IdentityErrorCode,
  identityTokenType,
  lifetimeSecondsMax,
  principalOf,
} from "#schemas/identity.ts";
import { type IdentityKeys, openSigned } from "./identity_keys.ts";

export type ExpectedIdentity = {
  /** `identityIssuer(config.organisation)`. */
  readonly issuer: string;
  readonly audience: IdentityAudience;
  /** Left out: not checked. */
  readonly connection?: string | null;
  readonly session?: string | null;
  readonly approval?: string | null;
  /** `voteDigest` of what its holder decides. */
  readonly vote?: string;
  /** How far the clocks of two of our machines may be apart, seconds. */
  readonly skewSeconds?: number;
};
export type VerifiedIdentity =
  | { readonly ok: true; readonly claims: IdentityClaims; readonly principal: PrincipalChain }
  | { readonly ok: false; readonly code: IdentityErrorCode };

const skewSecondsDefault = 5;

/** Verifies a token of ours at a moment (seconds since 1970). Never throws on any text. */
export function verifyIdentityToken(
  token: string,
  keys: IdentityKeys,
  expected: ExpectedIdentity,
  nowSeconds: number,
): VerifiedIdentity {
  const signed = openSigned(token, identityTokenType, keys);
  if (typeof signed === "string") return { ok: false, code: signed };
  const parsed = IdentityClaims.safeParse(signed.payload);
  if (!parsed.success) return { ok: false, code: "token_malformed" };
  const claims = parsed.data;
  const principal = principalOf(claims);
  if (principal === null) return { ok: false, code: "token_malformed" };
  const { fromSeconds, untilSeconds } = signed.key;
  // What a key signs when it is no longer identity's is worth nothing.
  const isInUse = fromSeconds - skewSecondsDefault <= claims.iat && claims.iat <= untilSeconds;
  if (!isInUse) return { ok: false, code: "token_bad_signature" };
  // Nor what it says it signed before: who stole it dates that as they like.
  const isOver = nowSeconds - (expected.skewSeconds ?? skewSecondsDefault) > untilSeconds;
  const code = isOver ? "token_expired" : refusal(claims, expected, nowSeconds);
  return code === null ? { ok: true, claims, principal } : { ok: false, code };
}

function refusal(
  claims: IdentityClaims,
  expected: ExpectedIdentity,
  nowSeconds: number,
): IdentityErrorCode | null {
  const skew = expected.skewSeconds ?? skewSecondsDefault;
  if (claims.iss !== expected.issuer) return "token_foreign_issuer";
  if (claims.aud !== audienceClaim(expected.audience)) return "token_wrong_audience";
  if (claims.exp - claims.iat > lifetimeSecondsMax) return "token_malformed";
  if (claims.iat > nowSeconds + skew) return "token_not_yet_valid";
  if (claims.exp <= nowSeconds - skew) return "token_expired";
  if (expected.connection !== undefined && claims.connection !== expected.connection) {
    return "token_wrong_connection";
  }
  if (expected.session !== undefined && claims.session !== expected.session) {
    return "token_replayed";
  }
  if (expected.approval !== undefined && claims.approval !== expected.approval) {
    return "token_replayed";
  }
  if (expected.vote !== undefined && claims.vote !== expected.vote) return "token_replayed";
  return null;
}
