/**
 * The bus as readers and passing messages see it: the second half of `bus_conformance.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { rawSubject } from "#schemas/subjects.ts";
import { epoch } from "./rig.ts";
import {
  type Behaviour,
  bytes,
  collect,
  everything,
  headers,
  isCode,
  none,
  put,
  stream,
  subjectOf,
  text,
  until,
} from "./words.ts";

export const reading: readonly Behaviour[] = [
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
    name: "follow() that may be late delivers the same, and more than it asks for at once",
    async run(rig) {
      const [edge, audit] = [await rig.connect("pg1"), await rig.connect("audit")];
      const putMany = (count: number) =>
        Promise.all(Array.from({ length: count }, () => put(edge, "request")));
      await putMany(4500);
      const found: number[] = [];
      const following = await audit.follow(stream, 3, (message) => found.push(message.sequence), {
        lateMs: 50,
      });
      await until(rig, "history", () => found.length === 4498);
      for (let index = 0; index < 20; index++) {
        await putMany(3);
        await rig.sleep(10);
      }
      await until(rig, "live", () => found.length === 4558);
      await rig.stop();
      await rig.start();
      await until(rig, "reconnect", () => edge.connected() && audit.connected());
      await putMany(300);
      await until(rig, "after the stop", () => found.length >= 4858);
      assert.deepEqual(found, Array.from({ length: 4858 }, (_, index) => index + 3));
      await following.stop();
    },
  },
  {
    name: "a frame is released once it is stored, and only to its edge",
    async run(rig) {
      const [edge, other] = [await rig.connect("pg1"), await rig.connect("pg2")];
      const approval = await rig.connect("approval");
      const found: (string | undefined)[][] = [];
      let elsewhere = 0;
      const own = edge.subscribe("release.pg1.*.approval", (message) => {
        const { headers } = message;
        const place = headers.get("Sallyport-Frame");
        found.push([message.subject, headers.get("Nats-Sequence"), place, text(message.payload)]);
      });
      const others = other.subscribe("release.pg2.*.approval", () => elsewhere++);
      await Promise.all([edge.flush(), other.flush()]);
      await put(approval, "approval", "asked");
      const refused = { stream, expectedLastSubjectSequence: 9 };
      const publishing = approval.publish(subjectOf("approval"), bytes("no"), headers, refused);
      await assert.rejects(publishing, isCode("wrong_sequence"));
      const { sequence } = await put(approval, "approval", "granted");
      await until(rig, "releases", () => found.length === 2);
      assert.deepEqual(found, [
        ["release.pg1.s1.approval", "1", headers.get("Sallyport-Frame"), "asked"],
        ["release.pg1.s1.approval", `${sequence}`, headers.get("Sallyport-Frame"), "granted"],
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
      await identity.flush();
      const answers = await Promise.all(
        ["a", "b"].map((word) => edge.request("identity.exchange", bytes(word), 20_000)),
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
      // What was sent before is with the server by then, and nobody listened.
      await edge.flush();
      const found: string[] = [];
      const listening = target.subscribe("credit.*.*", (message) => {
        found.push(`${message.subject} ${text(message.payload)} ${message.headers.size}`);
      });
      await target.flush();
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
      const left = async () => (await provisioner.state("RAW")).messages;
      for (let tries = 0; tries < 100 && await left() > 1; tries++) await rig.sleep(100);
      // What was not acknowledged stays.
      await rig.sleep(500);
      assert.equal(await left(), 1);
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
