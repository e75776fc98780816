/**
 * The sessions of an edge that are open, and their end when the edge is stopped as planned: at once
 * where nothing of a session is under way, else as soon as that is done, or when its time is over.
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";
import type { Ending, LiveSession } from "#actors/_kit/edge/hear.ts";

export type StopLimits = {
  /** How long what runs may go on when the edge is stopped. */
  readonly stopGraceMsMax: number;
  /** How long after it the ends of sessions may take to be stored and told. */
  readonly stopTellMsMax: number;
};

export const stopLimits: StopLimits = { stopGraceMsMax: 5_000, stopTellMsMax: 2_000 };

export type OpenSession = LiveSession & {
  /** Ends the session with these words as soon as nothing of it is under way. */
  leave(why: Ending): void;
  terminate(why: Ending): void;
};

export type OpenSessions<One extends OpenSession> = {
  count(): number;
  ofPerson(person: string): number;
  find(session: string): One | undefined;
  add(session: One): void;
  /** It is over; `told` settles when that is stored and the agent has been told. */
  remove(session: One, told: Promise<unknown>): void;
  terminate(matches: (session: LiveSession) => boolean, why: Ending): void;
  isStopping(): boolean;
  /** Ends all of them; resolves when all is stored and told, or the time for it is over. */
  stop(): Promise<void>;
};

const atRest: Ending = {
  reason: "edge_stopped",
  message: "the connection is ended because the gateway is being stopped; connect again",
};
const brokenOff: Ending = {
  reason: "edge_stopped",
  message: "the gateway is being stopped, and what was under way was ended; " +
    "look whether it took effect before you run it again",
};

/** Creates it, empty. */
export function openSessions<One extends OpenSession>(
  clock: Clock,
  limits: StopLimits,
): OpenSessions<One> {
  const live = new Map<string, One>();
  const telling = new Set<Promise<unknown>>();
  let stopping = false;
  let emptied = () => {};
  return {
    count: () => live.size,
    ofPerson: (person) => {
      return [...live.values()].filter(({ principal }) => principal.person === person).length;
    },
    find: (session) => live.get(session),
    add: (session) => void live.set(session.key.session, session),
    remove,
    terminate,
    isStopping: () => stopping,
    stop,
  };

  function remove({ key }: One, told: Promise<unknown>): void {
    live.delete(key.session);
    telling.add(told);
    void told.finally(() => telling.delete(told));
    if (live.size === 0) emptied();
  }

  function terminate(matches: (session: LiveSession) => boolean, why: Ending): void {
    for (const found of [...live.values()].filter(matches)) found.terminate(why);
  }

  async function stop(): Promise<void> {
    stopping = true;
    const empty = new Promise<void>((resolve) => emptied = resolve);
    for (const one of [...live.values()]) one.leave(atRest);
    if (live.size > 0) await within(limits.stopGraceMsMax, empty);
    terminate(() => true, brokenOff);
    await within(limits.stopTellMsMax, Promise.all(telling));
  }

  function within(ms: number, done: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const forget = clock.after(ms, resolve);
      void done.finally(() => {
        forget();
        resolve();
      });
    });
  }
}
