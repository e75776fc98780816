/**
 * ssh2 as a client in a process of its own, as target uses it: runs one command and counts what
 * comes. Arguments: port, host key, user, password, command. Prints bytes and milliseconds.
 *
 * @module
 */
import { systemClock } from "#actors/_kit/clock.ts";
import { targetLimits } from "#actors/target/limits.ts";
import { sshConnections } from "#actors/target/ssh/connections.ts";
import { encodeChannelMessages } from "#schemas/wire/ssh/channel.ts";

const [port = "0", hostKey = "", user = "", password = "", command = ""] = Deno.args;
let bytes = 0;
const endpoint = {
  host: "127.0.0.1",
  port: Number(port),
  user,
  password,
  privateKey: undefined,
  hostKeys: [hostKey],
  hostAuthorities: [],
};
const ended = Promise.withResolvers<void>();
let startedMs = 0;
const dialled = sshConnections(endpoint, targetLimits, systemClock).dial({}, {
  ready(upstream) {
    startedMs = performance.now();
    const exec = { kind: "exec", command: new TextEncoder().encode(command) } as const;
    upstream.write(encodeChannelMessages([exec]));
  },
  failed: (code) => ended.reject(new Error(code)),
  received(payload) {
    bytes += payload.length;
    // CLOSE is the last: its length, its number, its channel.
    if (payload.at(-5) === 97 && payload.at(-6) === 5) ended.resolve();
  },
  closed: () => ended.reject(new Error("The connection is gone")),
});
await ended.promise;
const ms = performance.now() - startedMs;
dialled.abandon();
Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify({ bytes, ms })}\n`));
Deno.exit(0);
