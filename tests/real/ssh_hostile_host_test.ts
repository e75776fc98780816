/** Hosts that ask for passwords, and hosts that do not keep to the protocol. */
// @ts-types="../../actors/edge_ssh/ssh2_server.d.ts"
import ssh2 from "ssh2";
import { match, ok, strictEqual } from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { algorithms, keepalive } from "#actors/edge_ssh/ssh_options.ts";
import type { ServerChannel } from "#actors/edge_ssh/ssh2_server.d.ts";
import type { SshEndpoint } from "#actors/target/ssh/dial.ts";
import { newSshKeyPair } from "#deploy/machine/ssh_key.ts";
import { dialChannel, openChannel } from "./ssh_upstream.ts";
import { pause } from "./support.ts";

const exec = { kind: "exec", command: new TextEncoder().encode("run") } as const;

for (const method of ["password", "keyboard-interactive"] as const) {
  Deno.test(`a password is given to a host that asks by ${method}`, async () => {
    await using host = await startHost(method, (channel) => channel.exit(0));
    using channel = await openChannel(host.endpoint("secret"));
    channel.write(exec);
    await channel.until(({ messages }) => messages.some(({ kind }) => kind === "success"));
    const refused = String(await dialChannel(host.endpoint("wrong")));
    match(refused, /^authentication_failed: /);
    ok(!refused.includes("wrong"));
  });
}

Deno.test("a host that sends past its window is not read past a bound", async () => {
  const megabytes = 100;
  let sent = 0;
  await using host = await startHost("password", (channel, socket) => {
    // What ssh2 keeps a server to, and a hostile one not.
    Reflect.set(Reflect.get(channel, "outgoing"), "window", Number.MAX_SAFE_INTEGER);
    const send = () => {
      if (sent === megabytes) return;
      sent++;
      channel.write(new Uint8Array(1024 * 1024));
      if (socket.writableNeedDrain) socket.once("drain", send);
      else setTimeout(send);
    };
    send();
  });
  using channel = await openChannel(host.endpoint("secret"), { pausedBytesMax: 4 * 1024 * 1024 });
  channel.upstream.pause();
  channel.write(exec);
  for (let before = -1; sent !== before;) {
    before = sent;
    await pause(1000);
  }
  // What the system's own buffers hold is neither read nor kept here.
  ok(sent > 0 && sent < megabytes / 2, `${sent} MiB were sent`);
  // What it sent past its window may be lost; the channel itself goes on.
  const before = channel.messages.length;
  channel.upstream.resume();
  await channel.until(({ messages }) => messages.length > before);
});

Deno.test("what a host says of a signal, of errors and of a refusal is bounded and bare", async () => {
  await using host = await startHost("password", (channel) => {
    const coreDumped = true;
    channel.exit("KILL", coreDumped, "a word of the host's own");
    channel.end();
  });
  using channel = await openChannel(host.endpoint("secret"));
  channel.write(exec);
  await channel.until(({ messages }) => messages.at(-1)?.kind === "close");
  const exit = channel.messages.find((one) => one.kind === "exit_signal");
  strictEqual(
    JSON.stringify(exit),
    JSON.stringify({
      kind: "exit_signal",
      name: "KILL",
      coreDumped: true,
      message: "",
    }),
  );
});

type Host = {
  endpoint(password: string): SshEndpoint;
  [Symbol.asyncDispose](): Promise<void>;
};

/** A host on this runtime's own ssh2 that takes the password `secret`, asked for in one way. */
async function startHost(
  method: "password" | "keyboard-interactive",
  run: (channel: ServerChannel, socket: Socket) => void,
): Promise<Host> {
  const { privateKey, publicKey } = await newSshKeyPair("host");
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error || "length" in key) throw new TypeError("Cannot read the key");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const ssh = new ssh2.Server({ hostKeys: [{ key }], ident: "host", algorithms, ...keepalive });
    ssh.on("connection", (client) => {
      client.on("error", () => {});
      client.on("authentication", (context) => {
        if (context.method !== method) return context.reject([method]);
        if (context.method === "password") {
          return context.password === "secret" ? context.accept() : context.reject();
        }
        context.prompt([{ prompt: "Password: ", echo: false }], "", "", (answers) => {
          const right = !(answers instanceof Error) && answers[0] === "secret";
          return right ? context.accept() : context.reject();
        });
      });
      client.on("session", (accept) => {
        const session = accept();
        session.on("exec", (accepted) => {
          const channel = accepted();
          channel.on("error", () => {});
          run(channel, socket);
        });
      });
    });
    ssh.injectSocket(socket);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  const [type = "", base64 = ""] = publicKey.split(" ");
  return {
    endpoint: (password) => ({
      host: "127.0.0.1",
      port,
      user: "lab",
      password,
      privateKey: undefined,
      hostKeys: [`${type} ${base64}`],
      hostAuthorities: [],
    }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
