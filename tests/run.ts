/**
 * `deno task test`: everything that must pass, in stages, cheapest first. The last line says
 * `N passed, N failed`.
 *
 * Unit tests get one permission: to read `node_modules`, where the SQL parser's and the policy
 * engine's WebAssembly stand. So Deno itself proves that codecs and actors touch nothing else.
 *
 * **Invariant:** exits 0 only when every stage ran, none failed and some tests passed.
 *
 * @module
 */
import { type ProcessGroup, startGroup } from "./process_group.ts";
import { parseTotals, type StageResult, summarise } from "./tidy/results.ts";

/** A stage that takes longer than this is stopped and has failed. */
const stageMsMax = 10 * 60_000;

type Stage = {
  readonly name: string;
  readonly args: readonly string[];
  /** Says how many passed, now and then, instead of which. */
  readonly quiet?: boolean;
};

// Types are checked once, by the stage "check".
const test = ["test", "--no-prompt", "--no-check", "--parallel"] as const;

const stages: readonly Stage[] = [
  { name: "install", args: ["install", "--frozen"] },
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "check", args: ["check", "--doc"] },
  { name: "tidy", args: [...test, "--allow-read=.", "--ignore-env", "tests/tidy"] },
  {
    name: "unit",
    args: [...test, "--doc", "--allow-read=node_modules", "schemas", "actors", "deploy"],
    quiet: true,
  },
  { name: "conformance", args: [...test, "-A", "tests/conformance"] },
  {
    name: "simulation",
    args: [...test, "--allow-read=.", "--allow-env=SIMULATION_SEEDS", "tests/simulation"],
  },
  { name: "transcripts", args: [...test, "-A", "tests/transcripts"] },
  { name: "corpus", args: [...test, "-A", "tests/corpus"] },
  { name: "real", args: [...test, "-A", "tests/real"] },
];

/** What the runner says of a test that passes. */
const passes = /\.\.\. ok \(/;
const quietEvery = 250;
const colours: Record<string, string> = Deno.stdout.isTerminal() ? {} : { NO_COLOR: "1" };

const root = new URL("../", import.meta.url).pathname;
const wanted = new Set(Deno.args);
const chosen = stages.filter(({ name }) => wanted.size === 0 || wanted.has(name));
if (chosen.length < wanted.size) {
  say(`The stages are ${stages.map(({ name }) => name).join(", ")}.`);
  Deno.exit(2);
}
const reports = await Deno.makeTempDir({ prefix: "sallyport-test-" });
let running: ProcessGroup | null = null;
/** With which code we end when we are told to stop; what runs is ended with all its servers. */
let stopped: number | null = null;
for (const [signal, code] of [["SIGHUP", 129], ["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.addSignalListener(signal, () => {
    stopped = code;
    void running?.end();
  });
}
const results: StageResult[] = [];
try {
  for (const [index, stage] of chosen.entries()) {
    say(`\n== ${stage.name} (${index + 1} of ${chosen.length})`);
    const result = await run(stage, `${reports}/${stage.name}.xml`);
    results.push(result);
    if (stopped !== null) break;
    say(`== ${stage.name}: ${result.ok ? "ok" : "FAILED"}, ${seconds(result.ms)}`);
  }
} finally {
  await Deno.remove(reports, { recursive: true });
}
const { lines, ok } = summarise(results);
for (const line of ["", ...lines]) say(line);
Deno.exit(stopped ?? (ok ? 0 : 1));

/** Runs one stage with its output shown as it comes. */
async function run(stage: Stage, report: string, attempt = 1): Promise<StageResult> {
  const [verb = "", ...rest] = stage.args;
  const tests = verb === "test";
  const args = tests ? [verb, `--junit-path=${report}`, ...rest] : stage.args;
  const started = performance.now();
  // The same Deno, also where only npx brought one.
  const group = startGroup(Deno.execPath(), {
    args: [...args],
    cwd: root,
    env: colours,
    stdin: "null",
    stdout: "piped",
  });
  running = group;
  const { child } = group;
  const timer = setTimeout(() => void group.end(), stageMsMax);
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(lineStream());
  let passed = 0;
  for await (const line of lines) {
    if (stage.quiet !== true || !passes.test(line)) say(line);
    else if (++passed % quietEvery === 0) say(`… ${passed} passed`);
  }
  const { success, signal } = await child.status;
  clearTimeout(timer);
  // A test that was cut short may have left servers.
  if (!success) await group.end();
  // The linter of Deno 2.9.6 was once seen to crash while plugins ran. A check that crashed has
  // said nothing, so it runs again; tests that crash have failed.
  if (signal === "SIGSEGV" && !tests && attempt === 1) return await run(stage, report, 2);
  const ms = performance.now() - started;
  const totals = tests ? await readTotals(report) : null;
  return { name: stage.name, ok: success, ms, totals };
}

/** Null when the runner ended before it could report. */
async function readTotals(report: string): Promise<StageResult["totals"]> {
  const text = await Deno.readTextFile(report).catch(() => null);
  return text === null ? { passed: 0, failed: 0 } : parseTotals(text);
}

function lineStream(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(chunk, controller) {
      const lines = `${rest}${chunk}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) controller.enqueue(line);
    },
    flush(controller) {
      if (rest !== "") controller.enqueue(rest);
    },
  });
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
