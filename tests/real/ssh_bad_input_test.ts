/** SSH clients that break the protocol, flood or do not read: a clear end, no harm to others. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
// @ts-types="./ssh2_client.d.ts"
import { Client } from "ssh2";
import type { Channel } from "./ssh2_client.d.ts";
import { silentCrowd } from "./silent_crowd.ts";
import { openLabSystem, sshClient } from "./ssh_client.ts";
import { closeReasons } from "./ssh_frames.ts";
import { eventually, type Rig, scenario, startRig } from "./support.ts";

const mebibyte = 1024 ** 2;

Deno.test("bad input at the SSH edge", async (test) => {
  await using rig = await startRig(openLabSystem);
  await using client = await sshClient(rig.system);
  const { pid } = rig.system.actor("edge_ssh");

  const openings: readonly (readonly [string, Uint8Array])[] = [
    ["garbage", crypto.getRandomValues(new Uint8Array(4096))],
    ["HTTP", text("GET / HTTP/1.1\r\nhost: x\r\n\r\n")],
    ["a banner without an end", text(`SSH-2.0-${"x".repeat(100_000)}`)],
    ["banners without an end", text("hello\r\n".repeat(5000))],
    ["SSH 1", text("SSH-1.5-old\r\n")],
    ["garbage behind a banner", join(text("SSH-2.0-x\r\n"), new Uint8Array(5000).fill(255))],
    ["a packet of 4 GiB", join(text("SSH-2.0-x\r\n"), Uint8Array.of(255, 255, 255, 255, 4, 20))],
    ["a packet of no length", join(text("SSH-2.0-x\r\n"), new Uint8Array(64))],
  ];
  for (const [name, bytes] of openings) {
    await scenario(test, rig, `before the exchange of keys: ${name}`, async () => {
      await endsAfter(rig, bytes);
      strictEqual((await client.ssh(["gw", "echo fine"])).stdout, "fine\n");
    });
  }

  await scenario(test, rig, "guessing is slowed, ended and recorded", async () => {
    const ask = `${client.folder}/ask`;
    await Deno.writeTextFile(ask, "#!/bin/sh\necho guess\n", { mode: 0o700 });
    const guess = await client.ssh(
      [
        ...[
          "-o",
          "BatchMode=no",
          "-o",
          "PubkeyAuthentication=no",
          "-o",
          "NumberOfPasswordPrompts=20",
        ],
        ...["-o", "PreferredAuthentications=password"],
        ...["gw", "id"],
      ],
      "",
      { SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: "force" },
    );
    strictEqual(guess.code, 255);
    const log = await Deno.readTextFile(`${rig.system.directory}/logs/ssh-1.log`);
    const refused = log.split("\n").filter((line) => line.includes('"login_refused"'));
    strictEqual(refused.length, 10);
    match(refused.at(-1) ?? "", /"attempt":10/);
    ok(!log.includes("guess"));
  });

  await scenario(test, rig, "connections that say nothing do not crowd out others", async () => {
    using crowd = silentCrowd(rig.system.ssh, 80);
    await eventually("those beyond the limit are let go of", () => crowd.gone() >= 30 || undefined);
    await eventually("a client gets in beside the others", async () => {
      return (await client.ssh(["-S", "none", "gw", "echo in"])).stdout === "in\n" || undefined;
    });
    ok(crowd.gone() < 80);
  });

  await scenario(
    test,
    rig,
    "a client that stops reading holds up its own program alone",
    async () => {
      const before = await residentBytes(pid);
      const reader = await client.start(["-S", "none", "gw", "seq 30000000"]);
      await eventually("it is read", () => reader.printed() !== "" || undefined);
      // It takes nothing more from its socket.
      reader.kill("SIGSTOP");
      for (let looks = 0; looks < 20; looks++) {
        strictEqual((await client.ssh(["gw", "echo other"])).stdout, "other\n");
        ok(await residentBytes(pid) - before < 100 * mebibyte);
      }
      reader.kill("SIGCONT");
      reader.kill("SIGKILL");
      await reader.finished;
    },
  );

  await scenario(test, rig, "a client that floods past its window is let go of", async () => {
    const before = await residentBytes(pid);
    await flood(rig, await Deno.readTextFile(`${client.folder}/id`));
    ok(await residentBytes(pid) - before < 100 * mebibyte);
    strictEqual((await client.ssh(["gw", "echo other"])).stdout, "other\n");
  });

  await scenario(test, rig, "what is no sftp ends the channel", async () => {
    const { code, stderr } = await client.ssh(["-s", "gw", "sftp"], "\xff".repeat(64));
    strictEqual(code, 255);
    match(stderr, /sallyport: an sftp packet is too short or over the limit/);
  });

  strictEqual(rig.system.actor("edge_ssh").pid, pid);
  deepStrictEqual((await closeReasons(rig)).filter((reason) => reason === "no_verdict"), []);
});

function text(words: string): Uint8Array {
  return new TextEncoder().encode(words);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The edge closes what starts so. */
async function endsAfter(rig: Rig, bytes: Uint8Array): Promise<void> {
  const { host: hostname, port } = rig.system.ssh;
  using socket = await Deno.connect({ hostname, port });
  await socket.write(bytes).catch(() => 0);
  await socket.closeWrite().catch(() => undefined);
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const read = await socket.read(buffer).catch(() => null);
    if (read === null) return;
  }
}

async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? "0") * 1024;
}

/** Sends far more than the window lets it, to a program that reads nothing. */
function flood({ system }: Rig, privateKey: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    client.on("error", () => resolve());
    client.on("close", () => resolve());
    client.on("ready", () => {
      client.exec("sleep 60", (error, channel: Channel) => {
        if (error !== undefined) return reject(error);
        channel.on("error", () => undefined);
        // Of packets that fill the window to the byte ssh2 drops what comes behind them.
        const chunk = new Uint8Array(32_000);
        const send = () => {
          channel.outgoing.window = 2 ** 31;
          for (let count = 0; count < 64; count++) channel.write(chunk);
        };
        const sending = setInterval(send, 5);
        const late = setTimeout(() => reject(new Error("The flood is let in")), 120_000);
        client.on("close", () => {
          clearInterval(sending);
          clearTimeout(late);
        });
      });
    });
    const { host, port } = system.ssh;
    client.connect({ host, port, username: "lab", privateKey, hostVerifier: () => true });
  });
}
