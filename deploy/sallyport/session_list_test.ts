/** @module */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { frameList, honestFrames, openPayload, startMs } from "#actors/audit/testing.ts";
import { widthOf } from "#actors/audit/replay/text.ts";
import { maskedHeader } from "#schemas/frames.ts";
import type { OpenedSession } from "./log_reader.ts";
import {
  type ListedSession,
  sessionJson,
  sessionTable,
  tallySession,
  whoOf,
} from "./session_list.ts";

const { principal, connection } = openPayload();
const opened: OpenedSession = {
  key: { epoch: "2026_11", shard: 3, edge: "pg1", session: "s1" },
  sequence: 1,
  openedAt: startMs,
  principal,
  connection,
  protocol: "postgres",
};

Deno.test("tallySession() counts requests by verdict, without the opening", async () => {
  const { requests, allowed, denied, held, rows, reason, closedAt } = await tallySession(
    honestFrames(),
  );
  deepStrictEqual([requests, allowed, denied, held, rows], [3, 2, 1, 1, 2]);
  strictEqual(reason, "client");
  ok(closedAt !== null && closedAt > startMs);
});

Deno.test("tallySession() counts masked values once where a part was stored again", async () => {
  const list = frameList();
  const respond = (part: number, counts: string) =>
    list.add("response", { request: 1, part }, new Uint8Array(1), [[maskedHeader, counts]]);
  respond(0, "mrn=2,name=1");
  respond(0, "mrn=2,name=1");
  respond(1, "mrn=3");
  respond(2, "not understood");
  const { masked, closedAt } = await tallySession(list.frames);
  deepStrictEqual(Object.fromEntries(masked), { mrn: 5, name: 1 });
  strictEqual(closedAt, null);
});

Deno.test("sessionTable() aligns its columns and says which sessions are open", async () => {
  const tally = await tallySession(honestFrames());
  const closed: ListedSession = { ...opened, tally };
  const open: ListedSession = {
    ...opened,
    key: { ...opened.key, session: "longer-id" },
    tally: { ...tally, closedAt: null, masked: new Map([["ssn", 3], ["mrn", 12]]) },
  };
  const [header = "", first = "", second = "", ...more] = sessionTable([closed, open]);
  deepStrictEqual(more, []);
  match(
    first,
    /^s1 +2026-11-21T09:00:00Z +2026-11-21T09:00:0\dZ +ada ← agent-7 +ehr +3 +2 +1 +1 +2 +-$/,
  );
  match(second, /^longer-id +2026-11-21T09:00:00Z +open .* 12 mrn, 3 ssn$/);
  for (const name of ["OPENED", "CLOSED", "WHO", "MASKED"]) {
    const at = header.indexOf(name);
    deepStrictEqual([first[at - 1], second[at - 1]], [" ", " "], name);
    ok(first[at] !== " " && second[at] !== " ", name);
  }
  deepStrictEqual(sessionTable([]).length, 1);
});

Deno.test("whoOf() goes from the person to the agent that acts, and moves no cursor", () => {
  const chain = { ...principal, person: "ana", actors: ["acts-now", "asked-it"] };
  strictEqual(whoOf(chain), "ana ← asked-it ← acts-now");
  const hostile = whoOf({ ...chain, person: "an\x1b[2Ja\r\n", actors: ["x".repeat(500)] });
  // deno-lint-ignore no-control-regex -- control characters are what must not stand there
  ok(!/[\x00-\x1f]/.test(hostile));
  ok(widthOf(hostile) < 80);
});

Deno.test("sessionJson() gives times with their zone, and nothing of tokens", async () => {
  const json = sessionJson({ ...opened, tally: await tallySession(honestFrames()) });
  match(json.openedAt, /Z$/);
  match(json.closedAt ?? "", /Z$/);
  ok(!JSON.stringify(json).includes("token"));
});
