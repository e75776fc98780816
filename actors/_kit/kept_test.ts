import assert from "node:assert/strict";
import type { Delivery } from "#actors/_kit/bus.ts";
import { testClock } from "#actors/_kit/clock_testing.ts";
import { keptDeliveries } from "#actors/_kit/kept.ts";

Deno.test("a kept delivery is said to be at work once in each step, however often others came", () => {
  const clock = testClock(0);
  const kept = keptDeliveries(clock, 1500);
  let said = 0;
  const long = delivery(() => said++);
  for (let count = 0; count < 10; count++) {
    const short = delivery(() => {});
    kept.keep(short);
    clock.forward(10);
    kept.letGo(short);
  }
  kept.keep(long);
  clock.forward(15_000);
  assert.equal(said, 10);
  kept.letGo(long);
  clock.forward(15_000);
  assert.equal(said, 10);
  assert.equal(clock.waiting(), 0);
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
