/** What an edge that starts again owes to the sessions of the one before. @module */
import { rejects, strictEqual } from "node:assert/strict";
import { closeOrphans } from "#actors/_kit/edge/orphans.ts";
import { frameHeaders } from "#actors/_kit/frame.ts";
import { auditStream, auditSubject } from "#schemas/subjects.ts";
import { connectAs } from "./processes.ts";
import { createWorld, first, installed } from "./world.ts";

const key = { epoch: first, shard: 0, edge: "pg1", session: "orphan00000000000000" };

Deno.test("an orphan of the month before that cannot be closed is not passed over", async () => {
  const world = createWorld(1);
  const { bus: server, clock, chance } = world;
  const bus = connectAs(world, "pg1", "pg1");
  const headers = frameHeaders({ request: 0, part: 0, more: false }, "a".repeat(22), undefined);
  const stream = auditStream(first);
  const opened = bus.publish(auditSubject(key, "open"), new Uint8Array(1), headers, { stream });
  await clock.run(clock.nowMs() + 1_000);
  await opened;
  // A month that is not installed yet holds nobody up.
  const months = { open: () => installed[1] ?? null, read: () => [...installed, "2027_01"] };
  const ports = { bus, clock, random: chance.bytes, report() {}, epochs: months, edge: "pg1" };
  server.faults({ publish: () => "lost" });
  const failing = rejects(closeOrphans(ports), { code: "timeout" });
  await clock.run(clock.nowMs() + 30_000);
  await failing;
  server.faults({});
  const closing = closeOrphans(ports);
  await clock.run(clock.nowMs() + 30_000);
  await closing;
  const closes = server.stored(stream).filter(({ subject }) => subject.endsWith(".close"));
  strictEqual(closes.length, 1);
});
