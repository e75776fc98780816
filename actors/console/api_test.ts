/** The console's API, over `app.request()`. @module */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { voteDigest } from "#schemas/approval.ts";
import { consoleLimits } from "./limits.ts";
import { form, held, justification } from "./callers_testing.ts";
import {
  answered,
  approvalOf,
  bindingOf,
  hold,
  openOf,
  rowsOf,
  voteOf,
} from "./samples_testing.ts";
import { person } from "./testing.ts";

const nora = person("nora", ["treatment-team"]);

Deno.test("POST /api/approvals/:id sends the decision of the person behind the token", async () => {
  const { test, api } = await held();
  const answer = await api("carl", "/api/approvals/ap1", { decision: "approve", justification });
  strictEqual(answer.status, 200);
  deepStrictEqual(await answer.json(), { id: "ap1", state: "granted" });
  const [decision] = test.decisions;
  deepStrictEqual(decision, {
    version: 1,
    key: { epoch: "2026_11", shard: 3, edge: "pg1", session: "s1" },
    approval: "ap1",
    binding: bindingOf("ap1"),
    decision: "approve",
    justification,
    token: "ours:approval:ap1:carl",
  });
  const exchange = test.exchanges.at(-1);
  strictEqual(exchange?.audience, "approval");
  strictEqual(exchange?.approval, "ap1");
  const vote = { binding: bindingOf("ap1"), decision: "approve", justification } as const;
  strictEqual(exchange?.vote, voteDigest(vote), "the token says what was decided");
});

Deno.test("a decision without enough of a justification reaches nobody", async () => {
  const { test, api } = await held();
  for (
    const short of ["", "ok", "          \u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b\u200b "]
  ) {
    const body = { decision: "approve", justification: short };
    const answer = await api("carl", "/api/approvals/ap1", body);
    strictEqual(answer.status, 422);
    strictEqual((await answer.json()).code, "justification_missing");
  }
  strictEqual(test.decisions.length, 0);
});

Deno.test("an agent is refused, whoever it acts for", async () => {
  const { test, get, api } = await held();
  test.tokens.set("agent", person("carl", ["compliance"], ["helper"]));
  for (const path of ["/api/approvals", "/api/approvals/ap1", "/api/sessions/s1"]) {
    const answer = await get("agent", path);
    strictEqual(answer.status, 403);
    strictEqual((await answer.json()).code, "agent_refused");
  }
  const decision = { decision: "approve", justification };
  strictEqual((await api("agent", "/api/approvals/ap1", decision)).status, 403);
  strictEqual(test.decisions.length, 0);
  const paste = await form(test, "/login/token", { token: "agent" });
  strictEqual(paste.status, 403);
  strictEqual(paste.headers.get("set-cookie"), null);
});

Deno.test("whoever asked, or is outside the groups, decides nothing", async () => {
  const { test, api, get } = await held();
  test.tokens.set("ana", person("ana", ["analysts", "compliance"]));
  test.tokens.set("nora", nora);
  const decision = { decision: "approve", justification };
  const own = await api("ana", "/api/approvals/ap1", decision);
  strictEqual(own.status, 403);
  strictEqual((await own.json()).code, "approver_is_requester");
  const outsider = await api("nora", "/api/approvals/ap1", decision);
  strictEqual(outsider.status, 404);
  strictEqual((await get("nora", "/api/approvals/ap1")).status, 404);
  strictEqual((await get("nora", "/api/sessions/s1")).status, 404);
  deepStrictEqual(await (await get("nora", "/api/approvals")).json(), { approvals: [] });
  strictEqual(test.decisions.length, 0);
  strictEqual(test.stored("view").length, 0);
});

Deno.test("what is expired or settled is not sent", async () => {
  const { test, api } = await held();
  await hold(test, { id: "ap2", session: "s2" });
  const denial = voteOf("dana", "deny", "Not needed for this.");
  await test.say("approval", 1, approvalOf("ap2", 1, "denied", test.clock.nowMs(), denial), "s2");
  const decision = { decision: "approve", justification };
  const settled = await api("carl", "/api/approvals/ap2", decision);
  strictEqual(settled.status, 409);
  strictEqual((await settled.json()).code, "approval_not_pending");
  test.clock.forward(900_000);
  const late = await api("carl", "/api/approvals/ap1", decision);
  strictEqual((await late.json()).code, "approval_expired");
  strictEqual(test.decisions.length, 0);
});

