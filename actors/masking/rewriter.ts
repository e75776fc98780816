/**
 * The state of a response rewriter, and what it is given.
 *
 * @module
 */
import type { MaskPlan } from "#schemas/mask_plan.ts";
import type { VolumeLimit } from "#schemas/volume.ts";
import type { Writer } from "#schemas/wire/cursor.ts";
import type { Framer } from "#schemas/wire/postgres/frame.ts";
import type { CopyRewriter } from "./copy_rows.ts";
import type { DetectorClasses } from "#schemas/detectors/detect.ts";
import type { MaskingKey } from "./key.ts";
import type { Means, RowProgram } from "./rows.ts";

export type RewriterLimits = {
  /** A server's message, whole; what is longer ends the response. */
  readonly messageBytesMax: number;
  /** A row of COPY data. */
  readonly copyRowBytesMax: number;
  /** Prepared statements whose column types are remembered; the oldest is forgotten first. */
  readonly statementsMax: number;
  /** Finds of detectors in one value; with more, the rest of the value is masked as one. */
  readonly detectionsMax: number;
};

export type RewriterOptions = {
  readonly key: MaskingKey;
  /** Detector to the class its finds are masked as; `{}` is no detection. */
  readonly detectors: DetectorClasses;
  readonly limits: RewriterLimits;
};

/** What masking knows of the target's catalog, by pg_class.oid and pg_attribute.attnum. */
export type CatalogView = {
  /** The classes of a column; undefined when it has none, or is not known. */
  readonly classesOf: (relation: number, attribute: number) => readonly string[] | undefined;
  /** The type OID of a column; undefined when not known. */
  readonly typeOf: (relation: number, attribute: number) => number | undefined;
};

/** One request, as its response is rewritten. */
export type RequestPlan = {
  readonly plan: MaskPlan;
  readonly catalog: CatalogView;
  /**
   * The names of the statements that the request's Parse messages make, in order; null when not
   * known, and then a remembered type is not trusted to rule out text.
   */
  readonly parsed: readonly string[] | null;
  /** The server's greeting: what it sets may be told; what a login trigger says is anybody's. */
  readonly greets?: boolean;
  /** Its limits; what target says when one is reached is the gateway's own. */
  readonly volume?: VolumeLimit | undefined;
};

/** Why a response could not be understood. Holds no value. */
export type Failure =
  | "malformed_message"
  | "incomplete_message"
  | "unexpected_message"
  | "copy_not_foreseen"
  | "copy_row_too_large"
  | "copy_malformed";

export type Rewritten = {
  /** Whole messages; may be empty. */
  readonly bytes: Uint8Array;
  /** How many values were masked, by class. */
  readonly masked: ReadonlyMap<string, number>;
  /** Not null once the response has ended with a FATAL error; nothing comes after it. */
  readonly failure: Failure | null;
};

/** A column as the server described it. */
export type DescribedColumn = {
  readonly typeOid: number;
  readonly tableOid: number;
  readonly attribute: number;
};

/** What outlives a request: column types by statement name, and the client encoding. JSON. */
export type Snapshot = {
  readonly version: 1;
  readonly clientEncoding: string;
  /** Oldest first; of each column the type OID, table OID and attribute number. */
  readonly statements: readonly {
    readonly name: string;
    readonly columns: readonly (readonly [number, number, number])[];
  }[];
};

/** One session's rewriter. Belongs to that session's mailbox; `rewrite` changes it in place. */
export type Rewriter = {
  readonly options: RewriterOptions;
  readonly framer: Framer;
  readonly out: Writer;
  readonly means: Means;
  readonly statements: Map<string, readonly DescribedColumn[]>;
  /** Statements whose types were told in this request. */
  readonly described: Set<string>;
  readonly counts: Map<string, number>;
  clientEncoding: string;
  request: RequestPlan;
  parses: number;
  /** What was told in this request of what is withheld. */
  told: { withheld: boolean };
  /** The answer that comes next: an index into the plan's results. */
  at: number;
  /** The columns of the answer at `at` were told. */
  isDescribed: boolean;
  /** Of the answer at `at`; null when there is none yet, or none that fits its columns. */
  program: RowProgram | null;
  copy: { readonly rewriter: CopyRewriter; readonly program: RowProgram } | null;
  failure: Failure | null;
  /** The FATAL error was given out. */
  ended: boolean;
};
