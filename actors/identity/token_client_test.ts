import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ExchangeReply } from "#schemas/identity.ts";
import { sessionRequest, testIdentity } from "./testing.ts";
import { type ClientNames, clientRules } from "./token_client.ts";

/** The chain of a reply, the agent that acts first; or why there is none. */
function chainOf(reply: ExchangeReply): readonly string[] | string {
  return reply.ok ? reply.principal.actors : reply.code;
}

const listed: ClientNames = {
  people: ["workbench", "console"],
  agents: new Map([["0oa7", "report-agent"]]),
};

Deno.test("a token without act is a person's own only by a client that is listed as people's", async () => {
  const { identity, organisation } = await testIdentity({}, clientRules(listed));
  const none = { client_id: undefined };
  const cases: readonly (readonly [Record<string, unknown>, readonly string[] | string])[] = [
    [{ client_id: "workbench" }, []],
    [{ ...none, azp: "workbench" }, []],
    [{ client_id: "console" }, []],
    // Who is not listed acts for the person; who has a name of its own bears it.
    [{ client_id: "unheard-of" }, ["unheard-of"]],
    [{ ...none, azp: "unheard-of" }, ["unheard-of"]],
    [{ client_id: "0oa7" }, ["report-agent"]],
    [{ ...none, azp: "0oa7" }, ["report-agent"]],
    // Okta's and Entra's words for it.
    [{ ...none, cid: "0oa7" }, ["report-agent"]],
    [{ ...none, appid: "unheard-of" }, ["unheard-of"]],
    [{ azp: "workbench", cid: "a customer's number" }, []],
    // An agent that acts for itself is no person.
    [{ sub: "unheard-of", client_id: "unheard-of" }, ["unheard-of"]],
    // Nobody knows who holds it.
    [none, "token_client_unclear"],
    [{ client_id: "" }, "token_client_unclear"],
    [{ client_id: 7 }, "token_client_unclear"],
    [{ client_id: ["workbench"] }, "token_client_unclear"],
    [{ client_id: "a\u0000b" }, "token_client_unclear"],
    [{ client_id: "x".repeat(257) }, "token_client_unclear"],
    [{ client_id: "workbench", azp: "unheard-of" }, "token_client_unclear"],
    // Another client's name is not to be had by being called so.
    [{ client_id: "report-agent" }, "token_client_unclear"],
  ];
  for (const [claims, expected] of cases) {
    const reply = await identity.exchange(sessionRequest(await organisation(claims)));
    deepStrictEqual(chainOf(reply), expected, JSON.stringify(claims));
  }
});

Deno.test("the issuer's own act stands, and an agent that is listed stands in it", async () => {
  const { identity, organisation } = await testIdentity({}, clientRules(listed));
  const act = { sub: "planner" };
  const cases: readonly (readonly [Record<string, unknown>, readonly string[]])[] = [
    [{ act }, ["planner"]],
    [{ act, client_id: undefined }, ["planner"]],
    [{ act, client_id: "unheard-of" }, ["planner"]],
    [{ act, client_id: "0oa7" }, ["report-agent", "planner"]],
    [{ act: { sub: "report-agent" }, client_id: "0oa7" }, ["report-agent"]],
    [{ act: { ...act, act: { sub: "report-agent" } }, client_id: "0oa7" }, [
      "planner",
      "report-agent",
    ]],
  ];
  for (const [claims, expected] of cases) {
    const reply = await identity.exchange(sessionRequest(await organisation(claims)));
    deepStrictEqual(chainOf(reply), expected, JSON.stringify(claims));
  }
});

Deno.test("a chain that the client makes too long is refused", async () => {
  const { identity, organisation } = await testIdentity({}, clientRules(listed));
  const chain = (depth: number): Record<string, unknown> => {
    return depth === 1 ? { sub: "a1" } : { sub: `a${depth}`, act: chain(depth - 1) };
  };
  const full = await organisation({ act: chain(16), client_id: "0oa7" });
  strictEqual(chainOf(await identity.exchange(sessionRequest(full))), "too_large");
});

