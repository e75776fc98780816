import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { verifyIdentityToken } from "#actors/_kit/identity_token.ts";
import { identityHttp } from "./http.ts";
import { startSeconds, type TestIdentity, testIdentity } from "./testing.ts";

const grant = "urn:ietf:params:oauth:grant-type:token-exchange";
const jwt = "urn:ietf:params:oauth:token-type:jwt";

function appOf(test: TestIdentity, healthy = true) {
  return identityHttp({
    identity: test.identity,
    publicKeys: () => test.key.publicKeys,
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

const line =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPxJiedUKKLtbQmPLIuLJTAqspxa5bn67JEOC9VNPXC2 ada@host";
const fingerprint = "SHA256:" +
  (await crypto.subtle.digest("SHA-256", Uint8Array.fromBase64(line.split(" ")[1] ?? "")).then(
    (digest) => new Uint8Array(digest).toBase64({ omitPadding: true }),
  ));
function keyForm(token: string, change: Record<string, string> = {}): RequestInit {
  const type = { "requested_token_type": "urn:sallyport:ssh-key" };
  return form({ ...usual(token), ...type, "ssh_public_key": line, ...change });
}

Deno.test("POST /token registers an SSH key, which then stands for its owner", async () => {
  const test = await testIdentity();
  const response = await appOf(test).request("/token", keyForm(await test.organisation()));
  deepStrictEqual(await response.json(), {
    "access_token": fingerprint,
    "issued_token_type": "urn:sallyport:ssh-key",
    "token_type": "N_A",
    "expires_in": 900,
  });
  const asked = { version: 1, fingerprint, connection: "ehr", session: "s1" } as const;
  const reply = await test.identity.exchangeKey(asked);
  ok(reply.ok);
  const expected = { issuer: "sallyport/test", audience: "edge", session: "s1" } as const;
  ok(verifyIdentityToken(reply.token, test.key.keys, expected, startSeconds).ok);
  const other = await test.identity.exchangeKey({ ...asked, connection: "billing" });
  strictEqual(other.ok ? "" : other.code, "key_unknown");
  test.time.seconds += 901;
  const late = await test.identity.exchangeKey(asked);
  strictEqual(late.ok ? "" : late.code, "key_unknown");
});

Deno.test("a registered key is not taken over, outlives no token and ends with a revocation", async () => {
  const test = await testIdentity();
  const app = appOf(test);
  const exp = startSeconds + 60;
  const first = await app.request("/token", keyForm(await test.organisation({ exp })));
  strictEqual((await first.json())["expires_in"], 60);
  const thief = await app.request("/token", keyForm(await test.organisation({ sub: "mallory" })));
  strictEqual((await thief.json()).code, "key_taken");
  const agent = {
    "actor_token": await test.organisation({ sub: "planner" }),
    "actor_token_type": jwt,
  };
  const nested = await app.request("/token", keyForm(await test.organisation(), agent));
  strictEqual((await nested.json()).code, "key_taken");
  const until = new Date((startSeconds + 600) * 1000).toISOString();
  test.identity.revoke({ version: 1, kind: "person", value: "ada", until });
  const asked = { version: 1, fingerprint, connection: "ehr", session: "s1" } as const;
  const revoked = await test.identity.exchangeKey(asked);
  strictEqual(revoked.ok ? "" : revoked.code, "token_revoked");
});

Deno.test("POST /token refuses what is no key, and a person's many keys", async () => {
  const test = await testIdentity();
  const app = appOf(test);
  const blob = line.split(" ")[1] ?? "";
  for (
    const bad of [
      { "ssh_public_key": "ssh-dss AAAA" },
      { "ssh_public_key": `ssh-rsa ${blob}` },
      { "ssh_public_key": `${line}\n${line}` },
      { "requested_token_type": jwt },
    ]
  ) {
    const response = await app.request("/token", keyForm(await test.organisation(), bad));
    strictEqual((await response.json()).error, "invalid_request");
  }
  const statuses: number[] = [];
  for (const letter of "ABCD") {
    const key = { "ssh_public_key": line.replace("C2 ", `${letter}2 `) };
    const response = await app.request("/token", keyForm(await test.organisation(), key));
    statuses.push(response.status);
  }
  deepStrictEqual(statuses, [200, 200, 200, 503]);
});
