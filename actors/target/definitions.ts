/**
 * Definitions and what depends on them, in the order in which they reach the server.
 *
 * A statement is judged by what its names mean then, and the server looks them up when it runs: in
 * between another session may define something else under one of them. So what defines and what
 * depends on it take turns here, by name:
 *
 * - A request behind which a definition may be seen by others (it commits) runs while none runs
 *   that depends on it, and those that come meanwhile wait until the catalog was read behind it.
 * - What was judged by a catalog from before a definition that concerns it is `stale`, and does not
 *   run.
 *
 * The server looks names up before anything else, so a single statement that has run for a while
 * knows what they mean, unless it waits for a lock: then it looks them up anew behind it. (Where it
 * may be kept busy before, by literals or parameters, authz says that it is `late`.) Whoever
 * waits for such statements asks the server which these are, and has them cancelled; for the others
 * it need not wait (`passOver`).
 *
 * Sessions here are those of one process: their own definitions they know.
 *
 * **Invariant:** no statement that was judged by names looks up one of them while another session's
 * definition of it becomes visible, or later, unless it was judged by a catalog read since.
 *
 * @module
 */
import { bareName, statementsRecordedMax } from "#schemas/analysis.ts";
import type { Verdict } from "#schemas/frames.ts";

/** Bare names of relations; null: any name, and not of relations alone. */
type Names = ReadonlySet<string> | null;

/** As ReadyForQuery has it; null: it did not come, as after a Flush, and any of them may be. */
type Transaction = "I" | "T" | "E" | null;

export type Turn = "go" | "wait" | "stale";

type Session = {
  /** What runs, until it is known what its names mean to it. */
  running: Verdict | null;
  /** Which of all requests that is. */
  number: number;
  /** What others see behind the request that runs, or that waits for its turn to. */
  publishes: Names | undefined;
  /** It may commit and leave a transaction open all the same. */
  commits: boolean;
  /** Its place among those that wait; the smaller one came first. */
  turn: number;
  /** It waits for its turn. */
  waits: boolean;
  /** What its open transaction has defined. */
  open: Names | undefined;
  /** Its last request ended without saying whether one is open. */
  unsure: boolean;
};

/** A definition that stands in the catalogs from this one on. */
type Settled = { readonly names: Names; readonly catalog: number };

/** Somebody's request that runs: its session, and which of its requests it is. */
export type Running = {
  readonly session: string;
  readonly number: number;
  /** It looked its names up when it began, unless it waits for a lock. */
  readonly single: boolean;
};

export type Definitions = ReturnType<typeof definitionsOfOne>;

/** The definitions of each connection, by its name. `settledMax`: remembered one by one. */
export function createDefinitions(settledMax: number): (connection: string) => Definitions {
  const all = new Map<string, Definitions>();
  return (connection) => {
    const known = all.get(connection) ?? definitionsOfOne(settledMax);
    all.set(connection, known);
    return known;
  };
}

