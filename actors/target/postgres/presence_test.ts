/** Who says to other processes that a database is served, and until when. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { settled, testClock } from "#actors/_kit/clock_testing.ts";
import type { DialEvents } from "../reach.ts";
import { dialMaintenance, presenceOf } from "./presence.ts";
import { type QueryConnection, QueryError } from "./query_connection.ts";

/** A connection whose answers are given by hand. */
function connected() {
  const clock = testClock(0);
  const asked: { text: string; answer(rows: (string | null)[][]): void; fail(): void }[] = [];
  let lose = () => {};
  let closed = 0;
  const connection: QueryConnection = {
    isOpen: true,
    query: (text) =>
      new Promise((resolve, reject) => {
        const fail = () => {
          reject(new QueryError("closed"));
          lose();
        };
        asked.push({ text, answer: resolve, fail });
      }),
    prepare: () => Promise.resolve(0),
    close() {
      closed++;
      lose();
    },
  };
  const presence = presenceOf(
    "ehr",
    (lost) => {
      lose = lost;
      return connection;
    },
    clock,
    { presenceLingerMs: 1000 },
  );
  return { presence, clock, asked, closed: () => closed, lose: () => lose() };
}

Deno.test("sessions that come together take the lock once, and it outlives the last a while", async () => {
  const { presence, clock, asked, closed } = connected();
  const both = Promise.all([presence.enter(), presence.enter()]);
  await settled();
  strictEqual(asked.length, 1);
  asked[0]?.answer([]);
  deepStrictEqual(await both, ["began", "goes on"]);
  presence.leave();
  presence.leave();
  await clock.forward(900);
  const third = presence.enter();
  await clock.forward(5000);
  strictEqual(await third, "goes on");
  strictEqual(closed(), 0);
  let lost = 0;
  presence.whenLost(() => lost++);
  presence.leave();
  await clock.forward(1000);
  deepStrictEqual([closed(), lost], [1, 0], "nobody is there to lose anything");
  const again = presence.enter();
  await settled();
  asked[1]?.answer([]);
  strictEqual(await again, "began");
});

Deno.test("who cannot say it is not served, and the next tries anew", async () => {
  const { presence, asked } = connected();
  let lost = 0;
  presence.whenLost(() => lost++);
  const entering = [presence.enter(), presence.enter()];
  await settled();
  asked[0]?.fail();
  for (const one of entering) await rejects(one, { code: "closed" });
  const next = presence.enter();
  await settled();
  asked[1]?.answer([]);
  strictEqual(await next, "began");
  strictEqual(lost, 0);
});

Deno.test("a lock that is lost is told, and whoever claims it is not alone", async () => {
  const { presence, asked, lose } = connected();
  let lost = 0;
  presence.whenLost(() => lost++);
  const entering = presence.enter();
  await settled();
  asked[0]?.answer([]);
  await entering;
  const claiming = [presence.claim(), presence.claim()];
  await settled();
  strictEqual(asked.length, 2, "one query at a time");
  asked[1]?.answer([["f"]]);
  strictEqual(await claiming[0], "shared");
  await settled();
  asked[2]?.fail();
  strictEqual(await claiming[1], "shared");
  strictEqual(lost, 1);
  lose();
  strictEqual(lost, 1);
});

Deno.test("where the maintenance database is closed, the one that is served is dialled", () => {
  const dials: { database: string; events: DialEvents }[] = [];
  const abandoned: string[] = [];
  const told: string[] = [];
  const events: DialEvents = {
    ready() {},
    failed: (code) => void told.push(code),
    received() {},
    closed() {},
  };
  const dial = dialMaintenance((database, events) => {
    dials.push({ database, events });
    return { abandon: () => void abandoned.push(database) };
  }, "ehr");
  const unreachable = dial(events);
  dials[0]?.events.failed("08001", "no answer");
  deepStrictEqual([dials.length, told], [1, ["08001"]], "nothing is known of it");
  unreachable.abandon();
  for (const code of ["3D000", "42501", "28000"]) {
    const { abandon } = dial(events);
    dials.at(-1)?.events.failed(code, "closed");
    strictEqual(dials.at(-1)?.database, "ehr", code);
    dials.at(-1)?.events.failed(code, "closed too");
    abandon();
  }
  deepStrictEqual(told, ["08001", "3D000", "42501", "28000"]);
  deepStrictEqual(abandoned, ["postgres", "ehr", "ehr", "ehr"]);
});
