/**
 * What a session remembers between statements, as far as it decides what names mean: search path,
 * prepared statements, cursors, temporary relations, and the transaction that may undo them.
 *
 * The search path, cursors, temporary relations and unseen DDL are transactional: a snapshot is
 * taken at BEGIN and at each savepoint and put back on rollback. Prepared statements are not.
 *
 * **Invariant:** a change is applied only for a statement that succeeded.
 *
 * @module
 */
import type { StatementAnalysis } from "#schemas/analysis.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { Column } from "./lineage.ts";
import type { Probe } from "./probes.ts";

/** A temporary relation; `columns` null when it exists in an unknown shape, or may not exist. */
export type Temporary = { readonly columns: readonly Column[] | null };

/** A prepared statement: its text is analysed anew when names may mean something else. */
export type Prepared = {
  /** The one statement, as PostgreSQL would read it. */
  readonly sql: string;
  readonly analysis: StatementAnalysis;
  /** What it will compare classes with, once its parameters are known. */
  readonly probes: readonly Probe[];
  /** `SessionState.names` when it was analysed. */
  readonly names: number;
  /** The oids of its parameters' types that the client named; 0 for one that it left open. */
  readonly parameterTypes?: readonly number[];
};

export type Cursor = { readonly analysis: StatementAnalysis; readonly hold: boolean };

/** What ROLLBACK puts back. */
export type Snapshot = {
  readonly searchPath: readonly string[] | null;
  /** The path outside this transaction's SET LOCAL: what COMMIT leaves. */
  readonly committedPath: readonly string[] | null;
  readonly cursors: ReadonlyMap<string, Cursor>;
  readonly temporary: ReadonlyMap<string, Temporary>;
  readonly unsettled: boolean;
};

export type Transaction =
  | { readonly kind: "none" }
  | {
    readonly kind: "block";
    readonly failed: boolean;
    readonly start: Snapshot;
    readonly savepoints: readonly { readonly name: string; readonly snapshot: Snapshot }[];
  };

export type SessionState = Snapshot & {
  readonly prepared: ReadonlyMap<string, Prepared>;
  readonly transaction: Transaction;
  /** Grows whenever a name may resolve differently than before. */
  readonly names: number;
  /** The path that RESET restores. */
  readonly defaultPath: readonly string[] | null;
  /** Another role acts, or may: `"$user"`, which the default path may hold, is another schema. */
  readonly roleChanged: boolean;
};

/** What a statement does to its session when it succeeds. */
export type SessionChange =
  | {
    readonly kind: "search_path";
    readonly path: readonly string[] | null;
    readonly local: boolean;
  }
  | { readonly kind: "search_path_reset"; readonly local: boolean }
  | { readonly kind: "role"; readonly local: boolean }
  | { readonly kind: "prepare"; readonly name: string; readonly prepared: Prepared }
  /**
   * The server planned it, whatever became of that: it may go on with what the names meant then.
   * `analysis` has that too, and `before` is the one of that very statement, known as `name`.
   */
  | {
    readonly kind: "planned";
    readonly name: string;
    readonly before: StatementAnalysis;
    readonly analysis: StatementAnalysis;
  }
  | { readonly kind: "deallocate"; readonly name: string | null }
  | { readonly kind: "declare"; readonly name: string; readonly cursor: Cursor }
  | { readonly kind: "close"; readonly name: string | null }
  | { readonly kind: "temporary"; readonly name: string; readonly temporary: Temporary }
  | { readonly kind: "forget_temporary"; readonly names: readonly string[] }
  | { readonly kind: "discard"; readonly what: "all" | "temp" | "plans" }
  /** `relations`: bare names of all that it defines; absent when that is not relations alone. */
  | { readonly kind: "define"; readonly relations?: readonly string[] }
  /**
   * Code ran that may have changed anything in the session: names no longer resolve. Where it
   * `defines`, other sessions' names may mean something else as well.
   */
  | { readonly kind: "unknown_code"; readonly defines: boolean }
  | { readonly kind: "begin" }
  | { readonly kind: "commit"; readonly chain: boolean }
  | { readonly kind: "rollback"; readonly chain: boolean }
  | { readonly kind: "savepoint"; readonly name: string }
  | { readonly kind: "release"; readonly name: string }
  | { readonly kind: "rollback_to"; readonly name: string }
  | { readonly kind: "several"; readonly changes: readonly SessionChange[] };

