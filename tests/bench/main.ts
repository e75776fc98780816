/**
 * `deno task bench`: direct, through a null relay, pgbouncer, the bare skeleton and Sallyport in
 * turns, with fsync and without, and what bulk results reach. Machines are shared, so the ratios
 * are what counts.
 *
 * `deno task bench [bulk] [rounds of pgbench runs] [rows of a bulk result]`; with `bulk`, bulk
 * results without fsync only. Results of other shapes are measured by `shapes_main.ts`, SSH by
 * `ssh_main.ts`, what it takes to judge a statement by `judging_main.ts`, each with `deno run -A`.
 *
 * @module
 */
import { bulk } from "./bulk.ts";
import { print, say } from "./print.ts";
import { type BenchRig, processorTimes, startBenchRig } from "./rig.ts";
import { skeleton } from "./skeleton.ts";
import { inTurns, type Results, tableOf } from "./statements.ts";
import { nullRelay, peakMebibytes, pgbench, tool } from "./tools.ts";

const bulkOnly = Deno.args[0] === "bulk";
const [rounds = 4, bulkRows = 100_000] = Deno.args.slice(bulkOnly ? 1 : 0).map(Number);
const clients = [1, 8, 32];
/** Of one run of pgbench; long enough that its connecting does not count. */
const seconds = 2;
const modes = bulkOnly ? ["no fsync"] as const : ["fsync", "no fsync"] as const;
const tables: string[] = [];

const tools = ["postgresql-client", "postgresql-15", "postgresql-17"];
const bench = await tool(tools, "pgbench", say);

for (const mode of modes) {
  const syncAlways = mode === "fsync";
  await using rig = await startBenchRig({ syncAlways, say });
  if (!bulkOnly) tables.push(mode, ...await statements(rig, syncAlways), "");
  for (const [name, pid] of rig.processes) {
    print(`  peak of ${name}: ${await peakMebibytes(pid)} MiB`);
  }
  await bulk(rig, { rows: bulkRows, say: print, big: mode === "no fsync" });
}
for (const line of tables) print(line);
Deno.exit(0);

async function statements(rig: BenchRig, syncAlways: boolean): Promise<string[]> {
  const { direct, gateway } = rig;
  await using stack = new AsyncDisposableStack();
  const relay = await nullRelay(direct.host, direct.port);
  stack.defer(relay.stop);
  const pooled = await rig.pooled();
  stack.defer(pooled.stop);
  const bare = stack.use(await skeleton(direct.port, { syncAlways, say }));
  const before = await processorTimes(rig);
  const results = await inTurns(
    new Map([
      ["direct", direct],
      ["null relay", { ...direct, port: relay.port }],
      ["pgbouncer", pooled.target],
      ["bare skeleton", { ...direct, port: bare.port }],
      ["sallyport", gateway],
    ]),
    { clients, rounds, say, run: (target, count) => pgbench(bench, target, count, seconds) },
  );
  await sayTimes(rig, before, results);
  return tableOf(results, "direct", "bare skeleton");
}

/** Where the time goes: processor time of each process over the runs. */
async function sayTimes(
  rig: BenchRig,
  before: Map<string, number>,
  results: Results,
): Promise<void> {
  const runs = [...results.get("sallyport")?.values() ?? []];
  const perSecond = runs.reduce((sum, run) => sum + run.perSecond, 0);
  for (const [name, after] of await processorTimes(rig)) {
    const used = after - (before.get(name) ?? 0);
    const micros = (used / (perSecond * seconds * rounds)) * 1e6;
    print(`  ${name}: ${used.toFixed(1)} s of processor, ${micros.toFixed(0)} us a statement`);
  }
}
