/** The console's pages, over `app.request()`. @module */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { decodeControl, type PrincipalChain } from "#schemas/frames.ts";
import type { ColumnPlan, MaskPlan, Operator, ResultPlan, StreamPlan } from "#schemas/mask_plan.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { browser, carl, form, justification, text } from "./callers_testing.ts";
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
import { consoleUrl, person } from "./testing.ts";

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
      "at most 50,000 rows",
      "&#39;…&#39;",
      "Approve",
      "Deny",
      "compliance",
    ]
  ) ok(page.includes(part), part);
  ok(!page.includes("2026-01-01"), "a literal is shown");
});

Deno.test("of a channel bytes are told that it may give out, and no rows", async () => {
  const { test, cookie } = await browser();
  const stream: StreamPlan = {
    content: "output",
    revealed: [],
    holdMsMax: null,
    files: "mask",
  };
  const volume = { rowsMax: 7, rowsOf: "request", bytesMax: 5000, bytesOf: "request" } as const;
  const plan: MaskPlan = { results: [], errors: "keep", stream };
  await hold(test, { id: "ap4", session: "s4", verdict: { plan, volume } });
  const page = await text(test, "/approvals/ap4", cookie);
  match(page, /<dt>Given out<\/dt>\s*<dd>at most 5,000 bytes<\/dd>/);
});

Deno.test("who asks, the statement, what would be seen and the decision stand before the rest", async () => {
  const { test, cookie } = await browser();
  const column = (name: string, mask: Operator): ColumnPlan => {
    return { classes: [name], mask, origin: null };
  };
  const columns = [column("mrn", { operator: "keep" }), column("name", { operator: "redact" })];
  const results: ResultPlan[] = [
    { answers: "query", statement: null, formats: [], columns, copy: null },
  ];
  await hold(test, {
    id: "ap2",
    session: "s2",
    statement: { classesRead: ["mrn", "name"], classesFiltered: ["dob"] },
    verdict: { plan: { results, errors: "generic" } },
  });
  const page = await text(test, "/approvals/ap2", cookie);
  match(page, /<strong class="danger">shows mrn<\/strong> · masks <strong>name<\/strong> · uses/);
  const order = [
    "<h1>",
    'class="lead"',
    "<pre",
    'value="approve"',
    "Approvals needed",
    "Who and what",
  ];
  const places = order.map((part) => page.indexOf(part));
  ok(places.every((place, index) => place > (places[index - 1] ?? 0)), places.join());
});

Deno.test("a statement whose bytes are not the verdict's digest cannot be approved", async () => {
  const { test, cookie } = await browser();
  await hold(test, { id: "ap2", session: "s2", verdict: { digest: "f".repeat(64) } });
  const page = await text(test, "/approvals/ap2", cookie);
  ok(page.includes("cannot be shown"));
  ok(!page.includes('value="approve"'));
  ok(page.includes('value="deny"'));
});

Deno.test("a held request is shown when others were stored before it was judged", async () => {
  const { test, cookie } = await browser();
  await hold(test, { id: "ap2", session: "s2", behind: frontendBytes({ kind: "sync" }) });
  const page = await text(test, "/approvals/ap2", cookie);
  ok(!page.includes("cannot be shown"));
  ok(page.includes('value="approve"'));
});

Deno.test("of what gives no rows no number is told", async () => {
  const { test, cookie } = await browser();
  const update = { command: "UPDATE", columns: null, estimatedRows: 0 };
  await hold(test, { id: "ap2", session: "s2", statement: update });
  const page = await text(test, "/approvals/ap2", cookie);
  ok(!page.includes("about"));
  ok(page.includes("<dd>no rows</dd>"));
});

Deno.test("the text of a statement prepared earlier is shown with what runs it", async () => {
  const { test, cookie } = await browser();
  const prepare = [
    { kind: "parse", statement: "s", text: "select name from t where id = $1", parameterTypes: [] },
    { kind: "sync" },
  ] as const;
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

Deno.test("a page that says no says who is signed in, and how to leave", async () => {
  const { test, cookie } = await browser();
  for (const path of ["/approvals/of-somebody-else", "/sessions/none", "/nowhere"]) {
    const answer = await test.console.app.request(`${consoleUrl}${path}`, { headers: { cookie } });
    strictEqual(answer.status, 404, path);
    const page = await answer.text();
    ok(page.includes(`signed in as <strong>${carl.name}</strong>`), path);
    ok(page.includes('action="/logout"'), path);
  }
  const nobody = await test.console.app.request(`${consoleUrl}/nowhere`);
  strictEqual(nobody.status, 404);
  ok(!(await nobody.text()).includes("signed in as"));
});

Deno.test("who sees no sessions but their own is told so", async () => {
  const { test, cookie } = await browser();
  const own = "in which agents act for you";
  ok(!(await text(test, "/sessions", cookie)).includes(own));
  test.tokens.set("zoe", person("zoe", ["compliance-elsewhere"]));
  const entered = await form(test, "/login/token", { token: "zoe", to: "/" });
  const other = (entered.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  ok((await text(test, "/sessions", other)).includes(own));
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
