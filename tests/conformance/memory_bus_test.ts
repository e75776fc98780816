/** The bus in memory: the conformance suite, and the faults that simulation asks it for. */
import assert from "node:assert/strict";
import { BusError } from "#actors/_kit/bus.ts";
import { auditStream, auditSubject } from "#schemas/subjects.ts";
import { behaviours } from "./bus_conformance.ts";
import { epoch, memoryRig } from "./rig.ts";

const stream = auditStream(epoch);
const subject = auditSubject({ epoch, shard: 0, edge: "pg1", session: "s1" }, "request");
const none: ReadonlyMap<string, string> = new Map();
const payload = new Uint8Array(1);

for (const [index, { name, run }] of behaviours.entries()) {
  Deno.test(`memory bus: ${name}`, async () => {
    await using rig = memoryRig(index + 1);
    await run(rig);
  });
}

Deno.test("memory bus: a lost publish and a lost acknowledgement look alike", async () => {
  const fates = ["lost", "stored_acknowledgement_lost"] as const;
  for (const fate of fates) {
    await using rig = memoryRig(1, { publish: () => fate });
    const edge = await rig.connect("pg1");
    await assert.rejects(
      edge.publish(subject, payload, none, { stream }),
      (error) => error instanceof BusError && error.code === "timeout",
    );
    assert.equal(rig.server.stored(stream).length, fate === "lost" ? 0 : 1);
  }
});

Deno.test("memory bus: releases are dropped, doubled and overtake each other as asked", async () => {
  let count = 0;
  await using rig = memoryRig(2, {
    passing: () =>
      [{ copies: 0, delayMs: 0 }, { copies: 2, delayMs: 50 }][count++] ??
        { copies: 1, delayMs: 0 },
  });
  const [approval, edge] = [await rig.connect("approval"), await rig.connect("pg1")];
  const found: (string | undefined)[] = [];
  edge.subscribe("release.pg1.*.approval", (message) => {
    found.push(message.headers.get("Nats-Sequence"));
  });
  const released = subject.replace("request", "approval");
  for (let index = 0; index < 3; index++) {
    await approval.publish(released, payload, none, { stream });
  }
  await rig.sleep(500);
  assert.deepEqual(found, ["3", "2", "2"]);
});

Deno.test("memory bus: a client that is cut off is unavailable, another takes its shard", async () => {
  await using rig = memoryRig(3);
  const edge = await rig.connect("pg1");
  const [one, two] = [await rig.connect("authz"), await rig.connect("authz")];
  const found: string[] = [];
  await one.consume(stream, "authz-0", () => found.push("one"));
  await rig.sleep(10);
  rig.server.partition("pg1");
  assert.ok(!edge.connected());
  await assert.rejects(
    edge.publish(subject, payload, none, { stream }),
    (error) => error instanceof BusError && error.code === "unavailable",
  );
  rig.server.heal("pg1");
  await edge.publish(subject, payload, none, { stream });
  await rig.sleep(100);
  await one.close();
  await two.consume(stream, "authz-0", (delivery) => {
    found.push(`two ${delivery.redelivered}`);
    delivery.ack();
  });
  await rig.sleep(20_000);
  assert.deepEqual(found, ["one", "two true"]);
});

Deno.test("memory bus: a silent partition is seen by its time limit alone", async () => {
  await using rig = memoryRig(4);
  const edge = await rig.connect("pg1");
  rig.server.partition("pg1", { silent: true });
  assert.ok(edge.connected());
  await assert.rejects(
    edge.publish(subject, payload, none, { stream }),
    (error) => error instanceof BusError && error.code === "timeout",
  );
  assert.equal(rig.server.stored(stream).length, 0);
});

Deno.test("memory bus: the same seed gives the same run", async () => {
  const runs: string[] = [];
  for (let run = 0; run < 2; run++) {
    await using rig = memoryRig(7);
    const edges = [await rig.connect("pg1"), await rig.connect("pg1")];
    const publishing = edges.flatMap((edge, index) =>
      Array.from({ length: 20 }, () => {
        const headers = new Map([["from", `${index}`]]);
        return edge.publish(subject, payload, headers, { stream });
      })
    );
    await Promise.all(publishing);
    const stored = rig.server.stored(stream).map((one) =>
      `${one.headers.get("from")}@${one.timeMs}`
    );
    runs.push(stored.join());
  }
  assert.equal(runs[0], runs[1]);
  assert.ok(runs[0]?.includes("1@") && runs[0].includes("0@"));
});
