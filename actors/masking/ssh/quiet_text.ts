/**
 * Text in which no detector can find anything, told in one pass: most of what programs write.
 *
 * A find needs an `@`, or five digits with nothing between them but what numbers are grouped by. A
 * stretch without either is quiet, and so is one whose numbers are none of a detector's; those on
 * both sides of a line's end are read as one line, too, for it may have been broken in two.
 *
 * @module
 */
import { type DetectorClasses, findAt } from "#schemas/detectors/detect.ts";
import { isApart, isDigit } from "#schemas/detectors/scan.ts";
import { contextBytes } from "#schemas/detectors/scan_on.ts";

export type Quiet = {
  /** Up to where all is quiet, and nothing waits for what follows. */
  readonly end: number;
  /** Where it was looked no further. */
  readonly seen: number;
};

/**
 * Looks from `from`, which has `contextBytes` before it, as far as what follows is known well
 * enough to judge.
 */
export function quietText(bytes: Uint8Array, from: number, classes: DetectorClasses): Quiet {
  const limit = bytes.length - aheadBytes;
  let end = from;
  /** The first digit since the last byte that parts numbers; the digits since then. */
  let first = from;
  let digits = 0;
  /** Of them, those before the first end of a line. */
  let before = 0;
  for (let at = from; at < limit; at++) {
    const kind = kinds[bytes[at] ?? 0] ?? other;
    if (kind === digit) {
      if (digits++ === 0) first = at;
    } else if (kind <= apart) {
      if (digits >= digitsMin) {
        const isBroken = before > 0 && before < digits;
        if (isBroken && findsJoined(bytes, first, at, digits, classes)) return { end, seen: at };
        if (findsIn(bytes, first, at, digits, classes)) return { end, seen: at };
      }
      digits = before = 0;
      if (kind === apart) end = at + 1;
    } else if (kind === blank) {
      if (digits === 0) end = at + 1;
    } else if (kind === lineEnd) {
      if (digits === 0) end = at + 1;
      else before ||= digits;
    } else if (kind === other) return { end, seen: at };
  }
  return { end, seen: Math.max(from, limit) };
}

/**
 * A place behind `from` at which text may be cut in two so that nothing of the first part waits,
 * most likely; one in the next `bytesMax` bytes in any case.
 */
export function cutBehind(bytes: Uint8Array, from: number, bytesMax: number): number {
  const most = Math.min(bytes.length, from + bytesMax);
  for (let at = from; at < most; at++) {
    const kind = kinds[bytes[at - 1] ?? 0];
    const isBehind = kind === blank || kind === lineEnd;
    if (kind === apart || isBehind && kinds[bytes[at - 2] ?? 0] === parting) return at;
  }
  return most;
}

/** Where the last lines before `end` begin that hold all that is looked back to behind it. */
export function contextStart(bytes: Uint8Array, end: number): number {
  let start = end;
  for (let left = 2 * contextBytes; start > 0; start--) {
    if (bytes[start - 1] !== lineFeed) left--;
    else if (left <= 0) break;
  }
  return start;
}

/** Whether there is a find among the digits of a stretch, of which there are so many. */
function findsIn(
  bytes: Uint8Array,
  from: number,
  to: number,
  digits: number,
  classes: DetectorClasses,
): boolean {
  let left = digits;
  for (let at = from; at < to;) {
    if (!isDigit(bytes[at])) {
      at++;
      continue;
    }
    let end = at + 1;
    while (isDigit(bytes[end])) end++;
    if (mayBegin(bytes, at, end - at, left) && findAt(bytes, at, 0, classes) !== null) return true;
    left -= end - at;
    at = end;
  }
  return false;
}

/**
 * Whether a find may begin with a group, by its length and by how many digits follow at most: a
 * record number is a group of five or more, a card has thirteen digits; without a plus a telephone
 * number has ten and begins with a group of one, three or six, as a social security number with
 * three of nine does.
 */
function mayBegin(bytes: Uint8Array, at: number, length: number, left: number): boolean {
  if (length >= digitsMin || left >= 13) return true;
  const before = bytes[at - 1] === parenthesis ? bytes[at - 2] : bytes[at - 1];
  return before === plus || left >= 9 && (length === 1 || length === 3);
}

/** Whether there may be a find when lines are joined, as `JoinedText` does of short and long. */
function findsJoined(
  bytes: Uint8Array,
  from: number,
  to: number,
  digits: number,
  classes: DetectorClasses,
): boolean {
  return [true, false].some((isLong) => findsWhen(isLong, bytes, from, to, digits, classes));
}

function findsWhen(
  isLong: boolean,
  bytes: Uint8Array,
  from: number,
  to: number,
  digits: number,
  classes: DetectorClasses,
): boolean {
  const start = Math.max(0, from - besideBytes);
  const end = Math.min(bytes.length, to + besideBytes);
  if (end - start >= joined.length) return true;
  let length = 0;
  let first = 0;
  let last = 0;
  for (let at = start; at < end; at++) {
    if (at === from) first = length;
    if (at === to) last = length;
    const byte = bytes[at] ?? 0;
    const isKept = byte !== lineFeed || bytes[at - 1] === lineFeed ||
      !isLong && isApart(bytes[at - 1], bytes[at + 1]);
    if (isKept) joined[length++] = byte;
  }
  // Behind it stands what was read before.
  joined[length] = 0;
  return findsIn(joined, first, last, digits, classes);
}

/** A label before a number and an extension behind it are not longer. */
const besideBytes = 48;
/** Lines of numbers are few, or all are read. */
const joined = new Uint8Array(1024);
const [lineFeed, parenthesis, plus] = [0x0a, 0x28, 0x2b];
/** No judgement of a find looks further than this. */
const aheadBytes = 512;
/** The fewest digits of a find. */
const digitsMin = 5;
/** `parting` and `apart`: not of a number, and `apart` not of an address either. */
const [parting, apart, digit, blank, joining, lineEnd, other] = [0, 1, 2, 3, 4, 5, 6];
/** What a byte is to a find; `other`: what it is must be told by more than itself. */
const kinds = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (isDigit(byte)) return digit;
  if (byte === lineFeed) return lineEnd;
  if (byte === 0x20) return blank;
  const character = String.fromCharCode(byte);
  if ("\t-./()".includes(character)) return joining;
  if (',:;"<>[]'.includes(character)) return apart;
  const isControl = byte < 0x20 || byte === 0x7f;
  // `@`, and the first bytes of blanks, dashes and marks without width.
  const isOther = byte === 0x40 || byte === 0xc2 || byte === 0xe2 || byte === 0xef;
  return isControl || isOther ? other : parting;
});
