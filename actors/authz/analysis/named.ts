/**
 * Statements known by a name: PREPARE and EXECUTE, cursors, and EXPLAIN, which plans or runs
 * another.
 *
 * **Invariant:** what runs later by its name is judged by what it meant when it was named and by
 * what it means now, together.
 *
 * @module
 */
import {
  bareName,
  FilterKind,
  type OutputColumn,
  type StatementAnalysis,
} from "#schemas/analysis.ts";
import { isLasting } from "./builtin_functions.ts";
import { completed } from "./complete.ts";
import { readAs } from "./calls.ts";
import { allOf } from "./expression.ts";
import { filterByValue } from "./filters.ts";
import { noteRows } from "./groups.ts";
import { withArguments } from "./probes.ts";
import { looksUpLate, mayReadLate } from "./late_names.ts";
import { join, named, opaque, plain, union, type Value } from "./lineage.ts";
import { hiddenCode, movingCode, newRun, noteFilter, type Run } from "./run.ts";
import type { Output } from "./scope.ts";
import { plannedIn, type Prepared, several } from "./session.ts";
import { done, type Judged, judgeQuery, refuse, type Refused, strayPath } from "./statement.ts";
import { createAs } from "./define.ts";
import {
  bodyOf,
  type Fields,
  fields,
  isWithin,
  items,
  node,
  number,
  stringOf,
  text,
} from "./tree.ts";

/** `PREPARE name AS query`. Its own effects are those of the query: what is prepared is run. */
export function judgePrepare(body: Fields, sql: string, run: Run): Judged | Refused {
  const name = text(body["name"]);
  const { prepared } = run.session;
  if (!prepared.has(name) && prepared.size >= run.limits.namesMax) {
    return refuse("too_complex", "The session has too many prepared statements");
  }
  const query = node(body["query"]);
  if (query === null) return refuse("unsupported_statement", "Nothing to prepare");
  // EXECUTE casts its arguments to these.
  for (const type of items(body["argtypes"])) readAs(bodyOf(type, "TypeName"), run);
  const judged = judgeQuery(query, run);
  if (judged.kind === "refused") return judged;
  if (judged.change !== null) return refuse("unsupported_statement", "Cannot prepare this query");
  const inner = queryText(sql);
  if (inner === null) {
    return refuse("unsupported_statement", "PREPARE is too long or has comments before its query");
  }
  const analysis = completed(strayPath(judged, run), run);
  run.details.add("prepare");
  // It compares nothing until it runs, with the values that its parameters have then.
  const probes = run.probes.splice(0);
  const change = {
    kind: "prepare",
    name,
    prepared: { sql: inner, analysis, probes, names: run.session.names },
  } as const;
  return done("PREPARE", change);
}

/** Characters of a statement that are kept to analyse it again. */
const textKeptMax = 65_536;

/** The query of `PREPARE name (types) AS query`; null when it cannot be told or kept. */
function queryText(sql: string): string | null {
  const head = prepareHead.exec(sql)?.[0];
  if (head === undefined || sql.length > textKeptMax) return null;
  return sql.slice(head.length);
}

const prepareHead = new RegExp(
  String.raw`^(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*prepare\s+(?:"(?:[^"]|"")*"|[^\s"(]+)` +
    String.raw`\s*(?:\((?:[^()"']|\([^()]*\)|"(?:[^"]|"")*")*\)\s*)?as\s+`,
  "i",
);

/** The detail of a statement that means what another one says, whose name it has. */
export const executesPrepared = "execute_prepared";

