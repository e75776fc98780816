/**
 * Which frames a session has dealt with, so that one whose acknowledgement was lost is not dealt
 * with again. Only the newest are remembered: what is not acknowledged comes again within seconds.
 *
 * @module
 */
export type HandledSequences = { has(sequence: number): boolean; add(sequence: number): void };

const sequencesMax = 4096;

export function handledSequences(): HandledSequences {
  const handled = new Set<number>();
  return {
    has: (sequence) => handled.has(sequence),
    add(sequence) {
      handled.add(sequence);
      if (handled.size <= sequencesMax) return;
      const [oldest] = handled;
      if (oldest !== undefined) handled.delete(oldest);
    },
  };
}
