/**
 * What a statement means: its effects, what it touches, and what each output column derives from.
 * Computed by authz from PostgreSQL's own parse tree and the target's catalog (design 6), judged by
 * policy, and kept in the verdict for the record.
 *
 * **Invariant:** every uncertainty is visible: a name that does not resolve, a function whose work
 * is unknown or a node that is not understood makes a column `opaque` or a statement refused, never
 * plain.
 *
 * @module
 */
import { z } from "zod";
import { CopyFormat, StreamContent } from "#schemas/mask_plan.ts";

/**
 * The actions of policy on a connection (design 5, 6). `connect` opens a session; `session` changes
 * only the session itself (SET of a harmless setting, BEGIN, COMMIT, DISCARD). `shell` is an
 * interactive shell, `forward` a TCP connection through the target, `network` a program that
 * reaches out, `interpret` code that nobody can judge (eval, base64 into sh, python -c).
 */
export const Effect = z.enum([
  "connect",
  "session",
  "read",
  "write",
  "define",
  "execute",
  "export",
  "administer",
  "escape",
  "filter_by",
  "declassify",
  // Of commands of a shell and of file transfer; read, write, execute and administer count as well.
  "shell",
  "forward",
  "network",
  "interpret",
]);
export type Effect = z.infer<typeof Effect>;

/**
 * How a class decides which rows come out, and in which order. A kind says what an answer tells:
 * `equality` whether a value is the one named (also `IN`, `= ANY`, `IS NULL`), `range` on which
 * side of it, `pattern` something about a part of it: LIKE, regular expressions, full text, any
 * function of it, and whatever is not understood. `sort`, `group` (GROUP BY, DISTINCT, set
 * operations) and `window` are keys; a key that is no bare column is a `pattern` as well. `join`
 * compares it with other rows.
 */
export const FilterKind = z.enum([
  "equality",
  "range",
  "pattern",
  "sort",
  "group",
  "join",
  "window",
]);
export type FilterKind = z.infer<typeof FilterKind>;

/** A class of `classesFiltered` and how it is used there. */
export const ClassFilter = z.strictObject({
  class: z.string(),
  /** In the order of `FilterKind`. */
  kinds: z.array(FilterKind),
  /** Distinct values that the session has compared it with, by the end of this request. */
  probes: z.int().min(0).optional(),
});
export type ClassFilter = z.infer<typeof ClassFilter>;

/** An output column and where its values come from. */
export const OutputColumn = z.strictObject({
  name: z.string(),
  /** Sorted, distinct names of the data classes of every source column. */
  classes: z.array(z.string()),
  /** True when some part of the derivation is not understood: masked whole. */
  opaque: z.boolean(),
  /** Made of many rows at once: by an aggregate, a window function, or a subquery that chooses. */
  aggregate: z.literal([true]).optional(),
  /** The bare column it is, when it is one; null for any expression. */
  origin: z.strictObject({ relation: z.int().min(0), attribute: z.int().min(1) }).nullable(),
});
export type OutputColumn = z.infer<typeof OutputColumn>;

/** `estimatedRows` of what nobody can guess: more than any limit. */
export const rowsUnknown: number = Number.MAX_SAFE_INTEGER;

/** One statement, understood. */
export const StatementAnalysis = z.strictObject({
  /** The command, as PostgreSQL tags it: `SELECT`, `INSERT`, `DROP TABLE`, ... */
  command: z.string(),
  effects: z.array(Effect),
  /** Finer words for policy's `context.effects`: `drop`, `truncate`, `grant`, `copy_to`, ... */
  details: z.array(z.string()),
  /** Distinct `schema.name` of every relation touched, through views to the base tables. */
  relations: z.array(z.string()),
  /** Distinct `schema.name` (or bare name when unresolved) of every function called. */
  functions: z.array(z.string()),
  /** Classes whose values can come out. */
  classesRead: z.array(z.string()),
  /** Classes used in predicates, sort keys, group keys, joins (design 6, `filter_by`). */
  classesFiltered: z.array(z.string()),
  /** How; a class that is filtered by and does not stand here may be used in every way. */
  filters: z.array(ClassFilter).optional(),
  /**
   * Rows that each group of protected rows is proven to have, by HAVING count(*) >= n; 0 when rows
   * are taken one by one or nothing is proven. Absent when no protected relation is read.
   */
  aggregateRowsMin: z.int().min(0).optional(),
  /** Classes of columns written to. */
  classesWritten: z.array(z.string()),
  /**
   * Of those, the ones of which something else than the value as it is stored is written: a part of
   * it, or NULL in its place. Their masks are meant for values as they are. Absent: none.
   */
  classesReshaped: z.array(z.string()).optional(),
  /** Output columns; null when the statement returns no rows. */
  columns: z.array(OutputColumn).nullable(),
  /** COPY's format when rows leave or enter as COPY data. */
  copy: z.strictObject({ direction: z.enum(["in", "out"]), format: CopyFormat }).nullable(),
  /** Rows the result may have: a guess of the catalog's statistics, or of the server's planner. */
  estimatedRows: z.number().min(0),
  /**
   * Whose guess it is, where policy looks at it. Absent: the catalog's, and nothing depends on it.
   */
  estimatedBy: z.enum(["planner", "catalog"]).optional(),
  /** What a program, a file operation or a forwarding touches; absent for SQL. */
  access: z.strictObject({
    /** A file's path, normalised without following links; null when none. */
    path: z.string().nullable(),
    host: z.string().nullable(),
    port: z.int().min(0).max(65_535).nullable(),
    arguments: z.array(z.string()).max(1024),
    /** What the channel carries; null when it is not known. */
    content: StreamContent.nullable(),
  }).optional(),
});
export type StatementAnalysis = z.infer<typeof StatementAnalysis>;

/** Statements of one request that its verdict names; all are judged. */
export const statementsRecordedMax = 64;

/** Names of relations that a verdict says a request defines; of more it says that it may be any. */
export const definedMax = 64;

/** The name behind the schema's in an entry of `relations`. */
export function bareName(relation: string): string {
  return relation.slice(relation.lastIndexOf(".") + 1);
}

/** A request with no statement (an empty query, a bare Sync) touches the session only. */
export const emptyAnalysis: StatementAnalysis = {
  command: "",
  effects: ["session"],
  details: [],
  relations: [],
  functions: [],
  classesRead: [],
  classesFiltered: [],
  classesWritten: [],
  columns: null,
  copy: null,
  estimatedRows: 0,
};

/** Why a statement could not be judged. Never holds a value of the statement. */
export const Refusal = z.strictObject({
  code: z.enum([
    "syntax_error",
    "too_complex",
    "unsupported_statement",
    "unknown_prepared_statement",
    "unknown_cursor",
    "catalog_unsettled",
    "malformed_message",
    "too_many_parameters",
  ]),
  message: z.string(),
  /** In characters of the statement, from 1, when known. */
  position: z.int().min(1).nullable(),
});
export type Refusal = z.infer<typeof Refusal>;
