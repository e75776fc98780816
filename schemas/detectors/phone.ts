/**
 * Telephone numbers: of the North American Numbering Plan in the ways they are written, and any in
 * international form behind a plus (ITU-T E.164); with an extension, if one follows.
 *
 * With dashes or parentheses the shape alone is enough. With blanks, dots or nothing between the
 * digits the area and exchange codes must be valid ones, or every ten-digit number would be hit.
 *
 * @module
 */
import {
  beginsNumber,
  between,
  digitsOf,
  endsNumber,
  type Groups,
  isDigit,
  isLetter,
  lengthOf,
  type Range,
} from "./scan.ts";

export function phoneAt(bytes: Uint8Array, groups: Groups): Range | null {
  const [first = 0] = groups.starts;
  const plus = plusBefore(bytes, groups);
  if (groups.digits < (plus === null ? 10 : 8)) return null;
  const last = plus === null ? nationalEnd(bytes, groups) : internationalEnd(bytes, groups);
  if (last === null) return null;
  const opens = first > groups.floor && bytes[first - 1] === 0x28;
  const start = plus ?? (opens ? first - 1 : first);
  return { start, end: extensionEnd(bytes, groups.ends[last] ?? 0) };
}

/** Where the plus stands before a country code; null when there is none, or it adds two numbers. */
function plusBefore(bytes: Uint8Array, { floor, starts: [first = 0] }: Groups): number | null {
  const at = bytes[first - 1] === 0x28 ? first - 2 : first - 1;
  if (at < floor || bytes[at] !== 0x2b) return null;
  if (at === floor) return at;
  return isDigit(bytes[at - 1]) || isLetter(bytes[at - 1]) ? null : at;
}

/** The last group of a national number; null when it is none. */
function nationalEnd(bytes: Uint8Array, groups: Groups): number | null {
  const shape = shapes.find((known) => isOfShape(groups, known));
  if (shape === undefined || !beginsNumber(bytes, groups)) return null;
  const last = shape.length - 1;
  if (!endsPhone(bytes, groups, last)) return null;
  const digits = digitsOf(bytes, groups, 0, last + 1);
  if (digits.length === 11 && !digits.startsWith("1")) return null;
  const separators = groups.separators.slice(0, last);
  const isWritten = last > 1 && /[15]/.test(separators.join("")) &&
    separators.every((kind) => kind !== between.dot);
  const number = digits.slice(-10);
  return (isWritten ? writtenNumber : validNumber).test(number) ? last : null;
}

/** Lengths of groups, longest shapes first. */
const shapes = [[1, 3, 3, 4], [1, 3, 7], [1, 10], [3, 3, 4], [3, 7], [6, 4], [11], [10]] as const;

function isOfShape(groups: Groups, shape: readonly number[]): boolean {
  for (let group = 0; group < shape.length; group++) {
    if (lengthOf(groups, group) !== shape[group]) return false;
  }
  return true;
}

/** Area code without N11 and N9X, exchange code without N11. */
const validNumber = /^[2-9](?!11)(?!9)\d\d[2-9](?!11)\d\d\d{4}$/;
const writtenNumber = /^[1-9]\d{9}$/;

/** Eight to fifteen digits, as many groups as fit; a country code does not begin with 0. */
function internationalEnd(bytes: Uint8Array, groups: Groups): number | null {
  if (bytes[groups.starts[0] ?? 0] === 0x30) return null;
  let digits = 0;
  let found: number | null = null;
  for (let last = 0; last < groups.count; last++) {
    digits += (groups.ends[last] ?? 0) - (groups.starts[last] ?? 0);
    if (digits > 15) break;
    if (digits >= 8 && endsPhone(bytes, groups, last)) found = last;
  }
  return found;
}

/** An extension may follow at once, as in `555-2671x45`. */
function endsPhone(bytes: Uint8Array, groups: Groups, last: number): boolean {
  const end = groups.ends[last] ?? 0;
  return endsNumber(bytes, groups, last) || extensionEnd(bytes, end) > end;
}

/** The end of `x45`, `ext. 45`, `extension 45`, `#45` at `end`, or `end` itself. */
function extensionEnd(bytes: Uint8Array, end: number): number {
  let text = "";
  for (let i = end; i < end + extensionBytes && i < bytes.length; i++) {
    text += String.fromCharCode(bytes[i] ?? 0);
  }
  const found = /^[ ,;]{0,2}(?:x|ext\.?|extension|#) ?:? ?\d{1,6}(?![0-9A-Za-z])/i.exec(text);
  return end + (found?.[0].length ?? 0);
}

const extensionBytes = 24;
