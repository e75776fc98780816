/** Live updates. @module */
import { ok, rejects, strictEqual, throws } from "node:assert/strict";
import { eventHub } from "./events.ts";
import { consoleLimits } from "./limits.ts";
import { ConsoleError, type Viewer } from "./ports.ts";
import { testClock } from "#actors/_kit/clock_testing.ts";
import { person, startMs } from "./testing.ts";

Deno.test("changes are told once for a while, and nothing else is", async () => {
  const clock = testClock(startMs);
  const hub = eventHub(clock, consoleLimits, () => true);
  const read = reader(hub.open(viewer("carl")));
  strictEqual(await read(), "retry: 3000\n\n");
  for (let change = 0; change < 100; change++) hub.changed();
  clock.forward(consoleLimits.eventMsMin);
  strictEqual(await read(), "event: change\ndata: {}\n\n");
  clock.forward(consoleLimits.eventHeartbeatMs);
  strictEqual(await read(), ": \n\n");
  hub.close();
  strictEqual(await read(), "event: end\ndata: {}\n\n");
  strictEqual(await read(), null);
});

Deno.test("whoever is signed out hears no more", async () => {
  const clock = testClock(startMs);
  const gone = viewer("carl");
  const signedIn = new Set([gone]);
  const hub = eventHub(clock, consoleLimits, (one) => signedIn.has(one));
  const read = reader(hub.open(gone));
  await read();
  signedIn.clear();
  hub.changed();
  clock.forward(consoleLimits.eventMsMin);
  strictEqual(await read(), "event: end\ndata: {}\n\n");
  strictEqual(await read(), null);
  strictEqual(hub.clients(), 0);
});

Deno.test("whoever is signed out is told so also when nothing changes", async () => {
  const clock = testClock(startMs);
  const gone = viewer("carl");
  const signedIn = new Set([gone]);
  const hub = eventHub(clock, consoleLimits, (one) => signedIn.has(one));
  const read = reader(hub.open(gone));
  await read();
  signedIn.clear();
  clock.forward(consoleLimits.eventHeartbeatMs);
  strictEqual(await read(), "event: end\ndata: {}\n\n");
  strictEqual(hub.clients(), 0);
});

Deno.test("clients are bounded, for a person and at all, and those who leave make room", async () => {
  const limits = { ...consoleLimits, eventClientsMax: 3, eventClientsPerPersonMax: 2 };
  const hub = eventHub(testClock(startMs), limits, () => true);
  const first = hub.open(viewer("carl"));
  hub.open(viewer("carl"));
  throws(() => hub.open(viewer("carl")), ConsoleError);
  hub.open(viewer("dana"));
  throws(() => hub.open(viewer("erin")), ConsoleError);
  await first.body?.cancel();
  strictEqual(hub.clients(), 2);
  hub.open(viewer("erin"));
  hub.close();
  strictEqual(hub.clients(), 0);
  await rejects(first.text());
});

Deno.test("a client that does not read is not queued for without end", () => {
  const clock = testClock(startMs);
  const hub = eventHub(clock, consoleLimits, () => true);
  const response = hub.open(viewer("carl"));
  for (let change = 0; change < 10_000; change++) {
    hub.changed();
    clock.forward(consoleLimits.eventMsMin);
  }
  hub.close();
  return (async () => {
    const text = await response.text();
    const events = text.split("\n\n").filter((line) => line !== "");
    ok(events.length < 30);
  })();
});

function viewer(name: string): Viewer {
  return { principal: person(name, []), token: "t", csrf: "c" };
}

function reader(response: Response): () => Promise<string | null> {
  const chunks = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  return async () => (await chunks?.read())?.value ?? null;
}