/** Some changes as one. */
export function several(changes: readonly SessionChange[]): SessionChange | null {
  return changes.length > 1 ? { kind: "several", changes } : changes[0] ?? null;
}

/** Of what a request changes, what is so whatever its outcome. */
export function plannedIn(change: SessionChange | null): SessionChange[] {
  if (change?.kind === "several") return change.changes.flatMap(plannedIn);
  return change?.kind === "planned" ? [change] : [];
}

/** A session as it is after login; `searchPath` is the catalog's, null when unknown. */
export function freshSession(searchPath: readonly string[] | null): SessionState {
  return {
    searchPath,
    committedPath: searchPath,
    cursors: new Map(),
    temporary: new Map(),
    unsettled: false,
    prepared: new Map(),
    transaction: { kind: "none" },
    names: 0,
    defaultPath: searchPath,
    roleChanged: false,
  };
}

/** The session after a statement succeeded. */
export function applyChange(session: SessionState, change: SessionChange | null): SessionState {
  if (change === null) return session;
  switch (change.kind) {
    case "search_path":
      return setPath(session, change.path, change.local);
    case "search_path_reset":
      return setPath(session, session.defaultPath, change.local);
    case "role":
      return { ...setPath(session, null, change.local), roleChanged: true };
    case "prepare":
      return {
        ...session,
        prepared: new Map(session.prepared).set(change.name, change.prepared),
      };
    case "planned": {
      const prepared = session.prepared.get(change.name);
      if (prepared?.analysis !== change.before) return session;
      const planned = { ...prepared, analysis: change.analysis };
      return { ...session, prepared: new Map(session.prepared).set(change.name, planned) };
    }
    case "deallocate":
      return { ...session, prepared: without(session.prepared, change.name) };
    case "declare":
      return { ...session, cursors: new Map(session.cursors).set(change.name, change.cursor) };
    case "close":
      return { ...session, cursors: without(session.cursors, change.name) };
    case "temporary":
      return renamed({
        ...session,
        temporary: new Map(session.temporary).set(change.name, change.temporary),
      });
    case "forget_temporary":
      return forgetTemporary(session, change.names);
    case "discard":
      return discard(session, change.what);
    case "define":
      return renamed({ ...session, unsettled: true });
    case "unknown_code":
      return renamed({
        ...session,
        unsettled: true,
        searchPath: null,
        committedPath: null,
        roleChanged: true,
      });
    case "begin":
      return begin(session);
    case "commit":
      return end(session, change.chain, isFailed(session) ? "undo" : "keep");
    case "rollback":
      return end(session, change.chain, "undo");
    case "savepoint":
    case "release":
    case "rollback_to":
      return savepoint(session, change.kind, change.name);
    case "several":
      return change.changes.reduce(applyChange, session);
    default:
      return unreachable(change);
  }
}

/** The session after a statement failed: inside a block, only rollback helps. */
export function applyFailure(session: SessionState): SessionState {
  const { transaction } = session;
  return transaction.kind === "none"
    ? session
    : { ...session, transaction: { ...transaction, failed: true } };
}

/**
 * The session once another catalog is in use, read after its last DDL. Inside a transaction names
 * stay unsettled: what it defined is not committed, so no catalog can show it.
 */
export function settled(session: SessionState): SessionState {
  const isOpen = session.transaction.kind !== "none";
  return renamed(isOpen ? session : { ...session, unsettled: false });
}

/**
 * The session after a request whose first `completed` statements succeeded. Statements of one
 * simple query (or of one batch up to Sync) share an implicit transaction: when one fails, what
 * they changed since the last explicit transaction command is undone.
 */
export function applyRequest(
  session: SessionState,
  changes: readonly (SessionChange | null)[],
  completed: number,
): SessionState {
  let current = session;
  let implicit: Snapshot | null = session.transaction.kind === "none" ? session : null;
  for (const change of changes.slice(0, completed)) {
    const wasBlock = current.transaction.kind === "block";
    if (!wasBlock && change?.kind === "rollback" && implicit !== null) {
      current = restored(current, implicit);
    }
    current = applyChange(current, change);
    // BEGIN takes what ran before it into its transaction.
    if (!wasBlock && current.transaction.kind === "block" && implicit !== null) {
      current = { ...current, transaction: { ...current.transaction, start: implicit } };
      implicit = null;
    }
    if (current.transaction.kind === "none" && (wasBlock || change?.kind === "commit")) {
      implicit = current;
    }
  }
  if (completed >= changes.length) {
    return implicit === null ? current : afterTransaction(current);
  }
  return implicit === null ? applyFailure(current) : restored(current, implicit);
}

