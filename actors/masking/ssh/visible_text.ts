/**
 * The text that bytes of a terminal show, and where in the stream each byte of it came from.
 *
 * @module
 */
import { isOfNumber } from "#schemas/detectors/scan.ts";
import { beginScan, contextBytes, type Scan } from "#schemas/detectors/scan_on.ts";

/** A text that grows at its end. Offsets into the stream count from its first byte. */
export class VisibleText {
  /** Where detectors are; kept in step by `trim` and `pop`. */
  readonly scan: Scan = beginScan();
  #bytes = new Uint8Array(256);
  #length = 0;
  #view: Uint8Array | null = null;
  /** Runs of bytes that follow each other in the stream: where each begins here and there. */
  #starts: number[] = [];
  #offsets: number[] = [];

  get length(): number {
    return this.#length;
  }

  /** The text so far; a view, good until the next change. */
  view(): Uint8Array {
    return this.#view ??= this.#bytes.subarray(0, this.#length);
  }

  /** Appends `source` from `from` up to `to`, of which the first came at `offset`. */
  append(source: Uint8Array, from: number, to: number, offset: number): void {
    const count = to - from;
    this.#view = null;
    this.#reserve(count);
    this.#note(offset);
    if (count > 64) this.#bytes.set(source.subarray(from, to), this.#length);
    else {
      for (let i = 0; i < count; i++) this.#bytes[this.#length + i] = source[from + i] ?? 0;
    }
    this.#length += count;
  }

  /** Appends one byte that stands for what came at `offset`. */
  put(byte: number, offset: number): void {
    this.#view = null;
    this.#reserve(1);
    this.#note(offset);
    this.#bytes[this.#length++] = byte;
  }

  last(): number | undefined {
    return this.#bytes[this.#length - 1];
  }

  /** Takes the last character back (UTF-8), and what follows is judged with what is left. */
  pop(): void {
    if (this.#length === 0) return;
    this.#view = null;
    do this.#length--; while (this.#length > 0 && isContinuation(this.#bytes[this.#length]));
    while (this.#starts.length > 0 && (this.#starts.at(-1) ?? 0) >= this.#length) {
      this.#starts.pop();
      this.#offsets.pop();
    }
    const { scan } = this;
    scan.floor = Math.min(scan.floor, this.#length);
    if (scan.at < this.#length) return;
    scan.inDigits = false;
    scan.at = this.#length;
    const lowest = Math.max(scan.floor, this.#length - rewoundBytesMax);
    while (scan.at > lowest && isOfNumber(this.#bytes[scan.at - 1])) scan.at--;
  }

  /** Begins anew with what comes next. */
  clear(): void {
    this.#view = null;
    this.#length = 0;
    this.#starts = [];
    this.#offsets = [];
    Object.assign(this.scan, beginScan());
  }

  /** Where in the stream the byte at `place` came from. */
  offsetOf(place: number): number {
    const run = this.#runOf(this.#starts, place);
    return (this.#offsets[run] ?? 0) + place - (this.#starts[run] ?? 0);
  }

  /** The place of the byte that came at `offset`; null when it shows nothing. */
  placeOf(offset: number): number | null {
    const run = this.#runOf(this.#offsets, offset);
    const begins = this.#offsets[run];
    if (begins === undefined || begins > offset) return null;
    const place = (this.#starts[run] ?? 0) + offset - begins;
    return place < (this.#starts[run + 1] ?? this.#length) ? place : null;
  }

  /** Forgets what neither detectors nor a find from `place` on look back to; gives how much. */
  trim(place: number): number {
    const count = Math.min(place, this.scan.at) - contextBytes;
    if (count < trimmedBytesMin) return 0;
    const run = this.#runOf(this.#starts, count);
    const offset = this.offsetOf(count);
    this.#view = null;
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
    // A stream that said much once may be silent for hours.
    if (this.#bytes.length > idleBytes && this.#length < idleBytes) {
      this.#bytes = this.#bytes.slice(0, idleBytes);
    }
    this.#starts = this.#starts.slice(run).map((start) => Math.max(0, start - count));
    this.#offsets = this.#offsets.slice(run);
    this.#offsets[0] = offset;
    this.scan.at -= count;
    this.scan.floor = Math.max(0, this.scan.floor - count);
    return count;
  }

  #note(offset: number): void {
    const last = this.#starts.length - 1;
    const follows = (this.#offsets[last] ?? 0) + this.#length - (this.#starts[last] ?? 0);
    if (last >= 0 && follows === offset) return;
    this.#starts.push(this.#length);
    this.#offsets.push(offset);
  }

  /** The last run that begins at or before the place. */
  #runOf(begins: readonly number[], place: number): number {
    let [low, high] = [0, begins.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((begins[middle] ?? 0) <= place) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#length + count, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const trimmedBytesMin = 2048;
const idleBytes = 4096;
/** How much of a number is judged again when a character at its end was taken back. */
const rewoundBytesMax = 64;

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
