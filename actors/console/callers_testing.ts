/**
 * Callers of a console in tests: scripts with bearer tokens, and Carl of compliance in a browser.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import { hold } from "./samples_testing.ts";
import { consoleUrl, person, type Rig, rig } from "./testing.ts";

export const carl = person("carl", ["compliance"]);
export const justification = "Quarterly report, agreed with Ana.";

/** One approval that waits, and callers with bearer tokens. */
export async function held() {
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
export async function browser() {
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

export async function text(test: Rig, path: string, cookie: string): Promise<string> {
  const answer = await test.console.app.request(`${consoleUrl}${path}`, { headers: { cookie } });
  strictEqual(answer.status, 200, path);
  return await answer.text();
}

export async function form(
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
