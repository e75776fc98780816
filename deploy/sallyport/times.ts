/** Times and speeds as the command line writes them. @module */

/** Faster than this is `max`. */
export const speedMax = 10_000;

/** Reads a flag as a length of time, `500ms`, `2s`, `15m`, `3h`, `7d`; milliseconds. */
export function durationMs(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? ""];
  return match?.[1] === undefined || unit === undefined ? null : Number(match[1]) * unit;
}

/** Milliseconds since 1970 of `2h`, a date, a time; null when it is not understood. */
export function timeOf(text: string, nowMs: number): number | null {
  const ago = durationMs(text);
  if (ago !== null) return nowMs - ago;
  // Without a zone a time would mean another moment on another machine; a bare date is UTC's.
  const zoned = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;
  const at = zoned.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? null : at;
}

/** The speed asked for, `Infinity` for max; null when it is not understood. */
export function speedOf(text: string | null): number | null {
  if (text === null) return 1;
  if (text === "max") return Infinity;
  const number = /^\d{1,5}(\.\d{1,3})?x?$/.test(text) ? Number(text.replace("x", "")) : 0;
  return number > 0 && number <= speedMax ? number : null;
}
