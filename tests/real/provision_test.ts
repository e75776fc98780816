/** Provisioning against a real server: what differs from the data is found and named. */
import assert from "node:assert/strict";
import { connect } from "@nats-io/transport-node";
import { createUser } from "@nats-io/nkeys";
import { freePort } from "#deploy/machine/free_port.ts";
import { findNatsServer, natsConfig, startNatsServer } from "#deploy/machine/nats_server.ts";
import { provision } from "#deploy/nats/provision.ts";

const topology = { epoch: "2026_11", shards: 2, replicas: 1 } as const;
const say = () => {};

/** A server whose administrator changed `stream` or a consumer after it was provisioned. */
async function changedServer(
  change: { readonly api: string; readonly field: string; readonly value: unknown },
): Promise<string> {
  const directory = await Deno.makeTempDir();
  const port = freePort();
  const key = createUser();
  const access = `authorization { users: [
    { nkey: ${key.getPublicKey()} }
    { user: administrator, password: administrator }
  ] }`;
  const configText = natsConfig({
    port,
    storeDir: `${directory}/store`,
    serverName: "test",
    syncAlways: false,
    jetstreamMaxFile: 64_000_000,
    jetstreamMaxMemory: 128_000_000,
    access,
  });
  const { path } = await findNatsServer({ say });
  await using server = await startNatsServer({ binary: path, directory, configText, port, say });
  const options = { url: server.url, seed: key.getSeed(), inboxPrefix: "_INBOX_p", topology };
  await provision(options);
  const nc = await connect({ servers: server.url, user: "administrator", pass: "administrator" });
  const [kind, ...names] = change.api.split(" ");
  const info = (await nc.request(`$JS.API.${kind}.INFO.${names.join(".")}`)).json<{
    config: Record<string, unknown>;
  }>();
  const config = { ...info.config, [change.field]: change.value };
  const answer = kind === "STREAM"
    ? await nc.request(`$JS.API.STREAM.UPDATE.${names.join(".")}`, JSON.stringify(config))
    : await nc.request(
      `$JS.API.CONSUMER.CREATE.${names.join(".")}`,
      JSON.stringify({ "stream_name": names[0], config, action: "update" }),
    );
  assert.ok(!answer.string().includes(`"error"`), answer.string());
  await nc.close();
  try {
    await provision(options);
    return "accepted";
  } catch (error) {
    return error instanceof Error ? error.message : "not an error";
  } finally {
    await server.stop();
    await Deno.remove(directory, { recursive: true });
  }
}

const audit = "stream AUDIT_2026_11";
for (
  const [api, field, value, expected] of [
    ["STREAM AUDIT_2026_11", "max_age", 3_600_000_000_000, `${audit} differs in max_age`],
    ["STREAM AUDIT_2026_11", "max_msgs", 10_000, `${audit} differs in max_msgs`],
    ["STREAM AUDIT_2026_11", "discard", "old", `${audit} differs in discard`],
    ["STREAM AUDIT_2026_11", "allow_msg_ttl", true, `${audit} differs in allow_msg_ttl`],
    [
      "STREAM RAW",
      "republish",
      { src: "raw.*.*", dest: "stolen.{{wildcard(1)}}" },
      "stream RAW differs in republish",
    ],
    [
      "STREAM AUDIT_2026_11",
      "republish",
      { src: "audit.2026_11.*.*.*.*", dest: "stolen.{{wildcard(1)}}" },
      `${audit} differs in republish.dest`,
    ],
    [
      "STREAM RAW",
      "subjects",
      ["raw.*.*", "audit.2026_12.>"],
      "stream RAW differs in subjects",
    ],
    [
      "CONSUMER AUDIT_2026_11 authz-0",
      "max_deliver",
      1,
      "consumer AUDIT_2026_11.authz-0 differs in max_deliver",
    ],
    [
      "CONSUMER AUDIT_2026_11 authz-0",
      "filter_subjects",
      ["audit.2026_11.0.*.*.open"],
      "consumer AUDIT_2026_11.authz-0 differs in filter_subjects",
    ],
  ] as const
) {
  Deno.test(`provision() refuses a server on which ${api} has another ${field}`, async () => {
    assert.equal(await changedServer({ api, field, value }), `Cannot provision: ${expected}`);
  });
}

Deno.test("provision() accepts what it made, again", async () => {
  const api = "STREAM AUDIT_2026_11";
  assert.equal(await changedServer({ api, field: "no_ack", value: false }), "accepted");
});

Deno.test("provision() makes nothing over a stream that the server cannot open", async () => {
  const directory = await Deno.makeTempDir();
  const storeDirectory = `${directory}/store`;
  const port = freePort();
  const key = createUser();
  const configText = natsConfig({
    port,
    storeDir: storeDirectory,
    serverName: "test",
    syncAlways: false,
    jetstreamMaxFile: 64_000_000,
    jetstreamMaxMemory: 128_000_000,
    encrypted: true,
    access: `authorization { users: [
      { nkey: ${key.getPublicKey()} }
      { user: administrator, password: administrator }
    ] }`,
  });
  const { path } = await findNatsServer({ say });
  const encryptionKeyFile = `${directory}/store.key`;
  const start = async (storeKey: string) => {
    await Deno.writeTextFile(encryptionKeyFile, storeKey);
    return await startNatsServer({
      binary: path,
      directory,
      configText,
      port,
      say,
      encryptionKeyFile,
    });
  };
  const asAdministrator = (url: string) =>
    connect({ servers: url, user: "administrator", pass: "administrator" });
  const frames = async (url: string) => {
    const nc = await asAdministrator(url);
    const info = await nc.request("$JS.API.STREAM.INFO.AUDIT_2026_11");
    await nc.close();
    return info.json<{ state?: { messages: number } }>().state?.messages;
  };
  const seed = key.getSeed();
  const own = { seed, inboxPrefix: "_INBOX_p", topology, storeDirectory };
  try {
    {
      await using server = await start("a".repeat(40));
      await provision({ ...own, url: server.url });
      const nc = await asAdministrator(server.url);
      await nc.request("audit.2026_11.0.pg1.s1.open", "a frame");
      await nc.close();
    }
    {
      await using server = await start("b".repeat(40));
      await assert.rejects(provision({ ...own, url: server.url }), /AUDIT_2026_11.*cannot open/);
    }
    await using server = await start("a".repeat(40));
    await provision({ ...own, url: server.url });
    assert.equal(await frames(server.url), 1);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
