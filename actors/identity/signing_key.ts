/**
 * Identity's signing key: an Ed25519 key as a JSON Web Key (RFC 8037), named by its thumbprint
 * (RFC 7638), so that a key and its name cannot be mixed up.
 *
 * @module
 */
import { createHmac, hkdfSync } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";
import { z } from "zod";
import { type IdentityKeys, identityKeys } from "#actors/_kit/identity_keys.ts";
import { type IdentityClaims, identityTokenType } from "#schemas/identity.ts";

const PrivateKey = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string().length(43),
  d: z.string().length(43),
});
type PublicKey = {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly alg: "EdDSA";
  readonly use: "sig";
};
/** A public JSON Web Key Set (RFC 7517 section 5). */
export type PublicKeySet = { readonly keys: readonly PublicKey[] };

export type SigningKey = {
  readonly sign: (claims: IdentityClaims) => Promise<string>;
  /** What others verify by, to be published. */
  readonly publicKeys: PublicKeySet;
  readonly keys: IdentityKeys;
  /** Marks a text as written by who holds this key: HMAC-SHA256, base64url. No token. */
  readonly seal: (text: string) => string;
};

/** Reads a private key. @throws TypeError when it is no Ed25519 private JWK. */
export async function signingKey(jwk: unknown): Promise<SigningKey> {
  const parsed = PrivateKey.safeParse(jwk);
  if (!parsed.success) {
    throw new TypeError("Cannot read the signing key: not an Ed25519 private JWK");
  }
  const { kty, crv, x } = parsed.data;
  const kid = await calculateJwkThumbprint({ kty, crv, x });
  const key = await importJWK(parsed.data, "EdDSA");
  const header = { alg: "EdDSA", typ: identityTokenType, kid };
  const publicKeys: PublicKeySet = { keys: [{ kty, crv, x, kid, alg: "EdDSA", use: "sig" }] };
  return {
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
