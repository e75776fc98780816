/**
 * How many rows a request is expected to give, and by whose guess, for people.
 *
 * @module
 */
import { rowsUnknown, type StatementAnalysis } from "#schemas/analysis.ts";

/** `rows` is null where nobody can guess, `by` where policy does not look at rows. */
export type ExpectedRows = {
  readonly rows: number | null;
  readonly by: NonNullable<StatementAnalysis["estimatedBy"]> | null;
};

/** The rows of all statements together; by the planner where all that are looked at are by it. */
export function expectedRows(
  statements: readonly Pick<StatementAnalysis, "estimatedRows" | "estimatedBy">[],
): ExpectedRows {
  const guesses = statements.flatMap(({ estimatedBy }) => estimatedBy ?? []);
  const rows = statements.reduce((sum, one) => sum + Math.ceil(one.estimatedRows), 0);
  return {
    rows: rows >= rowsUnknown ? null : rows,
    by: guesses.includes("catalog") ? "catalog" : guesses[0] ?? null,
  };
}

/** `about 5,000 rows by the server's planner`. */
export function expectedRowsText({ rows, by }: ExpectedRows): string {
  if (rows === null) return "nobody knows how many rows";
  const count = rows === 1 ? "about 1 row" : `about ${rows.toLocaleString("en-US")} rows`;
  if (by === null) return count;
  return `${count} by ${by === "planner" ? "the server's planner" : "the catalog's statistics"}`;
}
