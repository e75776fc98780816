/** Timers by name: one of each, set anew by each wake. @module */
import type { Clock } from "#actors/_kit/clock.ts";

export type Wakes<Name> = {
  wake(name: Name, afterMs: number): void;
  unwake(name: Name): void;
  stop(): void;
};

export function wakes<Name>(clock: Clock, woken: (name: Name) => void): Wakes<Name> {
  const timers = new Map<Name, () => void>();
  return {
    wake(name, afterMs) {
      timers.get(name)?.();
      timers.set(
        name,
        clock.after(afterMs, () => {
          timers.delete(name);
          woken(name);
        }),
      );
    },
    unwake(name) {
      timers.get(name)?.();
      timers.delete(name);
    },
    stop() {
      for (const stop of timers.values()) stop();
      timers.clear();
    },
  };
}
