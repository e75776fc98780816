/**
 * Finds identifiers in text by their shape, check digits and labels, in one pass over the bytes.
 *
 * Behind lineage, never instead of it: what stands in a column of a class is masked without being
 * looked at; this is for what stands where nobody expected it.
 *
 * **Invariant:** time is linear in the text. A byte that is neither a digit nor an `@` costs one
 * look into a table; what begins at such a byte is judged by a bounded number of bytes around it.
 *
 * @example
 * ```ts
 * import { detect } from "#schemas/detectors/detect.ts";
 * import { deepStrictEqual } from "node:assert/strict";
 * const text = new TextEncoder().encode("call 415-555-2671 on 2024-01-15");
 * const detection = { classes: { phone: "phone" }, findsMax: 10 };
 * deepStrictEqual(detect(text, detection), [{ start: 5, end: 17, detector: "phone" }]);
 * ```
 * @module
 */
import { Writer } from "#schemas/wire/cursor.ts";
import { cardAt } from "./card.ts";
import { emailAt } from "./email.ts";
import { mrnAt } from "./mrn.ts";
import { phoneAt } from "./phone.ts";
import { redactedText } from "./redacted.ts";
import { groupsAt, isDigit, isLoneShort, type Range } from "./scan.ts";
import { ssnAt } from "./ssn.ts";

export type Detector = "email" | "phone" | "ssn" | "card" | "mrn";
/** The class that a detector's finds are masked as; a detector without one is off. */
export type DetectorClasses = Readonly<Partial<Record<Detector, string>>>;
/**
 * With more than `findsMax` finds in one text, the last find reaches to the end of the text: what
 * was not looked at does not leave.
 */
export type Detection = { readonly classes: DetectorClasses; readonly findsMax: number };
export type Find = Range & { readonly detector: Detector };

/** The detectors but for those of the classes; null when none is left. */
export function detectionWithout(
  detectors: DetectorClasses,
  classes: readonly string[],
  findsMax: number,
): Detection | null {
  const left = Object.entries(detectors).filter(([, name]) => !classes.includes(name));
  return left.length === 0 ? null : { classes: Object.fromEntries(left), findsMax };
}

/** Whether there is anything to look at from `start` up to and without `end`. */
export function mayHold(bytes: Uint8Array, start: number, end: number): boolean {
  return nextTrigger(bytes, start, end) < end;
}

/** The finds in order, apart from each other. */
export function detect(bytes: Uint8Array, detection: Detection): readonly Find[] {
  let at = nextTrigger(bytes, 0, bytes.length);
  if (at >= bytes.length) return nothing;
  const finds: Find[] = [];
  let floor = 0;
  while (at < bytes.length) {
    const find = findAt(bytes, at, floor, detection.classes);
    if (find !== null && find.start >= floor) {
      const isLast = finds.length + 1 >= detection.findsMax;
      finds.push(isLast ? { ...find, end: bytes.length } : find);
      if (isLast) break;
      floor = find.end;
      at = find.end;
    } else if (bytes[at] === atSign) at++;
    else while (isDigit(bytes[at])) at++;
    at = nextTrigger(bytes, at, bytes.length);
  }
  return finds;
}

/**
 * The text with `[class]` in place of each find; the very same bytes when there is none. In JSON a
 * find outside of a string takes the number it is part of, and becomes a string.
 */
export function maskDetected(
  value: Uint8Array,
  form: "text" | "json",
  detection: Detection,
  count: (className: string, times: number) => void,
): Uint8Array {
  const finds = detect(value, detection);
  if (finds.length === 0) return value;
  const classOf = ({ detector }: Find) => detection.classes[detector] ?? detector;
  for (const find of finds) count(classOf(find), 1);
  const last = finds[finds.length - 1];
  if (form === "json" && last !== undefined && finds.length >= detection.findsMax) {
    return new Writer(16).raw(quote).raw(markerOf(last, detection)).raw(quote).bytes();
  }
  const out = value.length <= scratchBytesMax ? scratch.clear() : new Writer(value.length + 16);
  const isInString = form === "json" ? stringWatch(value) : null;
  let from = 0;
  for (const find of finds) {
    const isQuoted = isInString?.(find.start) ?? true;
    const range = isQuoted ? find : numberAround(value, find, from);
    out.copy(value, from, range.start - from);
    if (!isQuoted) out.raw(quote);
    out.raw(markerOf(find, detection));
    if (!isQuoted) out.raw(quote);
    from = range.end;
  }
  return out.copy(value, from, value.length - from).bytes();
}

const utf8 = new TextEncoder();
const quote = utf8.encode('"');
/** Only ever holds masked text; longer ones are made in memory of their own. */
const scratchBytesMax = 65_536;
const scratch = new Writer(1024);
const markers = new WeakMap<DetectorClasses, Map<Detector, Uint8Array>>();

/** `[class]` for a find, made once for a set of classes. */
function markerOf({ detector }: Find, { classes }: Detection): Uint8Array {
  let known = markers.get(classes);
  if (known === undefined) markers.set(classes, known = new Map());
  let marker = known.get(detector);
  if (marker === undefined) {
    marker = utf8.encode(redactedText(classes[detector] ?? detector));
    known.set(detector, marker);
  }
  return marker;
}

const nothing: readonly Find[] = [];
const atSign = 0x40;
/** 1 for digits and `@`. */
const triggers = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte === atSign || isDigit(byte) ? 1 : 0,
);

/** The place of the next byte at which a find is looked for; `end` when there is none. */
export function nextTrigger(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && triggers[bytes[at] ?? 0] === 0) at++;
  return at;
}

/**
 * What is found at the trigger at `at`, if anything is: of numbers the first that fits, from the
 * most certain to the least. `floor` is the end of the find before.
 */
export function findAt(
  bytes: Uint8Array,
  at: number,
  floor: number,
  classes: DetectorClasses,
): Find | null {
  if (bytes[at] === atSign) {
    const range = classes.email === undefined ? null : emailAt(bytes, at, floor);
    return range === null ? null : { ...range, detector: "email" };
  }
  if (isLoneShort(bytes, at)) return null;
  const groups = groupsAt(bytes, at, floor);
  for (const [detector, find] of numberDetectors) {
    if (classes[detector] === undefined) continue;
    const range = find(bytes, groups);
    if (range !== null) return { ...range, detector };
  }
  return null;
}

const numberDetectors = [
  ["mrn", mrnAt],
  ["ssn", ssnAt],
  ["card", cardAt],
  ["phone", phoneAt],
] as const;

/** Says of places in rising order whether they are inside of a JSON string. */
function stringWatch(json: Uint8Array): (place: number) => boolean {
  let at = 0;
  let isInside = false;
  return (place) => {
    for (; at < place; at++) {
      if (json[at] === 0x22) isInside = !isInside;
      else if (isInside && json[at] === 0x5c) at++;
    }
    return isInside;
  };
}

/** The whole of a JSON number of which the find is a part. */
function numberAround(json: Uint8Array, find: Range, from: number): Range {
  let { start, end } = find;
  while (start > from && isNumberByte(json[start - 1])) start--;
  while (end < json.length && isNumberByte(json[end])) end++;
  return { start, end };
}

function isNumberByte(byte: number | undefined): boolean {
  return isDigit(byte) || byte === 0x2b || byte === 0x2d || byte === 0x2e || byte === 0x45 ||
    byte === 0x65;
}
