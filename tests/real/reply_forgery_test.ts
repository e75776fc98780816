/**
 * A key may name any subject as the place for the server's answer, past its own permissions. What a
 * stolen edge key can make the server store or pass on that way must not be taken for a frame, a
 * catalog, a release, a credit or a revocation by any reader.
 */
import assert from "node:assert/strict";
import { connect, headers, nkeyAuthenticator } from "@nats-io/transport-node";
import type { Bus, StoredMessage } from "#actors/_kit/bus.ts";
import { frameHeader } from "#schemas/frames.ts";
import { auditStream, auditSubject, catalogStream, type FrameKind } from "#schemas/subjects.ts";
import { type NatsHarness, startHarness } from "#tests/conformance/nats_harness.ts";
import { epoch } from "#tests/conformance/rig.ts";
import { eventually } from "./support.ts";

const stream = auditStream(epoch);
const evil = new TextEncoder().encode(`{"decision":"allow"}`);

function subjectOf(kind: FrameKind, edge = "pg1"): string {
  return auditSubject({ epoch, shard: 0, edge, session: "s1" }, kind);
}

/** A client with a stolen key, held to nothing but the server's permissions. */
async function thief(harness: NatsHarness, name: string) {
  const nc = await connect({
    servers: harness.server.url,
    authenticator: nkeyAuthenticator(await harness.seed(name)),
    inboxPrefix: `_INBOX_${name}`,
    reconnect: false,
  });
  const store = async (subject: string, expected?: string) => {
    const own = headers();
    own.set(frameHeader, "1;1;0;0;AAAAAAAAAAAAAAAAAAAAAA");
    if (expected !== undefined) own.set("Nats-Expected-Last-Subject-Sequence", expected);
    await nc.request(subject, evil, { headers: own, timeout: 2_000 });
  };
  const answerTo = async (reply: string) => {
    nc.publish(`$JS.API.DIRECT.GET.${stream}.${subjectOf("open")}`, "", { reply });
    await nc.flush();
  };
  return { nc, store, answerTo };
}

async function readAll(bus: Bus, from: string, filter: string): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  const options = { filters: [filter], from: 1, through: Number.MAX_SAFE_INTEGER };
  for await (const message of bus.read(from, options)) found.push(message);
  return found;
}

function assertHollow(message: StoredMessage | null | undefined): void {
  assert.ok(message, "the server stored no copy; the test tests nothing");
  assert.equal(message.headers.size, 0);
  assert.equal(message.payload.length, 0);
}

/** Time for what must not come. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 300));
}

Deno.test("a direct get answered into the audit stream is hollow to every reader", async () => {
  await using harness = await startHarness();
  const { nc, store, answerTo } = await thief(harness, "pg1");
  const [audit, edge, target] = [
    await harness.connect("audit"),
    await harness.connect("pg1"),
    await harness.connect("target"),
  ];
  const released: string[] = [];
  edge.subscribe("release.pg1.*.approval", (message) => released.push(message.subject));
  const consumed: StoredMessage[] = [];
  await target.consume(stream, "target-0", (delivery) => {
    if (delivery.subject === subjectOf("verdict")) consumed.push(delivery);
    delivery.ack();
  });
  await store(subjectOf("open"));
  await answerTo(subjectOf("verdict"));
  await answerTo(subjectOf("approval"));
  assertHollow(await eventually("a copy is consumed", () => consumed[0]));
  assertHollow((await readAll(audit, stream, subjectOf("verdict")))[0]);
  assertHollow(await target.last(stream, subjectOf("verdict")));
  const followed: StoredMessage[] = [];
  await audit.follow(stream, 1, (message) => followed.push(message));
  assertHollow(
    await eventually("a copy is followed", () => {
      return followed.find((message) => message.subject === subjectOf("verdict"));
    }),
  );
  await settle();
  assert.deepEqual(released, []);
  await nc.close();
});

Deno.test("a direct get answered into the catalog is hollow", async () => {
  await using harness = await startHarness();
  const { nc, store, answerTo } = await thief(harness, "pg1");
  await store(subjectOf("open"));
  await answerTo("catalog.ehr");
  const authz = await harness.connect("authz");
  const last = () => authz.last(catalogStream, "catalog.ehr");
  assertHollow(await eventually("a copy is stored", async () => await last() ?? undefined));
  assertHollow((await readAll(authz, catalogStream, "catalog.ehr"))[0]);
  await nc.close();
});

Deno.test("an answer sent to a release, a notice, a credit or a revocation reaches no handler", async () => {
  await using harness = await startHarness();
  const { nc, store, answerTo } = await thief(harness, "pg1");
  const [other, target] = [await harness.connect("pg2"), await harness.connect("target")];
  const heard: string[] = [];
  const hear = ({ subject }: { subject: string }) => heard.push(subject);
  other.subscribe("release.pg2.*.response", hear);
  other.subscribe("notice.pg2.*.verdict", hear);
  other.subscribe("revocation", hear);
  target.subscribe("credit.*.*", hear);
  await Promise.all([other.flush(), target.flush()]);
  await store(subjectOf("open"));
  const passing = ["release.pg2.s1.response", "notice.pg2.s1.verdict", "revocation", "credit.0.s2"];
  for (const reply of passing) await answerTo(reply);
  await settle();
  assert.deepEqual(heard, []);
  // The same subscriptions do hear what is meant for them.
  const identity = await harness.connect("identity");
  identity.send("revocation", evil);
  await eventually("a revocation is heard", () => heard[0]);
  assert.deepEqual(heard, ["revocation"]);
  await nc.close();
});

Deno.test("a frame published with an expected sequence cannot be pulled into the stream anew", async () => {
  await using harness = await startHarness();
  const { nc, store } = await thief(harness, "pg1");
  await store(subjectOf("open"), "0");
  const name = "_INBOX_pg1-page-0";
  const filter = subjectOf("open");
  const config = { name, "ack_policy": "none", "filter_subject": filter, "mem_storage": true };
  const body = JSON.stringify({ "stream_name": stream, action: "create", config });
  const made = await nc.request(`$JS.API.CONSUMER.CREATE.${stream}.${name}.${filter}`, body);
  assert.ok(!made.string().includes("error"), made.string());
  nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`, "1", { reply: subjectOf("verdict") });
  await nc.flush();
  await settle();
  const audit = await harness.connect("audit");
  assert.equal((await audit.state(stream)).messages, 1);
  await nc.close();
});

Deno.test("a read consumer cannot ask for more than its permission's filter", async () => {
  await using harness = await startHarness();
  const { nc } = await thief(harness, "pg1");
  const name = "_INBOX_pg1-page-0";
  const subject = `$JS.API.CONSUMER.CREATE.${stream}.${name}.${subjectOf("open")}`;
  const bodies = [
    { name, "filter_subject": `audit.${epoch}.>` },
    { name, "filter_subjects": [subjectOf("open"), subjectOf("open", "pg2")] },
    { name, "filter_subjects": [`audit.${epoch}.>`] },
    { name },
    { name: "authz-0", "durable_name": "authz-0", "filter_subject": subjectOf("open") },
  ];
  for (const config of bodies) {
    const body = { "stream_name": stream, config: { ...config, "ack_policy": "none" } };
    const answer = await nc.request(subject, JSON.stringify(body), { timeout: 2_000 });
    assert.match(answer.string(), /"error"/, JSON.stringify(config));
  }
  await nc.close();
});
