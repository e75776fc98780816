/**
 * Verifies identity's own tokens: what edge, authz and approval rely on. Synchronous, so that it
 * can stand inside a pure step and give the same answer when frames are replayed; the time is an
 * argument (the stored frame's time).
 *
 * One algorithm and one header are accepted, byte for byte of meaning: EdDSA over Ed25519
 * (RFC 8037), our own `typ` (RFC 8725 section 3.11), a key id that we know. Nothing in the header
 * chooses how the token is verified.
 *
 * **Invariant:** claims are parsed only after the signature over them held.
 *
 * @module
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { z } from "zod";
import type { PrincipalChain } from "#schemas/frames.ts";
import {
  audienceClaim,
  type IdentityAudience,
  IdentityClaims,
  type IdentityErrorCode,
  identityTokenType,
  lifetimeSecondsMax,
  principalOf,
  tokenBytesMax,
} from "#schemas/identity.ts";

/** Identity's public keys, by key id. */
export type IdentityKeys = ReadonlyMap<string, KeyObject>;

const PublicKey = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string().length(43),
  kid: z.string().min(1).max(128),
});
const KeySet = z.object({ keys: z.array(PublicKey).min(1).max(16) });
const Header = z.strictObject({
  alg: z.literal("EdDSA"),
  typ: z.literal(identityTokenType),
  kid: z.string().max(128),
});

/**
 * Reads a JSON Web Key Set (RFC 7517) of Ed25519 public keys.
 * @throws TypeError when it is anything else: without identity's keys nothing may start.
 */
export function identityKeys(jwks: unknown): IdentityKeys {
  const parsed = KeySet.safeParse(jwks);
  if (!parsed.success) {
    throw new TypeError("Cannot read identity's keys: not a set of Ed25519 public keys");
  }
  return new Map(parsed.data.keys.map(({ kty, crv, x, kid }) => {
    return [kid, createPublicKey({ key: { kty, crv, x }, format: "jwk" })];
  }));
}

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
  const signed = openSigned(token, keys);
  if (typeof signed === "string") return { ok: false, code: signed };
  const parsed = IdentityClaims.safeParse(signed.payload);
  if (!parsed.success) return { ok: false, code: "token_malformed" };
  const claims = parsed.data;
  const principal = principalOf(claims);
  if (principal === null) return { ok: false, code: "token_malformed" };
  const code = refusal(claims, expected, nowSeconds);
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

/** A compact JWS (RFC 7515 section 7.1), verified; or why it was not. */
function openSigned(token: string, keys: IdentityKeys): { payload: unknown } | IdentityErrorCode {
  if (token.length > tokenBytesMax) return "too_large";
  const match = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/.exec(token);
  const [, head, body, signature] = match ?? [];
  if (head === undefined || body === undefined || signature === undefined) {
    return "token_malformed";
  }
  const header = Header.safeParse(parsePart(head));
  if (!header.success) return "token_algorithm_refused";
  const key = keys.get(header.data.kid);
  if (key === undefined) return "token_bad_signature";
  const signedBytes = new TextEncoder().encode(`${head}.${body}`);
  if (!verify(null, signedBytes, key, fromBase64url(signature))) return "token_bad_signature";
  return { payload: parsePart(body) };
}

function parsePart(part: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fromBase64url(part)));
  } catch {
    return null;
  }
}

function fromBase64url(text: string): Uint8Array {
  return Uint8Array.fromBase64(text, { alphabet: "base64url" });
}
