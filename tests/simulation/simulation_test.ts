/**
 * The whole system in one process under faults. `SIMULATION_SEEDS=1000-1999` runs others.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCalm, runSeed, summary } from "./runs.ts";

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
    const result = await runCalm(seed);
    if (result.findings.length > 0) throw new Error(summary(seed, result));
    for (const [name, count] of Object.entries(result.counts)) {
      seen[name] = (seen[name] ?? 0) + count;
    }
  }
  const fatal = Object.keys(seen).filter((name) => name.startsWith("FATAL"));
  deepStrictEqual(fatal, []);
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

Deno.test("a seed is a run: the same twice", async () => {
  const [first, second] = [await runSeed(5), await runSeed(5)];
  deepStrictEqual(first.counts, second.counts);
  strictEqual(first.log.join("\n"), second.log.join("\n"));
});

async function readSeeds(): Promise<number[]> {
  const text = await Deno.readTextFile(new URL("seeds.txt", import.meta.url));
  return [...text.matchAll(/^\d+/gm)].map(([seed]) => Number(seed));
}

/** The seeds of `from-to`. */
function chosen(range: string): number[] {
  const [from = 1, to = from] = range.split("-").map(Number);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
