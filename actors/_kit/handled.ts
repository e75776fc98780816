/**
 * Which frames a session is dealing with, and which it has dealt with, so that one whose
 * acknowledgement was lost is not dealt with again. Of the latter only the newest are remembered:
 * what is not acknowledged comes again within seconds.
 *
 * @module
 */
export type HandledFrames = {
  /** Where the frame of this sequence stands; null: it was not met. */
  stateOf(sequence: number): "begun" | "done" | null;
  begin(sequence: number): void;
  /** It was not dealt with after all. */
  forget(sequence: number): void;
  done(sequence: number): void;
  /** How many are begun and not done. */
  atWork(): number;
};

const doneMax = 4096;

export function handledFrames(): HandledFrames {
  const begun = new Set<number>();
  const done = new Set<number>();
  return {
    stateOf: (sequence) => begun.has(sequence) ? "begun" : done.has(sequence) ? "done" : null,
    begin: (sequence) => void begun.add(sequence),
    forget: (sequence) => void begun.delete(sequence),
    done(sequence) {
      begun.delete(sequence);
      done.add(sequence);
      if (done.size <= doneMax) return;
      const [oldest] = done;
      if (oldest !== undefined) done.delete(oldest);
    },
    atWork: () => begun.size,
  };
}
