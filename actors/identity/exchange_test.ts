import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { SignJWT, UnsecuredJWT } from "jose";
import { type ExpectedIdentity, verifyIdentityToken } from "#actors/_kit/identity_token.ts";
import type { ExchangeReply } from "#schemas/identity.ts";
import { replayCache } from "./bounded.ts";
import { issuerUrl, sessionRequest, startSeconds, testIdentity } from "./testing.ts";

const edge: ExpectedIdentity = { issuer: "sallyport/test", audience: "edge" };

function codeOf(reply: ExchangeReply): string {
  return reply.ok ? "ok" : reply.code;
}
function tokenOf(reply: ExchangeReply): string {
  if (!reply.ok) throw new Error(`Exchange was refused: ${reply.code}`);
  return reply.token;
}

Deno.test("exchange() binds the organisation's token to connection and session", async () => {
  const { identity, key, organisation } = await testIdentity();
  const reply = await identity.exchange(sessionRequest(await organisation()));
  ok(reply.ok);
  deepStrictEqual(reply.principal, {
    issuer: issuerUrl,
    person: "ada",
    name: "Ada Lovelace",
    actors: [],
    groups: ["clinical-agents", "treatment-team"],
    purpose: "TREAT",
  });
  strictEqual(reply.expiresAt, new Date((startSeconds + 300) * 1000).toISOString());
  const bound = { ...edge, connection: "ehr", session: "s1" };
  const verified = verifyIdentityToken(reply.token, key.keys, bound, startSeconds);
  ok(verified.ok);
  deepStrictEqual(verified.principal, reply.principal);
  strictEqual(verified.claims.jti, reply.id);
});

Deno.test("exchange() takes the organisation's token for many sessions", async () => {
  const { identity, organisation } = await testIdentity();
  const token = await organisation();
  for (const session of ["s1", "s2", "s1"]) {
    strictEqual(codeOf(await identity.exchange(sessionRequest(token, { session }))), "ok");
  }
});

Deno.test("exchange() refuses what the organisation did not sign for us, now", async () => {
  const { identity, organisation } = await testIdentity();
  const stranger = await testIdentity();
  const cases: readonly (readonly [string, string])[] = [
    ["token_expired", await organisation({ exp: startSeconds - 31 })],
    ["token_expired", await organisation({ exp: startSeconds })],
    ["token_not_yet_valid", await organisation({ nbf: startSeconds + 31 })],
    ["ok", await organisation({ nbf: startSeconds + 29 })],
    ["token_foreign_issuer", await organisation({ iss: "https://other.example.org" })],
    ["token_wrong_audience", await organisation({ aud: "billing-app" })],
    ["token_bad_signature", await stranger.organisation()],
    ["token_bad_signature", await organisation({}, { kid: "org-2" })],
    ["token_malformed", "password"],
    ["token_malformed", "a.b.c"],
    ["token_malformed", await organisation({ groups: "admins" })],
    ["token_malformed", await organisation({ sub: "" })],
    ["token_malformed", await organisation({ sub: "a\u0000b" })],
    ["token_malformed", await organisation({ act: "agent" })],
    ["token_malformed", await organisation({ act: { sub: "agent", iss: "https://x.example" } })],
    ["too_large", await organisation({ groups: Array.from({ length: 257 }, (_, i) => `g${i}`) })],
  ];
  for (const [code, token] of cases) {
    const reply = await identity.exchange(sessionRequest(token));
    strictEqual(codeOf(reply), code);
    // What is said holds nothing of what was presented.
    if (!reply.ok && token.length > 16) ok(!JSON.stringify(reply).includes(token.slice(0, 16)));
  }
});

Deno.test("exchange() refuses a token without an expiry", async () => {
  const { identity, organisation } = await testIdentity();
  const token = await organisation({ exp: undefined });
  strictEqual(codeOf(await identity.exchange(sessionRequest(token))), "token_malformed");
});

