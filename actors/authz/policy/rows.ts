/**
 * What of policy depends on how many rows a statement gives: rules that name `estimated_rows`, and
 * the effect `export`, which reading many protected rows is.
 *
 * @module
 */
import { Effect, type StatementAnalysis } from "#schemas/analysis.ts";
import type { PolicySet } from "./cedar.ts";
import { seenBy } from "./slices.ts";

/** Whether any rule can see how many rows are expected. */
export function seesRows(policy: PolicySet): boolean {
  const known = memo.get(policy);
  if (known !== undefined) return known;
  const seen = seenBy([...policy.rules.values()]);
  const sees = seen === "everything" || seen.has("estimated_rows");
  memo.set(policy, sees);
  return sees;
}

const memo = new WeakMap<PolicySet, boolean>();

/** How many rows are expected, and who says so. */
export type Expected = {
  readonly rows: number;
  readonly by: NonNullable<StatementAnalysis["estimatedBy"]>;
};

/**
 * A statement that is expected to give so many rows. Of one that is an export by its rows alone,
 * they decide whether it is.
 */
export function withRows(
  analysis: StatementAnalysis,
  { rows, by }: Expected,
  exportsAbove: number | null,
): StatementAnalysis {
  const effects = exportsAbove === null
    ? analysis.effects
    : Effect.options.filter((effect) =>
      effect === "export" ? rows > exportsAbove : analysis.effects.includes(effect)
    );
  return { ...analysis, effects, estimatedRows: rows, estimatedBy: by };
}
