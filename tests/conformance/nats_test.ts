/** The bus on a real nats-server: the conformance suite, and what only a crash shows. */
import assert from "node:assert/strict";
import { BusError } from "#actors/_kit/bus.ts";
import { auditStream, auditSubject } from "#schemas/subjects.ts";
import { behaviours } from "./bus_conformance.ts";
import { natsRig, startHarness } from "./nats_harness.ts";
import { epoch } from "./rig.ts";

for (const { name, run } of behaviours) {
  Deno.test(`nats: ${name}`, async () => {
    await using rig = await natsRig();
    await run(rig);
  });
}

Deno.test("nats: what was acknowledged before a SIGKILL is there after it, and follow() goes on", async () => {
  await using harness = await startHarness();
  const [edge, audit] = [await harness.connect("pg1"), await harness.connect("audit")];
  const subject = auditSubject({ epoch, shard: 0, edge: "pg1", session: "s1" }, "request");
  const options = { stream: auditStream(epoch) };
  const followed: number[] = [];
  await audit.follow(options.stream, 1, (message) => followed.push(message.sequence));
  const acknowledged: number[] = [];
  const publishing = Array.from({ length: 2_000 }, async () => {
    const { sequence } = await edge.publish(subject, new Uint8Array(1), new Map(), options);
    acknowledged.push(sequence);
  });
  const settled = Promise.allSettled(publishing);
  while (acknowledged.length < 100) await new Promise((resolve) => setTimeout(resolve, 1));
  await harness.server.kill();
  for (const result of await settled) {
    if (result.status === "fulfilled") continue;
    assert.ok(result.reason instanceof BusError);
    assert.equal(result.reason.code, "unavailable");
  }
  await harness.server.restart();
  while (!edge.connected() || !audit.connected()) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { sequence } = await edge.publish(subject, new Uint8Array(1), new Map(), options);
  assert.ok(acknowledged.every((one) => one < sequence));
  while (followed.at(-1) !== sequence) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(followed, Array.from({ length: sequence }, (_, index) => index + 1));
});
