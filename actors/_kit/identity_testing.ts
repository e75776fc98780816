/** Identity's key, and tokens signed with it for real, for tests of who checks them. @module */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type IdentityClaims, identityTokenType } from "#schemas/identity.ts";
import {
  type EarlierKey,
  earlierKeys,
  earlierKeyType,
  type IdentityKeys,
  identityKeys,
} from "./identity_keys.ts";

export const testIssuer = "sallyport/test";

export type TestSigner = {
  readonly keys: IdentityKeys;
  /** The same as identity publishes them. */
  readonly jwks: { readonly keys: readonly unknown[]; readonly earlier: readonly string[] };
  /** A token of these claims; by another key, when one is given. */
  sign(claims: IdentityClaims, key?: KeyObject): string;
};

/** The key that a new one follows, and when it was in use. */
type Followed = Pick<EarlierKey, "from" | "until"> & { readonly signer: TestSigner };

/** A new key of identity's. */
export function testSigner(kid = "k1", followed?: Followed): TestSigner {
  const pair = generateKeyPairSync("ed25519");
  const key = { ...pair.publicKey.export({ format: "jwk" }), kid };
  const header = part({ alg: "EdDSA", typ: identityTokenType, kid });
  const signed = (head: string, body: unknown, by: KeyObject) => {
    const text = `${head}.${part(body)}`;
    return `${text}.${base64url(sign(null, new TextEncoder().encode(text), by))}`;
  };
  const earlier = followed === undefined ? [] : earlierOf(followed);
  const jwks = { keys: [key], earlier };
  return {
    keys: identityKeys(jwks),
    jwks,
    sign: (claims, by = pair.privateKey) => signed(header, claims, by),
  };

  function earlierOf({ signer: { jwks }, from, until }: Followed): string[] {
    const [before] = jwks.keys;
    const head = part({ alg: "EdDSA", typ: earlierKeyType, kid });
    const statement = Object.assign({ version: 1, from, until }, before);
    return [statement, ...earlierKeys(jwks)].map((one) => signed(head, one, pair.privateKey));
  }
}

/** Claims of grace of compliance, who votes on approval `ap1`. */
export function voteClaims(
  startMs: number,
  organisationIssuer: string,
  change: Partial<IdentityClaims> = {},
): IdentityClaims {
  return {
    iss: testIssuer,
    sub: "grace",
    aud: "sallyport:approval",
    jti: "run.1",
    iat: startMs / 1000,
    exp: startMs / 1000 + 300,
    connection: null,
    session: null,
    approval: "ap1",
    groups: ["compliance"],
    "purpose_of_use": "",
    name: "Grace",
    "org_iss": organisationIssuer,
    ...change,
  };
}

function part(value: unknown): string {
  return base64url(new TextEncoder().encode(JSON.stringify(value)));
}
function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
