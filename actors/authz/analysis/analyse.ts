/**
 * SQL text in, what it means out (design 6): the parse tree of PostgreSQL's own parser, walked with
 * the catalog and the state of the session.
 *
 * **Invariant:** every string is answered by an analysis of each of its statements or by one
 * refusal; nothing throws, and no message repeats a value.
 *
 * @module
 */
import type { Refusal, StatementAnalysis } from "#schemas/analysis.ts";
import type { Schema } from "./catalog_index.ts";
import { completed } from "./complete.ts";
import { parserFor } from "./older_server.ts";
import type { Parser } from "./parser.ts";
import type { Probe } from "./probes.ts";
import { type AnalysisLimits, newRun, TooComplex } from "./run.ts";
import { applyChange, type SessionChange, type SessionState } from "./session.ts";
import { type Plannable, plannable } from "./plannable.ts";
import { keepsVerbatim } from "./shape.ts";
import { judgeStatement } from "./statement.ts";
import { fields, isWithin, items, node, number } from "./tree.ts";

export { indexCatalog, isClassified, type Schema } from "./catalog_index.ts";
export { loadParser, type Parsed, type Parser } from "./parser.ts";
export type { AnalysisLimits } from "./run.ts";
export {
  applyChange,
  applyFailure,
  applyRequest,
  type Cursor,
  freshSession,
  type Prepared,
  type SessionChange,
  type SessionState,
  settled,
} from "./session.ts";
export { shapeOf } from "./shape.ts";

/** One statement of a string, with its byte offsets (UTF-8) and what it does to the session. */
export type AnalysedStatement = {
  readonly analysis: StatementAnalysis;
  readonly start: number;
  readonly end: number;
  readonly change: SessionChange | null;
  /** What it compares classes with when it runs. */
  readonly probes: readonly Probe[];
  /** What the planner may be asked about it; null: nothing. */
  readonly plannable: Plannable | null;
};

export type Analysed =
  | {
    readonly kind: "analysed";
    readonly statements: readonly AnalysedStatement[];
    /**
     * True for one plain statement whose analysis used no literal's value, but where the shape
     * keeps it: every statement of that shape has this analysis in this session and catalog.
     */
    readonly shapeIndependent: boolean;
  }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Limits that suit requests of a few kilobytes and catalogs of a few thousand relations. */
export const defaultLimits: AnalysisLimits = {
  bulkRows: 1000,
  nodesMax: 200_000,
  depthMax: 1500,
  workMax: 1_000_000,
  statementsMax: 1000,
  namesMax: 1000,
};

/** Analyses a string of statements, each as if those before it had succeeded. */
export function analyse(
  sql: string,
  session: SessionState,
  schema: Schema,
  newest: Parser,
  limits: AnalysisLimits,
): Analysed {
  const parser = parserFor(newest, schema.serverVersion);
  const parsed = parser(sql);
  if (!parsed.ok) return refused(parsed.code, parsed.message, parsed.position);
  if (!isWithin(parsed.tree, limits.nodesMax, limits.depthMax)) {
    return refused("too_complex", "The statement is too large or nested too deeply", null);
  }
  try {
    return analyseAll(sql, items(fields(parsed.tree)["stmts"]), session, schema, parser, limits);
  } catch (error) {
    // A RangeError here is the stack's end: nesting that the depth limit let through.
    if (error instanceof TooComplex || error instanceof RangeError) {
      return refused("too_complex", "The statement takes too much work to judge", null);
    }
    throw error;
  }
}

function analyseAll(
  sql: string,
  list: readonly unknown[],
  session: SessionState,
  schema: Schema,
  parser: Parser,
  limits: AnalysisLimits,
): Analysed {
  if (list.length > limits.statementsMax) {
    return refused("too_complex", "There are too many statements in one string", null);
  }
  const bytes = list.length > 1 ? new TextEncoder().encode(sql) : null;
  const statements: AnalysedStatement[] = [];
  let current = session;
  let independent = list.length === 1;
  for (const entry of list) {
    const raw = fields(entry);
    const start = number(raw["stmt_location"]);
    const end = number(raw["stmt_len"]) === 0
      ? (bytes ?? new TextEncoder().encode(sql)).length
      : start + number(raw["stmt_len"]);
    const statement = node(raw["stmt"]);
    if (statement === null) return refused("unsupported_statement", "The tree is empty", null);
    const text = bytes === null ? sql : new TextDecoder().decode(bytes.subarray(start, end));
    const run = newRun(schema, current, parser, limits);
    const judged = judgeStatement(statement, text, run);
    if (judged.kind === "refused") {
      const { code, message } = judged.refusal;
      return refused(code, message, positionOf(bytes, start));
    }
    const { change } = judged;
    const { probes } = run;
    const analysis = completed(judged, run);
    const planned = plannable(judged, analysis, run);
    statements.push({ analysis, start, end, change, probes, plannable: planned });
    independent &&= judged.change === null && plainTags.has(statement.tag) &&
      run.consulted.every((location) => keepsVerbatim(sql, location));
    current = applyChange(current, judged.change);
  }
  return { kind: "analysed", statements, shapeIndependent: independent };
}

/** Where a statement starts, in characters from 1; null for the only one. */
function positionOf(bytes: Uint8Array | null, start: number): number | null {
  if (bytes === null) return null;
  return [...new TextDecoder().decode(bytes.subarray(0, start))].length + 1;
}

const plainTags: ReadonlySet<string> = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
]);

function refused(code: Refusal["code"], message: string, position: number | null): Analysed {
  return { kind: "refused", refusal: { code, message, position } };
}
