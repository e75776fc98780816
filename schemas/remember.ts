/**
 * Sets `key` in what is remembered, as its newest entry; beyond `max` entries the oldest makes
 * room.
 *
 * @example
 * ```ts
 * import { deepStrictEqual } from "node:assert/strict";
 * import { remember } from "#schemas/remember.ts";
 *
 * const known = new Map([["a", 1], ["b", 2]]);
 * remember(known, "a", 3, 2);
 * remember(known, "c", 4, 2);
 * deepStrictEqual([...known], [["a", 3], ["c", 4]]);
 * ```
 */
export function remember<K, V>(known: Map<K, V>, key: K, value: V, max: number): void {
  known.delete(key);
  known.set(key, value);
  if (known.size <= max) return;
  for (const oldest of known.keys()) {
    known.delete(oldest);
    return;
  }
}
