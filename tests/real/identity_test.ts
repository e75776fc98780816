/** Who does not get in: tokens that are expired, foreign, widened, used twice, or none at all. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { decodeControl } from "#schemas/frames.ts";
import { identityIssuer } from "#schemas/identity.ts";
import { revocationSubject } from "#schemas/subjects.ts";
import { connectAs } from "./bus_user.ts";
import { setIn } from "./configuration.ts";
import { psql } from "./psql.ts";
import { eventually, type Rig, scenario, startRig } from "./support.ts";

Deno.test("identity at the gateway", async (test) => {
  // An issuer with a certificate of the organisation's own authority, named as an operator does.
  const configure = (text: string) =>
    text.replace(/^issuer:$/m, "issuer:\n  ca_file: certificates/ca.crt");
  await using rig = await startRig({ configure });
  const { agent, approver, nurse } = rig.system.tokens;
  const claims = claimsOf(agent);
  const own = await generateKeyPair("RS256", { extractable: true });
  const signed = (changes: Record<string, unknown>, header: Record<string, unknown> = {}) => {
    const kid = String(headerOf(agent)["kid"]);
    return new SignJWT({ ...claims, ...changes })
      .setProtectedHeader({ ...headerOf(agent), alg: "RS256", kid, ...header })
      .sign(own.privateKey);
  };

  const refused: readonly (readonly [string, () => Promise<string> | string, RegExp])[] = [
    ["another key", () => signed({}), /token_bad_signature/],
    ["another key, embedded", async () => {
      return await signed({}, { jwk: await exportJWK(own.publicKey) });
    }, /token_bad_signature|token_algorithm_refused|token_malformed/],
    ["another key id", () => signed({}, { kid: "other" }), /token_bad_signature/],
    ["another issuer", () => signed({ iss: "https://elsewhere.example" }), /foreign_issuer/],
    ["expired", () => signed({ exp: 1_700_000_000 }), /token_(expired|bad_signature)/],
    ["no algorithm", () => new UnsecuredJWT(claims).encode(), /algorithm_refused|malformed/],
    ["groups added", () => altered(agent, { groups: ["compliance"] }), /token_bad_signature/],
    ["chain removed", () => altered(agent, { act: undefined }), /token_bad_signature/],
    ["another audience", () => idTokenOf(rig), /token_(wrong_audience|malformed)/],
    ["our issuer, another key", async () => {
      const key = await generateKeyPair("EdDSA");
      return await new SignJWT({ ...claims, iss: identityIssuer("Example Clinic") })
        .setProtectedHeader({ alg: "EdDSA", typ: "sallyport-identity+jwt", kid: "x" })
        .sign(key.privateKey);
    }, /token_bad_signature/],
    ["garbage", () => "correct horse battery staple", /token_malformed/],
    ["three dots", () => "...", /token_malformed/],
    ["a huge token", () => `${agent}${"x".repeat(64_000)}`, /\((?:token_|too_large)/],
  ];
  for (const [name, make, expected] of refused) {
    await scenario(test, rig, `refused: ${name}`, async () => {
      const before = await opened(rig);
      const result = await psql(rig.system, { token: await make(), args: ["-c", "select 1"] });
      strictEqual(result.code, 2);
      match(result.stderr, /FATAL: {2}sallyport: /);
      match(result.stderr, expected);
      ok(!result.stderr.includes(agent.slice(-40)), "no token in the error");
      strictEqual(await opened(rig), before, "no session in the log");
    });
  }

  await scenario(test, rig, "an empty password is refused by name", async () => {
    const before = await opened(rig);
    const result = await psql(rig.system, { token: "", args: ["-w", "-c", "select 1"] });
    strictEqual(result.code, 2);
    strictEqual(await opened(rig), before);
  });

  await scenario(test, rig, "people with rights get in, people without do not", async () => {
    const yes = { token: nurse, reader: "treatment", args: ["-Atc", "select 1"] } as const;
    strictEqual((await psql(rig.system, yes)).stdout, "1\n");
    const no = await psql(rig.system, { token: approver, args: ["-c", "select 1"] });
    match(no.stderr, /FATAL: {2}sallyport: no policy permits/);
  });

  await scenario(test, rig, "an exchanged token is good for one session", async () => {
    await using desk = await rig.console();
    const exchanged = await desk.exchange({
      version: 1,
      token: agent,
      connection: "ehr",
      session: null,
      audience: "edge",
    });
    ok(exchanged.ok);
    const { token } = exchanged;
    const first = await psql(rig.system, { token, args: ["-Atc", "select 'in'"] });
    strictEqual(first.stdout, "in\n");
    const second = await psql(rig.system, { token, args: ["-c", "select 1"] });
    match(second.stderr, /FATAL: .*token_replayed/);
  });

  await scenario(test, rig, "a session's own token opens no other session", async () => {
    await using desk = await rig.console();
    const request = { version: 1, token: agent, connection: "ehr", audience: "edge" } as const;
    const exchanged = await desk.exchange({ ...request, session: "someOtherSession1" });
    ok(exchanged.ok);
    const { token } = exchanged;
    const result = await psql(rig.system, { token, args: ["-c", "select 1"] });
    match(result.stderr, /FATAL: .*token_replayed/);
  });

  await scenario(test, rig, "an approver's token opens no session", async () => {
    await using desk = await rig.console();
    const exchanged = await desk.exchange({
      version: 1,
      token: approver,
      connection: null,
      session: null,
      approval: "abcdefgh",
      vote: "a".repeat(64),
      audience: "approval",
    });
    ok(exchanged.ok);
    const { token } = exchanged;
    const result = await psql(rig.system, { token, args: ["-c", "select 1"] });
    match(result.stderr, /FATAL: .*token_wrong_audience/);
  });

  await scenario(test, rig, "an unknown connection is refused", async () => {
    const result = await psql(rig.system, {
      connection: "dbname=payroll",
      args: ["-c", "select 1"],
    });
    match(result.stderr, /FATAL: {2}sallyport: .*connection/);
  });

  await scenario(test, rig, "without TLS no password is asked for", async () => {
    const result = await psql(rig.system, {
      connection: "sslmode=disable",
      args: ["-c", "select 1"],
    });
    match(result.stderr, /FATAL: {2}sallyport: TLS is required/);
  });

  await scenario(
    test,
    rig,
    "who is shut out stays shut out when identity starts anew",
    async () => {
      const { system } = rig;
      const shut = { args: ["-c", "select 1"] };
      strictEqual((await psql(system, shut)).code, 0);
      const until = new Date(Date.now() + 3_600_000).toISOString();
      const revocation = { version: 1, kind: "actor", value: "report-agent", until };
      const file = `${system.directory}/revocations/revocations.jsonl`;
      await using identity = await connectAs(system, "identity");
      identity.bus.send(revocationSubject, new TextEncoder().encode(JSON.stringify(revocation)));
      await eventually("it is on disk", async () => {
        return (await Deno.readTextFile(file)).includes("report-agent") || undefined;
      });
      await system.actor("identity").kill();
      const config = `${system.directory}/sallyport.yaml`;
      const text = await Deno.readTextFile(config);
      await Deno.writeTextFile(config, setIn(text, ["issuer", "people_clients"], []));
      await system.restart("identity");
      match((await psql(system, shut)).stderr, /FATAL: .*token_revoked/);
    },
  );

  await scenario(test, rig, "a person's token from a client that is not listed", async () => {
    const args = ["-Atc", "select 1"];
    strictEqual((await psql(rig.system, { token: nurse, args })).stdout, "1\n");
    deepStrictEqual(await newestChain(rig), ["nora", "demo-launcher"]);
    const { accessToken } = await rig.signIn("nora");
    strictEqual((await psql(rig.system, { token: accessToken, args })).stdout, "1\n");
    deepStrictEqual(await newestChain(rig), ["nora"]);
    // What it is exchanged for, over HTTP or on the bus, carries the chain on.
    const token = await exchangedByHttp(rig, nurse);
    deepStrictEqual(claimsOf(token)["act"], { sub: "demo-launcher" });
    strictEqual((await psql(rig.system, { token, args })).stdout, "1\n");
    deepStrictEqual(await newestChain(rig), ["nora", "demo-launcher"]);
  });
});

/** How many sessions the log holds. */
async function opened(rig: Rig): Promise<number> {
  await using auditor = await rig.auditor();
  return (await auditor.frames()).filter(({ kind }) => kind === "open").length;
}

