/** Channels of one agent's connection on one connection to a real OpenSSH server. */
import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { systemClock } from "#actors/_kit/clock.ts";
import { startLab } from "#deploy/demo/lab.ts";
import type { ChannelMessage } from "#schemas/wire/ssh/channel.ts";
import { encodeSftpClient } from "#schemas/wire/sftp/client.ts";
import type { Reach } from "#actors/target/reach.ts";
import {
  type Channel,
  dialBeside,
  endpointOf,
  isClosed,
  openBeside,
  openChannel,
  wayTo,
} from "./ssh_upstream.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const exec = (command: string): ChannelMessage => ({ kind: "exec", command: bytes(command) });
const data = (text: string): ChannelMessage => ({ kind: "data", data: bytes(text) });
/** Says which process of the server serves the connection, then echoes. */
const echoing = exec("echo $PPID; exec cat");

Deno.test("channels of one agent's connection share the target's", async (test) => {
  const directory = await Deno.makeTempDir({ prefix: "sallyport-lab-" });
  await using lab = await startLab({
    directory,
    ephemeral: true,
    say: () => {},
    settings: ["MaxSessions 4"],
  });
  const endpoint = endpointOf(lab);

  await test.step("one login for the channels of one agent, and of no other", async () => {
    const way = wayTo(endpoint);
    const before = await logins();
    using first = await echo(way, "agent-a");
    using second = await echo(way, "agent-a");
    using other = await echo(way, "agent-b");
    strictEqual(serverOf(first), serverOf(second));
    notStrictEqual(serverOf(first), serverOf(other));
    strictEqual(await logins() - before, 2);
    using nameless = await echo(way, "");
    using again = await echo(way, "");
    notStrictEqual(serverOf(nameless), serverOf(again));
  });

  await test.step("channels that are opened at once wait for one login", async () => {
    const way = wayTo(endpoint);
    const before = await logins();
    // The server has written of a login what there is to write once it runs something.
    const channels = await Promise.all([1, 2, 3].map(() => echo(way, "agent")));
    for (const channel of channels) channel.upstream.hangUp();
    strictEqual(await logins() - before, 1);
  });

  await test.step("who goes while it is dialled does not end it for who stays", async () => {
    const way = wayTo(endpoint);
    const silent = { ready() {}, failed() {}, received() {}, closed() {} };
    const gone = way.dial({ ssh_connection: "agent" }, silent);
    const stays = openBeside(way, "agent");
    gone.abandon();
    using channel = await stays;
    channel.write(exec("echo on"));
    await channel.until(isClosed);
  });

  await test.step("the end of one channel, whoever makes it, is not the others'", async () => {
    const way = wayTo(endpoint);
    using stays = await echo(way, "agent");
    using ends = await echo(way, "agent");
    using leaves = await echo(way, "agent");
    ends.write({ kind: "eof" });
    await ends.until(isClosed);
    leaves.upstream.hangUp();
    stays.write(data("still here\n"));
    await stays.until((one) => one.output().includes("still here\n"));
    ok(!stays.isLost());
  });

  await test.step("an agent that drains nothing of one channel has the others", async () => {
    const way = wayTo(endpoint);
    using stands = await echo(way, "agent");
    stands.upstream.pause();
    using floods = await openBeside(way, "agent");
    floods.write(exec("head -c 20000000 /dev/zero"));
    await floods.until((one) => one.output().length > 0);
    floods.upstream.pause();
    using flows = await openBeside(way, "agent");
    flows.write(exec("head -c 3000000 /dev/zero"));
    await flows.until(isClosed);
    strictEqual(flows.output().length, 3_000_000);
    floods.upstream.resume();
    await floods.until(isClosed);
    strictEqual(floods.output().length, 20_000_000);
  });

  await test.step("beyond our limit, and beyond the host's own, another is dialled", async () => {
    const ours = wayTo(endpoint, { upstreamChannelsMax: 2 });
    using first = await echo(ours, "agent");
    using second = await echo(ours, "agent");
    using third = await echo(ours, "agent");
    deepStrictEqual(
      [serverOf(first) === serverOf(second), serverOf(second) === serverOf(third)],
      [true, false],
    );
    const theirs = wayTo(endpoint, { upstreamChannelsMax: 100 });
    using channels = new DisposableStack();
    const servers: string[] = [];
    while (servers.length < 6) {
      servers.push(serverOf(channels.use(await echo(theirs, "agent"))));
    }
    deepStrictEqual(servers.map((server) => servers.indexOf(server)), [0, 0, 0, 0, 4, 4]);
  });

  await test.step("sftp beside a shell: paths are resolved, links refused", async () => {
    const way = wayTo(endpoint);
    await Deno.symlink("/etc", `${lab.home}/elsewhere`);
    using beside = await echo(way, "agent");
    for (const _ of [1, 2]) {
      using files = await openBeside(way, "agent");
      files.write({ kind: "subsystem", name: "sftp" });
      const ask = (packet: Parameters<typeof encodeSftpClient>[0]) => {
        files.write({ kind: "data", data: encodeSftpClient(packet) });
        return new Promise<string>((resolve) => files.upstream.whenWritten(resolve));
      };
      strictEqual(await ask({ kind: "init", version: 3 }), "taken");
      const open = { kind: "open", id: 1, flags: 1, attributes: {} } as const;
      strictEqual(await ask({ ...open, path: "README.txt" }), "taken");
      strictEqual(await ask({ ...open, path: "elsewhere/passwd" }), "refused");
    }
    ok(!beside.isLost());
  });

  await test.step("a connection that breaks is lost for all on it", async () => {
    const way = wayTo(endpoint);
    using first = await echo(way, "agent");
    using second = await echo(way, "agent");
    Deno.kill(Number(serverOf(first)), "SIGKILL");
    await first.until((one) => one.isLost());
    await second.until((one) => one.isLost());
    ok(![...first.messages, ...second.messages].some(({ kind }) => kind === "close"));
    using next = await echo(way, "agent");
    notStrictEqual(serverOf(next), serverOf(first));
  });

  await test.step("a connection nobody is on is kept for the next channel, for a while", async () => {
    const sleeping: (() => void)[] = [];
    const clock = { ...systemClock, after: (_ms: number, run: () => void) => timer(run) };
    const timer = (run: () => void) => {
      sleeping.push(run);
      return () => void sleeping.splice(sleeping.indexOf(run), 1);
    };
    const way = wayTo(endpoint, { upstreamsIdleMax: 1 }, clock);
    const visit = async (agent: string) => {
      using channel = await echo(way, agent);
      return serverOf(channel);
    };
    const first = await visit("agent-a");
    strictEqual(await visit("agent-a"), first);
    strictEqual(sleeping.length, 1);
    // More than are kept: the oldest ends.
    await visit("agent-b");
    const second = await visit("agent-a");
    notStrictEqual(second, first);
    strictEqual(sleeping.length, 1);
    sleeping[0]?.();
    notStrictEqual(await visit("agent-a"), second);
    sleeping[0]?.();
  });

  await test.step("a login that fails is told to all who wait for it", async () => {
    const way = wayTo({ ...endpoint, hostKeys: [] });
    const told = await Promise.all([dialBeside(way, "agent"), dialBeside(way, "agent")]);
    for (const words of told) match(String(words), /^host_key_unknown: /);
    using channel = await openChannel(endpoint);
    ok(!channel.isLost());
  });

  async function logins(): Promise<number> {
    return (await Deno.readTextFile(lab.logFile)).split("Accepted publickey").length - 1;
  }
});

async function echo(way: Pick<Reach, "dial">, agent: string): Promise<Channel> {
  const channel = await openBeside(way, agent);
  channel.write(echoing);
  await channel.until((one) => /^\d+\n/.test(one.output()));
  return channel;
}

function serverOf(channel: Channel): string {
  return channel.output().split("\n")[0] ?? "";
}