/** `EXECUTE name (parameters)`. */
export function execute(body: Fields, run: Run): Judged | Refused {
  const prepared = run.session.prepared.get(text(body["name"]));
  if (prepared === undefined) {
    return refuse("unknown_prepared_statement", "No prepared statement of that name is known");
  }
  run.details.add(executesPrepared);
  // Its arguments are evaluated before it is planned anew.
  if (
    items(body["params"]).length > 0 || mayReadLate(prepared.sql, run.schema.hidden)
  ) {
    run.details.add(looksUpLate);
  }
  // A parameter's expression has no columns in scope, but may hold subqueries and calls.
  const parameters = allOf(items(body["params"]), null, run);
  const { analysis, probes } = currentAnalysis(prepared, run);
  run.probes.push(...withArguments(probes, items(body["params"]), run));
  absorb(analysis, run);
  noteParameters(parameters, analysis, run);
  const output = outputOf(analysis);
  const planned = analysis === prepared.analysis
    ? null
    : { kind: "planned", name: text(body["name"]), before: prepared.analysis, analysis } as const;
  if (output === null) return { ...done(analysis.command, planned), output };
  const columns = output.columns.map((column) =>
    named(column.name, join(column, parameters), column.origin)
  );
  return { ...done(analysis.command, planned), output: { ...output, columns } };
}

/** What is prepared may write its parameters, leave them behind or choose rows by them. */
function noteParameters(value: Value, { effects, functions }: StatementAnalysis, run: Run): void {
  if (value.classes.length === 0 && !value.opaque) return;
  filterByValue(value, run);
  const keeps = effects.includes("write") ||
    functions.some((label) => isLasting(bareName(label)));
  if (keeps) run.effects.add("declassify");
}

/**
 * What a prepared statement means now. PostgreSQL plans it again under the search path of the
 * moment, and under what other sessions have defined meanwhile, so both meanings count.
 */
function currentAnalysis(prepared: Prepared, run: Run): Pick<Prepared, "analysis" | "probes"> {
  const { probes } = prepared;
  const parsed = run.parser(prepared.sql);
  if (!parsed.ok || !isWithin(parsed.tree, run.limits.nodesMax, run.limits.depthMax)) {
    return { analysis: hidden(prepared.analysis), probes };
  }
  const statement = node(fields(items(fields(parsed.tree)["stmts"])[0])["stmt"]);
  const query = statement?.tag === "PrepareStmt" ? node(statement.body["query"]) : statement;
  if (query === null) return { analysis: hidden(prepared.analysis), probes };
  const inner = newRun(run.schema, run.session, run.parser, run.limits);
  inner.work = run.work;
  const judged = judgeQuery(query, inner);
  run.work = inner.work;
  if (judged.kind === "refused") return { analysis: hidden(prepared.analysis), probes };
  const now = { analysis: completed(strayPath(judged, inner), inner), probes: inner.probes };
  if (isSame(now.analysis, prepared.analysis)) {
    return { analysis: prepared.analysis, probes: now.probes };
  }
  return {
    analysis: merged(prepared.analysis, now.analysis),
    probes: [...probes, ...now.probes],
  };
}

function hidden(analysis: StatementAnalysis): StatementAnalysis {
  const columns = analysis.columns?.map((column) => ({ ...column, opaque: true, origin: null }));
  return { ...analysis, columns: columns ?? null };
}

/** Whether two analyses say the same; nearly always they are one that was remembered. */
export function isSame(left: StatementAnalysis, right: StatementAnalysis): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

/** Both analyses together. */
export function merged(left: StatementAnalysis, right: StatementAnalysis): StatementAnalysis {
  const both = (a: readonly string[], b: readonly string[]) => [...union(a, b)];
  const effects = [...new Set([...left.effects, ...right.effects])];
  return {
    ...right,
    effects,
    details: both(left.details, right.details),
    relations: both(left.relations, right.relations),
    functions: both(left.functions, right.functions),
    classesRead: both(left.classesRead, right.classesRead),
    classesFiltered: both(left.classesFiltered, right.classesFiltered),
    ...mergedFilters(left, right),
    ...mergedRows(left, right),
    classesWritten: both(left.classesWritten, right.classesWritten),
    ...mergedShapes(left, right),
    columns: mergedColumns(left.columns, right.columns),
    estimatedRows: Math.max(left.estimatedRows, right.estimatedRows),
  };
}

