/**
 * Which processes serve sessions of a database, by an advisory lock of its server:
 * https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 *
 * It is a lock of the maintenance database, where there is one: what is done there nobody sees in
 * the database that is served, whose own locks are its clients'.
 *
 * A process shares the lock while it serves sessions, and has it for itself while one of them
 * defines something. So a process is alone with its definitions, whatever other processes,
 * installations and configured connections lead to the same database.
 *
 * **Invariant:** no session is served without the lock: when its connection is lost, so are they.
 *
 * An agent who may call functions of advisory locks can take this one, too. Then nothing is defined
 * until it lets go, and a process that comes anew serves nobody; nothing gets out by that.
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";
import type { Claim, DialEvents, Presence } from "../reach.ts";
import type { QueryConnection } from "./query_connection.ts";

/** A number of which nothing is known but that nobody else has chosen it. */
const lockClass = 1_399_090_283;
const stays = `select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings
  where name = 'idle_session_timeout'`;

/** The two numbers of the lock, as SQL. */
export function presenceLock(database: string): string {
  const hex = new TextEncoder().encode(database).toHex();
  const name = `pg_catalog.convert_from(pg_catalog.decode('${hex}', 'hex'), 'UTF8')`;
  return `${lockClass}, pg_catalog.hashtext(${name})`;
}

/** Databases that exist for tools to connect to. */
export const maintenanceDatabase = "postgres";
/** There is none, or not for this role, as the server says. */
const closed: ReadonlySet<string> = new Set(["3D000", "42501", "28000"]);

/** Dials the maintenance database; the one that is served, where that is closed. */
export function dialMaintenance(
  dialIn: (database: string, events: DialEvents) => { abandon(): void },
  database: string,
): (events: DialEvents) => { abandon(): void } {
  return (events) => {
    let dialled = dialIn(maintenanceDatabase, {
      ...events,
      failed(code, reason) {
        if (closed.has(code)) dialled = dialIn(database, events);
        else events.failed(code, reason);
      },
    });
    return { abandon: () => dialled.abandon() };
  };
}

export type PresenceLimits = {
  /** How long the lock is kept when the last session has gone, for the next. */
  readonly presenceLingerMs: number;
};

function claimOf([row]: readonly (readonly (string | null)[])[]): Claim {
  return row?.[0] === "t" ? "alone" : "shared";
}

/** `connect` makes a connection that is nobody else's, and calls back whenever it is lost. */
export function presenceOf(
  database: string,
  connect: (lost: () => void) => QueryConnection,
  clock: Pick<Clock, "after">,
  { presenceLingerMs }: PresenceLimits,
): Presence {
  const lock = presenceLock(database);
  const connection = connect(lost);
  const watching: (() => void)[] = [];
  let sessions = 0;
  let taken: Promise<unknown> | null = null;
  let isHeld = false;
  let forgetLinger = () => {};
  let last: Promise<unknown> = Promise.resolve();
  return {
    enter,
    leave,
    claim: () =>
      after(`select pg_catalog.pg_try_advisory_lock(${lock})`).then(claimOf, () => "shared"),
    share: () => void after(`select pg_catalog.pg_advisory_unlock(${lock})`).catch(() => {}),
    whenLost: (callback) => void watching.push(callback),
  };

  async function enter(): Promise<"began" | "goes on"> {
    sessions++;
    forgetLinger();
    const isFirst = taken === null;
    taken ??= after(`${stays}; select pg_catalog.pg_advisory_lock_shared(${lock})`).then(() =>
      isHeld = true
    );
    try {
      await taken;
    } catch (error) {
      leave();
      throw error;
    }
    return isFirst ? "began" : "goes on";
  }

  function leave(): void {
    sessions--;
    if (sessions > 0) return;
    forgetLinger();
    forgetLinger = clock.after(presenceLingerMs, () => {
      isHeld = false;
      connection.close();
    });
  }

  function lost(): void {
    taken = null;
    if (!isHeld) return;
    isHeld = false;
    for (const callback of watching) callback();
  }

  /** One query at a time. A failure closes the connection. */
  function after(text: string): Promise<(string | null)[][]> {
    const answer = last.then(() => connection.query(text));
    last = answer.catch(() => {});
    return answer;
  }
}
