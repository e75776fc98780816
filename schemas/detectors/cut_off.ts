/**
 * Texts whose beginning or end is not there: what is read from the middle of a file, or bit by bit.
 *
 * @module
 */
import { joinBytes } from "#schemas/join_bytes.ts";
import { detect, type DetectorClasses, findAt, mayHold } from "./detect.ts";
import { labelBeginnings } from "./labels.ts";
import { isDigit, type Range } from "./scan.ts";

/** How much of a text may depend on what stood before it; longer than a label and its number. */
export const cutOffBytes = 96;
/** The longest label with what stands between it and its number. */
const labelBytes = 48;
const findsMax = 100;

/**
 * Where in a text's first `cutOffBytes` a value may be, or the rest of one, of which the beginning
 * is cut off: a number with its label, an address. Ranges may overlap.
 */
export function findsCutOff(text: Uint8Array, classes: DetectorClasses): readonly Range[] {
  const head = text.subarray(0, cutOffBytes);
  const whole = detect(head, { classes, findsMax }).map(({ start, end }) => `${start} ${end}`);
  const seen = new Set(whole);
  const ranges: Range[] = [];
  if (classes.email !== undefined) { for (const before of ["a", "a@"]) read(before, head); }
  if (!mayHold(head, 0, head.length)) return ranges;
  const digits = digitsAtEnd(head);
  for (const before of labelBeginnings) {
    const joined = read(before, head);
    const at = before.length + digits;
    if (digits < head.length && isLabelled(joined, at, classes)) note(digits, head.length);
  }
  return ranges;

  /** Notes what would be found in the head if `before` stood before it. */
  function read(before: string, head: Uint8Array): Uint8Array {
    const joined = joinBytes([utf8.encode(before), head]);
    for (const { start, end } of detect(joined, { classes, findsMax })) {
      note(start - before.length, end - before.length);
    }
    return joined;
  }

  function note(start: number, end: number): void {
    const range = { start: Math.max(0, start), end };
    const key = `${range.start} ${end}`;
    if (end <= 0 || seen.has(key)) return;
    seen.add(key);
    ranges.push(range);
  }
}

/** Whether the few digits with which a text ends at `at` are of a number that its label tells. */
export function isLabelled(text: Uint8Array, at: number, classes: DetectorClasses): boolean {
  const digits = text.length - at;
  if (digits === 0 || digits > lengths[0] || digitsAtEnd(text) !== at) return false;
  const from = Math.max(0, at - labelBytes);
  return lengths.some((length) => {
    const more = new Uint8Array(length - digits).fill(0x31);
    const find = findAt(joinBytes([text.subarray(from), more]), at - from, 0, classes);
    return find?.detector === "mrn" || find?.detector === "ssn";
  });
}

/** Digits of a record number, and of a social security number. */
const lengths = [7, 9] as const;
const utf8 = new TextEncoder();

/** Where the digits begin with which a text ends. */
function digitsAtEnd(text: Uint8Array): number {
  let at = text.length;
  while (at > 0 && isDigit(text[at - 1])) at--;
  return at;
}
