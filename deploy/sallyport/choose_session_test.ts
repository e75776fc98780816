/** @module */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { openPayload, startMs } from "#actors/audit/testing.ts";
import { concerns, findSession } from "./choose_session.ts";
import { CommandError } from "./failure.ts";
import type { OpenedSession } from "./log_reader.ts";

function opened(session: string): OpenedSession {
  const key = { epoch: "2026_11", shard: 0, edge: "pg1", session };
  const { principal, connection } = openPayload();
  return { key, sequence: 1, openedAt: startMs, principal, connection, protocol: "postgres" };
}
const sessions = ["ab", "abcd", "abce", "x1"].map(opened);

Deno.test("concerns() finds persons, names and agents, in part and in any case", () => {
  const found = [null, "ada", "AD", "agent-7", "Ada"].map((text) => concerns(opened("s"), text));
  deepStrictEqual(found, [true, true, true, true, true]);
  // Neither group nor issuer is who somebody is.
  const others = ["grace", "clinical", "idp"].map((text) => concerns(opened("s"), text));
  deepStrictEqual(others, [false, false, false]);
});

Deno.test("findSession() takes a whole id before a beginning, and a beginning that is one's", async () => {
  const found = async (id: string) => (await findSession(sessions, id, "2026_11")).key.session;
  strictEqual(await found("ab"), "ab");
  strictEqual(await found("abcd"), "abcd");
  strictEqual(await found("x"), "x1");
});

Deno.test("findSession() refuses a beginning of several, of none, and an empty one", async () => {
  const refused = (id: string, message: RegExp) =>
    rejects(findSession(sessions, id, "2026_11"), (error) => {
      ok(error instanceof CommandError);
      match(error.message, message);
      ok(error.hint !== null);
      return true;
    });
  await refused("a", /^3 sessions begin so: ab \(2026-11-21T09:00:00Z\), abcd .*, abce [^,]*$/);
  await refused("b", /^no session of 2026_11 /);
  await refused("", /^no session of 2026_11 /);
  const many = Array.from({ length: 20 }, (_, index) => opened(`many${index}x`));
  await rejects(findSession(many, "many", "2026_11"), /, and 15 more$/);
});
