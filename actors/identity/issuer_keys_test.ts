import { ok, rejects, strictEqual } from "node:assert/strict";
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { type Fetch, issuerKeys, issuerKeysLimits } from "./issuer_keys.ts";

const issuer = "https://id.example.org";
const pair = await generateKeyPair("ES256");
const jwks = { keys: [{ ...await exportJWK(pair.publicKey), kid: "k1", alg: "ES256" }] };
const token = await new SignJWT({ sub: "ada" }).setProtectedHeader({ alg: "ES256", kid: "k1" })
  .sign(pair.privateKey);

/** Answers discovery and keys; metadata may be changed, and it counts what was fetched. */
function issuerOf(change: Record<string, unknown> = {}, padding = 0) {
  const fetched: string[] = [];
  const state = { down: false };
  const fetchUrl: Fetch = (url) => {
    fetched.push(url);
    if (state.down) return Promise.reject(new TypeError("connection refused"));
    const metadata = { issuer, "jwks_uri": `${issuer}/keys`, ...change };
    const body = url.endsWith("/keys") ? { ...jwks, padding: "x".repeat(padding) } : metadata;
    return Promise.resolve(Response.json(body));
  };
  return { fetched, state, keys: issuerKeys(issuer, fetchUrl, issuerKeysLimits) };
}

Deno.test("issuerKeys() finds keys by the issuer's metadata, once", async () => {
  const { fetched, keys } = issuerOf();
  strictEqual((await jwtVerify(token, keys)).payload.sub, "ada");
  await jwtVerify(token, keys);
  strictEqual(fetched.join(" "), `${issuer}/.well-known/openid-configuration ${issuer}/keys`);
});

Deno.test("issuerKeys() recovers when the issuer comes back", async () => {
  const { state, keys } = issuerOf();
  state.down = true;
  await rejects(jwtVerify(token, keys), TypeError);
  state.down = false;
  ok(await jwtVerify(token, keys));
});

Deno.test("issuerKeys() refuses metadata of another issuer, scheme or shape", async () => {
  for (
    const change of [
      { issuer: "https://other.example.org" },
      { "jwks_uri": "http://id.example.org/keys" },
      { "jwks_uri": "keys" },
    ]
  ) {
    await rejects(jwtVerify(token, issuerOf(change).keys), /Cannot find the issuer's keys/);
  }
});

Deno.test("issuerKeys() reads no answer beyond its limit", async () => {
  const { keys } = issuerOf({}, issuerKeysLimits.bodyBytesMax);
  await rejects(jwtVerify(token, keys), /too large/);
});
