/**
 * What policy is asked about a request: its statements one by one, and the request as a whole.
 *
 * The whole is judged beside the parts because a request may do in ten statements what policy
 * refuses in one: a thousand rows a statement, or a read here and a write there. The context of the
 * whole is the union of its statements' contexts, with the rows they may return added up; each
 * question about it still has the command, path, host and arguments of one statement.
 *
 * **Invariant:** each effect of each statement is asked about in the statement's own context and in
 * that of the whole; a statement that claims no effect at all is not understood, and refused.
 *
 * @module
 */
import {
  Effect,
  emptyAnalysis,
  FilterKind,
  rowsUnknown,
  type StatementAnalysis,
} from "#schemas/analysis.ts";
import type { PrincipalChain } from "#schemas/frames.ts";
import { opaqueClass } from "#schemas/policy_schema.ts";

/** What of the delegation chain policy sees. */
export type Principal = Pick<
  PrincipalChain,
  "issuer" | "person" | "actors" | "groups" | "purpose"
>;

/** What one question is about: a command and, over SSH, what it touches. */
export type Subject = {
  readonly command: string;
  readonly path: string;
  readonly host: string;
  readonly port: number;
  /** Sorted and distinct, as Cedar's sets are. */
  readonly arguments: readonly string[];
  readonly content: string;
};

/** One statement, or the union of all of a request. Lists are sorted and distinct. */
export type Situation = {
  /** True for the union of several statements. */
  readonly whole: boolean;
  readonly effects: readonly Effect[];
  readonly details: readonly string[];
  /** For each effect, the subjects that have it. A statement has one subject. */
  readonly subjects: ReadonlyMap<Effect, readonly Subject[]>;
  /** Bytes of a stream come back, which may hold any class: of a command or file over SSH. */
  readonly streams: boolean;
  readonly relations: readonly string[];
  readonly functions: readonly string[];
  readonly classes: readonly string[];
  readonly filtered: readonly string[];
  /** Of `classes`, those of columns written to. */
  readonly written: readonly string[];
  /** Of `written`, those of which something made of them is written. */
  readonly reshaped: readonly string[];
  /** How: `ssn:equality`, one for each class and kind. */
  readonly filters: readonly string[];
  readonly filterKinds: readonly FilterKind[];
  /** Distinct values that the session compares one of them with: the most of any class. */
  readonly probes: number;
  /** Rows that each group of protected rows has at least; 0 when that is not proven. */
  readonly aggregateRowsMin: number;
  /** Rows it may return, added up; a whole number that Cedar's Long holds. */
  readonly rows: number;
};

/** What authz judges when a session opens. */
export const connectAnalysis: StatementAnalysis = {
  ...emptyAnalysis,
  command: "CONNECT",
  effects: ["connect"],
};

/** What authz judges of a start-up parameter that is not harmless: as SET of it would be. */
export const parameterAnalysis: StatementAnalysis = {
  ...emptyAnalysis,
  command: "SET",
  effects: ["administer"],
  details: ["set"],
};

/** The same of one by which statements would be read in another way than here. */
export const readingAnalysis: StatementAnalysis = {
  ...parameterAnalysis,
  effects: ["administer", "escape", "declassify"],
};

/** What authz judges when it does not understand what it was asked: anything may be. */
export const unreadAnalysis: StatementAnalysis = {
  ...emptyAnalysis,
  command: "UNREAD",
  effects: [
    ...["session", "read", "write", "define", "execute"] as const,
    ...["export", "administer", "escape", "filter_by", "declassify"] as const,
  ],
  details: ["unread"],
  classesFiltered: [opaqueClass],
  columns: [{ name: "", classes: [], opaque: true, origin: null }],
  estimatedRows: rowsUnknown,
};

/**
 * The situations of a request: each distinct statement, then the whole when there are several.
 * `bulkRows` is what makes a read an `export` (Limits.bulk_rows).
 */
export function situationsOf(
  analyses: readonly StatementAnalysis[],
  bulkRows: number,
): readonly Situation[] {
  const statements = analyses.length === 0 ? [emptyAnalysis] : analyses;
  const single = new Map(
    statements.map((one) => [situationKey(one), situationOf([one], bulkRows)]),
  );
  const situations = [...single.values()];
  if (statements.length > 1) situations.push(situationOf(statements, bulkRows));
  return situations;
}

