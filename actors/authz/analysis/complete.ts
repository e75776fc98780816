/**
 * The finished analysis of a statement, from what was judged and what its run gathered.
 *
 * **Invariant:** after an unresolved relation, or with columns of unknown number, every output
 * column is opaque.
 *
 * @module
 */
import {
  bareName,
  type ClassFilter,
  Effect,
  FilterKind,
  type OutputColumn,
  rowsUnknown,
  type StatementAnalysis,
} from "#schemas/analysis.ts";
import { isLasting } from "./builtin_functions.ts";
import type { Run } from "./run.ts";
import type { Output } from "./scope.ts";
import type { Judged } from "./statement.ts";

export function completed(judged: Judged, run: Run): StatementAnalysis {
  const columns = judged.output === null ? null : outputColumns(judged.output, run.unresolved);
  // A statement that PostgreSQL refuses yields no rows and compares nothing; its error says why.
  const rows = run.unknownColumn ? 0 : expectedRows(judged.output, run);
  if (run.unknownColumn) run.filtered.delete("opaque");
  if (run.filtered.size > 0) run.effects.add("filter_by");
  const isChosen = run.calls.givingRows > 0 || run.generated.size > 0;
  if (isChosen && leavesSomething(run)) run.effects.add("declassify");
  const isBulk = columns !== null && rows > run.limits.bulkRows && run.classified;
  if (isBulk) run.effects.add("export");
  const effects = Effect.options.filter((effect) => run.effects.has(effect));
  const filters = filtersOf(run);
  return {
    command: judged.command,
    effects,
    details: [...run.details].sort(),
    relations: [...run.relations].sort(),
    functions: [...run.functions].sort(),
    classesRead: [...new Set(columns?.flatMap(({ classes }) => classes))].sort(),
    classesFiltered: filters.map((filter) => filter.class),
    ...(filters.length === 0 ? {} : { filters }),
    ...(run.rowsMin === null ? {} : { aggregateRowsMin: run.rowsMin }),
    classesWritten: [...run.written].sort(),
    ...(run.reshaped.size === 0 ? {} : { classesReshaped: [...run.reshaped].sort() }),
    columns,
    copy: judged.copy,
    estimatedRows: Math.ceil(rows),
  };
}

/**
 * Whether rows are written, or a call leaves something behind. Where a class, or users' own code,
 * chose among rows of the statement's making, which of them that is tells the class, whatever is
 * written.
 */
function leavesSomething({ effects, details, functions }: Run): boolean {
  return effects.has("write") || details.has("create_table_as") ||
    [...functions].some((label) => isLasting(bareName(label)));
}

/** The catalog's guess; of what it does not count as many as there can be. */
function expectedRows(output: Output | null, { counted }: Run): number {
  if (output === null) return 0;
  const { rows, rowsMost = Infinity } = output;
  return counted ? Math.min(rows, rowsMost) : Math.min(rowsUnknown, rowsMost);
}

function filtersOf(run: Run): ClassFilter[] {
  return [...run.filtered.keys()].sort().map((name) => ({
    class: name,
    kinds: FilterKind.options.filter((kind) => run.filtered.get(name)?.has(kind)),
  }));
}

function outputColumns(output: Output, unresolved: boolean): OutputColumn[] {
  const hide = unresolved || output.open;
  return output.columns.map(({ name, classes, opaque, origin, aggregate }) => ({
    name,
    classes: [...classes],
    opaque: opaque || hide,
    ...(aggregate === true ? { aggregate } : {}),
    origin: hide || origin === null || origin.attribute < 1 ? null : origin,
  }));
}
