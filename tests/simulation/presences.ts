/**
 * Processes that say of themselves that they serve a database, as a real server's lock has it: who
 * is alone lets nobody in, and the lock of one that died, or lost its connection, is free.
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";
import type { Presence } from "#actors/target/reach.ts";
import type { Chance } from "./clock.ts";

type Holder = {
  readonly alive: () => boolean;
  readonly watching: (() => void)[];
  sessions: number;
  isIn: boolean;
  isAlone: boolean;
};

export type SimulatedPresences = {
  of(alive: () => boolean): Presence;
  /** The connections over which they say it are lost, of those that `matches` picks. */
  cut(matches: (alive: () => boolean) => boolean): void;
};

export function simulatedPresences(clock: Clock, chance: Chance): SimulatedPresences {
  const holders: Holder[] = [];
  const waitMs = 10;
  return { of, cut };

  function present(): readonly Holder[] {
    return holders.filter(({ alive, isIn }) => alive() && isIn);
  }

  function of(alive: () => boolean): Presence {
    const own: Holder = { alive, watching: [], sessions: 0, isIn: false, isAlone: false };
    holders.push(own);
    const others = () => present().filter((one) => one !== own);
    let entering: Promise<void> | null = null;
    return {
      async enter() {
        own.sessions++;
        const isFirst = !own.isIn && entering === null;
        if (isFirst) entering = enterFirst();
        await entering;
        return isFirst ? "began" : "goes on";
      },
      leave() {
        if (--own.sessions === 0) Object.assign(own, { isIn: false, isAlone: false });
      },
      async claim() {
        await later();
        own.isAlone = own.isIn && others().length === 0;
        return own.isAlone ? "alone" : "shared";
      },
      share: () => void (own.isAlone = false),
      whenLost: (callback) => void own.watching.push(callback),
    };

    async function enterFirst(): Promise<void> {
      do await later(); while (others().some(({ isAlone }) => isAlone));
      own.isIn = true;
      entering = null;
    }
  }

  function cut(matches: (alive: () => boolean) => boolean): void {
    for (const holder of present().filter(({ alive }) => matches(alive))) {
      Object.assign(holder, { isIn: false, isAlone: false });
      for (const callback of holder.watching) callback();
    }
  }

  function later(): Promise<void> {
    return new Promise((resolve) => clock.after(chance.between(1, waitMs), resolve));
  }
}
