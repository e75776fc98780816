/**
 * Reading bytes for detectors: digit groups with what stands between them, and the words before.
 *
 * **Invariant:** every function looks at no more than a fixed number of bytes around its place, so
 * that a scan of a text takes time linear in its length, whatever it holds.
 *
 * @module
 */

/** What stands between two groups of digits. */
export const between = { dash: 1, space: 2, dot: 3, slash: 4, paren: 5 } as const;

/** Groups of digits that follow each other, as `415`, `555`, `2671`. */
export type Groups = {
  /** Where the find before ends: what stands before it is not there any more. */
  readonly floor: number;
  readonly count: number;
  /** The digits of all groups. */
  readonly digits: number;
  /** For each group; what stands behind `count` means nothing. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** Of `between`, for each group what follows it; 0 behind the last. */
  readonly separators: readonly number[];
};

/** Where a find lies: from `start` up to and without `end`. */
export type Range = { readonly start: number; readonly end: number };

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

export function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}

/** Whether one is a digit and the other a letter, at which no number goes on. */
export function isApart(one: number | undefined, other: number | undefined): boolean {
  return isDigit(one) && isLetter(other) || isLetter(one) && isDigit(other);
}

/**
 * The groups from the digit at `start` on, as far as numbers of people and cards go. Good until the
 * next call, for texts are full of numbers: none of them is worth an allocation.
 */
export function groupsAt(bytes: Uint8Array, start: number, floor: number): Groups {
  const { starts, ends, separators } = scratch;
  let at = start;
  let digits = 0;
  let count = 0;
  while (count < groupsMax) {
    let end = at;
    while (isDigit(bytes[end]) && end - at <= groupDigitsMax) end++;
    starts[count] = at;
    ends[count] = end;
    separators[count++] = 0;
    digits += end - at;
    if (digits > digitsMax || count === groupsMax) break;
    const found = separatorAt(bytes, end);
    if (found === 0) break;
    separators[count - 1] = found & kindMask;
    at = end + (found >> kindBits);
  }
  scratch.floor = floor;
  scratch.count = count;
  scratch.digits = digits;
  return scratch;
}

/**
 * Whether what follows the bytes may change what the groups are, or whether a number ends with
 * them: digits at the very end, the beginning of a separator, or of an extension.
 */
