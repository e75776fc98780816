/**
 * SSH: keystroke to echo, a gibibyte of text, and idle sessions. OpenSSH direct is the ceiling;
 * ssh2 between two Deno processes is what this runtime reaches.
 *
 * `deno run -A tests/bench/ssh_main.ts [mebibytes of text] [idle sessions] [keystrokes]`
 *
 * @module
 */
import { startSystem, type System } from "#deploy/demo/system.ts";
import { processKinds } from "#deploy/processes.ts";
import { runTool, startProcess } from "#deploy/machine/process.ts";
import { say } from "./print.ts";
import { echoTimes, idleSessions } from "./ssh_sessions.ts";
import { cpuSeconds, median, peakMebibytes, resetPeak, residentMebibytes } from "./tools.ts";

const [mebibytes = 1024, idle = 500, keystrokes = 300] = Deno.args.map(Number);
const directory = await Deno.makeTempDir({ prefix: "sallyport-bench-" });
const root = new URL("../../", import.meta.url).pathname;

await using system = await startSystem({
  directory,
  say,
  ephemeral: true,
  syncAlways: true,
  kinds: processKinds.filter((kind) => kind !== "console"),
  configure: (text) => text.replace(/^limits:/m, "limits:\n  sessions_per_principal_max: 2000"),
  policy: (text) =>
    `${text}
@id("bench") permit (principal, action, resource == Connection::"lab");
`,
});
const { lab } = system;
if (lab === null) throw new Error("Cannot run the bench: it has no SSH host");
const ways = await reach(system);

const direct = median(await echoTimes(ways.direct, keystrokes));
const ours = median(await echoTimes(ways.gateway, keystrokes));
say(
  `keystroke to echo, median of ${keystrokes}: OpenSSH ${direct.toFixed(2)} ms, sallyport ` +
    `${ours.toFixed(2)} ms, added ${(ours - direct).toFixed(2)} ms`,
);

const bytes = mebibytes * 1024 * 1024;
const line = "the quick brown fox jumps over a dog and 12 more";
const text = `yes '${line}' | head -c ${bytes}`;
const ceiling = await bulk(ways.direct);
const floor = await ssh2Rate();
for (const [, pid] of pids()) await resetPeak(pid);
const before = new Map<string, number>();
for (const [name, pid] of pids()) before.set(name, await cpuSeconds(pid));
const rate = await bulk(ways.gateway);
say(
  `${mebibytes} MiB of text: OpenSSH ${ceiling.toFixed(0)} MB/s, ssh2 ${floor.toFixed(0)} MB/s, ` +
    `sallyport ${rate.toFixed(1)} MB/s (${((rate / floor) * 100).toFixed(0)}% of ssh2)`,
);
for (const [name, pid] of pids()) {
  const used = (await cpuSeconds(pid)) - (before.get(name) ?? 0);
  const micros = ((used * 1e6) / (bytes / 1e6)).toFixed(0);
  say(`  ${name}: peak ${await peakMebibytes(pid)} MiB, ${micros} us of processor a MB`);
}

const sizes = new Map<string, number>();
for (const [name, pid] of pids()) sizes.set(name, await residentMebibytes(pid));
await using _sessions = await idleSessions(ways.gateway, idle);
let sum = 0;
for (const [name, pid] of pids()) {
  const grown = (await residentMebibytes(pid)) - (sizes.get(name) ?? 0);
  sum += grown;
  say(`  ${name}: ${grown} MiB more for ${idle} idle sessions`);
}
say(`${idle} idle sessions: ${sum} MiB more, all processes together`);

function pids(): [string, number][] {
  const kinds = processKinds.filter((kind) => kind !== "console" && kind !== "edge");
  return [
    ["nats-server", system.nats.pid],
    ...kinds.map((kind) => [kind, system.actor(kind).pid] as [string, number]),
  ];
}

/** The commands that lead to the host, by its key and through the gateway by a token. */
async function reach(system: System): Promise<{ direct: string[]; gateway: string[] }> {
  const key = `${directory}/bench.key`;
  const token = `${directory}/bench.token`;
  const ask = `${directory}/bench.ask`;
  await Deno.writeTextFile(key, system.lab?.privateKey ?? "", { mode: 0o600 });
  await Deno.writeTextFile(token, system.tokens.nurse, { mode: 0o600 });
  await Deno.writeTextFile(ask, `#!/bin/sh\ncat ${token}\n`, { mode: 0o700 });
  const quiet = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"];
  const unknown = ["-o", `UserKnownHostsFile=${directory}/bench.hosts`];
  const at = "lab@127.0.0.1";
  const asked = ["env", `SSH_ASKPASS=${ask}`, "SSH_ASKPASS_REQUIRE=force", "DISPLAY=none"];
  const byToken = ["-o", "PubkeyAuthentication=no"];
  return {
    direct: ["ssh", ...quiet, ...unknown, "-i", key, "-p", String(system.lab?.port), at],
    gateway: [...asked, "ssh", ...quiet, ...unknown, ...byToken, "-p", String(system.ssh.port), at],
  };
}

/** Megabytes a second of the text, counted at the client. */
async function bulk(way: readonly string[]): Promise<number> {
  const [program = "", ...args] = way;
  const child = new Deno.Command(program, {
    args: [...args, text],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const startedMs = performance.now();
  let count = 0;
  for await (const chunk of child.stdout) count += chunk.length;
  await child.status;
  if (count !== bytes) throw new Error(`Only ${count} of ${bytes} bytes came`);
  return bytes / 1000 / (performance.now() - startedMs);
}

/** Both ends of ssh2, each a process. */
async function ssh2Rate(): Promise<number> {
  const ready = Promise.withResolvers<{ port: number; hostKey: string }>();
  const script = (name: string) =>
    ["run", "-A", "--no-check", `--config=${root}deno.json`]
      .concat(`${root}tests/bench/${name}`);
  await using _server = await startProcess({
    name: "ssh2 server",
    command: Deno.execPath(),
    args: script("ssh2_server_main.ts"),
    ready: /hostKey/,
    onLine: (line) => line.includes("hostKey") && ready.resolve(JSON.parse(line)),
  });
  const { port, hostKey } = await ready.promise;
  const args = [...script("ssh2_client_main.ts"), String(port), hostKey, "bench", "bench"];
  const result = await runTool(Deno.execPath(), [...args, String(bytes)], { waitMs: 300_000 });
  if (!result.success) throw new Error(`ssh2 failed: ${result.stderr}`);
  const { ms } = JSON.parse(result.stdout);
  return bytes / 1000 / Number(ms);
}
