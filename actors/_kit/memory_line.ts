/**
 * One direction between a client and the server in memory.
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";

/** What is put in comes out in order, later, unless the line is cut or cleared before. */
export type MemoryLine = { put(run: () => void): void; clear(): void };

/** Creates an empty line. */
export function memoryLine(
  clock: Clock,
  delayOf: () => number,
  carries: () => boolean,
): MemoryLine {
  let queue: { readonly dueMs: number; run(): void }[] = [];
  let armed = false;
  return {
    put(run) {
      if (!carries()) return;
      queue.push({ dueMs: Math.max(queue.at(-1)?.dueMs ?? 0, clock.nowMs() + delayOf()), run });
      arm();
    },
    clear() {
      queue = [];
    },
  };

  function arm(): void {
    const first = queue[0];
    if (armed || first === undefined) return;
    armed = true;
    clock.after(Math.max(0, first.dueMs - clock.nowMs()), () => {
      armed = false;
      const now = clock.nowMs();
      for (let head = queue[0]; head !== undefined && head.dueMs <= now + 1; head = queue[0]) {
        queue.shift();
        head.run();
      }
      arm();
    });
  }
}
