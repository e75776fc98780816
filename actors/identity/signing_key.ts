/**
 * Identity's signing key: an Ed25519 key as a JSON Web Key (RFC 8037), named by its thumbprint
 * (RFC 7638), so that a key and its name cannot be mixed up. Its file holds beside it what it
 * signed about the keys before it (`identity_keys.ts` of the kit), so that one file says all.
 *
 * @module
 */
import { createHmac, hkdfSync } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";
import { z } from "zod";
import {
  type EarlierKey,
  earlierKeys,
  earlierKeyType,
  type IdentityKeys,
  identityKeys,
} from "#actors/_kit/identity_keys.ts";
import { type IdentityClaims, identityTokenType } from "#schemas/identity.ts";

/** What a key says of itself to the one that follows it. */
const FollowedKey = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string().length(43),
  /** When it was made, seconds since 1970; 0 for one that was there from the beginning. */
  since: z.int().min(0).default(0),
  earlier: z.array(z.string()).default([]),
});
const PrivateKey = FollowedKey.extend({ d: z.string().length(43) });
type PublicKey = {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly alg: "EdDSA";
  readonly use: "sig";
};
/** A public JSON Web Key Set (RFC 7517 section 5), and what it says of the keys before. */
export type PublicKeySet = {
  readonly keys: readonly PublicKey[];
  readonly earlier: readonly string[];
};

export type SigningKey = {
  readonly kid: string;
  readonly sign: (claims: IdentityClaims) => Promise<string>;
  /** What others verify by, to be published. */
  readonly publicKeys: PublicKeySet;
  readonly keys: IdentityKeys;
  /** Marks a text as written by who holds this key: HMAC-SHA256, base64url. No token. */
  readonly seal: (text: string) => string;
};

/** Reads a key's file. @throws TypeError when it is no private JWK, or an earlier key is forged. */
export async function signingKey(jwk: unknown): Promise<SigningKey> {
  const parsed = PrivateKey.safeParse(jwk);
  if (!parsed.success) {
    throw new TypeError("Cannot read the signing key: not an Ed25519 private JWK");
  }
  const { kty, crv, x, earlier } = parsed.data;
  const kid = await calculateJwkThumbprint({ kty, crv, x });
  const key = await importJWK(parsed.data, "EdDSA");
  const header = { alg: "EdDSA", typ: identityTokenType, kid };
  const publicKey: PublicKey = { kty, crv, x, kid, alg: "EdDSA", use: "sig" };
  const publicKeys: PublicKeySet = { keys: [publicKey], earlier };
  return {
    kid,
    sign: (claims) => new SignJWT(claims).setProtectedHeader(header).sign(key),
    publicKeys,
    keys: identityKeys(publicKeys),
    seal: sealedBy(parsed.data.d),
  };
}

/** A key of its own (RFC 5869), so that no seal says anything of a signature. */
function sealedBy(secret: string): (text: string) => string {
  const key = new Uint8Array(hkdfSync("sha256", secret, "", "sallyport sealed lines", 32));
  return (text) => createHmac("sha256", key).update(text).digest("base64url");
}

/** Makes a new private key, to be written to a file that only identity can read. */
export async function newSigningKey(): Promise<Record<string, unknown>> {
  const pair = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { ...await exportJWK(pair.privateKey) };
}

/**
 * Makes the key that follows another, with its word on that and on those before; the other one is
 * good for what it signs within `handoverSeconds` more, until identity has taken the new one.
 *
 * @throws TypeError when the other is no key, was made later than `nowSeconds`, or has too many
 * before it.
 */
export async function followingKey(
  followed: unknown,
  nowSeconds: number,
  handoverSeconds: number,
): Promise<Record<string, unknown>> {
  const parsed = FollowedKey.safeParse(followed);
  if (!parsed.success) throw new TypeError("Cannot follow the key: not an Ed25519 JWK");
  const { kty, crv, x, since, earlier } = parsed.data;
  const followedKey = { kty, crv, x, kid: await calculateJwkThumbprint({ kty, crv, x }) };
  const until = nowSeconds + handoverSeconds;
  const statements: EarlierKey[] = [
    { version: 1, ...followedKey, from: since, until },
    // Said again: once a key is followed, its word on others counts no more.
    ...earlierKeys({ keys: [followedKey], earlier }),
  ];
  const made = await newSigningKey();
  const { kid } = await signingKey(made);
  const key = await importJWK(made, "EdDSA");
  const header = { alg: "EdDSA", typ: earlierKeyType, kid };
  const signed = await Promise.all(statements.map((statement) => {
    return new SignJWT(statement).setProtectedHeader(header).sign(key);
  }));
  const following = { ...made, since: nowSeconds, earlier: signed };
  // What would be refused where it is read is not begun with.
  await signingKey(following);
  return following;
}