function setPath(
  session: SessionState,
  given: readonly string[] | null,
  local: boolean,
): SessionState {
  const isOfRole = given === session.defaultPath || given?.includes("$user") === true;
  const path = session.roleChanged && isOfRole ? null : given;
  return renamed({
    ...session,
    searchPath: path,
    committedPath: local ? session.committedPath : path,
  });
}

/** A temporary relation that was dropped or altered: its name may now mean either. */
function forgetTemporary(session: SessionState, names: readonly string[]): SessionState {
  const temporary = new Map(session.temporary);
  for (const name of names) if (temporary.has(name)) temporary.set(name, { columns: null });
  return renamed({ ...session, temporary });
}

function discard(session: SessionState, what: "all" | "temp" | "plans"): SessionState {
  if (what === "plans") return session;
  const cleared = renamed({ ...session, temporary: new Map() });
  if (what === "temp") return cleared;
  const { defaultPath } = session;
  return {
    ...cleared,
    searchPath: defaultPath,
    committedPath: defaultPath,
    prepared: new Map(),
    cursors: new Map(),
    roleChanged: false,
  };
}

function begin(session: SessionState): SessionState {
  // A BEGIN inside a block only warns.
  if (session.transaction.kind === "block") return session;
  const transaction = {
    kind: "block",
    failed: false,
    start: snapshotOf(session),
    savepoints: [],
  } as const;
  return { ...session, transaction };
}

function end(session: SessionState, chain: boolean, how: "keep" | "undo"): SessionState {
  const { transaction } = session;
  if (transaction.kind === "none") return session;
  const open = how === "undo" ? restored(session, transaction.start) : afterTransaction(session);
  const closed: SessionState = { ...open, transaction: { kind: "none" } };
  return chain ? begin(closed) : closed;
}

/** What COMMIT leaves: SET LOCAL ends, and cursors without HOLD are closed. */
function afterTransaction(session: SessionState): SessionState {
  const cursors = new Map([...session.cursors].filter(([, cursor]) => cursor.hold));
  const committed = { ...session, cursors, searchPath: session.committedPath };
  return session.searchPath === session.committedPath ? committed : renamed(committed);
}

function savepoint(
  session: SessionState,
  kind: "savepoint" | "release" | "rollback_to",
  name: string,
): SessionState {
  const { transaction } = session;
  if (transaction.kind === "none") return session;
  const { savepoints } = transaction;
  if (kind === "savepoint") {
    const added = [...savepoints, { name, snapshot: snapshotOf(session) }];
    return { ...session, transaction: { ...transaction, savepoints: added } };
  }
  const index = savepoints.findLastIndex((entry) => entry.name === name);
  const found = savepoints[index];
  if (found === undefined) return session;
  if (kind === "release") {
    const kept = savepoints.slice(0, index);
    return { ...session, transaction: { ...transaction, savepoints: kept } };
  }
  const kept = savepoints.slice(0, index + 1);
  const back = restored(session, found.snapshot);
  return { ...back, transaction: { ...transaction, failed: false, savepoints: kept } };
}

function restored(session: SessionState, snapshot: Snapshot): SessionState {
  return renamed({ ...session, ...snapshotOf(snapshot) });
}

function snapshotOf(state: Snapshot): Snapshot {
  const { searchPath, committedPath, cursors, temporary, unsettled } = state;
  return { searchPath, committedPath, cursors, temporary, unsettled };
}

function isFailed(session: SessionState): boolean {
  return session.transaction.kind === "block" && session.transaction.failed;
}

function renamed(session: SessionState): SessionState {
  return { ...session, names: session.names + 1 };
}

function without<V>(map: ReadonlyMap<string, V>, name: string | null): ReadonlyMap<string, V> {
  const copy = new Map(name === null ? [] : map);
  if (name !== null) copy.delete(name);
  return copy;
}