/** What tells two statements apart in the eyes of policy. Rows are rounded up, as judged. */
export function situationKey(one: StatementAnalysis): string {
  return JSON.stringify([
    one.command,
    one.effects,
    one.details,
    one.relations,
    one.functions,
    one.classesRead,
    one.classesFiltered,
    one.filters ?? null,
    one.aggregateRowsMin ?? null,
    one.classesWritten,
    one.classesReshaped ?? null,
    one.columns === null ? null : distinct(one.columns.flatMap(({ classes }) => classes)),
    one.columns?.some(({ opaque }) => opaque) ?? false,
    one.copy?.direction ?? null,
    toLong(one.estimatedRows),
    one.access ?? null,
  ]);
}

function situationOf(statements: readonly StatementAnalysis[], bulkRows: number): Situation {
  const keyed = new Map<Effect, Map<string, Subject>>();
  for (const statement of statements) {
    const subject = subjectOf(statement);
    const key = JSON.stringify(subject);
    for (const effect of statement.effects) {
      keyed.set(effect, (keyed.get(effect) ?? new Map()).set(key, subject));
    }
  }
  const subjects = new Map([...keyed].map(([effect, known]) => [effect, [...known.values()]]));
  const returning = statements.filter((one) => one.columns !== null || one.copy !== null);
  const reading = subjects.get("read");
  // Many small results are one big one: what bulk_rows says of a statement holds for the whole.
  const bulk = statements.length > 1 && rowsOf(returning) > bulkRows && reading !== undefined;
  if (bulk && !subjects.has("export")) subjects.set("export", reading);
  const filters = statements.flatMap(filtersOf);
  return {
    whole: statements.length > 1,
    effects: Effect.options.filter((effect) => subjects.has(effect)),
    details: distinct(statements.flatMap(({ details }) => details)),
    subjects,
    streams: statements.some(({ access }) => access !== undefined),
    relations: distinct(statements.flatMap(({ relations }) => relations)),
    functions: distinct(statements.flatMap(({ functions }) => functions)),
    classes: distinct(statements.flatMap(classesOf)),
    filtered: distinct(statements.flatMap(({ classesFiltered }) => classesFiltered)),
    written: distinct(statements.flatMap(({ classesWritten }) => classesWritten)),
    reshaped: distinct(statements.flatMap(({ classesReshaped = [] }) => classesReshaped)),
    filters: distinct(filters.map(({ name, kind }) => `${name}:${kind}`)),
    filterKinds: FilterKind.options.filter((kind) => filters.some((one) => one.kind === kind)),
    probes: Math.max(0, ...statements.flatMap(probesOf)),
    aggregateRowsMin: Math.min(...statements.map((one) => one.aggregateRowsMin ?? 0)),
    rows: rowsOf(statements),
  };
}

function subjectOf({ command, access }: StatementAnalysis): Subject {
  return {
    command,
    path: access?.path ?? "",
    host: access?.host ?? "",
    port: access?.port ?? 0,
    arguments: distinct(access?.arguments ?? []),
    content: access?.content ?? "",
  };
}

function classesOf(one: StatementAnalysis): string[] {
  const columns = one.columns ?? [];
  const opaque = columns.some((column) => column.opaque) ? [opaqueClass] : [];
  const shown = columns.flatMap(({ classes }) => classes);
  return [...one.classesRead, ...one.classesWritten, ...shown, ...opaque];
}

/** Where an analysis does not say how a class is used, it may be in any way. */
function filtersOf({ classesFiltered, filters = [] }: StatementAnalysis) {
  return classesFiltered.flatMap((name) => {
    const kinds = filters.find((filter) => filter.class === name)?.kinds ?? FilterKind.options;
    return kinds.map((kind) => ({ name, kind }));
  });
}

/** What an analysis does not count may be any number. */
function probesOf({ classesFiltered, filters = [] }: StatementAnalysis): number[] {
  return classesFiltered.map((name) => {
    return filters.find((filter) => filter.class === name)?.probes ?? Number.MAX_SAFE_INTEGER;
  });
}

function rowsOf(statements: readonly StatementAnalysis[]): number {
  return toLong(statements.reduce((sum, one) => sum + toLong(one.estimatedRows), 0));
}

function distinct(words: readonly string[]): string[] {
  return [...new Set(words)].sort();
}

/** An estimate as a Long; what is no number counts as more than any limit. */
function toLong(rows: number): number {
  const known = Number.isFinite(rows) ? Math.ceil(rows) : Number.MAX_SAFE_INTEGER;
  return Math.min(Math.max(0, known), Number.MAX_SAFE_INTEGER);
}
