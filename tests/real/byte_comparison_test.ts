/**
 * What a client that may see everything receives through the gateway is what the server sends, byte
 * for byte. The exceptions, all of them:
 *
 * - BackendKeyData comes right behind AuthenticationOk, with a key of the gateway's own; the
 *   number of the process is the server's, as it is in notifications;
 * - that number, which is another in each session;
 * - how bytes are cut into packets, and when they come.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { conversations } from "./conversations.ts";
import { holdConversation, lineOf, makeConversationTables } from "./held_conversation.ts";
import { startOpenRig, type Way } from "./open_gateway.ts";
import { scenario } from "./support.ts";
import { refusedSession, sendCancel, usual, wireSession } from "./wire_client.ts";

Deno.test("bytes through the gateway are the server's", async (test) => {
  // With this method of the server's both ask for the password in the same words.
  await using rig = await startOpenRig({ passwordMethod: "password" });
  const { direct, gateway } = rig;
  await makeConversationTables(direct);
  for (const conversation of conversations()) {
    await test.step(conversation.name, async () => {
      const expected = await holdConversation(direct, conversation);
      deepStrictEqual(await holdConversation(gateway, conversation), expected);
    });
  }
  for (const minor of [0, 2]) {
    await test.step(`a statement that is cancelled, in protocol 3.${minor}`, async () => {
      deepStrictEqual(await cancelled(gateway, minor), await cancelled(direct, minor));
    });
  }
  await test.step("a server that ends the session in a statement, and between two", async () => {
    for (const ending of [endedInside, endedOutside]) {
      const expected = await ending(direct);
      ok(expected.at(-1)?.includes("57P01"), "the server said so");
      deepStrictEqual(await ending(gateway), expected);
    }
  });
  await test.step("replication is refused in words", async () => {
    const parameters = { replication: "database" };
    const lines = (await refusedSession(gateway, { ...usual, parameters })).map(lineOf);
    strictEqual(lines.length, 1);
    match(lines[0] ?? "", /^E SFATAL\0VFATAL\0C0A000\0Msallyport: replication connections are not/);
  });
  await test.step("a notification that comes to who asks nothing", async () => {
    deepStrictEqual(await notified(gateway), await notified(direct));
  });
  await test.step("the process that a notification names is known from the greeting", async () => {
    for (const way of [direct, gateway]) {
      const { client, greeting } = await wireSession(way, usual);
      await client.send(frontendBytes({ kind: "query", text: "listen own; notify own" }));
      const [notification] = (await client.until("Z")).filter(({ tag }) => tag === "A");
      client[Symbol.dispose]();
      const key = greeting.find(({ tag }) => tag === "K");
      ok(notification !== undefined && key !== undefined);
      deepStrictEqual(notification.raw.slice(5, 9), key.raw.slice(5, 9), way.name);
    }
  });
  await scenario(test, rig, "a longer key is given to who speaks 3.2", async () => {
    for (const way of [direct, gateway]) {
      const { client, greeting } = await wireSession(way, { ...usual, minor: 2 });
      client[Symbol.dispose]();
      strictEqual(greeting.find(({ tag }) => tag === "K")?.raw.length, 5 + 4 + 32, way.name);
    }
  });
});

async function cancelled(way: Way, minor: number): Promise<string[]> {
  const { client, greeting } = await wireSession(way, { ...usual, minor });
  const key = greeting.find(({ tag }) => tag === "K");
  ok(key !== undefined);
  await client.send(frontendBytes({ kind: "query", text: sleeps }));
  // A notice leaves at once, and tells that what comes behind it runs.
  const begun = await client.until("N");
  await sendCancel(way, key);
  const ended = await client.until("Z");
  client[Symbol.dispose]();
  return [...begun, ...ended].map(lineOf);
}

const sleeps = "do $$ begin raise notice 'good night'; perform pg_sleep(100); end $$";

async function endedInside(way: Way): Promise<string[]> {
  const { client } = await wireSession(way, usual);
  const text = "select 1; select pg_terminate_backend(pg_backend_pid())";
  await client.send(frontendBytes({ kind: "query", text }));
  const lines = (await client.toEnd()).map(lineOf);
  client[Symbol.dispose]();
  return lines;
}

async function endedOutside(way: Way): Promise<string[]> {
  const { client, greeting } = await wireSession(way, usual);
  const { client: killer } = await wireSession(way, usual);
  const key = greeting.find(({ tag }) => tag === "K");
  ok(key !== undefined);
  const processId = new DataView(key.raw.buffer, key.raw.byteOffset).getInt32(5);
  const text = `select pg_terminate_backend(${processId})`;
  await killer.send(frontendBytes({ kind: "query", text }));
  await killer.until("Z");
  killer[Symbol.dispose]();
  const lines = (await client.toEnd()).map(lineOf);
  client[Symbol.dispose]();
  return lines;
}

async function notified(way: Way): Promise<string[]> {
  const { client: listener } = await wireSession(way, usual);
  await listener.send(frontendBytes({ kind: "query", text: "listen chatter" }));
  const lines = (await listener.until("Z")).map(lineOf);
  const { client: speaker } = await wireSession(way, usual);
  await speaker.send(frontendBytes({ kind: "query", text: "notify chatter, 'unasked'" }));
  await speaker.until("Z");
  lines.push(...(await listener.until("A")).map(lineOf));
  speaker[Symbol.dispose]();
  listener[Symbol.dispose]();
  return lines;
}