function definitionsOfOne(settledMax: number) {
  const sessions = new Map<string, Session>();
  /** Those that publish, or wait to. */
  const publishing = new Map<string, Session>();
  /** By digest, which of the catalogs that were read it is. */
  const catalogs = new Map<string, number>();
  let newest = 0;
  let turns = 0;
  let requests = 0;
  let moves = 0;
  /** Ended, and in no catalog yet. */
  let unread: Names[] = [];
  let underRead: Names[] = [];
  /** Of sessions that are gone, what the server may still commit. */
  const lingering = new Map<string, Names>();
  const settled: Settled[] = [];
  const waiting = new Map<string, () => void>();
  return {
    enter,
    withdraw,
    leave,
    drop,
    lingers: (name: string) => lingering.has(name),
    goes,
    blocking,
    runs,
    passOver,
    readBegins,
    readEnds,
    whenMoved,
    /** Something ended that no catalog shows. */
    get hasUnread() {
      return unread.length > 0;
    },
    /** Changes whenever a session that waits may try again. */
    get moves() {
      return moves;
    },
  };

  /** Whether a session's request may go to the server now. */
  function enter(name: string, verdict: Verdict, transaction: Transaction): Turn {
    const session = sessions.get(name) ?? newSession(name);
    // Nearly always nobody defines anything, and what a request depends on need not be known.
    const isPlain = verdict.defines === undefined && session.open === undefined;
    if (!isPlain || !isQuiet() || !isOfNewest(verdict)) {
      const turn = turnOf(name, session, verdict, transaction);
      if (turn !== "go") return turn;
    }
    session.running = verdict;
    session.number = ++requests;
    session.waits = false;
    return "go";
  }

  function isQuiet(): boolean {
    return publishing.size + unread.length + underRead.length + lingering.size === 0;
  }

  /** Whether nothing was defined since the catalog by which it was judged. */
  function isOfNewest({ catalogDigest }: Verdict): boolean {
    return settled.length === 0 || catalogDigest !== null && catalogs.get(catalogDigest) === newest;
  }

  function turnOf(
    name: string,
    session: Session,
    verdict: Verdict,
    transaction: Transaction,
  ): Turn {
    const reads = readsOf(verdict);
    const publishes = publishesOf(session, verdict, transaction);
    if (reads !== undefined) {
      const isAhead = ([other, { publishes: names, turn }]: readonly [string, Session]) =>
        other !== name && names !== undefined && (!session.waits || turn < session.turn) &&
        meets(reads, names);
      const unseen = [...unread, ...underRead, ...lingering.values()];
      if ([...publishing].some(isAhead) || unseen.some((names) => meets(reads, names))) {
        return waits(name, session, publishes);
      }
      if (isStale(reads, verdict.catalogDigest)) {
        ended(name, session);
        return "stale";
      }
    }
    if (publishes !== undefined && dependents(name, publishes).length > 0) {
      return waits(name, session, publishes);
    }
    session.commits = mayCommit(verdict);
    if (verdict.defines !== undefined) session.open = union(session.open, namesOf(verdict.defines));
    publish(name, session, publishes);
    return "go";
  }

  /** A request that waited is given up, and nothing of it ran. */
  function withdraw(name: string): void {
    const session = sessions.get(name);
    if (session !== undefined) ended(name, session);
  }

  /** A request that went is over; its transaction is open still, or is not. */
  function leave(name: string, transaction: Transaction): void {
    const session = sessions.get(name);
    if (session === undefined) return;
    const { open, publishes, commits } = session;
    session.unsure = transaction === null;
    const seen = transaction === "I" || session.unsure ? open : commits ? publishes : undefined;
    if (seen !== undefined) unread.push(seen);
    if (transaction === "I") session.open = undefined;
    ended(name, session);
  }

  /**
   * The session is gone. A server learns late that nobody listens any more: until it is done
   * (`goes`) it may commit what ran.
   */
  function drop(name: string): void {
    const session = sessions.get(name);
    waiting.delete(name);
    if (session === undefined) return;
    if (session.publishes !== undefined && !session.waits) lingering.set(name, session.publishes);
    ended(name, session);
    sessions.delete(name);
  }

  /** The server is done with what ran for a session that is gone: it counts as defined. */
  function goes(name: string): void {
    const names = lingering.get(name);
    if (names === undefined) return;
    lingering.delete(name);
    unread.push(names);
    moved();
  }

  /** What runs, and keeps a session waiting that defines. */
  function blocking(name: string): readonly Running[] {
    const session = sessions.get(name);
    return session?.publishes === undefined ? [] : dependents(name, session.publishes);
  }

  /** Whether that request still runs, and keeps others waiting. */
  function runs({ session: name, number }: Running): boolean {
    const session = sessions.get(name);
    return session !== undefined && session.number === number && session.running !== null;
  }

  /** It is known what the names in that request mean to it. */
  function passOver(running: Running): void {
    const session = sessions.get(running.session);
    if (session === undefined || !runs(running)) return;
    session.running = null;
    moved();
  }

  /** A catalog is read now: what has ended stands in it. */
  function readBegins(): void {
    underRead.push(...unread);
    unread = [];
  }

  /** It was read; null: it could not be. */
  function readEnds(digest: string | null): void {
    if (digest === null) {
      unread.push(...underRead);
      underRead = [];
      return;
    }
    if (catalogs.get(digest) !== newest || newest === 0) catalogs.set(digest, ++newest);
    settled.push(...underRead.map((names) => ({ names, catalog: newest })));
    underRead = [];
    if (settled.length > settledMax) {
      const rest = settled.splice(0, settled.length - settledMax);
      settled.unshift({ names: null, catalog: Math.max(...rest.map(({ catalog }) => catalog)) });
    }
    for (const [other, catalog] of catalogs) {
      if (catalog + settledMax < newest) catalogs.delete(other);
    }
    moved();
  }

  /** Calls back once, when a session that had to wait at `since` may try again. */
  function whenMoved(name: string, since: number, callback: () => void): void {
    if (moves !== since) return callback();
    waiting.set(name, callback);
  }

  function newSession(name: string): Session {
    const session: Session = {
      running: null,
      number: 0,
      publishes: undefined,
      commits: false,
      turn: 0,
      waits: false,
      open: undefined,
      unsure: false,
    };
    sessions.set(name, session);
    return session;
  }

  function publishesOf(
    session: Session,
    verdict: Verdict,
    transaction: Transaction,
  ): Names | undefined {
    const names = verdict.defines === undefined
      ? session.open
      : union(session.open, namesOf(verdict.defines));
    const isPublic = transaction === "I" || session.unsure || mayCommit(verdict);
    return isPublic ? names : undefined;
  }

  function waits(name: string, session: Session, publishes: Names | undefined): Turn {
    if (!session.waits) session.turn = ++turns;
    session.waits = true;
    publish(name, session, publishes);
    return "wait";
  }

  function publish(name: string, session: Session, publishes: Names | undefined): void {
    session.publishes = publishes;
    if (publishes === undefined) publishing.delete(name);
    else publishing.set(name, session);
  }

  function dependents(name: string, publishes: Names): readonly Running[] {
    return [...sessions].flatMap(([other, { running, number }]): Running[] => {
      if (other === name || running === null) return [];
      const reads = readsOf(running);
      const isOne = reads !== undefined && meets(reads, publishes);
      return isOne ? [{ session: other, number, single: isPrompt(running) }] : [];
    });
  }

  function isStale(reads: Names, digest: string | null): boolean {
    const judgedBy = digest === null ? undefined : catalogs.get(digest);
    return settled.some(({ names, catalog }) => catalog > (judgedBy ?? 0) && meets(reads, names));
  }

  function ended(name: string, session: Session): void {
    session.running = null;
    session.waits = false;
    if (session.publishes !== undefined) publish(name, session, undefined);
    moved();
  }

  function moved(): void {
    moves++;
    if (waiting.size === 0) return;
    const all = [...waiting.values()];
    waiting.clear();
    for (const callback of all) callback();
  }
}

