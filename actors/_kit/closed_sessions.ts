/**
 * Lets go of sessions that ended somewhere else: a worker that lost its shard for a while, or works
 * only one of an actor's streams, is never given their close.
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";

export type Sweepable = {
  /** Set by each sweep, cleared by whatever the session is given. */
  quiet: boolean;
};

/** Looks at sessions that were given nothing between two sweeps, one after the other. */
export function sweepSessions<Session extends Sweepable>(ports: {
  readonly clock: Clock;
  readonly limits: { readonly sweepEveryMs: number };
  readonly sessions: () => Iterable<Session>;
  readonly isClosed: (session: Session) => Promise<boolean>;
  readonly drop: (session: Session) => void;
}): { begin(): void } {
  const { clock, limits, sessions, isClosed, drop } = ports;
  let armed = false;
  return { begin };

  /** Sweeps from time to time while there are sessions. */
  function begin(): void {
    if (armed) return;
    armed = true;
    clock.after(limits.sweepEveryMs, () => {
      sweep().finally(() => {
        armed = false;
        for (const _any of sessions()) return begin();
      });
    });
  }

  async function sweep(): Promise<void> {
    for (const session of [...sessions()]) {
      // What cannot be looked up now is looked at again at the next sweep.
      if (session.quiet && await isClosed(session).catch(() => false)) drop(session);
      session.quiet = true;
    }
  }
}
