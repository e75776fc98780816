/**
 * How many rows a request is expected to give, and by whose guess, for people.
 *
 * @module
 */
import type { StatementAnalysis } from "#schemas/analysis.ts";

type By = NonNullable<StatementAnalysis["estimatedBy"]>;
export type ExpectedRows = { readonly rows: number; readonly by: By };

/**
 * The rows of all statements together; `by` is the least sure of them. Null where policy does not
 * look at rows.
 */
export function expectedRows(
  statements: readonly Pick<StatementAnalysis, "estimatedRows" | "estimatedBy">[],
): ExpectedRows | null {
  const by = leastSure.find((one) => statements.some(({ estimatedBy }) => estimatedBy === one));
  if (by === undefined) return null;
  return { rows: statements.reduce((sum, one) => sum + Math.ceil(one.estimatedRows), 0), by };
}

/** `about 5,000 rows by the server's planner`. */
export function expectedRowsText({ rows, by }: ExpectedRows): string {
  if (by === "nobody") return "nobody knows how many rows";
  const count = rows === 1 ? "1 row" : `${rows.toLocaleString("en-US")} rows`;
  const whose = { planner: "the server's planner", catalog: "the catalog's statistics" }[by];
  return `about ${count} by ${whose}`;
}

const leastSure: readonly By[] = ["nobody", "catalog", "planner"];
