import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { identityKeys } from "./identity_keys.ts";
import { type ExpectedIdentity, verifyIdentityToken } from "./identity_token.ts";

const pair = await generateKeyPair("EdDSA", { crv: "Ed25519" });
const keys = identityKeys({ keys: [{ ...await exportJWK(pair.publicKey), kid: "k1" }] });
const now = 1_800_000_000;
const claims = {
  iss: "sallyport/test",
  sub: "ada",
  aud: "sallyport:edge",
  jti: "j1",
  iat: now,
  exp: now + 300,
  connection: "ehr",
  session: "s1",
  approval: null,
  groups: ["g"],
  "purpose_of_use": "TREAT",
  name: "Ada",
  "org_iss": "https://id.example.org",
};
const expected: ExpectedIdentity = {
  issuer: "sallyport/test",
  audience: "edge",
  connection: "ehr",
  session: "s1",
};

function signed(change: Record<string, unknown> = {}, header: Record<string, unknown> = {}) {
  const base = { alg: "EdDSA", typ: "sallyport-identity+jwt", kid: "k1" };
  return new SignJWT({ ...claims, ...change }).setProtectedHeader({ ...base, ...header })
    .sign(pair.privateKey);
}
async function codeOf(token: string | Promise<string>, at = now): Promise<string> {
  const verified = verifyIdentityToken(await token, keys, expected, at);
  return verified.ok ? "ok" : verified.code;
}

Deno.test("verifyIdentityToken() agrees with another implementation's signature", async () => {
  const verified = verifyIdentityToken(await signed(), keys, expected, now);
  ok(verified.ok);
  deepStrictEqual(verified.claims, claims);
  strictEqual(verified.principal.person, "ada");
});

Deno.test("verifyIdentityToken() refuses what is not for here and now", async () => {
  strictEqual(await codeOf(signed({ aud: "sallyport:console" })), "token_wrong_audience");
  strictEqual(await codeOf(signed({ aud: ["sallyport:edge"] })), "token_malformed");
  strictEqual(await codeOf(signed({ iss: "sallyport/other" })), "token_foreign_issuer");
  strictEqual(await codeOf(signed({ connection: "billing" })), "token_wrong_connection");
  strictEqual(await codeOf(signed({ session: "s2" })), "token_replayed");
  strictEqual(await codeOf(signed({ session: null })), "token_replayed");
  strictEqual(await codeOf(signed(), now + 304), "ok");
  strictEqual(await codeOf(signed(), now + 305), "token_expired");
  strictEqual(await codeOf(signed(), now - 5), "ok");
  strictEqual(await codeOf(signed(), now - 6), "token_not_yet_valid");
  strictEqual(await codeOf(signed({ exp: now + 301 })), "token_malformed");
  strictEqual(await codeOf(signed({ more: 1 })), "token_malformed");
  strictEqual(await codeOf(signed({ act: { sub: "" } })), "token_malformed");
});

Deno.test("verifyIdentityToken() takes one header alone", async () => {
  strictEqual(await codeOf(signed({}, { typ: "JWT" })), "token_algorithm_refused");
  strictEqual(await codeOf(signed({}, { jku: "https://x.example" })), "token_algorithm_refused");
  strictEqual(await codeOf(signed({}, { kid: "k2" })), "token_bad_signature");
  const [, body, signature] = (await signed()).split(".");
  const none = btoa(JSON.stringify({ alg: "none" })).replaceAll("=", "");
  strictEqual(await codeOf(`${none}.${body}.${signature}`), "token_algorithm_refused");
});

Deno.test("verifyIdentityToken() refuses every changed character, and never throws", async () => {
  const token = await signed();
  const index = fc.integer({ min: 0, max: token.length - 2 });
  fc.assert(
    fc.property(index, fc.constantFrom("A", "z", ".", "é"), (at, character) => {
      const changed = token.slice(0, at) + character + token.slice(at + 1);
      const verified = verifyIdentityToken(changed, keys, expected, now);
      strictEqual(verified.ok, changed === token);
    }),
    { seed: 3, numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      ok(!verifyIdentityToken(text, keys, expected, now).ok);
    }),
    { seed: 3 },
  );
});

Deno.test("identityKeys() refuses what is not a set of Ed25519 public keys", () => {
  for (const wrong of [null, {}, { keys: [] }, { keys: [{ kty: "RSA", n: "x", e: "AQAB" }] }]) {
    throws(() => identityKeys(wrong), TypeError);
  }
});