export function mayGroupsGoOn(bytes: Uint8Array, { count, starts, ends }: Groups): boolean {
  const end = ends[count - 1] ?? 0;
  const rest = bytes.length - end;
  if (rest === 0) return true;
  if (rest > afterBytesMax) return false;
  let at = end;
  while (at < bytes.length && isOfNumber(bytes[at])) at++;
  if (at === bytes.length) return true;
  if (rest < style.length && style.every((byte, i) => i >= rest || bytes[end + i] === byte)) {
    return true;
  }
  // The shortest number with an extension has seven digits and a separator, or eight digits.
  if (end - (starts[0] ?? 0) < 8) return false;
  let text = "";
  for (let i = end; i < bytes.length; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return extensionBegins.test(text);
}

/** Whether a byte may stand within a number that is written in groups. */
export function isOfNumber(byte: number | undefined): boolean {
  return byte !== undefined && numberBytes[byte] === 1;
}

/** Whether the digits at `start` are fewer than five, and no other group follows. */
export function isLoneShort(bytes: Uint8Array, start: number): boolean {
  let end = start;
  while (end < start + 5 && isDigit(bytes[end])) end++;
  return end < start + 5 && separatorAt(bytes, end) === 0;
}

/** How many digits a group has; 0 when there is no such group. */
export function lengthOf(groups: Groups, group: number): number {
  if (group >= groups.count) return 0;
  return (groups.ends[group] ?? 0) - (groups.starts[group] ?? 0);
}

/** The digits of groups `first` up to and without `last`, as text. */
export function digitsOf(bytes: Uint8Array, groups: Groups, first: number, last: number): string {
  let text = "";
  for (let group = first; group < last; group++) {
    for (let i = groups.starts[group] ?? 0; i < (groups.ends[group] ?? 0); i++) {
      text += String.fromCharCode(bytes[i] ?? 0);
    }
  }
  return text;
}

/**
 * Whether a number may begin with the groups: not inside a word, a decimal, a version or a longer
 * chain of digits. In JSON and COPY a letter behind a backslash is a control character.
 */
export function beginsNumber(bytes: Uint8Array, groups: Groups): boolean {
  const { floor, starts: [start = 0] } = groups;
  if (start === floor) return true;
  const before = bytes[start - 1];
  if (isDigit(before)) return false;
  if (isLetter(before)) {
    if (styleStart(bytes, start) < start) return true;
    return bytes[start - 2] === 0x5c && controlLetters.includes(before ?? 0);
  }
  const isJoint = before === 0x2e || before === 0x2d || before === 0x2f;
  return !(isJoint && start - 2 >= floor && isDigit(bytes[start - 2]));
}

/** Whether a number may end after group `last`: no letter, `@` or joined digits follow. */
export function endsNumber(bytes: Uint8Array, groups: Groups, last: number): boolean {
  const end = groups.ends[last] ?? 0;
  const after = bytes[end];
  if (isStyle(bytes, end)) return true;
  if (isDigit(after) || isLetter(after) || after === 0x40 || after === 0x5f) return false;
  const separator = groups.separators[last];
  if (separator === 0 || separator === between.space || separator === between.paren) return true;
  // A mark with a blank beside it parts numbers; without, it joins them.
  for (let i = end; i < (groups.starts[last + 1] ?? end); i++) {
    if (blankAt(bytes, i) > 0) return true;
  }
  return false;
}

/**
 * Where the colours begin that are written out right before a place, as `^[[1m`, `\033[1m` or
 * `ESC[1m`; else the place itself.
 */
export function styleStart(bytes: Uint8Array, place: number): number {
  let at = place - 1;
  if (bytes[at] !== 0x6d) return place;
  const lowest = at - styleBytesMax;
  do at--; while (at > lowest && (isDigit(bytes[at]) || bytes[at] === 0x3b));
  return bytes[at] === 0x5b ? at : place;
}

/** Whether `ESC[` stands at a place, as pagers write it. */
export function isStyle(bytes: Uint8Array, at: number): boolean {
  return style.every((byte, i) => bytes[at + i] === byte);
}
const style: readonly number[] = [0x45, 0x53, 0x43, 0x5b];

/** Whether the words before a place end with a label, in the form that `wordsBefore` gives. */
export function hasLabel(bytes: Uint8Array, place: number, label: RegExp): boolean {
  // Most numbers stand behind something that no label ends with.
  let at = place - 1;
  while (at >= 0 && at >= place - wordsBytes && isMark(bytes[at])) at--;
  if (bytes[at] === 0x6d && styleStart(bytes, at + 1) <= at) {
    return label.test(wordsBefore(bytes, place));
  }
  if (at < 1 || !isLetter(bytes[at]) || !isLetter(bytes[at - 1])) return false;
  const pair = pairOf(bytes[at - 1] ?? 0, bytes[at] ?? 0);
  return labelEnds[pair] === 1 && label.test(wordsBefore(bytes, place));
}

/** Two letters of either case as one number. */
function pairOf(first: number, second: number): number {
  return (first & 0x1f) << 5 | second & 0x1f;
}

/** Neither letter nor digit, nor the end of a marker. */
function isMark(byte: number | undefined): boolean {
  return !isLetter(byte) && !isDigit(byte) && byte !== 0x5d;
}

/**
 * The words before a place, in lower case, each run of what is neither letter nor digit one blank.
 */
function wordsBefore(bytes: Uint8Array, place: number): string {
  let words = "";
  const from = Math.max(0, place - wordsBytes);
  const text = String.fromCharCode(...bytes.subarray(from, place)).replace(styles, blanksFor);
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i);
    if (isLetter(byte)) words += String.fromCharCode(byte | 0x20);
    else if (isDigit(byte)) words += "0";
    // The end of a marker: `[mrn]` is no label.
    else if (byte === 0x5d) words += "]";
    else if (!words.endsWith(" ")) words += " ";
  }
  return words;
}

