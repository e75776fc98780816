/**
 * Counts attempts by address within a minute. A table that is full counts every further address as
 * one, so a flood of addresses is slowed and never let through.
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";

export type RateLimit = {
  /** False when the address has no attempt left. */
  admits(address: string): boolean;
  /** Counts one attempt. */
  count(address: string): void;
};

const windowMs = 60_000;

export function rateLimit(
  clock: Clock,
  limits: { readonly attemptsPerMinuteMax: number; readonly addressesMax: number },
): RateLimit {
  const counts = new Map<string, number>();
  let window = 0;
  return { admits, count };

  function admits(address: string): boolean {
    return (counts.get(keyOf(address)) ?? 0) < limits.attemptsPerMinuteMax;
  }

  function count(address: string): void {
    const key = keyOf(address);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  function keyOf(address: string): string {
    const now = Math.floor(clock.nowMs() / windowMs);
    if (now !== window) {
      window = now;
      counts.clear();
    }
    return counts.size >= limits.addressesMax && !counts.has(address) ? "" : address;
  }
}
