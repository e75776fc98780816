/** Signing in: with a fake issuer, with a token, and how it ends. @module */
import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Revocation } from "#schemas/identity.ts";
import { localPath } from "./oidc.ts";
import type { Fetch } from "./ports.ts";
import { consoleUrl, issuerUrl, person, type Rig, rig, startMs } from "./testing.ts";

const carl = person("carl", ["compliance"]);

Deno.test("signing in at the issuer: code, PKCE, nonce, and back to where one wanted", async () => {
  const { test, issuer } = await withIssuer();
  const { location, cookie } = await begin(test, "/approvals");
  const { searchParams: asked, origin, pathname } = location;
  strictEqual(origin + pathname, `${issuerUrl}/authorize`);
  strictEqual(asked.get("response_type"), "code");
  strictEqual(asked.get("client_id"), "sallyport-console");
  strictEqual(asked.get("redirect_uri"), `${consoleUrl}/callback`);
  strictEqual(asked.get("code_challenge_method"), "S256");
  strictEqual(asked.get("scope"), "openid profile groups");
  issuer.token = idToken(asked.get("nonce") ?? "");
  test.tokens.set(issuer.token, carl);
  const answer = await callback(test, cookie, { code: "c1", state: asked.get("state") ?? "" });
  strictEqual(answer.status, 303);
  strictEqual(answer.headers.get("location"), "/approvals");
  const [redeemed] = issuer.redeemed;
  strictEqual(redeemed?.get("grant_type"), "authorization_code");
  strictEqual(redeemed?.get("code"), "c1");
  strictEqual(redeemed?.get("client_id"), "sallyport-console");
  const challenge = createHash("sha256").update(redeemed?.get("code_verifier") ?? "");
  strictEqual(challenge.digest("base64url"), asked.get("code_challenge"));
  const session = answer.headers.getSetCookie().find((one) => one.includes("session="));
  match(
    session ?? "",
    /^__Host-sallyport_session=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
  strictEqual(test.exchanges[0]?.audience, "console");
  strictEqual((await open(test, session ?? "")).status, 200);
});

Deno.test("an answer of another flow, browser, issuer or sign-in signs nobody in", async () => {
  const { test, issuer } = await withIssuer();
  const { location, cookie } = await begin(test, "/");
  const { searchParams: asked } = location;
  const state = asked.get("state") ?? "";
  const other = await begin(test, "/");
  issuer.token = idToken(asked.get("nonce") ?? "");
  test.tokens.set(issuer.token, carl);
  const refused: [string, Record<string, string> | URLSearchParams][] = [
    [cookie, { code: "c1", state: `${state}x` }],
    [cookie, { code: "c1" }],
    [other.cookie, { code: "c1", state }],
    ["", { code: "c1", state }],
    [cookie.replace("=e", "=f"), { code: "c1", state }],
    [cookie, { code: "c1", state, iss: "https://evil.example" }],
    [cookie, { error: "access_denied", state }],
    [cookie, { state }],
    [cookie, new URLSearchParams([["code", "c1"], ["code", "c2"], ["state", state]])],
  ];
  for (const [browser, answer] of refused) {
    const reply = await callback(test, browser, answer);
    strictEqual(reply.status, 401);
    ok(!reply.headers.getSetCookie().some((one) => /session=[\w-]{43}/.test(one)));
  }
  strictEqual(issuer.redeemed.length, 0);
  issuer.token = idToken("another nonce");
  test.tokens.set(issuer.token, carl);
  strictEqual((await callback(test, cookie, { code: "c1", state })).status, 401);
  test.clock.forward(600_000);
  issuer.token = idToken(asked.get("nonce") ?? "");
  strictEqual((await callback(test, cookie, { code: "c1", state })).status, 401);
  strictEqual(test.exchanges.length, 0);
});

Deno.test("a flow that somebody wrote themselves signs nobody in", async () => {
  const { test, issuer } = await withIssuer();
  const { cookie } = await begin(test, "/");
  const [name = "", sealed = ""] = cookie.split("=");
  const flow = { state: "s", nonce: "n", verifier: "v", returnTo: "/", untilMs: startMs + 60_000 };
  const text = new TextEncoder().encode(JSON.stringify(flow));
  const own = text.toBase64({ alphabet: "base64url", omitPadding: true });
  issuer.token = idToken("n");
  test.tokens.set(issuer.token, carl);
  for (const tag of ["", `.${sealed.split(".")[1]}`, `.${"A".repeat(43)}`]) {
    const forged = `${name}=${own}${tag}`;
    strictEqual((await callback(test, forged, { code: "c1", state: "s" })).status, 401);
  }
  strictEqual(issuer.redeemed.length, 0);
});

Deno.test("an issuer that names itself in its answers must do so", async () => {
  const { test, issuer } = await withIssuer({
    "authorization_response_iss_parameter_supported": true,
  });
  const { location, cookie } = await begin(test, "/");
  const { searchParams: asked } = location;
  const answer = { code: "c1", state: asked.get("state") ?? "" };
  issuer.token = idToken(asked.get("nonce") ?? "");
  test.tokens.set(issuer.token, carl);
  strictEqual((await callback(test, cookie, answer)).status, 401);
  strictEqual((await callback(test, cookie, { ...answer, iss: issuerUrl })).status, 303);
});

Deno.test("discovery that is of another issuer, or leads out of TLS, is refused", async () => {
  for (
    const change of [{ issuer: "https://evil.example" }, {
      "token_endpoint": "http://id.example.org/token",
    }]
  ) {
    const { test } = await withIssuer(change);
    const answer = await test.console.app.request(`${consoleUrl}/login/start`);
    strictEqual(answer.status, 503);
  }
});

Deno.test("a secret is sent as the issuer takes it", async () => {
  const { test, issuer } = await withIssuer({}, "s e:cret");
  const { location, cookie } = await begin(test, "/");
  const { searchParams: asked } = location;
  issuer.token = idToken(asked.get("nonce") ?? "");
  test.tokens.set(issuer.token, carl);
  await callback(test, cookie, { code: "c1", state: asked.get("state") ?? "" });
  strictEqual(issuer.authorizations[0], `Basic ${btoa("sallyport-console:s%20e%3Acret")}`);
  ok(issuer.redeemed[0]?.has("client_secret") !== true);
});

Deno.test("a token that identity refuses signs nobody in, and is not shown", async () => {
  const { test } = await withIssuer();
  const answer = await paste(test, "forged-token-123");
  strictEqual(answer.status, 401);
  const page = await answer.text();
  ok(page.includes("Sign in again."));
  ok(!page.includes("forged-token-123"));
  deepStrictEqual(answer.headers.getSetCookie(), []);
});

Deno.test("the form for a token is taken from our own page alone", async () => {
  const { test } = await withIssuer();
  test.tokens.set("carl", carl);
  const answer = await paste(test, "carl", { origin: "https://evil.example" });
  strictEqual(answer.status, 403);
  deepStrictEqual(answer.headers.getSetCookie(), []);
});

Deno.test("a sign-in ends unused, at all, and with its token", async () => {
  for (const [token, waits] of [["a", [31]], [idToken("n", 20), [19, 2]]] as const) {
    const { test } = await withIssuer();
    test.tokens.set(token, carl);
    const cookie = sessionOf(await paste(test, token));
    strictEqual((await open(test, cookie)).status, 200);
    for (const minutes of waits) test.clock.forward(minutes * 60_000);
    strictEqual((await open(test, cookie)).status, 303);
  }
});

Deno.test("identity is asked again every few minutes, and its no is the end", async () => {
  const { test } = await withIssuer();
  const token = idToken("n", 600);
  test.tokens.set(token, carl);
  const cookie = sessionOf(await paste(test, token));
  await open(test, cookie);
  strictEqual(test.exchanges.length, 1);
  test.clock.forward(300_000);
  strictEqual((await open(test, cookie)).status, 200);
  strictEqual(test.exchanges.length, 2);
  test.clock.forward(300_000);
  test.tokens.delete(token);
  strictEqual((await open(test, cookie)).status, 303);
  test.tokens.set(token, carl);
  strictEqual((await open(test, cookie)).status, 303);
});

Deno.test("what no person asked for does not keep a sign-in alive", async () => {
  const { test } = await withIssuer();
  const token = idToken("n", 600);
  test.tokens.set(token, carl);
  const cookie = sessionOf(await paste(test, token));
  for (let minutes = 0; minutes < 32; minutes += 4) {
    test.clock.forward(240_000);
    await open(test, cookie, { "sallyport-idle": "1" });
  }
  strictEqual((await open(test, cookie)).status, 303);
});

Deno.test("a revocation ends sign-ins at once", async () => {
  const { test } = await withIssuer();
  const token = idToken("n", 600);
  test.tokens.set(token, carl);
  test.tokens.set("dana", person("dana", ["compliance"]));
  const cookie = sessionOf(await paste(test, token));
  const other = sessionOf(await paste(test, "dana"));
  const until = new Date(startMs + 3_600_000).toISOString();
  const revocation: Revocation = { version: 1, kind: "person", value: "carl", until };
  test.console.revoke(new TextEncoder().encode("{"));
  test.console.revoke(new TextEncoder().encode(JSON.stringify(revocation)));
  strictEqual((await open(test, cookie)).status, 303);
  strictEqual((await open(test, other)).status, 200);
});

Deno.test("signing out and in anew ends the session that was", async () => {
  const { test } = await withIssuer();
  test.tokens.set("carl", carl);
  const first = sessionOf(await paste(test, "carl"));
  const second = sessionOf(await paste(test, "carl", { cookie: first }));
  notStrictEqual(first, second);
  strictEqual((await open(test, first)).status, 303);
  const page = await (await open(test, second)).text();
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? "";
  const leave = (body: Record<string, string>) =>
    test.console.app.request(`${consoleUrl}/logout`, {
      method: "POST",
      body: new URLSearchParams(body),
      headers: { cookie: second, origin: consoleUrl },
    });
  strictEqual((await leave({ csrf: "no" })).status, 403);
  strictEqual((await open(test, second)).status, 200);
  strictEqual((await leave({ csrf })).status, 303);
  strictEqual((await open(test, second)).status, 303);
});

Deno.test("localPath() leads to paths of ours alone", () => {
  for (const path of ["/", "/approvals", "/approvals/ap-1_x"]) strictEqual(localPath(path), path);
  const others = ["//evil.example", "/\\evil.example", "https://evil.example", "/a:b", "", "/a?b"];
  for (const path of [...others, "/\t/evil.example", "/.."]) strictEqual(localPath(path), "/");
});

type FakeIssuer = {
  token: string;
  readonly redeemed: URLSearchParams[];
  readonly authorizations: (string | null)[];
};

async function withIssuer(
  change: Record<string, unknown> = {},
  clientSecret: string | null = null,
): Promise<{ test: Rig; issuer: FakeIssuer }> {
  const issuer: FakeIssuer = { token: "", redeemed: [], authorizations: [] };
  const fetch: Fetch = (url, init) => {
    if (url === `${issuerUrl}/.well-known/openid-configuration`) {
      return Promise.resolve(Response.json({
        issuer: issuerUrl,
        "authorization_endpoint": `${issuerUrl}/authorize`,
        "token_endpoint": `${issuerUrl}/token`,
        "scopes_supported": ["openid", "profile", "groups"],
        ...change,
      }));
    }
    strictEqual(url, `${issuerUrl}/token`);
    strictEqual(init.redirect, "error");
    issuer.redeemed.push(new URLSearchParams(String(init.body)));
    issuer.authorizations.push(new Headers(init.headers).get("authorization"));
    return Promise.resolve(Response.json({ "id_token": issuer.token, "access_token": "opaque" }));
  };
  return { test: await rig({ fetch, change: { clientSecret } }), issuer };
}

async function begin(test: Rig, to: string): Promise<{ location: URL; cookie: string }> {
  const answer = await test.console.app.request(`${consoleUrl}/login/start?to=${to}`);
  strictEqual(answer.status, 303);
  const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
  return { location: new URL(answer.headers.get("location") ?? ""), cookie };
}

async function callback(
  test: Rig,
  cookie: string,
  answer: Record<string, string> | URLSearchParams,
): Promise<Response> {
  const query = new URLSearchParams(answer);
  const url = `${consoleUrl}/callback?${query}`;
  return await test.console.app.request(url, { headers: { cookie } });
}

async function paste(
  test: Rig,
  token: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return await test.console.app.request(`${consoleUrl}/login/token`, {
    method: "POST",
    body: new URLSearchParams({ token }),
    headers: { origin: consoleUrl, ...headers },
  });
}

function sessionOf(answer: Response): string {
  strictEqual(answer.status, 303);
  return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}

async function open(
  test: Rig,
  cookie: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const own = { cookie: cookie.split(";")[0] ?? "", ...headers };
  return await test.console.app.request(`${consoleUrl}/`, { headers: own });
}

/** An ID token as far as the console reads it: identity verifies the rest. */
function idToken(nonce: string, minutes = 60): string {
  const claims = { nonce, exp: startMs / 1000 + minutes * 60 };
  const body = new TextEncoder().encode(JSON.stringify(claims));
  return `e30.${body.toBase64({ alphabet: "base64url", omitPadding: true })}.sig`;
}
