/**
 * Tries every key on every subject and every stream and consumer API of a real server, and compares
 * with a table that was written by hand.
 */
import assert from "node:assert/strict";
import { connect, nkeyAuthenticator } from "@nats-io/transport-node";
import { renderUsers } from "#deploy/nats/accounts.ts";
import { permissionsOf } from "#deploy/nats/permissions.ts";
import { type NatsHarness, startHarness } from "#tests/conformance/nats_harness.ts";
import { epoch, scope } from "#tests/conformance/rig.ts";
import { allowedFor, publishesTried, subscriptionsTried } from "./permissions_expected.ts";

/** Nobody may publish it: its refusal says that all before it were judged. */
const lastTried = "nobody.may";

/** Says of each subject that was tried whether the server allowed it. */
async function probe(harness: NatsHarness, name: string) {
  const nc = await connect({
    servers: harness.server.url,
    authenticator: nkeyAuthenticator(await harness.seed(name)),
    inboxPrefix: `_INBOX_${name}`,
    reconnect: false,
  });
  const end = Promise.withResolvers<void>();
  const refused = { publish: new Set<string>(), subscription: new Set<string>() };
  const watching = (async () => {
    for await (const status of nc.status()) {
      if (status.type !== "error") continue;
      const match = /(Publish|Subscription) to "([^"]+)"/.exec(status.error.message);
      assert.ok(match, status.error.message);
      const side = match[1] === "Publish" ? refused.publish : refused.subscription;
      side.add(match[2] ?? "");
      if (match[2] === lastTried) end.resolve();
    }
  })();
  for (const subject of subscriptionsTried) {
    nc.subscribe(subject, { callback: () => {} });
  }
  // The reply subject is its own inbox: an answer must not disturb another probe.
  for (const subject of publishesTried) nc.publish(subject, "", { reply: `_INBOX_${name}.probe` });
  nc.publish(lastTried, "");
  await end.promise;
  await nc.close();
  await watching;
  return {
    publish: publishesTried.filter((subject) => !refused.publish.has(subject)).sort(),
    subscribe: subscriptionsTried.filter((subject) => !refused.subscription.has(subject)).sort(),
  };
}

Deno.test("every key may do on the bus what is written down, and nothing else", async (t) => {
  await using harness = await startHarness({ provisioned: false });
  for (const { kind, name } of harness.keys.values()) {
    await t.step(name, async () => {
      const allowed = allowedFor(kind, name);
      const found = await probe(harness, name);
      assert.deepEqual(found.publish, [...allowed.publish].sort());
      assert.deepEqual(found.subscribe, [...allowed.subscribe].sort());
    });
  }
});

Deno.test("the matrix turns red when an edge is granted the verdict subject", async () => {
  await using harness = await startHarness({
    provisioned: false,
    access: (keys) =>
      renderUsers(keys.map((key) => {
        const permissions = permissionsOf(key, scope);
        const planted = `audit.${epoch}.*.pg1.*.verdict`;
        return key.name !== "pg1"
          ? { key, permissions }
          : { key, permissions: { ...permissions, publish: [...permissions.publish, planted] } };
      })),
  });
  const found = await probe(harness, "pg1");
  const extra = found.publish.filter((one) => !allowedFor("edge", "pg1").publish.includes(one));
  assert.deepEqual(extra, [
    "audit.2026_11.0.pg1.s1.verdict",
    "audit.2026_11.1.pg1.s1.verdict",
  ]);
});

Deno.test("a key that the server does not know is refused, as is none at all", async () => {
  await using first = await startHarness({ provisioned: false });
  await using second = await startHarness({ provisioned: false });
  const seed = await first.seed("authz");
  assert.match(await greet(first.server.port, seed), /^PONG/);
  assert.match(await greet(second.server.port, seed), /^-ERR 'Authorization Violation'/);
  assert.match(await greet(second.server.port, null), /^-ERR 'Authorization Violation'/);
});

/** Connects by hand (NATS client protocol) and returns the server's answer. */
async function greet(port: number, seed: Uint8Array | null): Promise<string> {
  using socket = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(65_536);
  const read = async () => {
    const count = await socket.read(buffer);
    return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
  };
  const nonce = /"nonce":"([^"]+)"/.exec(await read())?.[1];
  const auth = seed === null ? {} : nkeyAuthenticator(seed)(nonce);
  const options = { verbose: false, pedantic: false, protocol: 1, ...auth };
  const text = `CONNECT ${JSON.stringify(options)}\r\nPING\r\n`;
  await socket.write(new TextEncoder().encode(text));
  return await read();
}
