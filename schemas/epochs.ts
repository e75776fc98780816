/**
 * The months of the record: in which a session is stored, and which are read.
 *
 * Theory of operation. A session stays in the month in which it opened, whatever the calendar says
 * after. So around a month's turn two streams are at work: stages read the next month's from some
 * time before it begins, so that clocks need not agree to the second, and the last one's until no
 * session of it can live. Keys have rights to the months of their installation: a year ahead, after
 * which it must be installed anew.
 *
 * @module
 */
import { epochOf } from "#schemas/subjects.ts";

/** Months ahead for which an installation's keys have rights. */
const monthsAhead = 12;
const dayMs = 86_400_000;
/** How long before its turn a month is read. */
const readAheadMs = dayMs;
/** How long before its turn a month's streams are made. */
const madeAheadMs = 2 * dayMs;
/** How long after its end a month is read by a process that starts; longer than any session. */
const readBehindMs = 7 * dayMs;

/**
 * The month so many months after another.
 *
 * @example The turn of a year
 * ```ts
 * import { monthsAfter } from "#schemas/epochs.ts";
 * import { strictEqual } from "node:assert/strict";
 * strictEqual(monthsAfter("2026_11", 2), "2027_01");
 * strictEqual(monthsAfter("2026_01", -1), "2025_12");
 * ```
 */
export function monthsAfter(epoch: string, months: number): string {
  return epochOf(startOf(epoch, months));
}

/** The months of an installation, in order: the one before it was made, its own, a year more. */
export function installedEpochs(first: string): string[] {
  return Array.from({ length: monthsAhead + 2 }, (_, index) => monthsAfter(first, index - 1));
}

/**
 * The month in which a session that opens now is stored; null once the installation is too old. A
 * clock that is behind the installation's month does not take it back.
 */
export function openEpoch(first: string, nowMs: number): string | null {
  const now = epochOf(nowMs);
  if (now <= first) return first;
  return installedEpochs(first).includes(now) ? now : null;
}

/** The months whose sessions may be at work now, in order. */
export function readEpochs(first: string, nowMs: number): string[] {
  const open = openEpoch(first, nowMs);
  return installedEpochs(first).filter((epoch) => {
    const isNear = startOf(epoch) - readAheadMs <= nowMs &&
      nowMs < startOf(epoch, 1) + readBehindMs;
    return epoch === open || isNear;
  });
}

/** The months whose streams are to be there now, in order. */
export function madeEpochs(first: string, nowMs: number): string[] {
  const open = openEpoch(first, nowMs);
  return installedEpochs(first).filter((epoch) => {
    return open !== null && epoch >= open && startOf(epoch) - madeAheadMs <= nowMs ||
      epoch === open;
  });
}

/** When a month begins, or one so many months after it; milliseconds since 1970. */
function startOf(epoch: string, months = 0): number {
  const [year, month] = epoch.split("_").map(Number);
  if (year === undefined || month === undefined) throw new RangeError("An epoch is YYYY_MM");
  return Date.UTC(year, month - 1 + months, 1);
}
