/** Time that passes when a test says so. @module */
import type { Clock } from "./clock.ts";

export type TestClock = Clock & {
  /** Moves it on; what is due meanwhile is called back in order, each at its time. */
  forward(ms: number): void;
  /** How many have yet to be called back. */
  waiting(): number;
};

/** A clock that stands at this time, milliseconds since 1970. */
export function testClock(fromMs: number): TestClock {
  let now = fromMs;
  let waiting: { readonly atMs: number; readonly callback: () => void }[] = [];
  return {
    nowMs: () => now,
    waiting: () => waiting.length,
    after(afterMs, callback) {
      const entry = { atMs: now + afterMs, callback };
      waiting.push(entry);
      return () => {
        waiting = waiting.filter((one) => one !== entry);
      };
    },
    forward(ms) {
      const until = now + ms;
      for (;;) {
        const due = waiting.filter(({ atMs }) => atMs <= until).sort((a, b) => a.atMs - b.atMs)[0];
        if (due === undefined) break;
        waiting = waiting.filter((one) => one !== due);
        now = Math.max(now, due.atMs);
        due.callback();
      }
      now = until;
    },
  };
}

/** Lets what is resolved by now go on, and what that resolves. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
