/**
 * The runs that a seed stands for, and how what they found is told.
 *
 * @module
 */
import { chance } from "./clock.ts";
import { drawFaults, noFaults } from "./faults.ts";
import { type Result, runScenario } from "./scenario.ts";

const size = { agents: 6, moves: 12, troubledMs: 120_000 } as const;

/** A run under the faults that its seed draws. */
export function runSeed(seed: number): Promise<Result> {
  return runScenario({ seed, ...size, faults: drawFaults(chance(seed).fork("draw")) });
}

/** A run in which nothing fails. */
export function runCalm(seed: number): Promise<Result> {
  return runScenario({ seed, ...size, faults: noFaults });
}

/** A run in which nothing fails but messages that nobody stores: credit, notices, releases. */
export function runLossy(seed: number): Promise<Result> {
  const faults = { ...noFaults, passing: { lost: 0.2, twice: 0.1, late: 0.1 } };
  return runScenario({ seed, ...size, faults });
}

/** A run of commands over SSH: under the faults that its seed draws, or with none. */
export function runSsh(seed: number, weather: "faults" | "calm"): Promise<Result> {
  const faults = weather === "calm" ? noFaults : drawFaults(chance(seed).fork("draw"));
  return runScenario({ seed, ...size, agents: 0, sshAgents: 6, faults });
}

/** What a run found, with the record of the sessions that it names, and of these. */
export function summary(seed: number, result: Result, names: readonly string[] = []): string {
  const { findings, describe } = result;
  const found = findings.slice(0, 8);
  const named = found.join(" ").match(/agent\d+-\d+|(?<=pg\d\/)[\w-]{20}/g) ?? [];
  const sessions = [...new Set([...names, ...named])].slice(0, 3);
  return [
    `seed ${seed}: ${findings.length === 0 ? "ok" : `${findings.length} findings`}`,
    ...found,
    ...sessions.flatMap((name) => ["", ...describe(name)]),
  ].join("\n");
}
