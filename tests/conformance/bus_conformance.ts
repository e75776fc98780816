/**
 * What every implementation of the bus must do, as one suite: run by `memory_bus_test.ts` and by
 * `nats_test.ts`. Streams, consumers, keys and permissions are the product's own.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Delivery } from "#actors/_kit/bus.ts";
import {
  type Behaviour,
  bytes,
  collect,
  everything,
  isCode,
  none,
  put,
  stream,
  subjectOf,
  text,
  until,
} from "./words.ts";
import { reading } from "./bus_reading.ts";
import type { Rig } from "./rig.ts";

const storing: readonly Behaviour[] = [
  {
    name: "publish() stores in the order of its calls, each once",
    async run(rig) {
      const edge = await rig.connect("pg1");
      const calls = Array.from({ length: 50 }, (_, index) => put(edge, "request", `${index}`));
      const sequences = (await Promise.all(calls)).map((one) => one.sequence);
      assert.deepEqual(sequences, Array.from({ length: 50 }, (_, index) => index + 1));
      const audit = await rig.connect("audit");
      const read = await collect(
        audit.read(stream, { filters: [subjectOf("request")], from: 1, through: everything }),
      );
      assert.deepEqual(read.map((one) => text(one.payload)), calls.map((_, index) => `${index}`));
      const { first, last, messages } = await audit.state(stream);
      assert.deepEqual({ first, last, messages }, { first: 1, last: 50, messages: 50 });
    },
  },
  {
    name: "headers and payload come back as they were given, and nothing beside them",
    async run(rig) {
      const edge = await rig.connect("pg1");
      const payload = Uint8Array.from({ length: 256 }, (_, index) => index);
      const given = new Map([["Sallyport-Frame", "1;2"], ["traceparent", " a: b "], ["e", ""]]);
      const options = { stream, messageId: "m1", expectedLastSubjectSequence: 0 };
      await edge.publish(subjectOf("open"), payload, given, options);
      const last = await edge.last(stream, subjectOf("open"));
      assert.deepEqual([...last?.headers ?? []], [...given]);
      assert.deepEqual(last?.payload, payload);
      const filters = [subjectOf("open")];
      const [read] = await collect(edge.read(stream, { filters, from: 1, through: 1 }));
      assert.deepEqual([...read?.headers ?? []], [...given]);
      const authz = await rig.connect("authz");
      const deliveries: Delivery[] = [];
      const consuming = await authz.consume(stream, "authz-0", (one) => deliveries.push(one));
      await until(rig, "delivery", () => deliveries.length === 1);
      const [delivery] = deliveries;
      assert.deepEqual([...delivery?.headers ?? []], [...given]);
      assert.deepEqual(delivery?.payload, payload);
      assert.equal(delivery?.timeMs, read?.timeMs);
      delivery?.ack();
      await consuming.stop();
    },
  },
  {
    name: "publish() refuses headers that the server or a line break would read otherwise",
    async run(rig) {
      const edge = await rig.connect("pg1");
      for (const [name, value] of [["Nats-Rollup", "all"], ["nats-ttl", "1"], ["a:b", "c"]]) {
        const bad = new Map([[name ?? "", value ?? ""]]);
        const publishing = edge.publish(subjectOf("open"), bytes("x"), bad, { stream });
        await assert.rejects(publishing, isCode("refused"));
      }
      for (const value of ["a\r\nNats-Rollup: all", "a\nb", "\u0000", "é"]) {
        const bad = new Map([["a", value]]);
        const publishing = edge.publish(subjectOf("open"), bytes("x"), bad, { stream });
        await assert.rejects(publishing, isCode("refused"));
      }
      assert.equal(await edge.last(stream, subjectOf("open")), null);
    },
  },
  {
    name: "an expected sequence lets exactly one of two workers win",
    async run(rig) {
      const [one, two] = [await rig.connect("authz"), await rig.connect("authz")];
      const options = { stream, expectedLastSubjectSequence: 0 };
      const tries = [one, two].map((bus, index) =>
        bus.publish(subjectOf("verdict"), bytes(`${index}`), none, options)
      );
      const settled = await Promise.allSettled(tries);
      const won = settled.filter((result) => result.status === "fulfilled");
      const lost = settled.filter((result) => result.status === "rejected");
      assert.equal(won.length, 1);
      assert.ok(isCode("wrong_sequence")(lost[0]?.reason));
      const after = { stream, expectedLastSubjectSequence: won[0]?.value.sequence ?? 0 };
      const next = await two.publish(subjectOf("verdict"), bytes("n"), none, after);
      assert.equal(next.sequence, (won[0]?.value.sequence ?? 0) + 1);
    },
  },
  {
    name: "the same message id is stored once, with and without an expected sequence",
    async run(rig) {
      const edge = await rig.connect("pg1");
      for (const expected of [{}, { expectedLastSubjectSequence: 0 }]) {
        const session = "expectedLastSubjectSequence" in expected ? "with" : "without";
        const options = { stream, messageId: session, ...expected };
        const publish = () => edge.publish(subjectOf("open", session), bytes("x"), none, options);
        const first = await publish();
        const second = await publish();
        assert.ok(!first.duplicate);
        assert.deepEqual(second, { sequence: first.sequence, duplicate: true });
      }
      const audit = await rig.connect("audit");
      assert.equal((await audit.state(stream)).messages, 2);
    },
  },
  {
    name: "another stream, another edge's subject and another kind are refused",
    async run(rig) {
      const edge = await rig.connect("pg1");
      const elsewhere = edge.publish(subjectOf("open"), bytes("x"), none, { stream: "RAW" });
      await assert.rejects(elsewhere, isCode("refused"));
      const other = edge.publish(subjectOf("open", "s", "pg2"), bytes("x"), none, { stream });
      await assert.rejects(other, isCode("refused"));
      await assert.rejects(put(edge, "verdict"), isCode("refused"));
      await assert.rejects(edge.last(stream, subjectOf("open", "s", "pg2")), isCode("refused"));
      const filters = [subjectOf("response", "s", "pg2")];
      const reading = collect(edge.read(stream, { filters, from: 1, through: 9 }));
      await assert.rejects(reading, isCode("refused"));
      await assert.rejects(edge.consume(stream, "masking-0", () => {}), isCode("refused"));
    },
  },
  {
    name: "a payload beyond the limit is too large, and nothing of it is stored",
    async run(rig) {
      const edge = await rig.connect("pg1");
      const big = new Uint8Array(1_000_001);
      const publishing = edge.publish(subjectOf("request"), big, none, { stream });
      await assert.rejects(publishing, isCode("too_large"));
      assert.equal(await edge.last(stream, subjectOf("request")), null);
    },
  },
  {
    name: "consume() delivers the stage's kinds of its shard, in order",
    async run(rig) {
      const [edge, target] = [await rig.connect("pg1"), await rig.connect("target")];
      const authz = await rig.connect("authz");
      await put(edge, "open");
      await put(authz, "verdict");
      await put(target, "outcome");
      await edge.publish(subjectOf("open", "s2", "pg1", 1), bytes("x"), none, { stream });
      const found: string[] = [];
      const consuming = await authz.consume(stream, "authz-0", (delivery) => {
        found.push(`${delivery.sequence} ${delivery.subject.split(".").at(-1)}`);
        delivery.ack();
      });
      for (let index = 0; index < 700; index++) void put(edge, "request", `${index}`);
      await until(rig, "700 requests", () => found.length >= 702);
      const expected = Array.from({ length: 700 }, (_, index) => `${index + 5} request`);
      assert.deepEqual(found, ["1 open", "3 outcome", ...expected]);
      await consuming.stop();
    },
  },
  {
    name: "retry() brings a delivery back, ack() does not",
    async run(rig) {
      const [edge, authz] = [await rig.connect("pg1"), await rig.connect("authz")];
      await put(edge, "open", "a");
      await put(edge, "request", "b");
      const seen: [string, boolean][] = [];
      const consuming = await authz.consume(stream, "authz-0", (delivery) => {
        seen.push([text(delivery.payload), delivery.redelivered]);
        if (text(delivery.payload) === "a" && !delivery.redelivered) delivery.retry(50);
        else delivery.ack();
      });
      await until(rig, "redelivery", () => seen.length >= 3);
      await rig.sleep(300);
      assert.deepEqual(seen, [["a", false], ["b", false], ["a", true]]);
      await consuming.stop();
    },
  },
  {
    name: "a delivery that is not acknowledged comes again after the ack wait",
    async run(rig) {
      const [edge, authz] = [await rig.connect("pg1"), await rig.connect("authz")];
      await put(edge, "open");
      let deliveries = 0;
      const consuming = await authz.consume(stream, "authz-0", (delivery) => {
        deliveries++;
        if (delivery.redelivered) delivery.ack();
      });
      await until(rig, "redelivery", () => deliveries === 2);
      await consuming.stop();
    },
  },
  {
    name: "what was acknowledged right before close() stays acknowledged",
    async run(rig) {
      const [edge, one, two] = [
        await rig.connect("pg1"),
        await rig.connect("authz"),
        await rig.connect("authz"),
      ];
      await put(edge, "open");
      let acknowledged = false;
      await one.consume(stream, "authz-0", (delivery) => {
        delivery.ack();
        acknowledged = true;
      });
      await until(rig, "delivery", () => acknowledged);
      await one.close();
      const found: string[] = [];
      const consuming = await two.consume(stream, "authz-0", (delivery) => {
        found.push(delivery.subject.split(".").at(-1) ?? "");
        delivery.ack();
      });
      await put(edge, "close");
      await until(rig, "takeover", () => found.includes("close"));
      // Longer than the ack wait.
      await rig.sleep(6000);
      assert.deepEqual(found, ["close"]);
      await consuming.stop();
    },
  },
  ...[undefined, { lateMs: 30 }].map((options): Behaviour => ({
    name: `one worker of a shard is served${options === undefined ? "" : " late"}, under a pin; ` +
      "a standby takes over when it stops",
    async run(rig) {
      const [edge, one, two] = [
        await rig.connect("pg1"),
        await rig.connect("authz"),
        await rig.connect("authz"),
      ];
      const found: string[] = [];
      const pins: string[] = [];
      const worker = (name: string) => (delivery: Delivery) => {
        found.push(`${name} ${text(delivery.payload)}`);
        pins.push(delivery.pin);
        delivery.ack();
      };
      const first = await one.consume(stream, "authz-0", worker("one"), options);
      await put(edge, "open", "open");
      await until(rig, "first", () => found.length === 1);
      const second = await two.consume(stream, "authz-0", worker("two"), options);
      for (let index = 0; index < 20; index++) await put(edge, "request", `${index}`);
      await until(rig, "twenty", () => found.length === 21);
      const expected = Array.from({ length: 20 }, (_, index) => `one ${index}`);
      assert.deepEqual(found, ["one open", ...expected]);
      await first.stop();
      await put(edge, "close", "close");
      await until(rig, "takeover", () => found.length === 22);
      assert.equal(found.at(-1), "two close");
      await put(edge, "request", "late");
      await until(rig, "after takeover", () => found.length === 23);
      const third = await one.consume(stream, "authz-0", worker("one"), options);
      await second.stop();
      await put(edge, "request", "back");
      await until(rig, "back again", () => found.length === 24);
      assert.equal(found.at(-1), "one back");
      const [pinned = "", taken = "", back = ""] = [pins[0], pins[21], pins[23]];
      assert.deepEqual(pins, [...Array(21).fill(pinned), taken, taken, back]);
      assert.equal(new Set(["", pinned, taken, back]).size, 4);
      await third.stop();
    },
  })),
  {
    name: "who reads late catches up: what was stored before was handled",
    async run(rig) {
      const { edge, consuming, found } = await readingLate(rig, 3_600_000);
      for (const payload of Array.from({ length: 30 }, (_, index) => `${index}`)) {
        await put(edge, "request", payload);
        await consuming.catchUp();
        assert.equal(found.at(-1), payload);
      }
      await consuming.stop();
    },
  },
  {
    name: "who reads late hears by itself of what is stored",
    async run(rig) {
      const { edge, consuming, found } = await readingLate(rig, 50);
      for (const payload of ["one", "two"]) {
        await put(edge, "request", payload);
        await until(rig, "late", () => found.at(-1) === payload);
      }
      await consuming.stop();
    },
  },
];

export const behaviours: readonly Behaviour[] = [...storing, ...reading];

async function readingLate(rig: Rig, lateMs: number) {
  const [edge, authz] = [await rig.connect("pg1"), await rig.connect("authz")];
  const found: string[] = [];
  const consuming = await authz.consume(stream, "authz-0", (delivery) => {
    found.push(text(delivery.payload));
    delivery.ack();
  }, { lateMs });
  return { edge, consuming, found };
}
