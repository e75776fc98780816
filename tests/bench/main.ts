/**
 * `deno task bench`: direct, through a null relay, pgbouncer, the bare skeleton and Sallyport in
 * one run, with ratios. Machines are shared, so the ratios are what counts.
 *
 * `deno task bench [bulk] [seconds of each pgbench run] [rows of a bulk result]`; with `bulk`,
 * bulk results without fsync only. Results of other shapes are measured by `shapes_main.ts`, SSH by
 * `ssh_main.ts`, what it takes to judge a statement by `judging_main.ts`, each with `deno run -A`.
 *
 * @module
 */
import { bulk } from "./bulk.ts";
import { print, say } from "./print.ts";
import { type BenchRig, processorTimes, startBenchRig } from "./rig.ts";
import { skeleton } from "./skeleton.ts";
import { type BenchRun, nullRelay, peakMebibytes, pgbench, type Target, tool } from "./tools.ts";

const bulkOnly = Deno.args[0] === "bulk";
const [seconds = 5, bulkRows = 100_000] = Deno.args.slice(bulkOnly ? 1 : 0).map(Number);
const clients = [1, 8, 32];
const modes = bulkOnly ? ["no fsync"] as const : ["fsync", "no fsync"] as const;
const results: Record<string, Record<number, BenchRun>> = {};

const bench = await tool(["postgresql-client", "postgresql-15", "postgresql-17"], "pgbench", say);

for (const mode of modes) {
  await using rig = await startBenchRig({ syncAlways: mode === "fsync", say });
  const { direct, gateway, processes } = rig;
  if (mode === "fsync") {
    await measure("direct", direct);
    const relay = await nullRelay(direct.host, direct.port);
    await measure("null relay", { ...direct, port: relay.port });
    relay.stop();
    const pooled = await rig.pooled();
    await measure("pgbouncer", pooled.target);
    await pooled.stop();
  }
  if (!bulkOnly) {
    await measureSkeleton(mode, direct);
    const before = await processorTimes(rig);
    await measure(`sallyport, ${mode}`, gateway);
    await sayTimes(rig, before, mode);
  }
  for (const [name, pid] of processes) {
    print(`  peak of ${name}: ${await peakMebibytes(pid)} MiB`);
  }
  await bulk(rig, { rows: bulkRows, say: print, big: mode === "no fsync" });
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

async function measureSkeleton(mode: string, direct: Target): Promise<void> {
  await using bare = await skeleton(direct.port, { syncAlways: mode === "fsync", say });
  await measure(`bare skeleton, ${mode}`, { ...direct, port: bare.port });
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

/** Where the time goes: processor time of each process over the runs. */
async function sayTimes(
  rig: BenchRig,
  before: Map<string, number>,
  mode: string,
): Promise<void> {
  const runs = results[`sallyport, ${mode}`] ?? {};
  const statements = Object.values(runs).reduce((sum, run) => sum + run.perSecond * seconds, 0);
  for (const [name, after] of await processorTimes(rig)) {
    const used = after - (before.get(name) ?? 0);
    const micros = (used / statements) * 1e6;
    print(`  ${name}: ${used.toFixed(1)} s of processor, ${micros.toFixed(0)} us a statement`);
  }
}
