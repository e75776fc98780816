/** The console's pages and API, over `app.request()`. @module */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { decodeControl, type PrincipalChain } from "#schemas/frames.ts";
import { consoleUrl, person, type Rig, rig } from "./testing.ts";
import {
  answered,
  approvalOf,
  bindingOf,
  hold,
  need,
  openOf,
  rowsOf,
  voteOf,
} from "./samples_testing.ts";

const carl = person("carl", ["compliance"]);
const nora = person("nora", ["treatment-team"]);
const justification = "Quarterly report, agreed with Ana.";

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

Deno.test("a page shows who asks for whom, what for, and the statement with literals masked", async () => {
  const { test, cookie } = await browser();
  const page = await text(test, "/approvals/ap1", cookie);
  for (
    const part of [
      "report-agent",
      "Ana",
      "healthcare operations",
      "bulk-needs-compliance",
      "public.patients",
      "export",
      "mrn",
      "4,812",
      "&#39;…&#39;",
      "Approve",
      "Deny",
      "compliance",
    ]
  ) ok(page.includes(part), part);
  ok(!page.includes("2026-01-01"), "a literal is shown");
});

Deno.test("a statement whose bytes are not the verdict's digest cannot be approved", async () => {
  const { test, cookie } = await browser();
  await hold(test, { id: "ap2", session: "s2", verdict: { digest: "f".repeat(64) } });
  const page = await text(test, "/approvals/ap2", cookie);
  ok(page.includes("cannot be shown"));
  ok(!page.includes('value="approve"'));
  ok(page.includes('value="deny"'));
});

Deno.test("the text of a statement prepared earlier is shown with what runs it", async () => {
  const { test, cookie } = await browser();
  const prepare = [
    { kind: "parse", statement: "s", text: "select name from t where id = $1", parameterTypes: [] },
    { kind: "sync" },
  ] as const;
  const { frontendBytes } = await import("#schemas/wire/postgres/frontend.ts");
  await test.say("open", 0, openOf(person("ana", [])), "s3");
  await test.add("request", 1, frontendBytes(...prepare), { session: "s3" });
  await hold(test, {
    id: "ap3",
    session: "s3",
    request: 2,
    messages: [
      {
        kind: "bind",
        portal: "",
        statement: "s",
        parameterFormats: [],
        parameters: [new TextEncoder().encode("482-11-9034")],
        resultFormats: [],
      },
      { kind: "execute", portal: "", rowsMax: 0 },
      { kind: "sync" },
    ],
  });
  const page = await text(test, "/approvals/ap3", cookie);
  ok(page.includes("select name from t where id = $1"));
  ok(page.includes("1 parameter"));
  ok(!page.includes("482-11-9034"));
});

Deno.test("a form decides, and needs our origin and the session's token", async () => {
  const { test, cookie, csrf } = await browser();
  const fields = { csrf, binding: bindingOf("ap1"), decision: "approve", justification };
  const attempts: [Record<string, string>, Record<string, string>][] = [
    [{ ...fields, csrf: "" }, {}],
    [{ ...fields, csrf: "x".repeat(csrf.length) }, {}],
    [fields, { origin: "https://evil.example" }],
    [fields, { origin: "null" }],
    [fields, { "sec-fetch-site": "cross-site" }],
  ];
  for (const [body, headers] of attempts) {
    const refused = await form(test, "/approvals/ap1", body, { cookie, ...headers });
    strictEqual(refused.status, 403);
  }
  const bare = await test.console.app.request(`${consoleUrl}/approvals/ap1`, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { cookie },
  });
  strictEqual(bare.status, 403);
  strictEqual(test.decisions.length, 0);
  const taken = await form(test, "/approvals/ap1", fields, { cookie });
  strictEqual(taken.status, 303);
  strictEqual(taken.headers.get("location"), "/approvals?done=granted");
  strictEqual(test.decisions.length, 1);
});

Deno.test("the API takes no cookie without the session's token", async () => {
  const { test, cookie } = await browser();
  const answer = await test.console.app.request(`${consoleUrl}/api/approvals/ap1`, {
    method: "POST",
    body: JSON.stringify({ decision: "approve", justification }),
    headers: { cookie, "content-type": "application/json", origin: consoleUrl },
  });
  strictEqual(answer.status, 403);
  strictEqual(test.decisions.length, 0);
});