/** The person of the newest session and who acts for them. */
async function newestChain(rig: Rig): Promise<readonly string[]> {
  await using auditor = await rig.auditor();
  const frame = (await auditor.frames()).findLast(({ kind }) => kind === "open");
  const open = frame === undefined ? null : decodeControl("open", frame.payload);
  return open === null ? [] : [open.principal.person, ...open.principal.actors];
}

/** RFC 8693, as any client of OAuth does. */
async function exchangedByHttp({ system }: Rig, token: string): Promise<string> {
  const settings = await Deno.readTextFile(`${system.directory}/settings/identity.json`);
  const { host, port } = JSON.parse(settings).identity;
  const response = await fetch(`http://${host}:${port}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: token,
      subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
      audience: "ehr",
    }),
  });
  const answer = await response.json();
  return String(answer.access_token);
}

async function idTokenOf(rig: Rig): Promise<string> {
  return (await rig.signIn("nora")).idToken;
}

function headerOf(token: string): Record<string, unknown> {
  return partOf(token, 0);
}
function claimsOf(token: string): Record<string, unknown> {
  return partOf(token, 1);
}

function partOf(token: string, index: number): Record<string, unknown> {
  const part = token.split(".")[index] ?? "";
  const bytes = Uint8Array.fromBase64(part, { alphabet: "base64url" });
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (typeof value !== "object" || value === null) throw new Error("not an object");
  return { ...value };
}

/** The token with other claims under its own signature. */
function altered(token: string, changes: Record<string, unknown>): string {
  const [head, , signature] = token.split(".");
  const text = JSON.stringify({ ...claimsOf(token), ...changes });
  const body = new TextEncoder().encode(text).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
  return `${head}.${body}.${signature}`;
}
