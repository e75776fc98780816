/**
 * What the actor must know of the protocol that is spoken with an upstream: which answers a request
 * still has to get, and what is to be recorded of it.
 *
 * @module
 */
import type { Outcome, Verdict } from "#schemas/frames.ts";
import type { StatementAnalysis } from "#schemas/analysis.ts";

/** What of an outcome only the protocol's own answers tell. */
export type Answered = Pick<
  Outcome,
  | "status"
  | "rows"
  | "counted"
  | "commands"
  | "sqlstate"
  | "exit"
  | "processId"
  | "transaction"
  | "completed"
  | "cut"
>;

/** What a verdict says of the request and of the response to it. */
export type Terms = Pick<Verdict, "statements" | "volume"> & Partial<Pick<Verdict, "plan">>;

/** Mutable, owned by the target's session state. */
export type Conversation = {
  /** Answers of a stream that was quiet leave at once, instead of being gathered for a moment. */
  readonly prompt: boolean;
  /** The edge grants credit for the first part of each response; little is read before that. */
  readonly startsSlowly: boolean;
  /** True when the running request has had all its answers. */
  readonly settled: boolean;
  /** What goes upstream is answered by nothing: it is complete once the server takes it. */
  readonly feeds: boolean;
  /** The server said that it ends the session: a connection that closes then was not lost. */
  readonly ending: boolean;
  /** The running response has reached a limit of its verdict: what still runs is of no use. */
  readonly cut: boolean;
  /** As the newest ReadyForQuery has it; null of protocols without transactions, or before it. */
  readonly transaction: "I" | "T" | "E" | null;
  /** Nothing more can be asked of an upstream of which a response was cut: it is let go. */
  readonly spent: boolean;
  /** The upstream is dialled now; the bytes taken next are the answers to the login. */
  dials(): void;
  /** A request goes upstream. @returns what of it does so now; null when it cannot run here. */
  asks(parts: readonly Uint8Array[], terms: Terms): readonly Uint8Array[] | null;
  /** What did not, and does now. */
  takeLate(): Uint8Array | null;
  /** Input for the running request goes upstream. @returns false when it takes none. */
  continues(parts: readonly Uint8Array[]): boolean;
  /**
   * Bytes came. @returns what of them is passed on; null when they are not of the protocol, and
   * nothing more is understood.
   */
  takes(bytes: Uint8Array): readonly Uint8Array[] | null;
  answered(): Answered;
  /** The request with these statements has ended. */
  ends(statements: readonly StatementAnalysis[]): CatalogNeed;
  /** The catalog was read. */
  catalogRead(): void;
  /** What the agent is told when the upstream cannot be reached, in fixed words of ours. */
  refusal(code: string, reason: string): Refusal;
};

/**
 * Whether the catalog is to be read now: `first` since it changed, or `again`, because it was not
 * read when that was said before.
 */
export type CatalogNeed = "no" | "first" | "again";

export type Refusal = { readonly words: Uint8Array; readonly sqlstate: string | null };

const nothingAnswered: Answered = {
  status: "executed",
  rows: 0,
  commands: [],
  sqlstate: null,
  transaction: null,
  completed: 0,
};

/** Of a session that was not opened: nothing can be asked of it. */
export const noConversation: Conversation = {
  prompt: false,
  startsSlowly: false,
  settled: true,
  feeds: false,
  ending: false,
  cut: false,
  transaction: null,
  spent: false,
  dials() {},
  asks: () => null,
  takeLate: () => null,
  continues: () => false,
  takes: () => null,
  answered: () => nothingAnswered,
  ends: () => "no",
  catalogRead() {},
  refusal: () => ({ words: new Uint8Array(0), sqlstate: null }),
};
