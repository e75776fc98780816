/**
 * Which processes serve sessions of a database, by an advisory lock in the database itself:
 * https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
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
import type { Claim, Presence } from "../reach.ts";
import type { QueryConnection } from "./query_connection.ts";

/** Two numbers, of which nothing is known but that nobody else has chosen them. */
const lock = "1399090283, 2037412722";
const share = `select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings
    where name = 'idle_session_timeout';
  select pg_catalog.pg_advisory_lock_shared(${lock})`;
const claim = `select pg_catalog.pg_try_advisory_lock(${lock})`;
const giveUp = `select pg_catalog.pg_advisory_unlock(${lock})`;

export type PresenceLimits = {
  /** How long the lock is kept when the last session has gone, for the next. */
  readonly presenceLingerMs: number;
};

function claimOf([row]: readonly (readonly (string | null)[])[]): Claim {
  return row?.[0] === "t" ? "alone" : "shared";
}

/** `connect` makes a connection that is nobody else's, and calls back whenever it is lost. */
export function presenceOf(
  connect: (lost: () => void) => QueryConnection,
  clock: Pick<Clock, "after">,
  { presenceLingerMs }: PresenceLimits,
): Presence {
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
    claim: () => after(claim).then(claimOf, () => "shared"),
    share: () => void after(giveUp).catch(() => {}),
    whenLost: (callback) => void watching.push(callback),
  };

  async function enter(): Promise<"began" | "goes on"> {
    sessions++;
    forgetLinger();
    const isFirst = taken === null;
    taken ??= after(share).then(() => isHeld = true);
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