Deno.test("what cannot be shown to its end is not approved, and can be denied", async () => {
  const { test, api } = await held();
  const long = `select '${"x".repeat(200)}'${" ".repeat(consoleLimits.statementCharsMax)} from t`;
  await hold(test, { id: "ap2", session: "s2", messages: [{ kind: "query", text: long }] });
  const changed = { digest: "0".repeat(64) };
  await hold(test, { id: "ap3", session: "s3", verdict: changed });
  for (const id of ["ap2", "ap3"]) {
    const body = { decision: "approve", justification, binding: bindingOf(id) };
    const answer = await api("carl", `/api/approvals/${id}`, body);
    strictEqual(answer.status, 409);
    strictEqual((await answer.json()).code, "statement_not_shown");
  }
  strictEqual(test.decisions.length, 0);
  const denied = { decision: "deny", justification, binding: bindingOf("ap2") };
  strictEqual((await api("carl", "/api/approvals/ap2", denied)).status, 200);
});

Deno.test("approval's refusals reach whoever decided", async () => {
  const { test, api } = await held();
  test.replies.push({ ok: false, code: "binding_mismatch", message: "Look again." });
  const binding = "0".repeat(64);
  const body = { decision: "approve", justification, binding };
  const answer = await api("carl", "/api/approvals/ap1", body);
  strictEqual(answer.status, 409);
  deepStrictEqual(await answer.json(), { code: "binding_mismatch", message: "Look again." });
  strictEqual(test.decisions[0]?.binding, binding);
});

Deno.test("the bus being down is said, and nothing is decided", async () => {
  const { test, api } = await held();
  await api("carl", "/api/approvals");
  test.broken.request = true;
  const answer = await api("carl", "/api/approvals/ap1", { decision: "deny", justification });
  strictEqual(answer.status, 503);
  strictEqual((await answer.json()).code, "unavailable");
});

Deno.test("a body that is no decision is refused", async () => {
  const { test, api } = await held();
  for (
    const body of [{}, { decision: "grant", justification }, { decision: "approve" }, [], {
      decision: "approve",
      justification,
      person: "dana",
    }]
  ) {
    strictEqual((await api("carl", "/api/approvals/ap1", body)).status, 400);
  }
  const huge = { decision: "approve", justification: "x".repeat(200_000) };
  strictEqual((await api("carl", "/api/approvals/ap1", huge)).status, 413);
  strictEqual(test.decisions.length, 0);
});

Deno.test("the API lists sessions and replays one", async () => {
  const { test, get } = await held();
  await answered(test, 2, "select name from t", rowsOf(["name"], [["x"], [null]]), { rows: 2 });
  const { sessions } = await (await get("carl", "/api/sessions")).json();
  strictEqual(sessions[0].session, "s1");
  strictEqual(sessions[0].allowed, 1);
  strictEqual(sessions[0].held, 1);
  strictEqual(sessions[0].rows, 2);
  const { timeline } = await (await get("carl", "/api/sessions/s1")).json();
  strictEqual(timeline[1].statements[0].text, "select name from t");
  deepStrictEqual(timeline[1].output[0].rows, [["x"], [null]]);
  ok(!timeline[0].statements[0].text.includes("2026-01-01"));
});

Deno.test("the accountable person sees their own sessions and no others", async () => {
  const { test, get } = await held();
  test.tokens.set("ana", person("ana", ["analysts"]));
  await test.say("open", 0, openOf(nora), "s9");
  const { sessions } = await (await get("ana", "/api/sessions")).json();
  deepStrictEqual(sessions.map(({ session }: { session: string }) => session), ["s1"]);
  strictEqual((await get("ana", "/api/sessions/s9")).status, 404);
  strictEqual((await get("ana", "/api/approvals/ap1")).status, 200);
});
