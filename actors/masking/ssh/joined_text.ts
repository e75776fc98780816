/**
 * The second way to read what bytes for a terminal show: a line that was broken in two is one, and
 * what a backspace took back is not there.
 *
 * A value that a terminal's width, `fold` or an overstrike cut in two is found here. Most line ends
 * are the ends of lines, so a find across one must look like an identifier in itself, or the line
 * must have been as long as one that is broken.
 *
 * @module
 */
import { emailAt } from "#schemas/detectors/email.ts";
import type { Find } from "#schemas/detectors/detect.ts";
import { isApart, isDigit, isOfNumber } from "#schemas/detectors/scan.ts";
import { VisibleText } from "./visible_text.ts";

/** A line of fewer columns is taken for one that ends where its writer ended it. */
const brokenColumnsMin = 20;
/** Fewer digits than any that are found by themselves. */
const foundDigitsMin = 5;
/** How far before a number its label may begin. */
const labelBytes = 44;

/** No number is longer, with all that stands between its digits. */
const numberBytesMax = 320;

type Seam = {
  /** The place of the first byte behind it. */
  at: number;
  /** `hidden`: something was taken back or not shown; else a line was broken. */
  readonly kind: "hidden" | "short" | "long";
};

type Broken = {
  lines: number;
  returned: boolean;
  readonly kind: "short" | "long";
  readonly offset: number;
};

export class JoinedText {
  readonly text = new VisibleText();
  #seams: Seam[] = [];
  #columns = 0;
  /** A line's end that was not followed by anything yet. */
  #broken: Broken | null = null;

  /** Whether a line's end is the last that came. */
  get isBroken(): boolean {
    return this.#broken !== null;
  }

  append(source: Uint8Array, from: number, to: number, offset: number): void {
    this.#join(source[from] ?? 0);
    this.text.append(source, from, to, offset);
    this.#columns += to - from;
  }

  /** Text with line feeds between its lines. */
  appendLines(source: Uint8Array, from: number, to: number, offset: number): void {
    for (let at = from; at < to;) {
      let end = at;
      while (end < to && source[end] !== 0x0a) end++;
      if (end > at) this.append(source, at, end, offset + at - from);
      if (end < to) this.breakLine("line", offset + end - from);
      at = end + 1;
    }
  }

  breakLine(by: "line" | "return" | "move", offset: number): void {
    const kind = this.#columns >= brokenColumnsMin ? "long" : "short";
    this.#columns = 0;
    this.#broken ??= { lines: 0, returned: false, kind, offset };
    if (by === "return") this.#broken.returned = true;
    if (by !== "line" || ++this.#broken.lines < 2) return;
    // Nobody breaks a value with an empty line.
    this.text.put(0x0a, offset);
    this.#broken = null;
  }

  /** A line begins, of which nothing before it is known. */
  clear(): void {
    this.text.clear();
    this.#seams = [];
    this.#columns = 0;
    this.#broken = null;
  }

  /** The cursor goes left: what stood there is written over. */
  pop(times: number): void {
    for (let i = 0; i < Math.min(times, poppedMax); i++) this.text.pop();
    while ((this.#seams.at(-1)?.at ?? 0) > this.text.length) this.#seams.pop();
    this.hide();
  }

  /** Something that is not shown came between. */
  hide(): void {
    this.#seams.push({ at: this.text.length, kind: "hidden" });
    // Many in one place are one.
    if (this.#seams.at(-2)?.at === this.text.length) this.#seams.splice(-2, 1);
  }

  /**
   * Whether what is found at the place may count: a number that goes on to a seam, or to the end of
   * what came, or that stands behind one which hides a part of its label.
   */
  matters(at: number): boolean {
    const bytes = this.text.view();
    if (!isDigit(bytes[at])) return true;
    const next = this.#seamBehind(at);
    const seam = Math.min(this.#seams[next]?.at ?? bytes.length, at + numberBytesMax);
    let end = at;
    while (end < seam && isOfNumber(bytes[end])) end++;
    if (end === seam && end < at + numberBytesMax) return true;
    for (let i = next - 1; i >= 0; i--) {
      const before = this.#seams[i];
      if (before === undefined || before.at <= at - labelBytes) return false;
      if (before.kind === "hidden") return true;
    }
    return false;
  }

  /**
   * Where the find begins that counts besides those in the text as it was written; null when it
   * does not. What stands before a seam has left before the find was known.
   */
  accepts({ start, end, detector }: Find): number | null {
    const text = this.text.view();
    const near = this.#seams.slice(this.#seamBehind(start - labelBytes));
    const inside = near.filter(({ at }) => at > start && at < end);
    if (detector === "email") {
      if (inside.some(({ kind }) => kind === "short") || inside.length === 0) return null;
      const sign = text.subarray(start, end).lastIndexOf(atSign) + start;
      const before = inside.findLast(({ at }) => at <= sign)?.at ?? start;
      const behind = inside.find(({ at }) => at > sign)?.at;
      // What is an address without the next line is one.
      const isWhole = behind !== undefined &&
        emailAt(text.subarray(0, behind), sign, start) !== null;
      return isWhole ? null : before;
    }
    let first = start;
    while (!isDigit(text[first])) first++;
    const seams = inside.filter(({ at }) => at > first);
    const isHidden = near.some(({ at, kind }) => kind === "hidden" && at < end);
    if (seams.length === 0) return isHidden ? first : null;
    const isWritten = text.subarray(first, end).some((byte) => marks.includes(byte));
    if (isWritten || seams.every(({ kind }) => kind !== "short")) return first;
    // What its label tells, and what would not be found without the next line.
    const isTold = detector === "mrn" || detector === "ssn";
    return isTold && (seams[0]?.at ?? end) - first < foundDigitsMin ? first : null;
  }

  /** Where a find would begin that is not decided at the place where the scan waits. */
  undecided(earliest: number): number {
    const { at } = this.text.scan;
    if (this.text.view()[at] !== atSign) return at;
    return Math.max(earliest, this.#seams[this.#seamBehind(at) - 1]?.at ?? 0);
  }

  trim(place: number): void {
    const count = this.text.trim(place);
    if (count === 0) return;
    this.#seams = this.#seams.filter(({ at }) => at >= count);
    for (const seam of this.#seams) seam.at -= count;
  }

  /** The index of the first seam behind the place. */
  #seamBehind(place: number): number {
    let [low, high] = [0, this.#seams.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#seams[middle]?.at ?? 0) <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Lines are joined when it is known with what the next one begins. */
  #join(next: number): void {
    const broken = this.#broken;
    if (broken === null) return;
    this.#broken = null;
    // That a letter follows must not hide where a number ended.
    const isEnd = broken.kind === "short" && isApart(this.text.last(), next);
    if (isEnd) return this.text.put(0x0a, broken.offset);
    // Line editors write a blank at the margin, and return, to make the terminal go on below.
    const isMargin = broken.lines === 0 && broken.returned && broken.kind === "long";
    if (isMargin && this.text.last() === 0x20) this.text.pop();
    this.#seams.push({ at: this.text.length, kind: broken.kind });
  }
}

const atSign = 0x40;
const poppedMax = 256;
/** Of numbers in groups: `-`, `(`, `)`, `.`, `/`. */
const marks: readonly number[] = [0x2d, 0x28, 0x29, 0x2e, 0x2f];
