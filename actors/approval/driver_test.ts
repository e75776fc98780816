import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { frameHeaders } from "#actors/_kit/frame.ts";
import { DecideReply } from "#schemas/approval.ts";
import { auditSubject } from "#schemas/subjects.ts";
import { approvalDriver, type Deliver, type DriverLimits } from "./driver.ts";
import {
  approverToken,
  compliance,
  decision,
  issuer,
  key,
  keys,
  type Play,
  play,
  startMs,
} from "./testing.ts";

const limits: DriverLimits = { pendingMax: 2, decisionsMax: 1, requestBytesMax: 80 * 1024 };
function driverOf() {
  const report = () => undefined;
  return approvalDriver({
    epochs: () => [key.epoch],
    shards: 4,
    issuer,
    keys,
    nowMs: () => startMs,
    report,
    limits,
  });
}
function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
/** Delivers to a played session as the worker would. */
function into(session: Play, driver: ReturnType<typeof driverOf>): Deliver {
  return (at, input) => {
    session.give(input);
    for (const effect of session.last) {
      if (effect.kind === "run") driver.run(at, effect.command);
    }
    return Promise.resolve();
  };
}
function codeOf(reply: DecideReply): string {
  return reply.ok ? reply.state : reply.code;
}

Deno.test("decide() answers what the session's step says", async () => {
  const driver = driverOf();
  const session = play();
  session.verdict();
  const reply = await driver.decide(encode(decision()), into(session, driver));
  deepStrictEqual(DecideReply.parse(JSON.parse(JSON.stringify(reply))), {
    ok: true,
    state: "granted",
  });
  const again = await driver.decide(encode(decision()), into(session, driver));
  strictEqual(codeOf(again), "approval_not_pending");
});

Deno.test("decide() never says that a vote counts which was not stored", async () => {
  const driver = driverOf();
  const session = play();
  session.verdict();
  const unstored: Deliver = async (at, input) => {
    await into(session, driver)(at, input);
    throw new Error("wrong_sequence");
  };
  strictEqual(codeOf(await driver.decide(encode(decision()), unstored)), "unavailable");
});

Deno.test("decide() reads no session for a stranger, or of another place", async () => {
  const driver = driverOf();
  let delivered = 0;
  const deliver: Deliver = () => Promise.resolve(delivered++);
  const ask = async (change: Parameters<typeof decision>[0]) => {
    return codeOf(await driver.decide(encode(decision(change)), deliver));
  };
  strictEqual(await ask({ token: "x" }), "token_malformed");
  strictEqual(
    await ask({ token: approverToken({ aud: "sallyport:edge" }) }),
    "token_wrong_audience",
  );
  strictEqual(await ask({ key: { ...key, epoch: "2027_02" } }), "approval_unknown");
  const shard = (key.shard + 1) % 4;
  strictEqual(await ask({ key: { ...key, shard } }), "approval_unknown");
  strictEqual(await ask({ key: { ...key, session: "a.b" } }), "request_malformed");
  strictEqual(await ask({ justification: "x".repeat(2001) }), "request_malformed");
  const large = await driver.decide(new Uint8Array(limits.requestBytesMax + 1), deliver);
  strictEqual(codeOf(large), "request_malformed");
  strictEqual(codeOf(await driver.decide(new Uint8Array([0xff]), deliver)), "request_malformed");
  strictEqual(delivered, 0);
});

Deno.test("decide() refuses beyond its limit of decisions at work", async () => {
  const driver = driverOf();
  let release = () => {};
  const waiting: Deliver = () => new Promise<void>((resolve) => release = resolve);
  const first = driver.decide(encode(decision()), waiting);
  strictEqual(codeOf(await driver.decide(encode(decision()), waiting)), "busy");
  release();
  strictEqual(codeOf(await first), "unavailable");
});

Deno.test("admits() counts what waits, each once", () => {
  const driver = driverOf();
  ok(driver.admits());
  driver.run(key, { kind: "pending", id: "a" });
  driver.run(key, { kind: "pending", id: "a" });
  ok(driver.admits());
  driver.run(key, { kind: "pending", id: "b" });
  ok(!driver.admits());
  driver.run(key, { kind: "settled", id: "a" });
  ok(driver.admits());
});

Deno.test("recover() wakes the sessions whose approvals wait", async () => {
  const waits = play();
  waits.verdict();
  const settled = play();
  settled.verdict({ approval: { id: "ap9", needs: [compliance], binding: "b".repeat(64) } });
  settled.verdict({ decision: "deny", approval: null });
  const messages = [
    ...stored(waits, key.session, 0),
    ...stored(settled, "s2", 100),
  ];
  const bus = {
    state: () => Promise.resolve({ first: 1, last: 200, messages: 2, bytes: 0 }),
    async *read() {
      await Promise.resolve();
      yield* messages;
    },
  };
  const nudged: string[] = [];
  const count = await driverOf().recover(bus, (at, input) => {
    nudged.push(`${at.session} ${input.kind}`);
    return Promise.resolve();
  }, key.epoch);
  strictEqual(count, 1);
  deepStrictEqual(nudged, [`${key.session} nudge`]);
});

function stored(session: Play, name: string, offset: number): StoredMessage[] {
  return session.stream.filter((frame) => frame.kind === "approval").map((frame) => ({
    subject: auditSubject({ ...key, session: name }, "approval"),
    sequence: offset + frame.sequence,
    timeMs: frame.timeMs,
    headers: frameHeaders({ request: 1, part: 0, more: false }, "n".repeat(22), undefined),
    payload: frame.payload,
  }));
}