Deno.test("exchange() refuses no signature and shared-key signatures", async () => {
  const { identity } = await testIdentity();
  const claims = { iss: issuerUrl, aud: "sallyport", sub: "ada", exp: startSeconds + 60 };
  const unsigned = new UnsecuredJWT(claims).encode();
  const shared = await new SignJWT(claims).setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode("a shared key that is long enough for HS256"));
  for (const token of [unsigned, shared]) {
    strictEqual(codeOf(await identity.exchange(sessionRequest(token))), "token_algorithm_refused");
  }
});

Deno.test("exchange() refuses our own issuer's name on a token we did not sign", async () => {
  const { identity, organisation } = await testIdentity();
  const token = await organisation({ iss: "sallyport/test" });
  strictEqual(codeOf(await identity.exchange(sessionRequest(token))), "token_algorithm_refused");
  const other = await testIdentity();
  const foreign = await other.organisation();
  const theirs = await other.identity.exchange(sessionRequest(foreign, { session: null }));
  const reply = await identity.exchange(sessionRequest(tokenOf(theirs)));
  strictEqual(codeOf(reply), "token_bad_signature");
});

Deno.test("exchange() fails closed while the issuer's keys cannot be had", async () => {
  const { organisation } = await testIdentity();
  const { identity } = await testIdentity({
    verifyOrganisation: () => Promise.reject(new TypeError("connection refused")),
  });
  const reply = await identity.exchange(sessionRequest(await organisation()));
  strictEqual(codeOf(reply), "issuer_unavailable");
});

Deno.test("exchange() opens one session with a token of ours", async () => {
  const { identity, organisation } = await testIdentity();
  const handed = sessionRequest(await organisation(), { session: null });
  const token = tokenOf(await identity.exchange(handed));
  strictEqual(codeOf(await identity.exchange(sessionRequest(token))), "ok");
  // An edge whose reply was lost asks again for the same session.
  strictEqual(codeOf(await identity.exchange(sessionRequest(token))), "ok");
  const again = await identity.exchange(sessionRequest(token, { session: "s2" }));
  strictEqual(codeOf(again), "token_replayed");
  const onwards = await identity.exchange(sessionRequest(token, { session: null }));
  strictEqual(codeOf(onwards), "token_replayed");
});

Deno.test("exchange() gives one winner of two that race with one token", async () => {
  const { identity, organisation } = await testIdentity();
  const handed = sessionRequest(await organisation(), { session: null });
  const token = tokenOf(await identity.exchange(handed));
  const replies = await Promise.all(["a", "b", "c"].map((session) => {
    return identity.exchange(sessionRequest(token, { session }));
  }));
  const codes = replies.map(codeOf).toSorted();
  deepStrictEqual(codes, ["ok", "token_replayed", "token_replayed"]);
});

Deno.test("exchange() refuses a session's token in another session", async () => {
  const { identity, organisation } = await testIdentity();
  const token = tokenOf(await identity.exchange(sessionRequest(await organisation())));
  const elsewhere = await identity.exchange(sessionRequest(token, { session: "s2" }));
  strictEqual(codeOf(elsewhere), "token_replayed");
  const unbound = await identity.exchange(sessionRequest(token, { session: null }));
  strictEqual(codeOf(unbound), "token_replayed");
});

Deno.test("exchange() refuses a token of ours on another connection", async () => {
  const { identity, organisation } = await testIdentity();
  const handed = sessionRequest(await organisation(), { session: null });
  const token = tokenOf(await identity.exchange(handed));
  const reply = await identity.exchange(sessionRequest(token, { connection: "billing" }));
  strictEqual(codeOf(reply), "token_wrong_connection");
  const unknown = sessionRequest(await organisation(), { connection: "payroll" });
  strictEqual(codeOf(await identity.exchange(unknown)), "unknown_connection");
});

