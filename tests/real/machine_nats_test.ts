/** A real nats-server: it starts, answers, and keeps what it acknowledged through a SIGKILL. */
import assert from "node:assert/strict";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { freePort } from "#deploy/machine/free_port.ts";
import { findNatsServer, natsConfig, startNatsServer } from "#deploy/machine/nats_server.ts";

const say = () => {};

Deno.test("startNatsServer() answers, and has its messages after SIGKILL and restart", async () => {
  const directory = await Deno.makeTempDir();
  const { path } = await findNatsServer({ say });
  const port = freePort();
  const configText = natsConfig({
    port,
    storeDir: `${directory}/store`,
    serverName: "test",
    syncAlways: true,
    jetstreamMaxFile: 64_000_000,
    jetstreamMaxMemory: 16_000_000,
    encrypted: true,
  });
  const encryptionKeyFile = `${directory}/store.key`;
  await Deno.writeTextFile(encryptionKeyFile, "0123456789abcdef0123456789abcdef");
  try {
    await using server = await startNatsServer({
      binary: path,
      directory,
      configText,
      port,
      say,
      encryptionKeyFile,
      memoryLimit: "256MiB",
    });
    const first = await connect({ servers: server.url });
    const manager = await jetstreamManager(first);
    await manager.streams.add({ name: "KEPT", subjects: ["kept.>"] });
    await manager.jetstream().publish("kept.one", "1");
    await first.close();
    const { pid } = server;
    await server.kill();
    await server.restart();
    assert.notEqual(server.pid, pid);
    const second = await connect({ servers: server.url });
    const kept = await (await jetstreamManager(second)).streams.getMessage("KEPT", { seq: 1 });
    assert.equal(kept?.string(), "1");
    await second.close();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("startNatsServer() tells what the server said when it does not start", async () => {
  const directory = await Deno.makeTempDir();
  const { path } = await findNatsServer({ say });
  try {
    await assert.rejects(
      startNatsServer({ binary: path, directory, configText: "no_such: 1", port: 1, say }),
      /ended with code 1[^]*no_such/,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
