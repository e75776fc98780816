/** A worker that loses its shard to another and works it again later. @module */
import { deepStrictEqual } from "node:assert/strict";
import { frameHeaders, toFrame } from "#actors/_kit/frame.ts";
import { auditStream, auditSubject } from "#schemas/subjects.ts";
import { startAuthz } from "./actors.ts";
import { connectAs, supervise } from "./processes.ts";
import { createWorld, first } from "./world.ts";

const key = { epoch: first, shard: 0, edge: "pg1", session: "regained0000000000000" };
const query = Uint8Array.of(0x51, 0, 0, 0, 6, 0x3b, 0);

Deno.test("authz forgets the sessions of a shard that another worked meanwhile", async () => {
  const world = createWorld(1);
  const { bus, clock } = world;
  const edge = connectAs(world, "pg1", "pg1");
  supervise(world, "authz", "authz_a", startAuthz);
  await pass(1_000);
  supervise(world, "authz", "authz_b", startAuthz);
  await pass(1_000);
  await publish("open", { request: 0, part: 0, more: false }, new Uint8Array(1));
  // The first half of a request goes to one of the two, the second half to the other.
  await publish("request", { request: 1, part: 0, more: true }, query.subarray(0, 3));
  bus.partition("authz_a", { silent: true });
  await pass(5_000);
  await publish("request", { request: 1, part: 1, more: false }, query.subarray(3));
  deepStrictEqual(judged(), [0, 1]);
  bus.heal("authz_a");
  bus.partition("authz_b", { silent: true });
  await pass(5_000);
  await publish("request", { request: 2, part: 0, more: false }, query);
  deepStrictEqual(judged(), [0, 1, 2]);
  deepStrictEqual(world.findings, []);

  async function publish(
    kind: "open" | "request",
    place: { request: number; part: number; more: boolean },
    payload: Uint8Array,
  ): Promise<void> {
    const headers = frameHeaders(place, "a".repeat(22), undefined);
    const stream = auditStream(first);
    const stored = edge.publish(auditSubject(key, kind), payload, headers, { stream });
    await pass(100);
    await stored;
  }

  function pass(ms: number): Promise<void> {
    return clock.run(clock.nowMs() + ms);
  }

  function judged(): (number | undefined)[] {
    const stored = bus.stored(auditStream(first)).filter(({ subject }) => {
      return subject === auditSubject(key, "verdict");
    });
    return stored.map((message) => toFrame(message)?.request);
  }
});
