/** Identity's key, and tokens signed with it for real, for tests of who checks them. @module */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type IdentityClaims, identityTokenType } from "#schemas/identity.ts";
import { type IdentityKeys, identityKeys } from "./identity_token.ts";

export const testIssuer = "sallyport/test";

export type TestSigner = {
  readonly keys: IdentityKeys;
  /** The same as identity publishes them. */
  readonly jwks: unknown;
  /** A token of these claims; by another key, when one is given. */
  sign(claims: IdentityClaims, key?: KeyObject): string;
};

/** A new key of identity's. */
export function testSigner(): TestSigner {
  const pair = generateKeyPairSync("ed25519");
  const jwks = { keys: [{ ...pair.publicKey.export({ format: "jwk" }), kid: "k1" }] };
  const header = part({ alg: "EdDSA", typ: identityTokenType, kid: "k1" });
  return {
    keys: identityKeys(jwks),
    jwks,
    sign(claims, key = pair.privateKey) {
      const signed = `${header}.${part(claims)}`;
      return `${signed}.${base64url(sign(null, new TextEncoder().encode(signed), key))}`;
    },
  };
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
