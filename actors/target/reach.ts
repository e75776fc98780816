/** How a driver reaches an upstream, whatever protocol it speaks. @module */
import type { Catalog } from "#schemas/catalog.ts";
import type { StatementText } from "#schemas/wire/postgres/statement_texts.ts";

/** One dialled connection. */
export type Upstream = {
  /** The server's number of the session; null where it has none. */
  readonly processId: number | null;
  write(bytes: Uint8Array): void;
  pause(): void;
  resume(): void;
  /**
   * Asks the server to cancel what runs; best effort, as protocols have it. A promise resolves once
   * the request can hit nothing that is asked later; no promise: it never could.
   */
  cancel(): Promise<void> | void;
  hangUp(): void;
  /**
   * Calls back once the server has taken enough of what was written. Of protocols that have
   * continuations it ends one: `taken` once its window has taken all that was written since the one
   * before, `refused` when none of it was sent.
   */
  whenWritten(callback: (fate: "taken" | "refused") => void): void;
};

export type DialEvents = {
  /** `bytes` are the answers to the login. */
  ready(upstream: Upstream, bytes: Uint8Array): void;
  /** A stable code and fixed words of ours; the server's own may name a role or a host. */
  failed(code: string, reason: string): void;
  received(bytes: Uint8Array): void;
  closed(): void;
};

/** One configured connection: how its server is reached. */
export type Reach = {
  /** Exactly one of `ready` and `failed` is called, and `closed` at most once after `ready`. */
  dial(
    parameters: Readonly<Record<string, string>>,
    events: DialEvents,
  ): { abandon(): void };
  /** Null: its protocol has no catalog. */
  readonly readCatalog: ReadCatalog | null;
  /** Null: its protocol has no planner. */
  readonly estimateRows: EstimateRows | null;
  /** Null: its protocol has no catalog. */
  readonly unlocked: Processes | null;
  /** The same of those that may do something still, though nobody is connected to them. */
  readonly busy: Processes | null;
  /** Of others, those that wait for a lock which the first has, or waits for before them. */
  readonly blocked: ((by: number, others: readonly number[]) => ReturnType<Processes>) | null;
  /** Null: its protocol has no definitions. */
  readonly presence: Presence | null;
};

export type Claim = "alone" | "shared";

/** Says to other processes that sessions of a database are served here. */
export type Presence = {
  /**
   * One more session is served. `began`: until now others may have been alone with the database.
   * @throws QueryError when it cannot be said; then it is not to be left.
   */
  enter(): Promise<"began" | "goes on">;
  leave(): void;
  /** `alone`: no other process serves any, and none will until `share`. Never rejects. */
  claim(): Promise<Claim>;
  share(): void;
  /** Calls back whenever it is not said any more though sessions are served. */
  whenLost(callback: () => void): void;
};

/** A statement as it stands in a request, with what its names mean. */
export type Planned = StatementText & { readonly searchPath: readonly string[] };

/** How many rows the server expects of each; null where it gave no answer. Never rejects. */
export type EstimateRows = (statements: readonly Planned[]) => Promise<(number | null)[]>;

/** The catalog as it is now; null when it still is the one with the digest `known`. */
export type ReadCatalog = (known: string | null) => Promise<Catalog | null>;

/**
 * Of these processes of the server, those that surely run and wait for no lock, or that may do
 * something still. Never rejects.
 */
export type Processes = (processIds: readonly number[]) => Promise<ReadonlySet<number>>;
