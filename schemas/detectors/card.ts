/**
 * Payment card numbers: an issuer's prefix, a length that the issuer uses, and the Luhn digit
 * (ISO/IEC 7812-1), in one group or in groups with one kind of separator.
 *
 * @module
 */
import { beginsNumber, between, digitsOf, endsNumber, type Groups, type Range } from "./scan.ts";

export function cardAt(bytes: Uint8Array, groups: Groups): Range | null {
  if (groups.digits < 13) return null;
  const [start = 0] = groups.starts;
  const [separator] = groups.separators;
  let digits = (groups.ends[0] ?? 0) - start;
  for (let last = 0; last < groups.count; last++) {
    if (last > 0) {
      const isOne = groups.separators[last - 1] === separator;
      if (!isOne || separator === between.slash || separator === between.paren) return null;
      const length = (groups.ends[last] ?? 0) - (groups.starts[last] ?? 0);
      if (length < 2) return null;
      digits += length;
    }
    if (digits > 19) return null;
    if (digits < 13 || !endsNumber(bytes, groups, last)) continue;
    const text = digitsOf(bytes, groups, 0, last + 1);
    if (!isIssued(text) || !hasLuhnDigit(text)) continue;
    return beginsNumber(bytes, groups) ? { start, end: groups.ends[last] ?? 0 } : null;
  }
  return null;
}

/** Prefixes by range of their first digits, and the lengths in use. */
const issuers: readonly (readonly [number, number, readonly number[]])[] = [
  [4, 4, [13, 16, 19]], // Visa
  [51, 55, [16]], // Mastercard
  [2221, 2720, [16]],
  [34, 34, [15]], // American Express
  [37, 37, [15]],
  [6011, 6011, [16, 17, 18, 19]], // Discover
  [644, 659, [16, 17, 18, 19]],
  [300, 305, [14, 15, 16, 17, 18, 19]], // Diners Club
  [36, 36, [14, 15, 16, 17, 18, 19]],
  [38, 39, [14, 15, 16, 17, 18, 19]],
  [3528, 3589, [16, 17, 18, 19]], // JCB
  [62, 62, [16, 17, 18, 19]], // UnionPay
  [81, 81, [16, 17, 18, 19]],
  [2200, 2204, [16, 17, 18, 19]], // Mir
  [5018, 5018, [13, 14, 15, 16, 17, 18, 19]], // Maestro
  [5020, 5020, [13, 14, 15, 16, 17, 18, 19]],
  [5038, 5038, [13, 14, 15, 16, 17, 18, 19]],
  [5893, 5893, [13, 14, 15, 16, 17, 18, 19]],
  [6304, 6304, [13, 14, 15, 16, 17, 18, 19]],
  [6759, 6763, [13, 14, 15, 16, 17, 18, 19]],
];

function isIssued(digits: string): boolean {
  return issuers.some(([first, last, lengths]) => {
    const prefix = Number(digits.slice(0, String(first).length));
    return prefix >= first && prefix <= last && lengths.includes(digits.length);
  });
}

function hasLuhnDigit(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 0x30;
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}
