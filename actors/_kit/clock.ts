/** Time and randomness as ports, so that a simulation can hold both. @module */
export type Clock = {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Calls back once after `afterMs`; returns how to forget it. */
  after(afterMs: number, callback: () => void): () => void;
};
/** Random bytes; cryptographically strong outside simulation. */
export type Random = (bytes: number) => Uint8Array;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(afterMs, callback) {
    const timer = setTimeout(callback, Math.min(afterMs, 2_147_483_647));
    return () => clearTimeout(timer);
  },
};
export const systemRandom: Random = (bytes) => crypto.getRandomValues(new Uint8Array(bytes));

/**
 * A clock whose long waits are coarse: one timer serves all that end within the same step, so that
 * a wait which is nearly always forgotten costs next to nothing. Waits below `stepMs` stay exact;
 * longer ones end up to `stepMs` late.
 */
export function coarse(clock: Clock, stepMs: number): Clock {
  const steps = new Map<number, Set<() => void>>();
  return {
    nowMs: clock.nowMs,
    after(afterMs, callback) {
      if (afterMs < stepMs) return clock.after(afterMs, callback);
      const step = Math.ceil((clock.nowMs() + afterMs) / stepMs);
      const waiting = steps.get(step) ?? open(step);
      const entry = () => callback();
      waiting.add(entry);
      return () => void waiting.delete(entry);
    },
  };

  function open(step: number): Set<() => void> {
    const waiting = new Set<() => void>();
    steps.set(step, waiting);
    clock.after(step * stepMs - clock.nowMs(), () => {
      steps.delete(step);
      for (const callback of waiting) callback();
    });
    return waiting;
  }
}
