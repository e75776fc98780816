/**
 * Identity's public keys: those it signs with, and those before, each for the time in which it was
 * identity's, so that a record outlives the keys that it was made with.
 *
 * A JSON Web Key Set (RFC 7517) holds the present ones. Those before stand beside them as
 * `earlier`, a member that other readers of such sets ignore (section 5), newest first. Each is a
 * statement signed by a present key (JWS, RFC 7515): who can write the file, but does not hold
 * that, puts none there, nor does who stole an earlier one. Nobody on the bus says which keys there
 * are.
 *
 * **Invariant:** an earlier key verifies what it signed while it was in use, and nothing after, and
 * vouches for none; a set in which a statement does not hold is no set.
 *
 * @module
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { z } from "zod";
import { type IdentityErrorCode, tokenBytesMax } from "#schemas/identity.ts";

/** One public key and when identity signed with it, seconds since 1970. */
export type IdentityKey = {
  readonly key: KeyObject;
  readonly fromSeconds: number;
  readonly untilSeconds: number;
};
/** Identity's public keys, by key id. */
export type IdentityKeys = { get(kid: string): IdentityKey | undefined };

/** The `typ` header of a statement on an earlier key, so that it passes for no token (RFC 8725). */
export const earlierKeyType = "sallyport-earlier-key+jwt";
/** How many keys before the present ones a set may hold: one a month, for twenty years. */
export const earlierKeysMax = 256;

const KeyId = z.string().min(1).max(128);
const PublicKey = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string().length(43),
  kid: KeyId,
});
const KeySet = z.object({
  keys: z.array(PublicKey).min(1).max(16),
  earlier: z.array(z.string().max(1024)).max(earlierKeysMax).default([]),
});
/** What a present key signed about a key before it. */
export const EarlierKey = z.strictObject({
  version: z.literal(1),
  ...PublicKey.shape,
  /** Seconds since 1970. */
  from: z.int().min(0),
  until: z.int().min(0),
});
export type EarlierKey = z.infer<typeof EarlierKey>;

/**
 * Reads a set of Ed25519 public keys.
 * @throws TypeError when it is anything else: without identity's keys nothing may start.
 */
export function identityKeys(jwks: unknown): ReadonlyMap<string, IdentityKey> {
  const { present, earlier } = readSet(jwks);
  const all = new Map(present);
  for (const read of earlier) {
    if (all.has(read.kid)) throw new TypeError("Cannot read identity's keys: one is there twice");
    all.set(read.kid, keyOf(read, read.from, read.until));
  }
  return all;
}

/** What the set says of the keys before the present ones. @throws TypeError as `identityKeys` */
export function earlierKeys(jwks: unknown): readonly EarlierKey[] {
  return readSet(jwks).earlier;
}

function readSet(jwks: unknown): {
  readonly present: ReadonlyMap<string, IdentityKey>;
  readonly earlier: readonly EarlierKey[];
} {
  const parsed = KeySet.safeParse(jwks);
  if (!parsed.success) {
    throw new TypeError("Cannot read identity's keys: not a set of Ed25519 public keys");
  }
  const { keys, earlier } = parsed.data;
  const present = new Map(keys.map((key) => [key.kid, keyOf(key, 0, Infinity)]));
  return { present, earlier: earlier.map((statement) => readStatement(statement, present)) };
}

function readStatement(statement: string, present: IdentityKeys): EarlierKey {
  const signed = openSigned(statement, earlierKeyType, present);
  const read = typeof signed === "string" ? undefined : EarlierKey.safeParse(signed.payload).data;
  if (read !== undefined && read.from < read.until) return read;
  throw new TypeError("Cannot read identity's keys: an earlier key is not signed by a present one");
}

function keyOf(
  { kty, crv, x }: z.infer<typeof PublicKey>,
  fromSeconds: number,
  untilSeconds: number,
): IdentityKey {
  return {
    key: createPublicKey({ key: { kty, crv, x }, format: "jwk" }),
    fromSeconds,
    untilSeconds,
  };
}

/** A compact JWS (RFC 7515 section 7.1) of this `typ`, verified; or why it was not. */
export function openSigned(
  text: string,
  type: string,
  keys: IdentityKeys,
): { readonly payload: unknown; readonly key: IdentityKey } | IdentityErrorCode {
  if (text.length > tokenBytesMax) return "too_large";
  const match = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/.exec(text);
  const [, head, body, signature] = match ?? [];
  if (head === undefined || body === undefined || signature === undefined) {
    return "token_malformed";
  }
  const header = Header.safeParse(parsePart(head));
  if (!header.success || header.data.typ !== type) return "token_algorithm_refused";
  const key = keys.get(header.data.kid);
  if (key === undefined) return "token_bad_signature";
  const signedBytes = new TextEncoder().encode(`${head}.${body}`);
  if (!verify(null, signedBytes, key.key, fromBase64url(signature))) return "token_bad_signature";
  return { payload: parsePart(body), key };
}
const Header = z.strictObject({ alg: z.literal("EdDSA"), typ: z.string().max(128), kid: KeyId });

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
