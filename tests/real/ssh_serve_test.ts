/** The edge's SSH alone, with OpenSSH's client: keys are exchanged anew by the edge, under load. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { edgeSshLimits } from "#actors/edge_ssh/limits.ts";
import { listen } from "#actors/edge_ssh/serve.ts";
import type { Accept, AgentChannel } from "#actors/edge_ssh/agent_channel.ts";
import { freePort } from "#deploy/machine/free_port.ts";
import { newSshKeyPair } from "#deploy/machine/ssh_key.ts";
import { openSsh } from "./ssh_client.ts";

Deno.test({
  name: "the edge exchanges keys anew while bytes flow both ways",
  // The listening socket lives as long as its process.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "sallyport-ssh-serve-" });
    try {
      const { privateKey, publicKey } = await newSshKeyPair("host");
      await Deno.writeTextFile(`${folder}/id`, (await newSshKeyPair("agent")).privateKey, {
        mode: 0o600,
      });
      const port = freePort();
      await Deno.writeTextFile(`${folder}/known`, `[127.0.0.1]:${port} ${publicKey}\n`);
      const limits = { ...edgeSshLimits, rekeyBytes: 200_000, rekeyCheckMs: 20 };
      await listen({ host: "127.0.0.1", port, hostKey: privateKey, limits }, echoes);
      const input = crypto.getRandomValues(new Uint8Array(65_536)).toHex().repeat(40);
      const { code, stdout, stderr } = await openSsh(
        [
          ...["-F", "none", "-i", `${folder}/id`, "-p", String(port), "-v"],
          ...["-o", `UserKnownHostsFile=${folder}/known`, "-o", "IdentitiesOnly=yes"],
          ...["lab@127.0.0.1", "echo"],
        ],
        input,
        folder,
      );
      deepStrictEqual([code, stdout.length], [0, input.length]);
      ok(stdout === input);
      const exchanges = stderr.split("\n").filter((line) => line.includes("SSH2_MSG_NEWKEYS sent"));
      ok(exchanges.length > 3, `${exchanges.length} exchanges`);
      strictEqual(stderr.includes("compression: none"), exchanges.length > 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Lets everybody in, and gives back what comes. */
const echoes: Accept = () => ({
  authenticate: () => Promise.resolve(null),
  jump: () => null,
  channel(channel: AgentChannel) {
    channel.hear((message) => {
      if (message.kind === "data") {
        channel.pause();
        return channel.send(message, () => channel.resume());
      }
      if (message.kind !== "eof") return;
      channel.send({ kind: "exit_status", code: 0 });
      channel.send({ kind: "close" });
    });
    return true;
  },
});
