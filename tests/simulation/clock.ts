/**
 * Time and chance of a simulation.
 *
 * **Invariant:** time stands still while anything is left to do at this moment, so the same seed
 * gives the same run whatever the machine does meanwhile.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock, Random } from "#actors/_kit/clock.ts";

export type VirtualClock = Clock & {
  /** Runs timers in their order until `untilMs`, or until `done` says so. */
  run(untilMs: number, done?: () => boolean): Promise<void>;
};

type Timer = { readonly dueMs: number; readonly order: number; callback: (() => void) | null };

/** Creates a clock that stands at `startMs`. */
export function virtualClock(startMs: number): VirtualClock {
  const heap: Timer[] = [];
  let nowMs = startMs;
  let order = 0;
  return {
    nowMs: () => nowMs,
    after(afterMs, callback) {
      const timer: Timer = { dueMs: nowMs + Math.max(0, afterMs), order: order++, callback };
      push(heap, timer);
      return () => void (timer.callback = null);
    },
    async run(untilMs, done = () => false) {
      for (await settled(); !done(); await settled()) {
        const timer = heap[0];
        if (timer === undefined || timer.dueMs > untilMs) {
          nowMs = untilMs;
          return;
        }
        pop(heap);
        if (timer.callback === null) continue;
        nowMs = Math.max(nowMs, timer.dueMs);
        timer.callback();
      }
    },
  };
}

/** A clock whose timers end with the process that set them. */
export function clockWhile(clock: Clock, alive: () => boolean): Clock {
  return {
    nowMs: clock.nowMs,
    after: (afterMs, callback) => clock.after(afterMs, () => alive() && callback()),
  };
}

/** Chance, each draw uniform in [0, 1). */
export type Chance = {
  (): number;
  /** True with this probability. */
  of(probability: number): boolean;
  /** A whole number below `end`. */
  below(end: number): number;
  between(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
  /** Chance of its own, so that what draws here changes nothing there. */
  fork(name: string): Chance;
  bytes: Random;
};

/** mulberry32 over a seed. */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const draw = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (end: number) => Math.floor(draw() * end);
  return Object.assign(draw, {
    of: (probability: number) => draw() < probability,
    below,
    between: (from: number, to: number) => from + draw() * (to - from),
    pick<T>(items: readonly T[]): T {
      const found = items[below(items.length)];
      if (found === undefined) throw new RangeError("Cannot pick: there is nothing");
      return found;
    },
    fork(name: string) {
      let hash = seed ^ 0x811c9dc5;
      for (const letter of name) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
      return chance(hash);
    },
    bytes: (count: number) => Uint8Array.from({ length: count }, () => below(256)),
  });
}

/** Everything that promises hold is done. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function before(left: Timer, right: Timer): boolean {
  return left.dueMs < right.dueMs || left.dueMs === right.dueMs && left.order < right.order;
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  heap.push(timer);
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up];
    if (parent === undefined || !before(timer, parent)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const [one, other] = [heap[left], heap[left + 1]];
    if (one === undefined) break;
    const smaller = other !== undefined && before(other, one) ? other : one;
    if (!before(smaller, last)) break;
    heap[at] = smaller;
    at = smaller === one ? left : left + 1;
  }
  heap[at] = last;
}
