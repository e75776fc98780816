/**
 * `deno task bench`: direct, through a null relay, pgbouncer, the bare skeleton and Sallyport in one
 * run, with ratios. Machines are shared, so the ratios are what counts.
 *
 * `deno task bench [bulk] [seconds of each pgbench run] [rows of a bulk result]`; with `bulk`,
 * bulk results without fsync only. SSH is measured by `deno run -A tests/bench/ssh_main.ts`.
 *
 * @module
 */
import { startSystem, type System } from "#deploy/demo/system.ts";
import { processKinds } from "#deploy/processes.ts";
import { benchConfiguration, benchPolicy, bulk, prepareBench } from "./bulk.ts";
import { skeleton } from "./skeleton.ts";
import {
  type BenchRun,
  cpuSeconds,
  nullRelay,
  peakMebibytes,
  pgbench,
  pgbouncer,
  type Target,
  tool,
} from "./tools.ts";

const bulkOnly = Deno.args[0] === "bulk";
const [seconds = 5, bulkRows = 100_000] = Deno.args.slice(bulkOnly ? 1 : 0).map(Number);
const clients = [1, 8, 32];
const modes = bulkOnly ? ["no fsync"] as const : ["fsync", "no fsync"] as const;
const results: Record<string, Record<number, BenchRun>> = {};

const bench = await tool(["postgresql-client", "postgresql-15", "postgresql-17"], "pgbench", say);
const bouncer = await tool(["pgbouncer"], "pgbouncer", say);

for (const mode of modes) {
  const directory = await Deno.makeTempDir({ prefix: "sallyport-bench-" });
  await using system = await startSystem({
    directory,
    say,
    ephemeral: true,
    syncAlways: mode === "fsync",
    kinds: processKinds.filter((kind) => kind !== "console"),
    configure: benchConfiguration,
    policy: benchPolicy,
    prepare: prepareBench,
  });
  const { postgres, edge, tokens } = system;
  const user = "gateway_ehr";
  const password = await Deno.readTextFile(`${directory}/secrets/ehr.password`);
  const base = { host: "127.0.0.1", database: "ehr" };
  const direct: Target = { ...base, port: postgres.port, user, password };
  const gateway: Target = { ...base, port: edge.port, user: "agent", password: tokens.agent };
  if (mode === "fsync") {
    await measure("direct", direct);
    const relay = await nullRelay("127.0.0.1", postgres.port);
    await measure("null relay", { ...direct, port: relay.port });
    relay.stop();
    const certificate = {
      certFile: `${directory}/certificates/edge.crt`,
      keyFile: `${directory}/certificates/edge.key`,
    };
    await makeReadable(certificate.certFile, certificate.keyFile, directory);
    const pooled = await pgbouncer(bouncer, direct, certificate);
    await measure("pgbouncer", { ...direct, port: pooled.port });
    await pooled.stop();
  }
  if (!bulkOnly) {
    await using bare = await skeleton(postgres.port, { syncAlways: mode === "fsync", say });
    await measure(`bare skeleton, ${mode}`, { ...direct, port: bare.port });
  }
  if (!bulkOnly) {
    const before = await times(system);
    await measure(`sallyport, ${mode}`, gateway);
    await sayTimes(system, before, mode);
  }
  for (const [name, pid] of pids(system)) {
    print(`  peak of ${name}: ${await peakMebibytes(pid)} MiB`);
  }
  const processes = pids(system);
  const big = mode === "no fsync";
  await bulk(system, { direct, gateway, rows: bulkRows, processes, say: print, big });
}
if (!bulkOnly) report();
Deno.exit(0);

async function measure(name: string, target: Target): Promise<void> {
  const runs: Record<number, BenchRun> = {};
  results[name] = runs;
  for (const count of clients) {
    runs[count] = await pgbench(bench, target, count, seconds);
    const { perSecond, latencyMs } = runs[count];
    say(`${name}, ${count} clients: ${perSecond.toFixed(0)}/s, median ${latencyMs.toFixed(2)} ms`);
  }
}

function report(): void {
  print("");
  print(
    "| pgbench -S | 1 client, median | added | 8 clients | 32 clients | of direct | of skeleton |",
  );
  print("|---|---|---|---|---|---|---|");
  const floor = results["direct"]?.[1]?.latencyMs ?? 0;
  const ceiling = results["direct"]?.[32]?.perSecond ?? 1;
  for (const [name, runs] of Object.entries(results)) {
    const one = runs[1]?.latencyMs ?? 0;
    const many = runs[32]?.perSecond ?? 0;
    const cells = [
      name,
      `${one.toFixed(2)} ms`,
      `${(one - floor).toFixed(2)} ms`,
      `${(runs[8]?.perSecond ?? 0).toFixed(0)}/s`,
      `${many.toFixed(0)}/s`,
      `${((many / ceiling) * 100).toFixed(1)}%`,
      ofSkeleton(name, many),
    ];
    print(`| ${cells.join(" | ")} |`);
  }
}

/** What our own code costs beside what its architecture costs on this machine. */
function ofSkeleton(name: string, perSecond: number): string {
  const [, mode] = /^sallyport, (.+)$/.exec(name) ?? [];
  const bare = results[`bare skeleton, ${mode}`]?.[32]?.perSecond;
  return bare === undefined ? "" : `${((perSecond / bare) * 100).toFixed(0)}%`;
}

function pids(system: System): [string, number][] {
  const actors = processKinds.filter((kind) => kind !== "console");
  return [
    ["nats-server", system.nats.pid],
    ...actors.map((kind) => [kind, system.actor(kind).pid] as [string, number]),
  ];
}

async function times(system: System): Promise<Map<string, number>> {
  const all = new Map<string, number>();
  for (const [name, pid] of pids(system)) all.set(name, await cpuSeconds(pid));
  return all;
}

/** Where the time goes: processor time of each process over the runs. */
async function sayTimes(
  system: System,
  before: Map<string, number>,
  mode: string,
): Promise<void> {
  const runs = results[`sallyport, ${mode}`] ?? {};
  const statements = Object.values(runs).reduce((sum, run) => sum + run.perSecond * seconds, 0);
  for (const [name, pid] of pids(system)) {
    const used = (await cpuSeconds(pid)) - (before.get(name) ?? 0);
    const micros = (used / statements) * 1e6;
    print(`  ${name}: ${used.toFixed(1)} s of processor, ${micros.toFixed(0)} us a statement`);
  }
}

async function makeReadable(cert: string, key: string, directory: string): Promise<void> {
  // pgbouncer gives up root, and reads its certificate as somebody else.
  await Deno.chmod(cert, 0o644);
  await Deno.chmod(key, 0o644);
  await Deno.chmod(`${directory}/certificates`, 0o755);
  await Deno.chmod(directory, 0o755);
}

function say(line: string): void {
  print(`[bench] ${line}`);
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
