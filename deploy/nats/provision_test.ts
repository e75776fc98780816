/** What provisioning compares, without a server. */
import assert from "node:assert/strict";
import { checkVersion, firstDifference } from "#deploy/nats/provision.ts";
import { consumers, streams } from "#deploy/nats/streams.ts";

const topology = { epoch: "2026_11", shards: 2, replicas: 1 } as const;

Deno.test("firstDifference() names the field that differs", () => {
  const wanted = { name: "S", limits: { age: 0 }, subjects: ["a", "b"], "deny_purge": true };
  assert.equal(firstDifference(wanted, wanted, ""), null);
  assert.equal(firstDifference(wanted, { ...wanted, "deny_purge": undefined }, ""), "deny_purge");
  assert.equal(firstDifference(wanted, { ...wanted, subjects: ["a"] }, ""), "subjects");
  assert.equal(firstDifference(wanted, { ...wanted, subjects: ["a", "c"] }, ""), "subjects[1]");
  assert.equal(firstDifference(wanted, { ...wanted, limits: { age: 1 } }, ""), "limits.age");
  assert.equal(firstDifference(wanted, { ...wanted, limits: {} }, ""), null);
  assert.equal(firstDifference({ a: 1 }, undefined, ""), "a");
});

Deno.test("checkVersion() refuses servers below 2.12, and what is no version", () => {
  for (const version of ["2.12.0", "2.15.1", "3.0.0"]) checkVersion(version);
  for (const version of ["2.9.10", "2.11.9", "1.99.0", "unknown", ""]) {
    assert.throws(() => checkVersion(version), /at least 2\.12/);
  }
});

Deno.test("the record's streams drop nothing; raw frames stay in memory", () => {
  for (const config of streams(topology)) {
    if (config.name === "RAW") {
      assert.equal(config["storage"], "memory");
      assert.equal(config["retention"], "workqueue");
      continue;
    }
    assert.equal(config["storage"], "file");
    assert.ok(config["deny_delete"] === true && config["deny_purge"] === true);
    assert.ok(config["allow_rollup_hdrs"] === false && config["allow_msg_ttl"] === false);
    assert.equal(config["max_age"], 0);
    if (config.name === "CATALOG") continue;
    assert.equal(config["discard"], "new");
    for (const limit of ["max_msgs", "max_bytes", "max_msgs_per_subject"]) {
      assert.equal(config[limit], -1, limit);
    }
  }
});

Deno.test("only masking reads raw frames, and no stage's consumer reads responses", () => {
  for (const { stream, config } of consumers(topology)) {
    if (stream === "RAW") assert.match(config.name, /^masking-/);
    const filters = JSON.stringify(config["filter_subjects"]);
    assert.ok(!filters.includes("response") && !filters.includes(">"), filters);
    assert.equal(config["ack_policy"], "explicit");
  }
});
