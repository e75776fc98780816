/** The demo's identity provider: discovery, keys, code flow with PKCE, and token exchange. */
import assert from "node:assert/strict";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { actFor, obtainDemoTokens, signInAs, signInToConsole } from "#deploy/demo/demo_tokens.ts";
import { type IssuerServer, startIssuer } from "#deploy/demo/issuer_process.ts";

const say = () => {};
const redirectUri = "http://127.0.0.1:9/callback";

Deno.test("the demo issuer speaks OpenID Connect and token exchange", async (t) => {
  const directory = await Deno.makeTempDir();
  try {
    await using issuer = await startIssuer({
      directory,
      say,
      console: { clientId: "sallyport-console", redirectUris: [redirectUri] },
    });
    const claims = await reader(issuer);

    await t.step("obtainDemoTokens() yields the four tokens", async () => {
      const tokens = await obtainDemoTokens(issuer);
      const agent = await claims(tokens.agent);
      assert.equal(agent["sub"], "ana");
      assert.deepEqual(agent["act"], { sub: "report-agent" });
      assert.deepEqual(agent["groups"], ["analysts", "clinical-agents"]);
      assert.deepEqual(agent["purpose_of_use"], ["HOPERAT"]);
      const nurse = await claims(tokens.nurse);
      assert.deepEqual(nurse["groups"], ["treatment-team"]);
      assert.deepEqual(nurse["purpose_of_use"], ["TREAT"]);
      assert.equal(nurse["act"], undefined);
      const approvers = [await claims(tokens.approver), await claims(tokens.approver2)];
      assert.deepEqual(approvers.map((one) => one["sub"]), ["carl", "dana"]);
      for (const one of approvers) {
        assert.equal(one["client_id"], "sallyport-console");
        assert.deepEqual(one["groups"], ["compliance"]);
      }
    });

    await t.step("an id token names the person and the groups", async () => {
      const { idToken } = await signInToConsole(issuer, "nora");
      const { payload } = await jwtVerify(idToken, keySet(issuer), {
        issuer: issuer.url,
        audience: "sallyport-console",
      });
      assert.equal(payload["name"], "Nora Lind");
      assert.deepEqual(payload["groups"], ["treatment-team"]);
    });

    await t.step("an agent of an agent stands outermost, and lives no longer", async () => {
      const first = await actFor(issuer, "report-agent", await signInAs(issuer, "ana"));
      const second = await actFor(issuer, "triage-agent", first);
      const inner = await claims(first);
      const outer = await claims(second);
      assert.deepEqual(outer["act"], { sub: "triage-agent", act: { sub: "report-agent" } });
      assert.ok(Number(outer["exp"]) <= Number(inner["exp"]));
    });

    await t.step("what is not granted is refused", async () => {
      const own = await signInAs(issuer, "ana");
      await assert.rejects(signInAs(issuer, "nobody"), /invalid_grant/);
      await assert.rejects(signInAs(issuer, "ana", "TREAT"), /invalid_grant/);
      await assert.rejects(actFor(issuer, "report-agent", `${own.slice(0, -4)}AAAA`), /invalid_/);
      await assert.rejects(signInToConsole(issuer, "nobody"), /answers 400/);
      const wrong = { ...issuer, launcher: { ...issuer.launcher, secret: "x".repeat(64) } };
      await assert.rejects(signInAs(wrong, "ana"), /invalid_client/);
      const agent = { id: "report-agent", secret: issuer.agentSecrets.get("report-agent") ?? "" };
      await assert.rejects(signInAs({ ...issuer, launcher: agent }, "ana"), /not allowed/);
    });

    await t.step("the sign-in page lists people and forbids scripts", async () => {
      const query = new URLSearchParams({
        client_id: "sallyport-console",
        redirect_uri: redirectUri,
        response_type: "code",
        scope: "openid",
        code_challenge: "x".repeat(43),
        code_challenge_method: "S256",
      });
      const start = await fetch(`${issuer.url}/auth?${query}`, { redirect: "manual" });
      await start.body?.cancel();
      const cookie = start.headers.getSetCookie().map((each) => each.split(";")[0]).join("; ");
      const location = new URL(start.headers.get("location") ?? "", issuer.url);
      const page = await fetch(location, { headers: { cookie } });
      assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
      const html = await page.text();
      for (const name of ["Ana Ortiz", "Nora Lind", "Carl Meyer", "Dana Okafor"]) {
        assert.ok(html.includes(name), name);
      }
      const stranger = await fetch(location);
      assert.equal(stranger.status, 400);
      await stranger.body?.cancel();
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("startIssuer() keeps its keys, so that tokens outlive a restart", async () => {
  const directory = await Deno.makeTempDir();
  const console = { clientId: "sallyport-console", redirectUris: [redirectUri] };
  try {
    const first = await startIssuer({ directory, say, console });
    const token = await signInAs(first, "nora");
    await first.stop();
    await using second = await startIssuer({ directory, say, console });
    assert.equal(second.url, first.url);
    assert.equal((await (await reader(second))(token))["sub"], "nora");
    const { mode } = await Deno.stat(`${directory}/issuer.json`);
    assert.equal((mode ?? 0) & 0o777, 0o600);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

function keySet(issuer: IssuerServer) {
  return createRemoteJWKSet(new URL(`${issuer.url}/jwks`));
}

/** Verifies an access token as the gateway would: keys by discovery, issuer, audience, type. */
async function reader(
  issuer: IssuerServer,
): Promise<(token: string) => Promise<Record<string, unknown>>> {
  const response = await fetch(`${issuer.url}/.well-known/openid-configuration`);
  const discovery: Record<string, unknown> = await response.json();
  assert.equal(discovery["issuer"], issuer.url);
  const keys = createRemoteJWKSet(new URL(String(discovery["jwks_uri"])));
  return async (token) =>
    (await jwtVerify(token, keys, {
      issuer: issuer.url,
      audience: "sallyport",
      typ: "at+jwt",
    })).payload;
}
