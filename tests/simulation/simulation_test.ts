/**
 * The whole system in one process under faults. `SIMULATION_SEEDS=1000-1999` runs others.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCalm, runLossy, runSeed, summary } from "./runs.ts";
import type { Result } from "./scenario.ts";

const kept = await readSeeds();

for (const seed of new Set([...kept, ...chosen(Deno.env.get("SIMULATION_SEEDS") ?? "1-20")])) {
  Deno.test(`under faults: seed ${seed}`, async () => {
    const result = await runSeed(seed);
    if (result.findings.length > 0) throw new Error(summary(seed, result));
    ok((result.counts["answered"] ?? 0) > 0, "agents were answered");
  });
}

Deno.test("in calm: every agent is served, and no session ends but by its agent", async () => {
  const seen: Record<string, number> = {};
  for (let seed = 1; seed <= 6; seed++) {
    const result = await served(seed, runCalm);
    for (const [name, count] of Object.entries(result.counts)) {
      seen[name] = (seen[name] ?? 0) + count;
    }
  }
  // What the runs are about did happen.
  const happened = [
    "executed",
    "failed",
    "planned",
    "granted",
    "denied",
    "held and answered",
    "vanished",
  ];
  const refused = ["cancels", "approver_is_requester", "ERROR 42501", "ERROR 54000"];
  for (const name of [...happened, ...refused, "turn of the month"]) {
    ok((seen[name] ?? 0) > 0, name);
  }
});

Deno.test("what is said without being stored may be lost: every agent is served", async () => {
  for (const seed of [2, 3]) await served(seed, runLossy);
});

Deno.test("a seed is a run: the same twice", async () => {
  const [first, second] = [await runSeed(5), await runSeed(5)];
  deepStrictEqual(first.counts, second.counts);
  strictEqual(first.log.join("\n"), second.log.join("\n"));
});

/** A run in which no session ends but by its agent. */
async function served(seed: number, run: (seed: number) => Promise<Result>): Promise<Result> {
  const result = await run(seed);
  const fatal = Object.keys(result.counts).filter((name) => name.startsWith("FATAL"));
  if (result.findings.length > 0 || fatal.length > 0) {
    throw new Error(`${fatal.join()} ${summary(seed, result)}`);
  }
  return result;
}

async function readSeeds(): Promise<number[]> {
  const text = await Deno.readTextFile(new URL("seeds.txt", import.meta.url));
  return [...text.matchAll(/^\d+/gm)].map(([seed]) => Number(seed));
}

/** The seeds of `from-to`. */
function chosen(range: string): number[] {
  const [from = 1, to = from] = range.split("-").map(Number);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