/** The names that a request was judged by; undefined: none, or its judgement holds by whatever. */
function readsOf(verdict: Verdict): Names | undefined {
  const { plan, statements, unsettled, catalogDigest, prepares } = verdict;
  if (plan.verbatim === true || unsettled === true || catalogDigest === null) return undefined;
  const known = reading.get(statements) ?? { names: namesRead(statements) };
  reading.set(statements, known);
  return prepares === undefined ? known.names : union(known.names, namesOf(prepares));
}

/** By the statements of verdicts, which those of one shape share. */
const reading = new WeakMap<Verdict["statements"], { readonly names: Names | undefined }>();

function namesRead(statements: Verdict["statements"]): Names | undefined {
  if (statements.length >= statementsRecordedMax) return null;
  const depending = statements.filter(({ effects }) => effects.some((one) => one !== "session"));
  if (depending.length === 0) return undefined;
  return new Set(depending.flatMap(({ relations }) => relations.map(bareName)));
}

/** Whether the server looks all names up as soon as it begins. */
function isPrompt({ statements, prepares, late }: Verdict): boolean {
  return statements.length === 1 && prepares === undefined && late !== true;
}

function namesOf(defines: readonly string[] | null): Names {
  return defines === null ? null : new Set(defines);
}

function union(left: Names | undefined, right: Names): Names {
  if (left === undefined) return right;
  return left === null || right === null ? null : left.union(right);
}

function meets(left: Names, right: Names): boolean {
  return left === null || right === null || !left.isDisjointFrom(right);
}

/** Whether a request may commit a transaction that is open. */
function mayCommit({ statements }: Verdict): boolean {
  return statements.length >= statementsRecordedMax ||
    statements.some(({ command }) => committing.has(command));
}

/** `UNREAD`: what nobody understood. */
const committing: ReadonlySet<string> = new Set(["COMMIT", "COMMIT PREPARED", "UNREAD"]);