/** Longer than any separator and any extension. */
const afterBytesMax = 28;
const extensionBegins =
  /^[ ,;]{0,2}(?:(?:#|x|e(?:x(?:t(?:\.|e(?:n(?:s(?:i(?:on?)?)?)?)?)?)?)?) ?:? ?\d{0,6})?$/i;
/** 1 for digits and for every byte of a separator. */
const numberBytes = Uint8Array.from({ length: 256 }, (_, byte) => {
  return isDigit(byte) || " \t-./()".includes(String.fromCharCode(byte)) || byte === 0xc2 ||
      byte === 0xe2 ||
      byte >= 0x80 && byte < 0xc0
    ? 1
    : 0;
});
const groupsMax = 8;
const groupDigitsMax = 20;
const digitsMax = 24;
const wordsBytes = 40;
const styleBytesMax = 16;
const styles = /(?:\^\[|\\(?:033|x1b|u001b|e)|ESC)?\[[\d;]*m/gi;
const blanksFor = (style: string) => " ".repeat(style.length);
/** The last two letters of each label, and of the words that may follow one. */
const labelWords = "mrn mrns rec record records chart ssn ss itin tin security social sec id " +
  "no nr num number nbr is was";
const labelEnds = new Uint8Array(32 * 32);
for (const word of labelWords.split(" ")) {
  labelEnds[pairOf(word.charCodeAt(word.length - 2), word.charCodeAt(word.length - 1))] = 1;
}
/** b f n r t v */
const controlLetters: readonly number[] = [0x62, 0x66, 0x6e, 0x72, 0x74, 0x76];

const scratch = {
  floor: 0,
  count: 0,
  digits: 0,
  starts: new Array<number>(groupsMax).fill(0),
  ends: new Array<number>(groupsMax).fill(0),
  separators: new Array<number>(groupsMax).fill(0),
} satisfies Groups;

/** A kind of `between` and a length, as one number. */
const kindBits = 3;
const kindMask = (1 << kindBits) - 1;

/**
 * At most two blanks, one mark, two blanks, an opening parenthesis; a digit must follow. Dashes and
 * blanks of Unicode count, as word processors write them. Kind and length as one number; 0: none.
 */
function separatorAt(bytes: Uint8Array, start: number): number {
  // Behind most numbers stands something else.
  if (numberBytes[bytes[start] ?? 0] !== 1) return 0;
  let at = start;
  let kind = 0;
  for (let i = 0, blank = blankAt(bytes, at); i < 2 && blank > 0; i++, blank = blankAt(bytes, at)) {
    at += blank;
    kind = between.space;
  }
  const mark = markAt(bytes, at);
  if (mark !== 0) {
    const length = mark >> kindBits;
    kind = mark & kindMask;
    at += length;
    for (let i = 0, blank = blankAt(bytes, at); i < 2 && blank > 0; i++) {
      at += blank;
      blank = blankAt(bytes, at);
    }
    // A full stop or slash and then a blank is the end of a sentence, not of a group.
    const isLoose = at > start + length && (kind === between.dot || kind === between.slash);
    if (isLoose) return 0;
  }
  if (bytes[at] === 0x28) {
    at++;
    kind = between.paren;
  }
  return kind > 0 && isDigit(bytes[at]) ? (at - start) << kindBits | kind : 0;
}

/** The length of a blank: space, tab, no-break space, figure and narrow no-break space; else 0. */
function blankAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === 0x20 || byte === 0x09) return 1;
  if (byte === 0xc2 && bytes[at + 1] === 0xa0) return 2;
  const isThree = byte === 0xe2 && bytes[at + 1] === 0x80 &&
    (bytes[at + 2] === 0x87 || bytes[at + 2] === 0x89 || bytes[at + 2] === 0xaf);
  return isThree ? 3 : 0;
}

/** Kind and length as one number; 0: none. */
function markAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] ?? 0;
  const one = 1 << kindBits;
  if (byte === 0x2d) return one | between.dash;
  if (byte === 0x2e) return one | between.dot;
  if (byte === 0x2f) return one | between.slash;
  if (byte === 0x29) return (bytes[at + 1] === 0x2d ? 2 * one : one) | between.paren;
  // U+00AD soft hyphen; U+2010 to U+2015; U+2212 minus.
  if (byte === 0xc2 && bytes[at + 1] === 0xad) return 2 * one | between.dash;
  if (byte !== 0xe2) return 0;
  const [second, third] = [bytes[at + 1], bytes[at + 2] ?? 0];
  const isDash = second === 0x80 && third >= 0x90 && third <= 0x95;
  const isMinus = second === 0x88 && third === 0x92;
  return isDash || isMinus ? 3 * one | between.dash : 0;
}
