/** What every answer carries, and how often somebody may try. @module */
import { match, ok, strictEqual } from "node:assert/strict";
import { browser, form, held, justification } from "./callers_testing.ts";
import { consoleLimits } from "./limits.ts";
import { consoleUrl } from "./testing.ts";

Deno.test("every answer refuses frames, other origins' scripts, caches and plain HTTP", async () => {
  const { test, cookie } = await browser();
  const asked: readonly (readonly [string, string])[] = [
    ["/", cookie],
    ["/approvals/ap1", cookie],
    ["/sessions/s1", cookie],
    ["/api/sessions", cookie],
    ["/events", cookie],
    ["/nowhere", cookie],
    ["/approvals/ap9", cookie],
    ["/", ""],
    ["/login", ""],
    ["/api/sessions", ""],
    ["/callback?code=1&state=2", ""],
    ["/assets/script.js", ""],
    ["/health", ""],
  ];
  const answers = await Promise.all(asked.map(async ([path, own]) => {
    const { app } = test.console;
    return {
      path,
      answer: await app.request(`${consoleUrl}${path}`, { headers: { cookie: own } }),
    };
  }));
  const huge = { token: "x".repeat(consoleLimits.bodyBytesMax + 1) };
  answers.push({ path: "too large", answer: await form(test, "/login/token", huge) });
  for (const { path, answer } of answers) {
    const header = (name: string) => answer.headers.get(name) ?? "";
    match(header("content-security-policy"), /default-src 'none'.*frame-ancestors 'none'/, path);
    ok(!header("content-security-policy").includes("unsafe-inline"), path);
    strictEqual(header("x-frame-options"), "DENY", path);
    strictEqual(header("cache-control"), "no-store", path);
    strictEqual(header("x-content-type-options"), "nosniff", path);
    match(header("strict-transport-security"), /max-age=\d{7}/, path);
    strictEqual(header("access-control-allow-origin"), "", path);
    await answer.body?.cancel();
  }
});

Deno.test("an address has so many decisions in a minute, and a token of no scheme is refused", async () => {
  const { test, api } = await held();
  for (let times = 0; times < consoleLimits.attemptsPerMinuteMax - 1; times++) {
    strictEqual((await api("carl", "/api/approvals/ap1", {})).status, 400);
  }
  const body = { decision: "approve", justification };
  strictEqual((await api("carl", "/api/approvals/ap1", body)).status, 429);
  strictEqual(test.decisions.length, 0);
  test.clock.forward(60_000);
  for (const authorization of ["Basic Y2FybDo=", "Bearer", "carl", "Bearer a b"]) {
    const headers = { authorization };
    const answer = await test.console.app.request(`${consoleUrl}/api/sessions`, { headers });
    strictEqual(answer.status, 401, authorization);
  }
  strictEqual((await api("carl", "/api/approvals/ap1", body)).status, 200);
});
