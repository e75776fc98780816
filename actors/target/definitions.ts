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
 * All connections to one database are in this together, each with a catalog of its own. Sessions
 * here are those of one process. So that no other serves the database meanwhile, a definition waits
 * until this one is `alone` with it; if it is not, it is refused (`postgres/presence.ts`).
 *
 * **Invariant:** no statement that was judged by names looks up one of them while another session's
 * definition of it becomes visible, or later, unless it was judged by a catalog read since.
 *
 * @module
 */
import type { Verdict } from "#schemas/frames.ts";
import { isPrompt, mayCommit, namesOf, readsOf, union } from "./names_of_verdict.ts";
import type { Claim } from "./reach.ts";
import { meets, type Names, type SettledDefinitions, settledDefinitions } from "./settled.ts";

/** As ReadyForQuery has it; null: it did not come, as after a Flush, and any of them may be. */
type Transaction = "I" | "T" | "E" | null;

export type Turn = "go" | "wait" | "stale" | "elsewhere";

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
  /** What the request that waits was judged by. */
  reads: Names | undefined;
  /** It wanted to define, and this process was not alone. */
  denied: boolean;
  /** What its open transaction has defined. */
  open: Names | undefined;
  /** Its last request ended without saying whether one is open. */
  unsure: boolean;
};

/** Somebody's request that runs: its session, and which of its requests it is. */
export type Running = {
  readonly session: string;
  readonly number: number;
  /** It looked its names up when it began, unless it waits for a lock. */
  readonly single: boolean;
};

/** Of one connection, together with all that lead to the same database. */
export type Definitions = ReturnType<ReturnType<typeof definitionsOfDatabase>["of"]>;

export type DefinitionsOptions = {
  /** How many definitions are remembered one by one. */
  readonly settledMax: number;
  /** Which database a connection leads to, and whether other processes may serve it, too. */
  readonly databaseOf?: (connection: string) => { readonly name: string; readonly shared: boolean };
};

/** The definitions of each connection, by its name. */
export function createDefinitions(
  { settledMax, databaseOf = (name) => ({ name, shared: false }) }: DefinitionsOptions,
): (connection: string) => Definitions {
  const databases = new Map<string, ReturnType<typeof definitionsOfDatabase>>();
  const all = new Map<string, Definitions>();
  return (connection) => {
    const known = all.get(connection);
    if (known !== undefined) return known;
    const { name, shared } = databaseOf(connection);
    const database = databases.get(name) ?? definitionsOfDatabase(settledMax, shared);
    databases.set(name, database);
    const own = database.of(connection);
    all.set(connection, own);
    return own;
  };
}

