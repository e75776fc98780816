/** Session summaries. @module */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { honestFrames } from "#actors/audit/testing.ts";
import { parseAuditSubject } from "#schemas/subjects.ts";
import { summariseSessions, summaryKinds } from "./sessions.ts";

const needed = honestFrames().filter(({ subject }) => {
  const kind = parseAuditSubject(subject)?.kind;
  return kind !== undefined && summaryKinds.includes(kind);
});

Deno.test("summariseSessions() counts verdicts and outcomes of a session", async () => {
  const [summary, ...rest] = await summariseSessions(needed, 10);
  ok(summary !== undefined && rest.length === 0);
  deepStrictEqual(summary.verdicts, { allow: 3, deny: 1, hold: 1 });
  deepStrictEqual(summary.outcomes, {
    executed: 3,
    failed: 0,
    cancelled: 0,
    unknown: 0,
    not_run: 0,
  });
  deepStrictEqual(
    [summary.principal.person, summary.connection, summary.reason, summary.rows],
    ["ada", "ehr", "client", 3],
  );
  ok(summary.closedAt !== null && summary.closedAt > summary.openedAt);
});

Deno.test("summariseSessions() leaves a running session open and keeps the newest", async () => {
  const running = needed.slice(0, 2);
  const [open] = await summariseSessions(running, 10);
  strictEqual(open?.closedAt, null);
  const named = (session: string) =>
    running.map((frame) => ({ ...frame, subject: frame.subject.replace(".s1.", `.${session}.`) }));
  const newest = await summariseSessions(["a", "b", "c"].flatMap(named), 2);
  deepStrictEqual(newest.map(({ key }) => key.session), ["b", "c"]);
});
