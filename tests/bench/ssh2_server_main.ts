/**
 * ssh2 as a server in a process of its own: the floor of what it reaches on this runtime. Prints
 * its port; whatever is asked for is answered with as many bytes of text as the command says.
 *
 * @module
 */
// @ts-types="../../actors/edge_ssh/ssh2_server.d.ts"
import ssh2 from "ssh2";
import { createServer } from "node:net";
import { algorithms, keepalive } from "#actors/edge_ssh/ssh_options.ts";
import { newSshKeyPair } from "#deploy/machine/ssh_key.ts";

const { privateKey, publicKey } = await newSshKeyPair("bench");
const key = ssh2.utils.parseKey(privateKey);
if (key instanceof Error || "length" in key) throw new TypeError("Cannot read the key");
const ssh = new ssh2.Server({
  hostKeys: [{ key }],
  ident: "bench",
  algorithms,
  ...keepalive,
});
const line = "the quick brown fox jumps over a dog and 12 more\n";
const block = new TextEncoder().encode(line.repeat(640));

ssh.on("connection", (client) => {
  client.on("authentication", (context) => context.accept());
  client.on("error", () => {});
  client.on("session", (accept) => {
    const session = accept();
    session.on("exec", (accepted, _reject, { command }) => {
      const channel = accepted();
      channel.on("error", () => {});
      let left = Number(command);
      const send = () => {
        while (left > 0) {
          const piece = block.subarray(0, left);
          left -= piece.length;
          if (!channel.write(piece)) return void channel.once("drain", send);
        }
        channel.exit(0);
        channel.end();
      };
      send();
    });
  });
});
const server = createServer((socket) => {
  socket.setNoDelay();
  ssh.injectSocket(socket);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const [type = "", base64 = ""] = publicKey.split(" ");
  const ready = `${JSON.stringify({ port, hostKey: `${type} ${base64}` })}\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(ready));
});