function mergedShapes(
  { classesReshaped: one = [] }: StatementAnalysis,
  { classesReshaped: other = [] }: StatementAnalysis,
): Pick<StatementAnalysis, "classesReshaped"> {
  return one.length + other.length === 0 ? {} : { classesReshaped: [...union(one, other)] };
}

function mergedFilters(
  left: StatementAnalysis,
  right: StatementAnalysis,
): Pick<StatementAnalysis, "filters"> {
  const all = [...left.filters ?? [], ...right.filters ?? []];
  if (all.length === 0) return {};
  const filters = [...Map.groupBy(all, (filter) => filter.class)].map(([name, same]) => ({
    class: name,
    kinds: FilterKind.options.filter((kind) => same.some(({ kinds }) => kinds.includes(kind))),
  }));
  return { filters };
}

function mergedRows(
  { aggregateRowsMin: one }: StatementAnalysis,
  { aggregateRowsMin: other }: StatementAnalysis,
): Pick<StatementAnalysis, "aggregateRowsMin"> {
  if (one === undefined && other === undefined) return {};
  return { aggregateRowsMin: Math.min(one ?? other ?? 0, other ?? one ?? 0) };
}

function mergedColumns(
  left: readonly OutputColumn[] | null,
  right: readonly OutputColumn[] | null,
): OutputColumn[] | null {
  if (left === null || right === null || left.length !== right.length) {
    const columns = right ?? left;
    return columns?.map((column) => ({ ...column, opaque: true, origin: null })) ?? null;
  }
  return right.map((column, index) => {
    const other = left[index] ?? column;
    const same = column.origin?.relation === other.origin?.relation &&
      column.origin?.attribute === other.origin?.attribute;
    return {
      name: column.name,
      classes: [...union(other.classes, column.classes)],
      opaque: column.opaque || other.opaque,
      ...(column.aggregate === true || other.aggregate === true ? { aggregate: true } : {}),
      origin: same ? column.origin : null,
    };
  });
}

/** Takes everything a finished analysis says into the run of the statement that reuses it. */
function absorb(analysis: StatementAnalysis, run: Run): void {
  for (const effect of analysis.effects) run.effects.add(effect);
  for (const detail of analysis.details) run.details.add(detail);
  for (const relation of analysis.relations) run.relations.add(relation);
  for (const called of analysis.functions) run.functions.add(called);
  for (const { class: name, kinds } of analysis.filters ?? []) {
    for (const kind of kinds) noteFilter(run, name, kind);
  }
  for (const name of analysis.classesWritten) run.written.add(name);
  for (const name of analysis.classesReshaped ?? []) run.reshaped.add(name);
  if (analysis.aggregateRowsMin !== undefined) noteRows(analysis.aggregateRowsMin, run);
  // Which of the code moves, and which defines, was not kept.
  run.defines ||= analysis.details.includes(movingCode);
  run.classified ||= analysis.classesRead.length > 0 || analysis.effects.includes("export");
}

function outputOf(analysis: StatementAnalysis): Output | null {
  if (analysis.columns === null) return null;
  return { columns: analysis.columns, open: false, rows: analysis.estimatedRows };
}

/** `DECLARE name CURSOR FOR query`: reads nothing itself; judged as what FETCH will read. */
export function declareCursor(body: Fields, run: Run): Judged | Refused {
  const name = text(body["portalname"]);
  const { cursors } = run.session;
  if (!cursors.has(name) && cursors.size >= run.limits.namesMax) {
    return refuse("too_complex", "The session has too many cursors");
  }
  const query = node(body["query"]);
  if (query === null) return refuse("unsupported_statement", "Nothing to declare");
  const judged = judgeQuery(query, run);
  if (judged.kind === "refused") return judged;
  if (judged.change !== null) return refuse("unsupported_statement", "Cannot declare this query");
  const analysis = completed(strayPath(judged, run), run);
  run.details.add("declare_cursor");
  const hold = (number(body["options"]) & cursorOptionHold) !== 0;
  return done("DECLARE CURSOR", { kind: "declare", name, cursor: { analysis, hold } });
}

