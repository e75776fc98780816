import { createDefinitions } from "./definitions.ts";
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Clock } from "#actors/_kit/clock.ts";
import { settled } from "#actors/_kit/clock_testing.ts";
import { memoryLimits, memoryServer } from "#actors/_kit/memory_bus.ts";
import { targetDriver } from "./driver.ts";
import type { Presence } from "./reach.ts";

Deno.test("changes of a catalog that come while it is read are read together, behind it", async () => {
  const readings: (() => void)[] = [];
  const readCatalog = () => {
    return new Promise<never>((_, reject) => readings.push(() => reject(new Error("none"))));
  };
  const timers: (() => void)[] = [];
  const clock = {
    nowMs: () => 0,
    after(_ms: number, run: () => void) {
      timers.push(run);
      return () => {};
    },
  };
  const server = emptyServer(clock);
  const driver = targetDriver({
    connections: new Map([["ehr", {
      dial: () => ({ abandon() {} }),
      readCatalog,
      estimateRows: null,
      unlocked: null,
      busy: null,
      blocked: null,
      presence: null,
    }]]),
    bus: server.connect({ name: "target", inboxPrefix: "_INBOX_target" }),
    clock,
    report: () => {},
    limits: { edgeSilenceMsMax: 1000, catalogDelayMsMax: 1000, busyEveryMs: 100 },
    definitionsOf: createDefinitions({ settledMax: 4 }),
  });
  const first = driver.refreshCatalog("ehr");
  await settled();
  strictEqual(readings.length, 1);
  const second = driver.refreshCatalog("ehr");
  strictEqual(driver.refreshCatalog("ehr"), second, "what began before it may miss the change");
  readings[0]?.();
  strictEqual(await first, null);
  await settled();
  strictEqual(readings.length, 2);
  readings[1]?.();
  strictEqual(await second, null);

  const key = { epoch: "2026_11", shard: 0, edge: "e", session: "s" };
  const changed = { kind: "catalog_changed", connection: "ehr" } as const;
  for (let times = 0; times < 3; times++) driver.run(key, changed, () => {});
  strictEqual(timers.length, 1, "one reading is on its way for all of them");
  timers[0]?.();
  await settled();
  strictEqual(readings.length, 3);
  driver.run(key, changed, () => {});
  strictEqual(timers.length, 2, "what changes from here on is read anew");
});

Deno.test("who comes with the id of another's session gets nothing of it", () => {
  const server = emptyServer(clock);
  const written: string[] = [];
  let dials = 0;
  const upstream = {
    write: (bytes: Uint8Array) => void written.push(bytes.toHex()),
    whenWritten: (callback: (fate: "taken") => void) => callback("taken"),
    cancel: () => {},
    pause: () => {},
    resume: () => {},
    processId: null,
    hangUp: () => {},
  };
  const driver = targetDriver({
    connections: new Map([["ehr", {
      dial(_parameters, on) {
        dials++;
        on.ready(upstream, new Uint8Array(0));
        return { abandon: () => void written.push("abandoned") };
      },
      readCatalog: () => Promise.reject(new Error("none")),
      estimateRows: null,
      unlocked: null,
      busy: null,
      blocked: null,
      presence: null,
    }]]),
    bus: server.connect({ name: "target", inboxPrefix: "_INBOX_target" }),
    clock,
    report: () => {},
    limits: { edgeSilenceMsMax: 1000, catalogDelayMsMax: 1000, busyEveryMs: 100 },
    definitionsOf: createDefinitions({ settledMax: 4 }),
  });
  const own = { epoch: "2026_11", shard: 0, edge: "pg1", session: "s" };
  const foreign = { ...own, edge: "pg2" };
  const dial = { kind: "dial", connection: "ehr", parameters: {} } as const;
  driver.run(own, dial, () => {});
  const told: string[] = [];
  driver.run(foreign, dial, (input) => told.push("code" in input ? input.code : input.kind));
  deepStrictEqual([dials, told], [1, ["session_taken"]]);
  driver.run(foreign, { kind: "write", bytes: Uint8Array.of(1) }, () => {});
  driver.run(foreign, { kind: "hang_up" }, () => {});
  driver.dropped(foreign);
  driver.run(own, { kind: "write", bytes: Uint8Array.of(2) }, () => {});
  deepStrictEqual(written, ["02"]);
});

Deno.test("where others may have defined anything, the catalog is read before anybody is served", async () => {
  const readings: (() => void)[] = [];
  const left: string[] = [];
  let entered = 0;
  let dials = 0;
  const presence: Presence = {
    enter: () => Promise.resolve(entered++ === 0 ? "began" : "goes on"),
    leave: () => void left.push("left"),
    claim: () => Promise.resolve("alone"),
    share() {},
    whenLost() {},
  };
  const driver = targetDriver({
    connections: new Map([["ehr", {
      dial() {
        dials++;
        return { abandon() {} };
      },
      readCatalog: () =>
        new Promise<never>((_, reject) => readings.push(() => reject(new Error("none")))),
      estimateRows: null,
      unlocked: null,
      busy: null,
      blocked: null,
      presence,
    }]]),
    bus: emptyServer(clock).connect({ name: "target", inboxPrefix: "_INBOX_target" }),
    clock,
    report: () => {},
    limits: { edgeSilenceMsMax: 1000, catalogDelayMsMax: 1000, busyEveryMs: 100 },
    definitionsOf: createDefinitions({ settledMax: 4 }),
  });
  const keyOf = (session: string) => ({ epoch: "2026_11", shard: 0, edge: "e", session });
  const dial = { kind: "dial", connection: "ehr", parameters: {} } as const;
  for (const name of ["s1", "s2", "s3"]) driver.run(keyOf(name), dial, () => {});
  await settled();
  deepStrictEqual([readings.length, dials], [1, 0]);
  driver.dropped(keyOf("s3"));
  readings[0]?.();
  await settled();
  deepStrictEqual([dials, left.length], [2, 1], "who has gone is not served");
});

const clock = { nowMs: () => 0, after: () => () => {} };

function emptyServer(clock: Clock) {
  return memoryServer({
    clock,
    random: () => 0,
    streams: [],
    consumers: [],
    limits: memoryLimits,
  });
}
