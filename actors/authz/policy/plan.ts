/**
 * From lineage and revealed classes to the mask plan.
 *
 * An operator other than `redact` keeps something of its value (its ends, its year, its equality),
 * which its author weighed for the bare value of one class. A derived value may hold anything of
 * it, a mixture more than its worst part, so both are redacted.
 *
 * **Invariant:** a column is kept only when it is understood and every class it derives from is
 * revealed; the server's words are kept only when nothing unrevealed can stand in them.
 *
 * @module
 */
import type { Effect, OutputColumn, StatementAnalysis } from "#schemas/analysis.ts";
import type { Config } from "#schemas/config.ts";
import type { ColumnPlan, MaskPlan, Operator, ResultPlan } from "#schemas/mask_plan.ts";
import { opaqueClass } from "#schemas/policy_schema.ts";

type Classes = Config["classes"];

/** One answer that the protocol foresees, and the statement it answers. */
export type Position = Pick<ResultPlan, "answers" | "statement" | "formats"> & {
  readonly analysis: StatementAnalysis;
};

/**
 * The plan of a request: one result for each position, in order. `analyses` are all statements of
 * the request, those without a position too, since their errors come back as well.
 */
export function maskPlan(
  positions: readonly Position[],
  analyses: readonly StatementAnalysis[],
  revealed: readonly string[],
  classes: Classes,
): MaskPlan {
  const results = positions.map(({ answers, statement, formats, analysis }) => ({
    answers,
    statement,
    formats: [...formats],
    columns: columnsPlan(
      analysis.columns,
      revealed,
      classes,
      smallGroupsOf(analysis, revealed, classes),
    ),
    copy: analysis.copy?.direction === "out" ? analysis.copy.format : null,
  }));
  const statements = [...analyses, ...positions.map(({ analysis }) => analysis)];
  return { results, errors: errorsPlan(statements, revealed) };
}

/**
 * The plan of each output column; empty when the statement returns no rows. What is made of groups
 * of rows that are too small is masked as the classes of `smallGroups`.
 */
export function columnsPlan(
  columns: readonly OutputColumn[] | null,
  revealed: readonly string[],
  classes: Classes,
  smallGroups: readonly string[] = [],
): ColumnPlan[] {
  const visible = new Set(revealed);
  return (columns ?? []).map((column) => {
    const plan = columnPlan(column, visible, classes);
    if (column.aggregate !== true || smallGroups.length === 0) return plan;
    return { ...plan, classes: [...new Set([...plan.classes, ...smallGroups])], mask: redact() };
  });
}

/**
 * The classes that choose rows in a statement, are not revealed and want larger groups
 * (`aggregate_rows_min`) than it is proven to make. What is not understood may be any class.
 */
export function smallGroupsOf(
  { classesFiltered, aggregateRowsMin = 0 }: StatementAnalysis,
  revealed: readonly string[],
  classes: Classes,
): string[] {
  const chosen = classesFiltered.includes(opaqueClass) ? Object.keys(classes) : classesFiltered;
  return chosen.filter((name) => {
    const wanted = Object.hasOwn(classes, name) ? classes[name]?.aggregate_rows_min ?? 0 : 0;
    return wanted > aggregateRowsMin && !revealed.includes(name);
  });
}

/** Effects under which the server says more than lineage can see: it runs code, casts a table. */
const unseen: readonly Effect[] = ["execute", "define", "administer", "escape"];

/**
 * Whether the server's words may pass: only when no statement read, filtered by or wrote a class
 * that is not revealed, nothing is opaque, and no effect reaches past what lineage follows.
 */
export function errorsPlan(
  analyses: readonly StatementAnalysis[],
  revealed: readonly string[],
): MaskPlan["errors"] {
  const visible = new Set(revealed);
  const plain = analyses.every((one) => {
    const columns = one.columns ?? [];
    const shown = columns.flatMap((column) => column.classes);
    const touched = [...one.classesRead, ...one.classesFiltered, ...one.classesWritten, ...shown];
    return touched.every((name) => visible.has(name)) &&
      !columns.some(({ opaque }) => opaque) &&
      !one.details.includes("hidden_code") &&
      !one.effects.some((effect) => unseen.includes(effect));
  });
  return plain ? "keep" : "generic";
}

function columnPlan(
  column: OutputColumn,
  revealed: ReadonlySet<string>,
  classes: Classes,
): ColumnPlan {
  const { origin } = column;
  if (column.opaque) {
    const named = column.classes.filter((name) => name !== opaqueClass);
    return { classes: [...named, opaqueClass], mask: redact(), origin };
  }
  const hidden = [...new Set(column.classes.filter((name) => !revealed.has(name)))];
  return { classes: [...column.classes], mask: maskOf(hidden, origin !== null, classes), origin };
}

function maskOf(hidden: readonly string[], bare: boolean, classes: Classes): Operator {
  const [name, ...others] = hidden;
  if (name === undefined) return { operator: "keep" };
  if (others.length > 0 || !bare || !Object.hasOwn(classes, name)) return redact();
  const mask = classes[name]?.mask ?? redact();
  // The configuration refuses `keep`; a class that is not revealed is masked all the same.
  return mask.operator === "keep" ? redact() : mask;
}

function redact(): Operator {
  return { operator: "redact" };
}
