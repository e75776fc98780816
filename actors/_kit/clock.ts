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