function definitionsOfDatabase(settledMax: number, isShared: boolean) {
  const sessions = new Map<string, Session>();
  /** Those that publish, or wait to. */
  const publishing = new Map<string, Session>();
  /** Of each connection, what its catalogs show. */
  const catalogs = new Map<string, SettledDefinitions>();
  /** Of sessions that are gone, what the server may still commit. */
  const lingering = new Map<string, Names>();
  const waiting = new Map<string, () => void>();
  let turns = 0;
  let requests = 0;
  let moves = 0;
  /** Whether no other process serves this database, and none begins to. */
  let alone: "no" | "asked" | "yes" = isShared ? "no" : "yes";
  return { of };

  function of(connection: string) {
    const settled = settledDefinitions(settledMax);
    catalogs.set(connection, settled);
    return {
      enter: (name: string, verdict: Verdict, transaction: Transaction) =>
        enter(settled, name, verdict, transaction),
      withdraw,
      leave,
      drop,
      lingers: (name: string) => lingering.has(name),
      goes,
      blocking,
      awaited,
      runs,
      passOver,
      readBegins: settled.readBegins,
      readEnds(digest: string | null): void {
        settled.readEnds(digest);
        if (digest !== null) moved();
      },
      whenMoved,
      presence: { asked, answered, mayShare, began },
      /** Connections of which a catalog has to be read, for something ended that none shows. */
      get unread(): readonly string[] {
        return [...catalogs].flatMap(([one, { hasUnread }]) => hasUnread ? [one] : []);
      },
      /** Changes whenever a session that waits may try again. */
      get moves() {
        return moves;
      },
    };
  }

  /** Whether a session's request may go to the server now. */
  function enter(
    settled: SettledDefinitions,
    name: string,
    verdict: Verdict,
    transaction: Transaction,
  ): Turn {
    const session = sessions.get(name) ?? newSession(name);
    // Nearly always nobody defines anything, and what a request depends on need not be known.
    const isPlain = verdict.defines === undefined && session.open === undefined;
    const isQuiet = publishing.size + lingering.size === 0 && settled.isSeen;
    if (!isPlain || !isQuiet || !settled.isOfNewest(verdict.catalogDigest)) {
      const turn = turnOf(settled, name, session, verdict, transaction);
      if (turn !== "go") return turn;
    }
    session.running = verdict;
    session.number = ++requests;
    session.waits = false;
    return "go";
  }

  function turnOf(
    settled: SettledDefinitions,
    name: string,
    session: Session,
    verdict: Verdict,
    transaction: Transaction,
  ): Turn {
    const reads = readsOf(verdict);
    const publishes = publishesOf(session, verdict, transaction);
    if (session.denied) {
      ended(name, session);
      return "elsewhere";
    }
    if (reads !== undefined) {
      const isAhead = ([other, { publishes: names, turn }]: readonly [string, Session]) =>
        other !== name && names !== undefined && (!session.waits || turn < session.turn) &&
        meets(reads, names);
      const unseen = [...settled.unseen(), ...lingering.values()];
      if ([...publishing].some(isAhead) || unseen.some((names) => meets(reads, names))) {
        return waits(name, session, reads, publishes);
      }
      if (settled.isStale(reads, verdict.catalogDigest)) {
        ended(name, session);
        return "stale";
      }
    }
    const isFree = publishes === undefined ||
      alone === "yes" && dependents(name, publishes).length === 0;
    if (!isFree) return waits(name, session, reads, publishes);
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
    if (seen !== undefined) defined(seen);
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
    defined(names);
    moved();
  }

  /** What runs, and keeps a session waiting that defines. */
  function blocking(name: string): readonly Running[] {
    const session = sessions.get(name);
    return session?.publishes === undefined ? [] : dependents(name, session.publishes);
  }

  /** The sessions that define what one waits for. */
  function awaited(name: string): readonly string[] {
    const { reads, waits: isWaiting = false } = sessions.get(name) ?? {};
    if (!isWaiting || reads === undefined) return [];
    return [...publishing].flatMap(([other, { publishes, waits: waitsToo }]) => {
      const isOne = other !== name && !waitsToo && publishes !== undefined;
      return isOne && meets(reads, publishes) ? [other] : [];
    });
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

  /** Who defines waits to be alone. */
  function asked(): boolean {
    const wanted = alone === "no" && [...publishing.values()].some(({ waits }) => waits);
    if (wanted) alone = "asked";
    return wanted;
  }

  /** Whether this process is alone with the database; those that wait go, or are refused. */
  function answered(claim: Claim): void {
    alone = claim === "alone" ? "yes" : "no";
    for (const session of publishing.values()) session.denied = claim === "shared" && session.waits;
    moved();
  }

  /** Whether others may serve the database again: all that was defined stands in all catalogs. */
  function mayShare(): boolean {
    const isSeen = [...catalogs.values()].every((settled) => settled.isSeen);
    if (!isShared || alone !== "yes" || !isSeen || publishing.size + lingering.size > 0) {
      return false;
    }
    alone = "no";
    return true;
  }

  /** Others may have defined anything until now. */
  function began(): void {
    alone = "no";
    defined(null);
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
      reads: undefined,
      denied: false,
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

  function waits(
    name: string,
    session: Session,
    reads: Names | undefined,
    publishes: Names | undefined,
  ): Turn {
    if (!session.waits) session.turn = ++turns;
    session.waits = true;
    session.reads = reads;
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

  /** Others see it from now on, and it is in no catalog. */
  function defined(names: Names): void {
    for (const settled of catalogs.values()) settled.ended(names);
  }

  function ended(name: string, session: Session): void {
    session.running = null;
    session.waits = false;
    session.denied = false;
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
