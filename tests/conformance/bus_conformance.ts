/**
 * What every implementation of the bus must do, as one suite: run by `memory_bus_test.ts` and by
 * `nats_test.ts`. Streams, consumers, keys and permissions are the product's own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Bus, BusError, type Delivery, type StoredMessage } from "#actors/_kit/bus.ts";
import { auditStream, auditSubject, type FrameKind, rawSubject } from "#schemas/subjects.ts";
import { epoch, type Rig } from "./rig.ts";

export type Behaviour = { readonly name: string; run(rig: Rig): Promise<void> };

const stream = auditStream(epoch);
const none: ReadonlyMap<string, string> = new Map();
const headers = new Map([["Sallyport-Frame", "1;1;0;0;AAAAAAAAAAAAAAAAAAAAAA"], ["trace", ""]]);
const everything = Number.MAX_SAFE_INTEGER;

function subjectOf(kind: FrameKind, session = "s1", edge = "pg1", shard = 0): string {
  return auditSubject({ epoch, shard, edge, session }, kind);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
function text(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}

function put(bus: Bus, kind: FrameKind, payload = "x", session = "s1") {
  return bus.publish(subjectOf(kind, session), bytes(payload), headers, { stream });
}

async function collect(messages: AsyncIterable<StoredMessage>): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  for await (const message of messages) found.push(message);
  return found;
}

async function until(rig: Rig, what: string, condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    assert.ok(waited < 20_000, `never came: ${what}`);
    await rig.sleep(20);
  }
}

function isCode(code: string) {
  return (error: unknown) => {
    assert.ok(error instanceof BusError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  };
}

export const behaviours: readonly Behaviour[] = [
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
    name: "one worker of a shard is served; a standby takes over when it stops",
    async run(rig) {
      const [edge, one, two] = [
        await rig.connect("pg1"),
        await rig.connect("authz"),
        await rig.connect("authz"),
      ];
      const found: string[] = [];
      const worker = (name: string) => (delivery: Delivery) => {
        found.push(name);
        delivery.ack();
      };
      const first = await one.consume(stream, "authz-0", worker("one"));
      await put(edge, "open");
      await until(rig, "first", () => found.length === 1);
      const second = await two.consume(stream, "authz-0", worker("two"));
      for (let index = 0; index < 20; index++) await put(edge, "request");
      await until(rig, "twenty", () => found.length === 21);
      assert.deepEqual(new Set(found), new Set(["one"]));
      await first.stop();
      await put(edge, "close");
      await until(rig, "takeover", () => found.length === 22);
      assert.equal(found.at(-1), "two");
      await second.stop();
    },
  },
  {
    name: "read() is bounded by from and through, inclusive, and merges filters by sequence",
    async run(rig) {
      const [edge, audit] = [await rig.connect("pg1"), await rig.connect("audit")];
      for (let index = 0; index < 10; index++) {
        await put(edge, index % 2 === 0 ? "open" : "request", `${index}`);
        await put(edge, "request", "other", "s2");
      }
      const filters = [subjectOf("open"), subjectOf("request")];
      const whole = await collect(audit.read(stream, { filters, from: 1, through: everything }));
      assert.deepEqual(whole.map((one) => one.sequence), [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
      const some = await collect(audit.read(stream, { filters, from: 3, through: 9 }));
      assert.deepEqual(some.map((one) => one.sequence), [3, 5, 7, 9]);
      const overlapping = [subjectOf("open"), `audit.${epoch}.0.pg1.s1.*`];
      const once = await collect(audit.read(stream, { filters: overlapping, from: 1, through: 5 }));
      assert.deepEqual(once.map((one) => one.sequence), [1, 3, 5]);
      const nothing = [subjectOf("close")];
      assert.deepEqual(
        await collect(audit.read(stream, { filters: nothing, from: 1, through: 20 })),
        [],
      );
      assert.deepEqual(await collect(audit.read(stream, { filters, from: 21, through: 30 })), []);
    },
  },
  {
    name: "read() goes over many pages, and many reads share a key",
    async run(rig) {
      const [edge, authz] = [await rig.connect("pg1"), await rig.connect("authz")];
      const count = 600;
      await Promise.all(
        Array.from({ length: count }, (_, index) => put(edge, "request", `${index}`)),
      );
      const filters = [subjectOf("request"), subjectOf("open")];
      const read = () => collect(authz.read(stream, { filters, from: 1, through: everything }));
      const all = await Promise.all(Array.from({ length: 12 }, read));
      const expected = Array.from({ length: count }, (_, index) => index + 1);
      for (const one of all) assert.deepEqual(one.map((message) => message.sequence), expected);
    },
  },
  {
    name: "last() is the newest on exactly this subject, or null",
    async run(rig) {
      const edge = await rig.connect("pg1");
      assert.equal(await edge.last(stream, subjectOf("request")), null);
      await put(edge, "request", "a");
      const { sequence } = await put(edge, "request", "b");
      await put(edge, "request", "c", "s2");
      const last = await edge.last(stream, subjectOf("request"));
      assert.equal(last?.sequence, sequence);
      assert.equal(text(last?.payload ?? bytes("")), "b");
    },
  },
  {
    name: "follow() delivers history and then what comes, without gaps over a stop",
    async run(rig) {
      const [edge, audit] = [await rig.connect("pg1"), await rig.connect("audit")];
      for (let index = 0; index < 5; index++) await put(edge, "request");
      const found: number[] = [];
      const following = await audit.follow(stream, 3, (message) => found.push(message.sequence));
      await until(rig, "history", () => found.length === 3);
      for (let index = 0; index < 5; index++) await put(edge, "request");
      await until(rig, "live", () => found.length === 8);
      await rig.stop();
      await rig.start();
      await until(rig, "reconnect", () => edge.connected() && audit.connected());
      for (let index = 0; index < 300; index++) await put(edge, "request");
      await until(rig, "after the stop", () => found.length >= 308);
      assert.deepEqual(found, Array.from({ length: 308 }, (_, index) => index + 3));
      await following.stop();
    },
  },
  {
    name: "a frame is released once it is stored, and only to its edge",
    async run(rig) {
      const [edge, other] = [await rig.connect("pg1"), await rig.connect("pg2")];
      const authz = await rig.connect("authz");
      const found: (string | undefined)[][] = [];
      let elsewhere = 0;
      const own = edge.subscribe("release.pg1.*.verdict", (message) => {
        const { headers } = message;
        const place = headers.get("Sallyport-Frame");
        found.push([message.subject, headers.get("Nats-Sequence"), place, text(message.payload)]);
      });
      const others = other.subscribe("release.pg2.*.verdict", () => elsewhere++);
      await rig.sleep(100);
      await put(authz, "verdict", "allow");
      const refused = { stream, expectedLastSubjectSequence: 9 };
      const publishing = authz.publish(subjectOf("verdict"), bytes("no"), headers, refused);
      await assert.rejects(publishing, isCode("wrong_sequence"));
      const { sequence } = await put(authz, "verdict", "deny");
      await until(rig, "releases", () => found.length === 2);
      assert.deepEqual(found, [
        ["release.pg1.s1.verdict", "1", headers.get("Sallyport-Frame"), "allow"],
        ["release.pg1.s1.verdict", `${sequence}`, headers.get("Sallyport-Frame"), "deny"],
      ]);
      assert.equal(elsewhere, 0);
      await own.stop();
      await others.stop();
    },
  },
  {
    name: "request() is answered by one responder; without one it is unavailable",
    async run(rig) {
      const [edge, identity] = [await rig.connect("pg1"), await rig.connect("identity")];
      await assert.rejects(
        edge.request("identity.exchange", bytes("a"), 2_000),
        isCode("unavailable"),
      );
      let asked = 0;
      const responding = identity.respond("identity.exchange", (payload) => {
        asked++;
        return text(payload) === "never"
          ? new Promise(() => {})
          : Promise.resolve(bytes(`re: ${text(payload)}`));
      });
      await rig.sleep(100);
      const answers = await Promise.all(
        ["a", "b"].map((word) => edge.request("identity.exchange", bytes(word), 2_000)),
      );
      assert.deepEqual(answers.map(text), ["re: a", "re: b"]);
      await assert.rejects(
        edge.request("identity.exchange", bytes("never"), 500),
        isCode("timeout"),
      );
      assert.equal(asked, 3);
      await responding.stop();
    },
  },
  {
    name: "send() passes to whoever listens now",
    async run(rig) {
      const [edge, target] = [await rig.connect("pg1"), await rig.connect("target")];
      edge.send("credit.0.s1", bytes("lost"));
      await rig.sleep(100);
      const found: string[] = [];
      const listening = target.subscribe("credit.*.*", (message) => {
        found.push(`${message.subject} ${text(message.payload)} ${message.headers.size}`);
      });
      await rig.sleep(100);
      edge.send("credit.0.s1", bytes("1"));
      await until(rig, "credit", () => found.length === 1);
      assert.deepEqual(found, ["credit.0.s1 1 0"]);
      await listening.stop();
    },
  },
  {
    name: "a raw frame is gone once it is acknowledged",
    async run(rig) {
      const [target, masking] = [await rig.connect("target"), await rig.connect("masking")];
      const provisioner = await rig.connect("provisioner");
      for (const session of ["a", "b"]) {
        await target.publish(rawSubject(0, session), bytes("raw"), headers, { stream: "RAW" });
      }
      assert.equal((await provisioner.state("RAW")).messages, 2);
      const consuming = await masking.consume("RAW", "masking-0", (delivery) => {
        if (delivery.subject === rawSubject(0, "a")) delivery.ack();
      });
      await rig.sleep(500);
      assert.equal((await provisioner.state("RAW")).messages, 1);
      await consuming.stop();
    },
  },
  {
    name: "a full stream refuses and keeps what it has",
    async run(rig) {
      const target = await rig.connect("target");
      const payload = new Uint8Array(900_000);
      let stored = 0;
      const fill = async () => {
        for (let index = 0; index < 90; index++) {
          await target.publish(rawSubject(0, "s"), payload, none, { stream: "RAW" });
          stored++;
        }
      };
      await assert.rejects(fill, isCode("storage_full"));
      const provisioner = await rig.connect("provisioner");
      assert.equal((await provisioner.state("RAW")).messages, stored);
      assert.ok(stored > 60, `${stored} stored`);
    },
  },
  {
    name: "without a server everything is unavailable at once, and goes on when it is back",
    async run(rig) {
      const [edge, authz] = [await rig.connect("pg1"), await rig.connect("authz")];
      await put(edge, "open", "before");
      const found: string[] = [];
      const consuming = await authz.consume(stream, "authz-0", (delivery) => {
        found.push(text(delivery.payload));
        delivery.ack();
      });
      await until(rig, "before", () => found.length === 1);
      await rig.stop();
      await until(rig, "notice", () => !edge.connected() && !authz.connected());
      await assert.rejects(put(edge, "request", "lost"), isCode("unavailable"));
      await assert.rejects(edge.last(stream, subjectOf("open")), isCode("unavailable"));
      edge.send("credit.0.s1", bytes("lost"));
      await rig.start();
      await until(rig, "reconnect", () => edge.connected() && authz.connected());
      await put(edge, "request", "after");
      await until(rig, "after", () => found.includes("after"));
      assert.deepEqual(found.filter((one) => one !== "before"), ["after"]);
      await consuming.stop();
    },
  },
];
