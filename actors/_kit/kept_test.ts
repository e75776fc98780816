import assert from "node:assert/strict";
import type { Delivery } from "#actors/_kit/bus.ts";
import { keptDeliveries } from "#actors/_kit/kept.ts";

Deno.test("a kept delivery is said to be at work once in each step, however often others came", () => {
  let nowMs = 0;
  let timers: { readonly dueMs: number; readonly callback: () => void }[] = [];
  const clock = {
    nowMs: () => nowMs,
    after(afterMs: number, callback: () => void) {
      const timer = { dueMs: nowMs + afterMs, callback };
      timers.push(timer);
      return () => void (timers = timers.filter((one) => one !== timer));
    },
  };
  const kept = keptDeliveries(clock, 1500);
  let said = 0;
  const long = delivery(() => said++);
  for (let count = 0; count < 10; count++) {
    const short = delivery(() => {});
    kept.keep(short);
    pass(10);
    kept.letGo(short);
  }
  kept.keep(long);
  pass(15_000);
  assert.equal(said, 10);
  kept.letGo(long);
  pass(15_000);
  assert.equal(said, 10);
  assert.equal(timers.length, 0);

  function pass(ms: number): void {
    const untilMs = nowMs + ms;
    for (;;) {
      const due = timers.filter(({ dueMs }) => dueMs <= untilMs);
      const next = due.sort((left, right) => left.dueMs - right.dueMs)[0];
      if (next === undefined) break;
      timers = timers.filter((one) => one !== next);
      nowMs = next.dueMs;
      next.callback();
    }
    nowMs = untilMs;
  }
});

function delivery(working: () => void): Delivery {
  return {
    subject: "",
    sequence: 1,
    timeMs: 0,
    headers: new Map(),
    payload: new Uint8Array(0),
    redelivered: false,
    pin: "",
    ack() {},
    retry() {},
    working,
  };
}
