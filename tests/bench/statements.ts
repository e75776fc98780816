/**
 * `pgbench -S` through several ways to one database, in turns.
 *
 * Theory of operation. A shared machine runs at half its speed for minutes and at full speed for
 * the next: what is measured one after the other cannot be compared. So every way is open at once,
 * and each round gives each of them a short run; the next round goes the other way round. What is
 * reported of a way is the median of all its statements and its rate over all its runs.
 *
 * @module
 */
import { median, type PgbenchRun, type Target } from "./tools.ts";

/** Statements a second, and the median time of one, milliseconds. */
export type Figures = { readonly perSecond: number; readonly latencyMs: number };
/** The figures of each way, by its name, for each number of clients. */
export type Results = ReadonlyMap<string, ReadonlyMap<number, Figures>>;

export type Rounds = {
  readonly clients: readonly number[];
  readonly rounds: number;
  /** One run: through `target`, with so many clients. */
  run(target: Target, clients: number): Promise<PgbenchRun>;
  readonly say: (text: string) => void;
};

/** Measures all ways. */
export async function inTurns(
  ways: ReadonlyMap<string, Target>,
  { clients, rounds, run, say }: Rounds,
): Promise<Results> {
  const results = new Map<string, Map<number, Figures>>();
  for (const name of ways.keys()) results.set(name, new Map());
  for (const count of clients) {
    const runs = new Map<string, PgbenchRun[]>();
    for (let round = 0; round < rounds; round++) {
      const order = [...ways];
      if (round % 2 === 1) order.reverse();
      for (const [name, target] of order) {
        runs.set(name, [...runs.get(name) ?? [], await run(target, count)]);
      }
    }
    for (const [name, done] of runs) {
      const found = figuresOf(done);
      results.get(name)?.set(count, found);
      const { perSecond, latencyMs } = found;
      say(
        `${name}, ${count} clients: ${perSecond.toFixed(0)}/s, median ${latencyMs.toFixed(2)} ms`,
      );
    }
  }
  return results;
}

function figuresOf(runs: readonly PgbenchRun[]): Figures {
  const rates = runs.reduce((sum, { perSecond }) => sum + perSecond, 0);
  return {
    perSecond: rates / runs.length,
    latencyMs: median(runs.flatMap(({ latenciesMs }) => latenciesMs)),
  };
}

/** The table of one mode: `direct` is what adds nothing, `bare` what the architecture costs. */
export function tableOf(results: Results, direct: string, bare: string): string[] {
  const of = (name: string, count: number) => results.get(name)?.get(count);
  const floor = of(direct, 1)?.latencyMs ?? NaN;
  const bareAdded = (of(bare, 1)?.latencyMs ?? NaN) - floor;
  const lines = [
    "| pgbench -S | 1 client, median | added | of skeleton | 8 clients | 32 clients | of direct | of skeleton |",
    "|---|---|---|---|---|---|---|---|",
  ];
  for (const name of results.keys()) {
    const added = (of(name, 1)?.latencyMs ?? NaN) - floor;
    const many = of(name, 32)?.perSecond ?? NaN;
    const cells = [
      name,
      `${(added + floor).toFixed(2)} ms`,
      `${added.toFixed(2)} ms`,
      added < bareAdded ? "" : `${(added / bareAdded).toFixed(2)} times`,
      `${(of(name, 8)?.perSecond ?? NaN).toFixed(0)}/s`,
      `${many.toFixed(0)}/s`,
      percent(many, of(direct, 32)?.perSecond),
      added < bareAdded ? "" : percent(many, of(bare, 32)?.perSecond),
    ];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return lines;
}

function percent(part: number, whole = NaN): string {
  return `${((part / whole) * 100).toFixed(0)}%`;
}
