import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { verifyIdentityToken } from "#actors/_kit/identity_token.ts";
import { identityHttp } from "./http.ts";
import { startSeconds, type TestIdentity, testIdentity } from "./testing.ts";

const grant = "urn:ietf:params:oauth:grant-type:token-exchange";
const jwt = "urn:ietf:params:oauth:token-type:jwt";

function appOf(test: TestIdentity, healthy = true) {
  return identityHttp({
    identity: test.identity,
    publicKeys: test.key.publicKeys,
    healthy: () => healthy,
    bodyBytesMax: 160 * 1024,
  });
}
function form(fields: Record<string, string>): RequestInit {
  return { method: "POST", body: new URLSearchParams(fields) };
}
function usual(token: string): Record<string, string> {
  return {
    "grant_type": grant,
    "subject_token": token,
    "subject_token_type": jwt,
    audience: "ehr",
  };
}

Deno.test("POST /token hands out a token for an edge", async () => {
  const test = await testIdentity();
  const fields = { ...usual(await test.organisation()), scope: "purpose:TREAT" };
  const response = await appOf(test).request("/token", form(fields));
  strictEqual(response.status, 200);
  strictEqual(response.headers.get("cache-control"), "no-store");
  const { access_token: token, ...rest } = await response.json();
  deepStrictEqual(rest, {
    "issued_token_type": jwt,
    "token_type": "Bearer",
    "expires_in": 300,
    scope: "purpose:TREAT",
  });
  const expected = { issuer: "sallyport/test", audience: "edge", session: null } as const;
  ok(verifyIdentityToken(token, test.key.keys, expected, startSeconds).ok);
});

Deno.test("POST /token nests the agent that acts", async () => {
  const test = await testIdentity();
  const fields = {
    ...usual(await test.organisation()),
    "actor_token": await test.organisation({ sub: "planner" }),
    "actor_token_type": jwt,
  };
  const response = await appOf(test).request("/token", form(fields));
  const { access_token: token } = await response.json();
  const expected = { issuer: "sallyport/test", audience: "edge" } as const;
  const verified = verifyIdentityToken(token, test.key.keys, expected, startSeconds);
  ok(verified.ok);
  deepStrictEqual(verified.principal.actors, ["planner"]);
});

Deno.test("POST /token refuses with OAuth's errors", async () => {
  const test = await testIdentity();
  const good = usual(await test.organisation());
  const cases: readonly (readonly [string, number, Record<string, string>])[] = [
    ["unsupported_grant_type", 400, { ...good, "grant_type": "password" }],
    ["invalid_request", 400, { ...good, "subject_token_type": "urn:x" }],
    ["invalid_request", 400, { ...good, "subject_token": "x" }],
    ["invalid_request", 400, { ...good, "actor_token": "x" }],
    ["invalid_request", 400, { ...good, "requested_token_type": "urn:x" }],
    ["invalid_request", 400, { ...good, session: "s1" }],
    ["invalid_target", 400, { ...good, resource: "ehr" }],
    ["invalid_target", 400, { ...good, audience: "payroll" }],
    ["invalid_scope", 400, { ...good, scope: "admin" }],
    ["invalid_request", 400, { ...good, scope: "purpose:HRESCH" }],
  ];
  for (const [error, status, fields] of cases) {
    const response = await appOf(test).request("/token", form(fields));
    strictEqual(response.status, status);
    strictEqual((await response.json()).error, error);
  }
  const twice = new URLSearchParams([...Object.entries(good), ["audience", "ehr"]]);
  const response = await appOf(test).request("/token", { method: "POST", body: twice });
  strictEqual((await response.json()).error, "invalid_request");
});

Deno.test("POST /token refuses other bodies and large ones", async () => {
  const test = await testIdentity();
  const json = await appOf(test).request("/token", {
    method: "POST",
    body: JSON.stringify(usual("x")),
    headers: { "content-type": "application/json" },
  });
  strictEqual(json.status, 400);
  const large = await appOf(test).request("/token", form(usual("x".repeat(200_000))));
  strictEqual(large.status, 413);
});

Deno.test("POST /token says that the issuer is down", async () => {
  const down = await testIdentity({
    verifyOrganisation: () => Promise.reject(new TypeError("connection refused")),
  });
  const response = await appOf(down).request("/token", form(usual(await down.organisation())));
  strictEqual(response.status, 503);
  strictEqual((await response.json()).code, "issuer_unavailable");
});

Deno.test("GET /.well-known/jwks.json shows public keys alone", async () => {
  const test = await testIdentity();
  const response = await appOf(test).request("/.well-known/jwks.json");
  const { keys } = await response.json();
  deepStrictEqual(Object.keys(keys[0]).toSorted(), ["alg", "crv", "kid", "kty", "use", "x"]);
});

Deno.test("GET /health says when exchanges cannot be answered", async () => {
  const test = await testIdentity();
  const unhealthy = false;
  strictEqual((await appOf(test).request("/health")).status, 200);
  strictEqual((await appOf(test, unhealthy).request("/health")).status, 503);
});
