/**
 * Which statements the server's planner may be asked about, to know how many rows they give.
 *
 * Planning runs code: functions that are not volatile, to fold them into constants, and whatever
 * stands behind users' types, operators and row security. So a statement is plannable only when
 * nothing but reading comes of it; users' code, and a function of PostgreSQL's that is not known to
 * be harmless, give it an effect or a detail more. And it is planned in another session than it
 * runs in, so what it names must be there too.
 *
 * **Invariant:** what is not surely harmless to plan is not plannable; the catalog's statistics
 * serve for it.
 *
 * @module
 */
import type { StatementAnalysis } from "#schemas/analysis.ts";
import type { Run } from "./run.ts";
import type { Judged } from "./statement.ts";

/** What is to be known of a statement before its rows are weighed. */
export type Plannable = {
  /** It is an `export` by its rows alone. */
  readonly exportsByRows: boolean;
  /** More than this there cannot be; Infinity where nothing says so. */
  readonly rowsMost: number;
};

/** Null for a statement that must not, or cannot, be planned ahead. */
export function plannable(
  judged: Judged,
  analysis: StatementAnalysis,
  run: Run,
): Plannable | null {
  const { command, effects, details } = analysis;
  const { searchPath, temporary, unsettled } = run.session;
  if (command !== "SELECT" || judged.output === null || judged.change !== null) return null;
  if (searchPath === null || temporary.size > 0 || unsettled) return null;
  if (run.unresolved || run.unknownColumn || details.length > 0) return null;
  if (!effects.every((effect) => harmless.has(effect))) return null;
  const rowsMost = judged.output.rowsMost ?? Infinity;
  return { exportsByRows: run.classified, rowsMost };
}

const harmless: ReadonlySet<string> = new Set(["read", "filter_by", "export"]);
