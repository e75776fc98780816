/** The bench's tools: pgbench runs, a null relay, pgbouncer, memory readings. @module */
import { connect, createServer, type Socket } from "node:net";
import { defaultCacheDir } from "#deploy/machine/cache.ts";
import { findDebianTool } from "#deploy/machine/debian.ts";
import { freePort, waitForPort } from "#deploy/machine/free_port.ts";
import { type Say, startProcess } from "#deploy/machine/process.ts";

export type Target = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
};
export type Tool = { readonly path: string; readonly env: Readonly<Record<string, string>> };
export type PgbenchRun = { readonly perSecond: number; readonly latenciesMs: readonly number[] };

/** Finds a tool of Debian's, or says that the bench cannot run. */
export async function tool(packages: readonly string[], name: string, say: Say): Promise<Tool> {
  const found = await findDebianTool(packages, name, { cacheDir: defaultCacheDir(), say });
  if (found === null) throw new Error(`Cannot run the bench: ${name} is not to be had`);
  return found;
}

/** `pgbench -S`: transactions a second, and from its log the time of each. */
export async function pgbench(
  pgbench: Tool,
  target: Target,
  clients: number,
  seconds: number,
): Promise<PgbenchRun> {
  const directory = await Deno.makeTempDir();
  const command = new Deno.Command(pgbench.path, {
    args: [
      ...["-n", "-S", "-c", String(clients), "-j", String(Math.min(clients, 2))],
      ...["-T", String(seconds), "-l", `--log-prefix=${directory}/log`, "-h", target.host],
      ...["-p", String(target.port), "-U", target.user, target.database],
    ],
    env: { ...pgbench.env, PGPASSWORD: target.password, PGSSLMODE: "require" },
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout, stderr, success } = await command.output();
  const text = new TextDecoder().decode(stdout);
  const match = /tps = ([\d.]+) \(without initial/.exec(text);
  if (!success || match === null) {
    const words = new TextDecoder().decode(stderr).slice(0, 600);
    throw new Error(`pgbench failed against port ${target.port}: ${words}`);
  }
  const latenciesMs = await latencies(directory);
  await Deno.remove(directory, { recursive: true });
  return { perSecond: Number(match[1]), latenciesMs };
}

/** Passes bytes both ways and does nothing else: the floor of any proxy on this runtime. */
export function nullRelay(host: string, port: number): Promise<{ port: number; stop(): void }> {
  const server = createServer((client: Socket) => {
    const upstream = connect({ host, port });
    client.setNoDelay();
    upstream.setNoDelay();
    client.pipe(upstream);
    upstream.pipe(client);
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const own = typeof address === "object" && address !== null ? address.port : 0;
      resolve({ port: own, stop: () => void server.close() });
    });
  });
}

/** pgbouncer in session pooling, TLS on both sides like everything else here. */
export async function pgbouncer(
  bouncer: Tool,
  target: Target,
  certificate: { readonly certFile: string; readonly keyFile: string },
): Promise<{ port: number; stop(): Promise<void> }> {
  const directory = await Deno.makeTempDir();
  const port = freePort();
  await Deno.writeTextFile(
    `${directory}/users.txt`,
    `"${target.user}" "${target.password}"\n`,
  );
  await Deno.writeTextFile(
    `${directory}/pgbouncer.ini`,
    [
      "[databases]",
      `${target.database} = host=${target.host} port=${target.port} dbname=${target.database}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = plain",
      `auth_file = ${directory}/users.txt`,
      "pool_mode = session",
      "default_pool_size = 64",
      "max_client_conn = 200",
      "client_tls_sslmode = require",
      `client_tls_cert_file = ${certificate.certFile}`,
      `client_tls_key_file = ${certificate.keyFile}`,
      "server_tls_sslmode = require",
      "ignore_startup_parameters = extra_float_digits",
      "",
    ].join("\n"),
  );
  await Deno.chmod(directory, 0o755);
  const root = Deno.uid() === 0;
  const running = await startProcess({
    name: "pgbouncer",
    command: bouncer.path,
    args: root ? ["-u", "nobody", `${directory}/pgbouncer.ini`] : [`${directory}/pgbouncer.ini`],
    env: { ...bouncer.env },
  });
  await waitForPort(port, 5000);
  return { port, stop: () => running.stop() };
}

/** The highest resident memory of a process so far, MiB (VmHWM of /proc). */
export async function peakMebibytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
}

/** The resident memory of a process, MiB (VmRSS of /proc). */
export async function residentMebibytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
}

/** Begins the measure of the highest resident memory anew. */
export async function resetPeak(pid: number): Promise<void> {
  await Deno.writeTextFile(`/proc/${pid}/clear_refs`, "5").catch(() => {});
}

/** User and system time of a process so far, seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

async function latencies(directory: string): Promise<number[]> {
  const all: number[] = [];
  for await (const entry of Deno.readDir(directory)) {
    const text = await Deno.readTextFile(`${directory}/${entry.name}`);
    for (const line of text.split("\n")) {
      const micros = Number(line.split(" ")[2]);
      if (Number.isFinite(micros)) all.push(micros / 1000);
    }
  }
  return all;
}