Deno.test("a form that is refused keeps what was written", async () => {
  const { test, cookie, csrf } = await browser();
  const fields = { csrf, binding: bindingOf("ap1"), decision: "approve", justification: "<b>no" };
  const answer = await form(test, "/approvals/ap1", fields, { cookie });
  strictEqual(answer.status, 422);
  const page = await answer.text();
  ok(page.includes("Say why"));
  ok(page.includes("&lt;b&gt;no</textarea>"));
});

Deno.test("text of others cannot become markup, wherever it stands", async () => {
  const { test, cookie } = await browser();
  const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`;
  const principal: PrincipalChain = {
    ...person("eve", ["analysts"]),
    name: evil,
    person: evil,
    actors: [evil],
    purpose: evil.slice(0, 64),
  };
  await hold(test, {
    id: "ap2",
    session: "s2",
    principal,
    messages: [{ kind: "query", text: `select "${evil}"` }],
    statement: { command: evil, relations: [evil], effects: ["read"], classesRead: [evil] },
    needs: [{ ...need, policies: [evil] }],
  });
  const by = { ...voteOf("dana", "deny", evil), name: evil };
  await test.say("approval", 1, approvalOf("ap2", 1, "denied", test.clock.nowMs(), by), "s2");
  await answered(test, 2, `select '${evil}'`, rowsOf([evil], [[evil]]), { session: "s2" });
  for (const path of ["/approvals/ap2", "/approvals", "/sessions", "/sessions/s2", "/"]) {
    const page = await text(test, path, cookie);
    ok(!page.includes("<script>alert"), path);
    ok(!page.includes("<img"), path);
    ok(!/ onerror=alert\(1\)>(?!&)/.test(page.replaceAll("&gt;", "")), path);
  }
  ok((await text(test, "/sessions/s2", cookie)).includes("&lt;script&gt;"));
});

Deno.test("characters that reorder or hide text are shown as their code points", async () => {
  const { test, cookie } = await browser();
  const messages = [{ kind: "query", text: "select 1 \u202E--\u200B drop" }] as const;
  await hold(test, { id: "ap2", session: "s2", messages });
  const page = await text(test, "/approvals/ap2", cookie);
  ok(page.includes("⟦U+202E⟧") && page.includes("⟦U+200B⟧"));
  ok(!page.includes("\u202E") && !page.includes("\u200B"));
});

Deno.test("a recording is shown only after it is stored that it is read", async () => {
  const { test, cookie } = await browser();
  await answered(test, 2, "select name from t", rowsOf(["name"], [["[redacted]"]]), {
    masked: "name=1",
  });
  const page = await text(test, "/sessions/s1", cookie);
  ok(page.includes("[redacted]") && page.includes("select name from t"));
  const [first] = test.stored("view");
  const view = first === undefined ? null : decodeControl("view", first.payload);
  strictEqual(first?.subject, "audit.2026_11.3.pg1.s1.view");
  deepStrictEqual(view?.by, carl);
  strictEqual(view?.what, "session");
  await text(test, "/approvals/ap1", cookie);
  strictEqual(test.stored("view").length, 2);
  test.broken.publish = true;
  for (const path of ["/sessions/s1", "/approvals/ap1", "/api/sessions/s1", "/api/approvals/ap1"]) {
    const answer = await test.console.app.request(`${consoleUrl}${path}`, { headers: { cookie } });
    strictEqual(answer.status, 503);
    const body = await answer.text();
    ok(!body.includes("[redacted]") && !body.includes("select"), path);
  }
});

Deno.test("lists and states are read without a recording being opened", async () => {
  const { test, cookie } = await browser();
  for (
    const path of ["/", "/approvals", "/sessions", "/approvals/ap1/state", "/sessions/s1/state"]
  ) {
    const page = await text(test, path, cookie);
    ok(!page.includes("select"), path);
  }
  strictEqual(test.stored("view").length, 0);
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

Deno.test("every answer keeps browsers from caching, framing and running what is not ours", async () => {
  const { test, cookie } = await browser();
  for (const path of ["/", "/login", "/approvals/ap1", "/nowhere", "/api/approvals/none"]) {
    const { headers } = await test.console.app.request(`${consoleUrl}${path}`, {
      headers: { cookie },
    });
    const policy = headers.get("content-security-policy") ?? "";
    ok(policy.startsWith("default-src 'none'") && !policy.includes("unsafe"), path);
    strictEqual(headers.get("cache-control"), "no-store");
    strictEqual(headers.get("x-frame-options"), "DENY");
    strictEqual(headers.get("x-content-type-options"), "nosniff");
  }
  const page = await text(test, "/approvals/ap1", cookie);
  ok(!/<script(?! src="\/assets\/script\.js" defer>)/.test(page));
  ok(!/ style=| on[a-z]+=/.test(page));
  ok(!/(?:src|href)="(?!\/|#|")/.test(page), "an external address");
});

Deno.test("a browser that is signed in hears of changes", async () => {
  const { test, cookie } = await browser();
  const answer = await test.console.app.request(`${consoleUrl}/events`, { headers: { cookie } });
  strictEqual(answer.headers.get("content-type"), "text/event-stream");
  strictEqual(answer.headers.get("cache-control"), "no-store");
  const chunks = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  await chunks?.read();
  await hold(test, { id: "ap2", session: "s2" });
  test.clock.forward(500);
  strictEqual((await chunks?.read())?.value, "event: change\ndata: {}\n\n");
  await test.console.stop();
  strictEqual((await chunks?.read())?.value, "event: end\ndata: {}\n\n");
  ok((await chunks?.read())?.done);
});

Deno.test("nobody is shown anything without signing in", async () => {
  const { test } = await browser();
  for (const path of ["/", "/approvals", "/approvals/ap1", "/sessions", "/sessions/s1"]) {
    const answer = await test.console.app.request(`${consoleUrl}${path}`);
    strictEqual(answer.status, 303);
    match(answer.headers.get("location") ?? "", /^\/login/);
  }
  for (const path of ["/api/approvals", "/api/sessions/s1", "/events", "/approvals/ap1/state"]) {
    const answer = await test.console.app.request(`${consoleUrl}${path}`);
    strictEqual(answer.status, 401);
    strictEqual((await answer.json()).code, "not_signed_in");
  }
});

Deno.test("attempts with tokens that are refused are counted by address", async () => {
  const { test } = await browser();
  const ask = (address: string) =>
    test.console.app.request(
      `${consoleUrl}/api/approvals`,
      { headers: { authorization: "Bearer nonsense" } },
      { address },
    );
  for (let attempt = 0; attempt < 60; attempt++) strictEqual((await ask("a")).status, 401);
  strictEqual((await ask("a")).status, 429);
  strictEqual((await ask("b")).status, 401);
  test.clock.forward(60_000);
  strictEqual((await ask("a")).status, 401);
});

/** One approval that waits, and callers with bearer tokens. */
async function held() {
  const test = await rig();
  await hold(test);
  test.tokens.set("carl", carl);
  const get = (token: string, path: string) =>
    Promise.resolve(
      test.console.app.request(`${consoleUrl}${path}`, {
        headers: { authorization: `Bearer ${token}` },
      }),
    );
  const api = (token: string, path: string, body?: unknown) =>
    body === undefined ? get(token, path) : Promise.resolve(
      test.console.app.request(`${consoleUrl}${path}`, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      }),
    );
  return { test, get, api };
}

/** The same, signed in as Carl with a browser. */
async function browser() {
  const { test } = await held();
  const entered = await form(test, "/login/token", { token: "carl", to: "/approvals" });
  strictEqual(entered.status, 303);
  strictEqual(entered.headers.get("location"), "/approvals");
  const cookie = (entered.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const page = await text(test, "/", cookie);
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? "";
  ok(csrf.length > 20);
  return { test, cookie, csrf };
}

async function text(test: Rig, path: string, cookie: string): Promise<string> {
  const answer = await test.console.app.request(`${consoleUrl}${path}`, { headers: { cookie } });
  strictEqual(answer.status, 200, path);
  return await answer.text();
}

async function form(
  test: Rig,
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return await test.console.app.request(`${consoleUrl}${path}`, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { origin: consoleUrl, ...headers },
  });
}