Deno.test("exchange() refuses after a restart what might have been used before", async () => {
  const { identity, organisation, restarted } = await testIdentity();
  const handed = sessionRequest(await organisation(), { session: null });
  const token = tokenOf(await identity.exchange(handed));
  strictEqual(codeOf(await identity.exchange(sessionRequest(token))), "ok");
  const reply = await restarted().exchange(sessionRequest(token, { session: "s2" }));
  strictEqual(codeOf(reply), "token_expired");
});

Deno.test("exchange() refuses a token of ours when it cannot remember more", async () => {
  const { identity, organisation, time } = await testIdentity({
    replays: replayCache({ entriesMax: 1 }),
  });
  const handed = sessionRequest(await organisation(), { session: null });
  const first = tokenOf(await identity.exchange(handed));
  const second = tokenOf(await identity.exchange(handed));
  strictEqual(codeOf(await identity.exchange(sessionRequest(first))), "ok");
  const full = await identity.exchange(sessionRequest(second, { session: "s2" }));
  strictEqual(codeOf(full), "busy");
  // Once the first cannot matter any more there is room.
  time.seconds += 421;
  const third = tokenOf(await identity.exchange(handed));
  strictEqual(codeOf(await identity.exchange(sessionRequest(third, { session: "s3" }))), "ok");
});

Deno.test("exchange() puts the agent that acts before those before it", async () => {
  const { identity, organisation } = await testIdentity();
  const token = await organisation({ act: { sub: "planner", act: { sub: "scheduler" } } });
  const actorToken = await organisation({ sub: "retriever", groups: ["admins"] });
  const reply = await identity.exchange(sessionRequest(token, { actorToken }));
  ok(reply.ok);
  deepStrictEqual(reply.principal.actors, ["retriever", "planner", "scheduler"]);
  strictEqual(reply.principal.person, "ada");
  // No token outlives the agent's own.
  const brief = await organisation({ sub: "retriever", exp: startSeconds + 20 });
  const short = await identity.exchange(sessionRequest(token, { actorToken: brief }));
  ok(short.ok);
  strictEqual(short.lifetimeSeconds, 20);
  // The agent brings none of its own groups.
  deepStrictEqual(reply.principal.groups, ["clinical-agents", "treatment-team"]);
});

Deno.test("exchange() refuses a seventeenth actor", async () => {
  const { identity, organisation } = await testIdentity();
  const chain = (depth: number): Record<string, unknown> => {
    return depth === 1 ? { sub: "a1" } : { sub: `a${depth}`, act: chain(depth - 1) };
  };
  const sixteen = await organisation({ act: chain(16) });
  strictEqual(codeOf(await identity.exchange(sessionRequest(sixteen))), "ok");
  const actorToken = await organisation({ sub: "one-more" });
  const more = await identity.exchange(sessionRequest(sixteen, { actorToken }));
  strictEqual(codeOf(more), "too_large");
  const seventeen = await organisation({ act: chain(17) });
  strictEqual(codeOf(await identity.exchange(sessionRequest(seventeen))), "token_malformed");
  const deep = await organisation({ act: chain(1000) });
  strictEqual(codeOf(await identity.exchange(sessionRequest(deep))), "token_malformed");
});

Deno.test("exchange() takes as actor only who the subject allows and who acts itself", async () => {
  const { identity, organisation } = await testIdentity();
  const token = await organisation({ may_act: { sub: "planner" } });
  const planner = await organisation({ sub: "planner" });
  const other = await organisation({ sub: "other" });
  const chained = await organisation({ sub: "planner", act: { sub: "other" } });
  const codes = [];
  for (const actorToken of [planner, other, chained]) {
    codes.push(codeOf(await identity.exchange(sessionRequest(token, { actorToken }))));
  }
  deepStrictEqual(codes, ["ok", "token_widened", "token_malformed"]);
});

