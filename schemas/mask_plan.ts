/**
 * The mask plan: what masking must do to each value of a result. Computed by authz from lineage and
 * policy, stored in the verdict, obeyed by masking.
 *
 * **Invariant:** a plan only ever says less than everything by naming it: a column that no plan
 * covers, or a result whose shape is not the plan's, is masked whole.
 *
 * @module
 */
import { z } from "zod";

/** How one data class is masked. Typed: a masked `date` is a valid `date` (design 7). */
export const Operator = z.discriminatedUnion("operator", [
  z.strictObject({ operator: z.literal("keep") }),
  z.strictObject({ operator: z.literal("null") }),
  z.strictObject({ operator: z.literal("redact") }),
  /** Keeps `first` and `last` characters (code points), stars between; display only, still PHI. */
  z.strictObject({
    operator: z.literal("partial"),
    first: z.int().min(0).max(64).default(0),
    last: z.int().min(0).max(64).default(0),
  }),
  /** HMAC-SHA-256 under the masking key, scoped by class. */
  z.strictObject({ operator: z.literal("hash") }),
  /** A deterministic token within its scope, so that joins hold; recognisable as a token. */
  z.strictObject({ operator: z.literal("tokenise"), scope: z.string().max(64).default("default") }),
  z.strictObject({
    operator: z.literal("generalise"),
    /** `year` of a date, `age90` caps ages at 90, `zip3` keeps three digits of a ZIP code. */
    to: z.enum(["year", "age90", "zip3"]),
  }),
]);
export type Operator = z.infer<typeof Operator>;

/** Where a column's values come from, when it is a bare column of a relation. */
const Origin = z.strictObject({ relation: z.int().min(0), attribute: z.int().min(1) });

/** One output column. `classes` empty and operator `keep`: nothing protected derives into it. */
export const ColumnPlan = z.strictObject({
  /** The classes the column derives from; `opaque` stands for a derivation not understood. */
  classes: z.array(z.string()),
  mask: Operator,
  /** Checked by masking against the server's own RowDescription. */
  origin: Origin.nullable(),
});
export type ColumnPlan = z.infer<typeof ColumnPlan>;

export const CopyFormat = z.strictObject({
  format: z.enum(["text", "csv", "binary"]),
  delimiter: z.string().length(1),
  null: z.string().max(64),
  quote: z.string().length(1),
  escape: z.string().length(1),
  header: z.boolean(),
});
export type CopyFormat = z.infer<typeof CopyFormat>;

/**
 * One answer the server will give, in the order of the request's messages. A simple query has one
 * `query` for each statement; an extended batch one `describe` for each Describe and one `execute`
 * for each Execute.
 */
export const ResultPlan = z.strictObject({
  answers: z.enum(["query", "describe", "execute"]),
  /**
   * The prepared statement this answer belongs to ("" is the unnamed one), null for simple query.
   */
  statement: z.string().nullable(),
  /** Result-column format codes of the portal (Bind): none, one for all, or one each. */
  formats: z.array(z.union([z.literal(0), z.literal(1)])).max(1664),
  columns: z.array(ColumnPlan).max(1664),
  copy: CopyFormat.nullable(),
});
export type ResultPlan = z.infer<typeof ResultPlan>;

/** What a person's terminal shows, a program's output, sftp packets, or bytes of who knows what. */
export const StreamContent = z.enum(["terminal", "output", "sftp", "tunnel"]);
export type StreamContent = z.infer<typeof StreamContent>;

/** How a stream of bytes is masked, of a protocol that has no rows. */
export const StreamPlan = z.strictObject({
  content: StreamContent,
  /** Classes that are shown; what detectors find of all others is masked. */
  revealed: z.array(z.string()),
  /** How long text that may become a find is held back, milliseconds; null: until it is decided. */
  holdMsMax: z.int().min(1).nullable(),
  /** What happens to content of files that holds a find. */
  files: z.enum(["mask", "refuse", "allow"]),
});
export type StreamPlan = z.infer<typeof StreamPlan>;

/** Everything masking must know about the response to one request. */
export const MaskPlan = z.strictObject({
  results: z.array(ResultPlan),
  /**
   * `keep`: the request touches no class, so the server's words stay (detectors still run).
   * `generic`: messages are replaced by the SQLSTATE's own words; detail, where and internal query
   * are dropped.
   */
  errors: z.enum(["keep", "generic"]),
  /**
   * Every class of the configuration is revealed, and `opaque` too: nothing in the response can be
   * protected from this principal, and it leaves as the server sent it, byte for byte.
   */
  verbatim: z.literal([true]).optional(),
  /** Of a protocol of streams; without it nothing of a stream leaves. */
  stream: StreamPlan.optional(),
});
export type MaskPlan = z.infer<typeof MaskPlan>;

/** The plan of last resort: no result is foreseen, so whatever comes is masked whole. */
export const maskWhole: MaskPlan = { results: [], errors: "generic" };