/** CURSOR_OPT_HOLD of parsenodes.h. */
const cursorOptionHold = 0x20;

/** `FETCH` and `MOVE`. */
export function fetchCursor(body: Fields, run: Run): Judged | Refused {
  const cursor = run.session.cursors.get(text(body["portalname"]));
  if (cursor === undefined) return refuse("unknown_cursor", "No cursor of that name is known");
  absorb(cursor.analysis, run);
  run.effects.add("read");
  const isMove = body["ismove"] === true;
  run.details.add(isMove ? "move" : "fetch");
  run.consulted.push(0);
  const output = isMove ? null : outputOf(cursor.analysis);
  if (output === null) return done(isMove ? "MOVE" : "FETCH");
  const rows = Math.min(output.rows, Math.abs(number(body["howMany"])));
  return { ...done("FETCH"), output: { ...output, rows } };
}

/** `EXPLAIN`: with ANALYZE the statement runs; either way its plan may tell values. */
export function judgeExplain(body: Fields, _sql: string, run: Run): Judged | Refused {
  const analyze = items(body["options"]).some((item) => isOn(bodyOf(item, "DefElem"), "analyze"));
  const statement = node(body["query"]);
  if (statement === null) return refuse("unsupported_statement", "Nothing to explain");
  const inner = newRun(run.schema, run.session, run.parser, run.limits);
  const judged = innerStatement(statement, inner);
  if (judged.kind === "refused") return judged;
  const stray = strayPath(judged, inner);
  const analysis = completed(stray, inner);
  absorb(analysis, run);
  run.work += inner.work;
  run.classified ||= inner.classified;
  run.unresolved ||= inner.unresolved;
  run.consulted.push(...inner.consulted);
  run.probes.push(...inner.probes);
  run.details.add(analyze ? "explain_analyze" : "explain");
  run.effects.add("read");
  // The rows stay where they are, however many: a plan comes out.
  run.effects.delete("export");
  if (!analyze) {
    for (const effect of ["write", "define"] as const) run.effects.delete(effect);
    run.reshaped.clear();
    // The planner runs stable and immutable code, whatever else that may do.
    if (!run.details.has(movingCode)) run.effects.delete("declassify");
  }
  // Plans show literals, estimates from histograms and, with ANALYZE, how many rows matched.
  const touches = inner.classified || inner.unresolved || analysis.classesRead.length > 0 ||
    analysis.classesFiltered.length > 0 || analysis.classesWritten.length > 0 ||
    // The planner runs code to fold it into a constant, which the plan shows.
    analysis.effects.includes("execute") || analysis.details.includes(hiddenCode) ||
    (analysis.columns ?? []).some((column) => column.opaque);
  const column = named(
    "QUERY PLAN",
    touches ? { ...opaque, classes: analysis.classesFiltered } : plain,
  );
  const output = { columns: [column], open: false, rows: 1 };
  return {
    ...done("EXPLAIN"),
    output,
    change: analyze ? stray.change : several(plannedIn(stray.change)),
  };
}

function innerStatement(statement: NonNullable<ReturnType<typeof node>>, run: Run) {
  switch (statement.tag) {
    case "ExecuteStmt":
      return execute(statement.body, run);
    case "CreateTableAsStmt":
      return createAs(statement.body, run);
    case "DeclareCursorStmt":
      return declareCursor(statement.body, run);
    case "RefreshMatViewStmt":
      run.effects.add("define");
      return done("REFRESH MATERIALIZED VIEW");
    default:
      return judgeQuery(statement, run);
  }
}

/** Whether an option is given and not switched off. */
function isOn(option: Fields | null, name: string): boolean {
  if (option === null || text(option["defname"]).toLowerCase() !== name) return false;
  const { arg } = option;
  if (arg === undefined) return true;
  const value = stringOf(arg)?.toLowerCase();
  if (value !== undefined) return !["false", "off", "0", "no"].includes(value);
  const integer = bodyOf(arg, "Integer");
  return integer === null || number(integer["ival"]) !== 0;
}