Deno.test("exchange() grants only a purpose that the token names", async () => {
  const { identity, organisation } = await testIdentity();
  const purposeOf = async (claim: unknown, purpose?: string) => {
    const token = await organisation({ purpose_of_use: claim });
    const requested = purpose === undefined ? undefined : { requested: { purpose } };
    const reply = await identity.exchange(sessionRequest(token, requested));
    return reply.ok ? reply.principal.purpose : reply.code;
  };
  strictEqual(await purposeOf("TREAT"), "TREAT");
  strictEqual(await purposeOf("TREAT", "HRESCH"), "token_widened");
  strictEqual(await purposeOf(["TREAT", "HRESCH"], "HRESCH"), "HRESCH");
  strictEqual(await purposeOf(["TREAT", "HRESCH"]), "");
  strictEqual(await purposeOf(undefined, "TREAT"), "token_widened");
  strictEqual(await purposeOf(undefined), "");
});

Deno.test("exchange() signs a person in only with a token issued to the console", async () => {
  const { identity, organisation, key } = await testIdentity();
  const agents = await organisation();
  const idToken = await organisation({ aud: "console", client_id: undefined });
  const access = await organisation({ client_id: "console" });
  const vote = "a".repeat(64);
  const decide = { audience: "approval", approval: "ap1", vote, session: null } as const;
  const asked = (token: string) => identity.exchange(sessionRequest(token, decide));
  strictEqual(codeOf(await asked(agents)), "token_wrong_audience");
  const others: readonly Record<string, unknown>[] = [
    { client_id: undefined, azp: "cli" },
    // An agent's access token that names the console's client among whom it is for.
    { aud: ["sallyport", "console"], client_id: "agent" },
    { aud: ["sallyport", "console"], client_id: undefined, azp: "agent" },
    { client_id: "console", azp: "agent" },
    { aud: "console", client_id: 7 },
  ];
  for (const claims of others) {
    strictEqual(codeOf(await asked(await organisation(claims))), "token_wrong_audience");
  }
  strictEqual(codeOf(await asked(idToken)), "ok");
  const token = tokenOf(await asked(access));
  const expected: ExpectedIdentity = { ...edge, audience: "approval", approval: "ap1", vote };
  ok(verifyIdentityToken(token, key.keys, expected, startSeconds).ok);
  // Neither the person's sign-in at the console opens a session, nor ours approves.
  strictEqual(codeOf(await identity.exchange(sessionRequest(idToken))), "token_wrong_audience");
  strictEqual(codeOf(await asked(token)), "token_wrong_audience");
});

Deno.test("exchange() refuses who or what was revoked, until it ends", async () => {
  for (
    const [kind, value] of [
      ["person", "ada"],
      ["actor", "planner"],
      ["jti", "org-token-1"],
      ["session", "s1"],
    ] as const
  ) {
    const { identity, organisation, time } = await testIdentity();
    const token = await organisation({ act: { sub: "planner" }, jti: "org-token-1" });
    const until = new Date((startSeconds + 60) * 1000).toISOString();
    ok(identity.revoke({ version: 1, kind, value, until }));
    for (const connection of ["ehr", "payroll"]) {
      // Nor is one of them told which connections there are.
      const reply = await identity.exchange(sessionRequest(token, { connection }));
      strictEqual(codeOf(reply), "token_revoked", kind);
    }
    time.seconds += 61;
    strictEqual(codeOf(await identity.exchange(sessionRequest(token))), "ok", kind);
  }
});

Deno.test("exchange() lets nobody act by a token that was revoked, or as an agent that was", async () => {
  const { identity, organisation } = await testIdentity();
  const token = await organisation();
  const until = new Date((startSeconds + 60) * 1000).toISOString();
  const actorToken = await organisation({ sub: "retriever", jti: "stolen" });
  const asked = () => identity.exchange(sessionRequest(token, { actorToken }));
  strictEqual(codeOf(await asked()), "ok");
  ok(identity.revoke({ version: 1, kind: "jti", value: "stolen", until }));
  strictEqual(codeOf(await asked()), "token_revoked");
  const planner = await organisation({ sub: "planner" });
  ok(identity.revoke({ version: 1, kind: "actor", value: "planner", until }));
  const acting = await identity.exchange(sessionRequest(token, { actorToken: planner }));
  strictEqual(codeOf(acting), "token_revoked");
  const forged = await identity.exchange(sessionRequest(token, { actorToken: `${planner}x` }));
  strictEqual(codeOf(forged), "token_bad_signature");
});

