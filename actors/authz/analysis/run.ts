/**
 * What one analysis gathers while it walks a statement.
 *
 * **Invariant:** work is bounded: every step of the walk is counted, and the count ends the
 * analysis with {@link TooComplex} before it can grow with the square of the input.
 *
 * @module
 */
import type { Effect, FilterKind } from "#schemas/analysis.ts";
import type { RelationCode } from "#schemas/catalog.ts";
import { isLasting, isTold } from "./builtin_functions.ts";
import type { Parser } from "./parser.ts";
import type { Probe } from "./probes.ts";
import type { Schema } from "./catalog_index.ts";
import type { SessionState } from "./session.ts";
import type { Value } from "./lineage.ts";

export type AnalysisLimits = {
  /** Rows above which a result of a classified relation is an export. */
  readonly bulkRows: number;
  /** Nodes a parse tree may have. */
  readonly nodesMax: number;
  /** Levels of nesting a parse tree may have. */
  readonly depthMax: number;
  /** Steps one analysis may take, views and recursion included. */
  readonly workMax: number;
  /** Statements one string may hold. */
  readonly statementsMax: number;
  /** Prepared statements and cursors a session may hold by name. */
  readonly namesMax: number;
};

export type Run = {
  readonly schema: Schema;
  readonly session: SessionState;
  readonly parser: Parser;
  readonly limits: AnalysisLimits;
  readonly effects: Set<Effect>;
  readonly details: Set<string>;
  readonly relations: Set<string>;
  readonly functions: Set<string>;
  readonly written: Set<string>;
  /** Classes of which something made of them is written where they are known. */
  readonly reshaped: Set<string>;
  /** By class, how; replaced while the predicates of a subquery are gathered apart. */
  filtered: Map<string, Set<FilterKind>>;
  /** What classes are compared with. */
  readonly probes: Probe[];
  /**
   * Classes that rows of the statement's own making were compared with; replaced for each SELECT,
   * so that what it gives carries them.
   */
  generated: Set<string>;
  /** In the same way, of columns that are stored: by `relation.attribute`, the classes. */
  compared: Map<string, Set<string>>;
  /** Rows that every group of protected rows is proven to have; null when none were read. */
  rowsMin: number | null;
  /** A relation with classified columns was read. */
  classified: boolean;
  /** Code on the relations touched; see `RelationCode`. */
  readonly code: Set<RelationCode>;
  /** Names of the types that values here may have, beside PostgreSQL's own; `anyType` for any. */
  readonly types: Set<string>;
  /** The catalog knows how many rows each relation that was read has. */
  counted: boolean;
  /** A relation's name did not resolve: no output is understood. */
  unresolved: boolean;
  /** Code runs that may create, change or drop what has a name. */
  defines: boolean;
  /** A column was named that there surely is none of: PostgreSQL will refuse the statement. */
  unknownColumn: boolean;
  /** Where literals stand whose value the analysis used; see `shape.ts`. */
  readonly consulted: number[];
  /**
   * Calls so far: of what leaves something behind, of what can be told later, of pg_sleep, and of
   * users' code that gives as many rows as it likes.
   */
  readonly calls: { lasting: number; told: number; sleeping: number; givingRows: number };
  /** Search paths that calls of set_config set, null where one cannot be read; and roles. */
  readonly paths: (
    | {
      readonly kind: "search_path";
      readonly path: readonly string[] | null;
      readonly local: boolean;
    }
    | { readonly kind: "role"; readonly local: boolean }
  )[];
  work: number;
};

/** Ends an analysis that grows beyond its limits; caught in `analyse.ts`. */
export class TooComplex extends Error {}

export function newRun(
  schema: Schema,
  session: SessionState,
  parser: Parser,
  limits: AnalysisLimits,
): Run {
  return {
    schema,
    session,
    parser,
    limits,
    effects: new Set(),
    details: new Set(),
    relations: new Set(),
    functions: new Set(),
    written: new Set(),
    reshaped: new Set(),
    filtered: new Map(),
    probes: [],
    generated: new Set(),
    compared: new Map(),
    rowsMin: null,
    classified: false,
    code: new Set(),
    types: new Set(),
    counted: true,
    unresolved: false,
    defines: false,
    unknownColumn: false,
    consulted: [],
    calls: { lasting: 0, told: 0, sleeping: 0, givingRows: 0 },
    paths: [],
    work: 0,
  };
}

/** Stands in `Run.types` when values may have a type that is not known. */
export const anyType = "*";

/** The detail of a statement under which users' code runs that it does not name. */
export const hiddenCode = "hidden_code";
/** The detail of a statement that runs code which may write rows or change the session. */
export const movingCode = "moving_code";

/** Notes code that may write what it reads to where no class is known, and change the session. */
export function runsMovingCode(run: Run): void {
  run.effects.add("declassify");
  run.details.add(movingCode);
}

/** Notes a function that is called here, by its bare name. */
export function noteCall(name: string, run: Run): void {
  if (isLasting(name)) run.calls.lasting++;
  if (isTold(name)) run.calls.told++;
  if (name.startsWith("pg_sleep")) run.calls.sleeping++;
}

/** Counts `steps` of work. @throws {TooComplex} beyond the limit. */
export function spend(run: Run, steps: number): void {
  run.work += steps;
  if (run.work > run.limits.workMax) throw new TooComplex();
}

/** Notes that a value decides which rows, or in which order, come out (design 6, `filter_by`). */
export function filterBy(run: Run, value: Value, kind: FilterKind): void {
  for (const name of value.classes) noteFilter(run, name, kind);
  if (value.opaque) noteFilter(run, "opaque", kind);
}

export function noteFilter(run: Run, name: string, kind: FilterKind): void {
  const kinds = run.filtered.get(name);
  if (kinds === undefined) run.filtered.set(name, new Set([kind]));
  else kinds.add(kind);
}
