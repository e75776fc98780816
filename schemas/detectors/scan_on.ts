/**
 * Finds in a text that comes in pieces: the same as in the whole, wherever it is cut.
 *
 * Theory of operation. Whether something is found at a place depends on a bounded number of bytes
 * before it and behind it. A scan goes on from place to place until it comes to one where bytes
 * that have not come yet might change the answer; there it waits. Everything before the place where
 * such a find might begin is settled.
 *
 * **Invariant:** what is settled stays so, whatever follows; `contextBytes` before the place where
 * a scan goes on are all that it ever looks back to.
 *
 * @example A number that is cut is found when the rest of it has come
 * ```ts
 * import { beginScan, scanOn } from "#schemas/detectors/scan_on.ts";
 * import { deepStrictEqual, strictEqual } from "node:assert/strict";
 * const text = new TextEncoder().encode("call 415-555-2671 now");
 * const scan = beginScan();
 * strictEqual(scanOn(text.subarray(0, 13), scan, { phone: "phone" }, "more", () => {}), 5);
 * const finds: number[] = [];
 * scanOn(text, scan, { phone: "phone" }, "more", ({ start, end }) => finds.push(start, end));
 * deepStrictEqual(finds, [5, 17]);
 * ```
 * @module
 */
import { type DetectorClasses, type Find, findAt, nextTrigger } from "./detect.ts";
import { localStart, mayGoOn } from "./email.ts";
import { groupsAt, isDigit, isLetter, isLoneShort, mayGroupsGoOn } from "./scan.ts";

/** How far back from where a scan goes on its text must be kept. */
export const contextBytes = 128;

/** Where a scan goes on. Belongs to one text; `scanOn` changes it in place. */
export type Scan = {
  /** The place that is looked at next. */
  at: number;
  /** The end of the find before; 0 when there is none. */
  floor: number;
  /** The digits before `at` belong to a group that was judged: those that follow do too. */
  inDigits: boolean;
};

export function beginScan(): Scan {
  return { at: 0, floor: 0, inDigits: false };
}

/**
 * Scans on to the end of `bytes`, which hold all that came so far. Gives the place up to which all
 * is settled as far as triggers go: the length, or where an undecided find begins at the earliest.
 * With `rest` "none" nothing follows, and everything is decided. Places that do not matter are
 * passed over; whether one does must not depend on bytes that have not come.
 */
export function scanOn(
  bytes: Uint8Array,
  scan: Scan,
  classes: DetectorClasses,
  rest: "more" | "none",
  take: (find: Find) => void,
  matters: (at: number) => boolean = always,
): number {
  const { length } = bytes;
  if (scan.inDigits) skipDigits(bytes, scan);
  for (;;) {
    scan.at = nextTrigger(bytes, scan.at, length);
    if (scan.at >= length) return length;
    const { at, floor } = scan;
    const isNumber = isDigit(bytes[at]);
    if (!matters(at)) {
      if (isNumber) skipDigits(bytes, scan);
      else scan.at++;
      continue;
    }
    if (rest === "more" && length - at < reachBytes && mayChange(bytes, at, floor, isNumber)) {
      return isNumber ? numberStart(bytes, at, floor) : localStart(bytes, at, floor);
    }
    const find = findAt(bytes, at, floor, classes);
    if (find !== null && find.start >= floor) {
      take(find);
      scan.floor = find.end;
      scan.at = find.end;
    } else if (isNumber) skipDigits(bytes, scan);
    else scan.at++;
  }
}

/** Where a find may begin of which no byte has come yet that it would be looked for at. */
export function tailStart(bytes: Uint8Array, { floor }: Scan, classes: DetectorClasses): number {
  const { length } = bytes;
  let start = length;
  if (classes.email !== undefined) start = localStart(bytes, length, floor);
  else if (classes.mrn !== undefined) start = lettersStart(bytes, length, floor);
  return classes.phone === undefined ? start : Math.min(start, signsStart(bytes, length, floor));
}

const always = () => true;
/** No find and no judgement of one looks further than this behind where it is looked for. */
const reachBytes = 512;
const [plus, parenthesis] = [0x2b, 0x28];

function skipDigits(bytes: Uint8Array, scan: Scan): void {
  while (isDigit(bytes[scan.at])) scan.at++;
  scan.inDigits = scan.at >= bytes.length;
}

function mayChange(bytes: Uint8Array, at: number, floor: number, isNumber: boolean): boolean {
  if (!isNumber) return mayGoOn(bytes, at);
  // A few digits and then something else: the common case.
  if (at + shortBytes < bytes.length && isLoneShort(bytes, at)) return false;
  return mayGroupsGoOn(bytes, groupsAt(bytes, at, floor));
}

/** Five digits and the longest separator. */
const shortBytes = 32;

function numberStart(bytes: Uint8Array, at: number, floor: number): number {
  return Math.min(signsStart(bytes, at, floor), lettersStart(bytes, at, floor));
}

/** A plus, an opening parenthesis, or both, before the place. */
function signsStart(bytes: Uint8Array, place: number, floor: number): number {
  let start = place;
  if (start > floor && bytes[start - 1] === parenthesis) start--;
  if (start > floor && bytes[start - 1] === plus) start--;
  return start;
}

/** Up to three letters, as some record numbers have before their digits. */
function lettersStart(bytes: Uint8Array, place: number, floor: number): number {
  let start = place;
  while (start > floor && place - start < 3 && isLetter(bytes[start - 1])) start--;
  return start;
}