Deno.test("revoke() says when it could not take one in", async () => {
  const { identity } = await testIdentity();
  const until = new Date((startSeconds + 60) * 1000).toISOString();
  for (let index = 0; index < 100; index++) {
    ok(identity.revoke({ version: 1, kind: "person", value: `p${index}`, until }));
  }
  ok(!identity.revoke({ version: 1, kind: "person", value: "late", until }));
  ok(!identity.revoke({ version: 1, kind: "everyone", value: "x", until }));
});

Deno.test("exchange() takes no security event for a token of somebody", async () => {
  const { identity, organisation } = await testIdentity();
  // OpenID Connect Back-Channel Logout 1.0 section 2.4: issued to a client, about a person.
  const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
  const logout = await organisation({ aud: "console", client_id: undefined, events });
  const decide = { audience: "approval", approval: "ap1", vote: "a".repeat(64) } as const;
  const asked = await identity.exchange(sessionRequest(logout, { ...decide, session: null }));
  strictEqual(codeOf(asked), "token_malformed");
  const access = await organisation({ events });
  strictEqual(codeOf(await identity.exchange(sessionRequest(access))), "token_malformed");
});

Deno.test("exchange() takes a time within a second (RFC 7519 section 2), and never rounds it up", async () => {
  const { identity, organisation, key } = await testIdentity();
  const reply = await identity.exchange(
    sessionRequest(await organisation({ exp: startSeconds + 60.9 })),
  );
  const verified = verifyIdentityToken(tokenOf(reply), key.keys, edge, startSeconds);
  ok(verified.ok && verified.claims.exp === startSeconds + 60);
});

Deno.test("exchange() answers any request", async () => {
  const { identity } = await testIdentity();
  const wrong = [
    null,
    "",
    {},
    { ...sessionRequest("x"), more: 1 },
    { ...sessionRequest("x"), connection: null },
    { ...sessionRequest("x"), session: "a.b" },
    { ...sessionRequest("x"), audience: "approval" },
    { ...sessionRequest("x"), session: null, audience: "approval", approval: "ap1" },
    { ...sessionRequest("x"), vote: "a".repeat(64) },
    sessionRequest("x".repeat(65_536)),
  ];
  for (const request of wrong) {
    strictEqual(codeOf(await identity.exchange(request)), "request_malformed");
  }
});

Deno.test("exchange() refuses beyond its limit of exchanges at work", async () => {
  const { organisation } = await testIdentity();
  const waiting: (() => void)[] = [];
  const { identity } = await testIdentity({
    limits: { inFlightMax: 2 },
    verifyOrganisation: () => {
      return new Promise((resolve) => {
        waiting.push(() => resolve({ ok: false, code: "token_expired" }));
      });
    },
  });
  const request = sessionRequest(await organisation());
  const first = [identity.exchange(request), identity.exchange(request)];
  strictEqual(codeOf(await identity.exchange(request)), "busy");
  for (const answer of waiting) answer();
  deepStrictEqual((await Promise.all(first)).map(codeOf), ["token_expired", "token_expired"]);
});

Deno.test("a token of ours serves the sessions of one carrier, and of no other", async () => {
  const { identity, organisation } = await testIdentity();
  const handed = await identity.exchange(sessionRequest(await organisation(), { session: null }));
  if (!handed.ok) throw new Error(handed.code);
  const ask = (session: string, carrier?: string) =>
    identity.exchange(
      sessionRequest(handed.token, { session, ...carrier === undefined ? {} : { carrier } }),
    );
  ok((await ask("s1", "c1")).ok);
  ok((await ask("s2", "c1")).ok);
  strictEqual(codeOf(await ask("s3", "c2")), "token_replayed");
  strictEqual(codeOf(await ask("s1")), "token_replayed");
});
