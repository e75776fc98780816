/**
 * A small model of the agent's terminal: what stands in the line of the cursor, and whether a
 * full-screen program has taken over. ECMA-48 as far as line editors use it.
 *
 * It reads what was released, which is what the agent sees. Of a sequence that it does not know it
 * says so by `certain`, until the screen is cleared.
 *
 * @module
 */
import type { WindowSize } from "#schemas/wire/ssh/channel.ts";
import { SequenceReader } from "./terminal_sequences.ts";

/** A bigger terminal is taken for this size. */
const columnsMax = 1000;
const rowsMax = 500;
/** Of a longer piece of output the rest has scrolled by. */
const tailBytesMax = 16 * 1024;
const tabColumns = 8;
/** Characters of one cell with what combines with it. */
const combinedCharsMax = 32;

type Row = { cells: string[]; wrapped: boolean };

export class Terminal {
  #columns: number;
  #rows: number;
  #screen: Row[] = [];
  #row = 0;
  #column = 0;
  /** The last column is written: the next character wraps. */
  #full = false;
  #saved = { row: 0, column: 0 };
  #alternate = false;
  #certain = true;
  readonly #reader = new SequenceReader({
    text: (character, width) => this.#put(character, width),
    control: (code) => this.#control(code),
    escape: (final) => this.#escape(final),
    sequence: (prefix, parameters, final) => this.#sequence(prefix, parameters, final),
  });

  constructor(window: WindowSize) {
    this.#columns = clamp(window.columns || 80, 1, columnsMax);
    this.#rows = clamp(window.rows || 24, 1, rowsMax);
    this.#clear();
  }

  /** A full-screen program is running. */
  get alternate(): boolean {
    return this.#alternate;
  }

  resize(window: WindowSize): void {
    this.#columns = clamp(window.columns || 80, 1, columnsMax);
    this.#rows = clamp(window.rows || 24, 1, rowsMax);
    while (this.#screen.length > this.#rows) this.#screen.shift();
    while (this.#screen.length < this.#rows) this.#screen.push(newRow());
    this.#moveTo(this.#row, this.#column);
  }

  write(bytes: Uint8Array): void {
    if (bytes.length <= tailBytesMax) return this.#reader.read(bytes);
    this.#reader.skip(bytes.subarray(0, -tailBytesMax));
    this.#reader.read(bytes.subarray(-tailBytesMax));
  }

  /** The cursor's whole line, over its wraps; null where it cannot be told. */
  line(): { readonly text: string; readonly beforeCursor: string } | null {
    if (!this.#certain || this.#alternate) return null;
    let first = this.#row;
    while (first > 0 && this.#screen[first - 1]?.wrapped) first--;
    let last = this.#row;
    while (last < this.#rows - 1 && this.#screen[last]?.wrapped) last++;
    // What began above the screen is not whole.
    if (first === 0 && last === this.#rows - 1 && this.#rows > 1) return null;
    const texts = this.#screen.slice(first, last + 1).map(({ cells }) => cells.join(""));
    const before = this.#screen.slice(first, this.#row).map(({ cells }) => cells.join(""));
    const here = this.#screen[this.#row]?.cells ?? [];
    const beforeCursor = before.join("") + padded(here, this.#column).join("");
    return { text: texts.join(""), beforeCursor };
  }

  #put(character: string, width: number): void {
    let row = this.#screen[this.#row] ?? newRow();
    if (width === 0) {
      const at = Math.max(0, this.#full ? this.#column : this.#column - 1);
      row.cells[at] = `${row.cells[at] ?? " "}${character}`.slice(0, combinedCharsMax);
      return;
    }
    if (this.#full || this.#column + width > this.#columns) {
      row.wrapped = true;
      this.#column = 0;
      this.#full = false;
      this.#lineFeed();
      row = this.#screen[this.#row] ?? newRow();
    }
    while (row.cells.length < this.#column) row.cells.push(" ");
    row.cells[this.#column] = character;
    if (width === 2) row.cells[this.#column + 1] = "";
    this.#column += width;
    if (this.#column < this.#columns) return;
    this.#column = this.#columns - 1;
    this.#full = true;
  }

  #control(code: number): void {
    switch (code) {
      case 0x08:
        return this.#moveTo(this.#row, this.#column - 1);
      case 0x09: {
        const next = (Math.floor(this.#column / tabColumns) + 1) * tabColumns;
        return this.#moveTo(this.#row, next);
      }
      case 0x0a:
      case 0x0b:
      case 0x0c:
        this.#full = false;
        return this.#lineFeed();
      case 0x0d:
        return this.#moveTo(this.#row, 0);
    }
  }

  #escape(final: string): void {
    switch (final) {
      case "7":
        this.#saved = { row: this.#row, column: this.#column };
        return;
      case "8":
        return this.#moveTo(this.#saved.row, this.#saved.column);
      case "E":
        this.#moveTo(this.#row, 0);
        return this.#lineFeed();
      case "D":
        return this.#lineFeed();
      case "M":
        if (this.#row > 0) return this.#moveTo(this.#row - 1, this.#column);
        this.#screen.pop();
        this.#screen.unshift(newRow());
        return;
      case "c":
        this.#alternate = false;
        return this.#clear();
      case "=":
      case ">":
        return;
      default:
        this.#certain = false;
    }
  }

  #sequence(prefix: string, parameters: readonly number[], final: string): void {
    const [first = 0, second = 0] = parameters;
    if (prefix === "?") return this.#mode(parameters, final);
    // Others with a prefix set keyboards or ask for versions; they change no text.
    if (prefix !== "") return;
    const count = Math.max(1, first);
    switch (final) {
      case "A":
        return this.#moveTo(this.#row - count, this.#column);
      case "B":
      case "e":
        return this.#moveTo(this.#row + count, this.#column);
      case "C":
      case "a":
        return this.#moveTo(this.#row, this.#column + count);
      case "D":
        return this.#moveTo(this.#row, this.#column - count);
      case "E":
        return this.#moveTo(this.#row + count, 0);
      case "F":
        return this.#moveTo(this.#row - count, 0);
      case "G":
      case "`":
        return this.#moveTo(this.#row, count - 1);
      case "H":
      case "f":
        return this.#moveTo(count - 1, Math.max(1, second) - 1);
      case "d":
        return this.#moveTo(count - 1, this.#column);
      case "s":
        this.#saved = { row: this.#row, column: this.#column };
        return;
      case "u":
        return this.#moveTo(this.#saved.row, this.#saved.column);
      case "h":
      case "l":
      case "m":
      case "n":
      case "c":
      case "q":
      case "t":
        // Insert mode is the one of these that moves text.
        if (final === "h" && parameters.includes(4)) this.#certain = false;
        return;
      default:
        return this.#edit(final, first, count);
    }
  }

  #edit(final: string, first: number, count: number): void {
    const row = this.#screen[this.#row] ?? newRow();
    const before = padded(row.cells, this.#column);
    const after = row.cells.slice(this.#column);
    switch (final) {
      case "@":
        row.cells = [...before, ...spaces(count), ...after].slice(0, this.#columns);
        return;
      case "P":
        row.cells = [...before, ...after.slice(count)];
        return;
      case "X":
        row.cells = [...before, ...spaces(Math.min(count, after.length)), ...after.slice(count)];
        return;
      case "K":
        return this.#eraseInLine(row, first);
      case "J":
        return this.#eraseInScreen(row, first);
      case "L":
        this.#screen.splice(this.#row, 0, ...Array.from({ length: count }, newRow));
        this.#screen.length = this.#rows;
        return;
      case "M":
        this.#screen.splice(this.#row, count);
        while (this.#screen.length < this.#rows) this.#screen.push(newRow());
        return;
      case "r":
        // Scrolling a part of the screen is for programs that draw.
        this.#certain &&= first <= 1;
        return;
      default:
        this.#certain = false;
    }
  }

  #eraseInLine(row: Row, what: number): void {
    if (what === 0) {
      row.cells = row.cells.slice(0, this.#column);
      row.wrapped = false;
    } else if (what === 1) {
      row.cells = [...spaces(this.#column + 1), ...row.cells.slice(this.#column + 1)];
    } else row.cells = [];
  }

  #eraseInScreen(row: Row, what: number): void {
    if (what === 2 || what === 3) {
      const { row: line, column } = { row: this.#row, column: this.#column };
      this.#clear();
      return this.#moveTo(line, column);
    }
    this.#eraseInLine(row, what);
    for (let at = 0; at < this.#rows; at++) {
      if (what === 0 ? at > this.#row : at < this.#row) this.#screen[at] = newRow();
    }
  }

  #mode(parameters: readonly number[], final: string): void {
    const isAlternate = parameters.some((one) => one === 47 || one === 1047 || one === 1049);
    if (!isAlternate || final !== "h" && final !== "l") return;
    this.#alternate = final === "h";
    // What was on the screen before comes back; that is not kept.
    this.#clear();
    this.#certain = this.#alternate;
  }

  #lineFeed(): void {
    if (this.#row < this.#rows - 1) {
      this.#row++;
      return;
    }
    this.#screen.shift();
    this.#screen.push(newRow());
    // Every line that was not understood has been followed by others.
    if (!this.#alternate) this.#certain = true;
  }

  #moveTo(row: number, column: number): void {
    this.#row = clamp(row, 0, this.#rows - 1);
    this.#column = clamp(column, 0, this.#columns - 1);
    this.#full = false;
  }

  #clear(): void {
    this.#screen = Array.from({ length: this.#rows }, newRow);
    this.#certain = true;
    this.#moveTo(0, 0);
  }
}

function newRow(): Row {
  return { cells: [], wrapped: false };
}

function spaces(count: number): string[] {
  return Array.from({ length: Math.min(count, columnsMax) }, () => " ");
}

/** The first `length` cells, with spaces where nothing was written. */
function padded(cells: readonly string[], length: number): string[] {
  return Array.from({ length }, (_, at) => cells[at] ?? " ");
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
