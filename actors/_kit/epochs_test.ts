import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { settled, testClock } from "./clock_testing.ts";
import { followEpochs } from "./epochs.ts";

Deno.test("followEpochs() begins with the next month before its turn, once it is there", async () => {
  const clock = stepped(Date.UTC(2026, 10, 29, 23, 58));
  const there = new Set(["2026_11"]);
  const begun: string[] = [];
  const epochs = followEpochs(clock, "2026_11");
  await epochs.each((epoch) => {
    if (!there.has(epoch)) return Promise.reject(new Error("no stream"));
    begun.push(epoch);
    return Promise.resolve();
  });
  deepStrictEqual(begun, ["2026_11"]);
  await clock.forward(5 * 60_000);
  deepStrictEqual(begun, ["2026_11"]);
  there.add("2026_12");
  await clock.forward(60_000);
  deepStrictEqual(begun, ["2026_11", "2026_12"]);
  strictEqual(epochs.open(), "2026_11");
  await clock.forward(24 * 3_600_000);
  strictEqual(epochs.open(), "2026_12");
  deepStrictEqual(begun, ["2026_11", "2026_12"]);
});

Deno.test("followEpochs() does not begin without the month in which sessions open", async () => {
  const epochs = followEpochs(stepped(Date.UTC(2026, 10, 21)), "2026_11");
  await rejects(epochs.each(() => Promise.reject(new Error("no stream"))), /no stream/);
});

/** A clock that is put forward, a minute at a time. */
function stepped(startMs: number) {
  const clock = testClock(startMs);
  return {
    ...clock,
    async forward(ms: number) {
      for (const untilMs = clock.nowMs() + ms; clock.nowMs() < untilMs;) {
        clock.forward(Math.min(60_000, untilMs - clock.nowMs()));
        await settled();
      }
    },
  };
}