Deno.test("an actor token names the agent whose client got it, whoever is its subject", async () => {
  const { identity, organisation } = await testIdentity({}, clientRules(listed));
  const token = await organisation();
  const cases: readonly (readonly [Record<string, unknown>, readonly string[] | string])[] = [
    [{ sub: "planner", client_id: "planner" }, ["planner"]],
    // The subject of an agent's own token is its account, or the person whose token it holds.
    [{ sub: "3f0c", client_id: "0oa7" }, ["report-agent"]],
    [{ client_id: "planner" }, ["planner"]],
    // A person who acts for another.
    [{ sub: "grace", client_id: "workbench" }, ["grace"]],
    [{ client_id: undefined }, "token_client_unclear"],
  ];
  for (const [claims, expected] of cases) {
    const actorToken = await organisation(claims);
    const reply = await identity.exchange(sessionRequest(token, { actorToken }));
    deepStrictEqual(chainOf(reply), expected, JSON.stringify(claims));
  }
  // What it got of the person, and what it got for itself: one agent.
  const own = { client_id: "0oa7" };
  const reply = await identity.exchange(sessionRequest(await organisation(own), {
    actorToken: await organisation({ ...own, sub: "3f0c" }),
  }));
  deepStrictEqual(chainOf(reply), ["report-agent"]);
});

Deno.test("may_act names an agent as its issuer knows it, or by its name", async () => {
  const { identity, organisation } = await testIdentity({}, clientRules(listed));
  const actorToken = await organisation({ sub: "3f0c", client_id: "0oa7" });
  for (
    const [sub, expected] of [["3f0c", true], ["report-agent", true], ["other", false]] as const
  ) {
    const token = await organisation({ may_act: { sub } });
    const reply = await identity.exchange(sessionRequest(token, { actorToken }));
    strictEqual(reply.ok, expected, sub);
  }
});

Deno.test("an agent with a person's token is shut out as itself, and by an SSH key, too", async () => {
  const { identity, organisation, time } = await testIdentity({}, clientRules(listed));
  const token = await organisation({ client_id: "0oa7" });
  const fingerprint = `SHA256:${"A".repeat(43)}`;
  const kept = await identity.register(sessionRequest(token, { session: null }), fingerprint);
  deepStrictEqual(chainOf(kept), ["report-agent"]);
  const byKey = { version: 1, fingerprint, connection: "ehr", session: "s1" };
  deepStrictEqual(chainOf(await identity.exchangeKey(byKey)), ["report-agent"]);
  const until = new Date((time.seconds + 60) * 1000).toISOString();
  ok(identity.revoke({ version: 1, kind: "actor", value: "report-agent", until }));
  strictEqual(chainOf(await identity.exchangeKey(byKey)), "token_revoked");
  strictEqual(chainOf(await identity.exchange(sessionRequest(token))), "token_revoked");
});

Deno.test("who says that any client is people's own loses no one by it", async () => {
  const any: ClientNames = { people: "any", agents: new Map([["0oa7", "report-agent"]]) };
  const { identity, organisation } = await testIdentity({}, clientRules(any));
  const chain = async (claims: Record<string, unknown>) =>
    chainOf(await identity.exchange(sessionRequest(await organisation(claims))));
  deepStrictEqual(await chain({ client_id: undefined }), []);
  deepStrictEqual(await chain({ client_id: "unheard-of" }), []);
  deepStrictEqual(await chain({ client_id: "0oa7" }), ["report-agent"]);
});

Deno.test("a claim that is named is the only one that is asked", async () => {
  const rules = clientRules({ claim: "https://example.org/client", people: ["workbench"] });
  const { identity, organisation } = await testIdentity({}, rules);
  const chain = async (claims: Record<string, unknown>) =>
    chainOf(await identity.exchange(sessionRequest(await organisation(claims))));
  strictEqual(await chain({}), "token_client_unclear");
  deepStrictEqual(await chain({ "https://example.org/client": "workbench", azp: "x" }), []);
  deepStrictEqual(await chain({ "https://example.org/client": "bot" }), ["bot"]);
});
