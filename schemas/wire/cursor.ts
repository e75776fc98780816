/**
 * A bounded reader and a growing writer over bytes, big-endian: what every wire codec is built of.
 *
 * **Invariant:** the reader never reads outside its bytes and never throws. Its first failure
 * sticks; from then on every read gives an empty value, and `end` gives the failure, not a message.
 *
 * @module
 */

/** Why bytes are not a message of their protocol. */
export type MalformedCode =
  | "truncated"
  | "trailing_bytes"
  | "length_below_minimum"
  | "message_too_large"
  | "negative_length"
  | "count_mismatch"
  | "unterminated_string"
  | "invalid_utf8"
  | "invalid_value"
  | "duplicate_parameter"
  | "unknown_tag"
  | "unexpected_message"
  | "unsupported_authentication"
  | "unsupported_protocol";

/** Names the field and its offset in the message (tag included), and never holds a value. */
export type Malformed = {
  readonly kind: "malformed";
  readonly code: MalformedCode;
  readonly field: string;
  readonly offset: number;
};

export function malformed(code: MalformedCode, field: string, offset: number): Malformed {
  return { kind: "malformed", code, field, offset };
}

/** One line for logs and protocol errors: code, field, offset. */
export function describeMalformed(reason: Malformed): string {
  return `${reason.code.replaceAll("_", " ")}: ${reason.field} at byte ${reason.offset}`;
}

/** Reads an Int32 in network order; the caller has checked that four bytes are there. */
export function int32At(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 24) | ((bytes[offset + 1] ?? 0) << 16) |
    ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0);
}

/** Reads a Uint16 in network order; the caller has checked that two bytes are there. */
export function uint16At(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

const empty = new Uint8Array(0);
// A byte order mark is a character of the text like any other: hiding it would judge other text
// than the one that runs.
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lossyUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const utf8 = new TextEncoder();

/** Reads fields one after the other. Byte fields are views of the input, valid as long as it is. */
export class Reader {
  readonly #bytes: Uint8Array;
  #offset: number;
  #failure: Malformed | null = null;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  get failed(): boolean {
    return this.#failure !== null;
  }
  get offset(): number {
    return this.#offset;
  }
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Records the first failure; later ones are consequences of it. */
  fail(code: MalformedCode, field: string): void {
    this.#failure ??= malformed(code, field, this.#offset);
  }

  uint8(field: string): number {
    if (!this.#has(1, field)) return 0;
    return this.#bytes[this.#offset++] ?? 0;
  }

  uint16(field: string): number {
    if (!this.#has(2, field)) return 0;
    const value = uint16At(this.#bytes, this.#offset);
    this.#offset += 2;
    return value;
  }

  int16(field: string): number {
    return (this.uint16(field) << 16) >> 16;
  }

  int32(field: string): number {
    if (!this.#has(4, field)) return 0;
    const value = int32At(this.#bytes, this.#offset);
    this.#offset += 4;
    return value;
  }

  uint32(field: string): number {
    return this.int32(field) >>> 0;
  }

  bytes(length: number, field: string): Uint8Array {
    if (length < 0) this.fail("negative_length", field);
    if (!this.#has(length, field)) return empty;
    const start = this.#offset;
    this.#offset += length;
    return this.#bytes.subarray(start, this.#offset);
  }

  /** An Int32 length, then as many bytes; length -1 is null. */
  nullableBytes(field: string): Uint8Array | null {
    const length = this.int32(field);
    return length === -1 ? null : this.bytes(length, field);
  }

  rest(): Uint8Array {
    return this.bytes(this.failed ? 0 : this.remaining, "rest");
  }

  /** A string up to a zero byte, in strict UTF-8. */
  cstring(field: string): string {
    const start = this.#offset;
    const bytes = this.#cstringBytes(field);
    try {
      return strictUtf8.decode(bytes);
    } catch {
      this.#failure ??= malformed("invalid_utf8", field, start);
      return "";
    }
  }

  /** A string up to a zero byte; what is not UTF-8 reads as U+FFFD. For words, never for names. */
  lossyCstring(field: string): string {
    return lossyUtf8.decode(this.#cstringBytes(field));
  }

  /**
   * `count` items of at least `itemBytesMin` bytes (1 or more) each. The count is checked against
   * what is there before the first item, so that a count alone costs nothing.
   */
  list<T>(count: number, itemBytesMin: number, field: string, read: () => T): T[] {
    const items: T[] = [];
    if (this.failed) return items;
    if (count * itemBytesMin > this.remaining) this.fail("truncated", field);
    for (let i = 0; i < count && !this.failed; i++) items.push(read());
    return items;
  }

  /** Gives the message, or the first failure, or `trailing_bytes` when input is left. */
  end<M>(message: M): M | Malformed {
    if (this.remaining > 0) this.fail("trailing_bytes", "message");
    return this.#failure ?? message;
  }

  #has(length: number, field: string): boolean {
    if (this.#failure !== null) return false;
    if (length <= this.remaining) return true;
    this.fail("truncated", field);
    return false;
  }

  #cstringBytes(field: string): Uint8Array {
    if (this.#failure !== null) return empty;
    const start = this.#offset;
    const end = this.#bytes.indexOf(0, start);
    if (end < 0) {
      this.fail("unterminated_string", field);
      return empty;
    }
    this.#offset = end + 1;
    return this.#bytes.subarray(start, end);
  }
}

/**
 * Appends fields to a buffer that doubles as it fills; it holds what is written to it and no more
 * than twice of that. `bytes()` gives a copy, `view()` does not.
 */
export class Writer {
  #buffer: Uint8Array;
  #length = 0;

  constructor(initialBytes = 256) {
    this.#buffer = new Uint8Array(Math.max(initialBytes, 16));
  }

  get length(): number {
    return this.#length;
  }
  /** Memory held. */
  get reserved(): number {
    return this.#buffer.length;
  }

  uint8(value: number): this {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
    return this;
  }

  /** Signed or unsigned: the low sixteen bits. */
  int16(value: number): this {
    this.#reserve(2);
    const buffer = this.#buffer;
    buffer[this.#length++] = value >>> 8;
    buffer[this.#length++] = value;
    return this;
  }

  /** Signed or unsigned: the low thirty-two bits. */
  int32(value: number): this {
    this.#reserve(4);
    this.#putInt32(this.#length, value);
    this.#length += 4;
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Copies a range without making a view of it; short ranges are the common case of a row. */
  copy(source: Uint8Array, offset: number, length: number): this {
    if (length > 48) return this.raw(source.subarray(offset, offset + length));
    this.#reserve(length);
    const buffer = this.#buffer;
    const start = this.#length;
    for (let i = 0; i < length; i++) buffer[start + i] = source[offset + i] ?? 0;
    this.#length = start + length;
    return this;
  }

  /** An Int32 length and the bytes; null is length -1. */
  nullableBytes(bytes: Uint8Array | null): this {
    if (bytes === null) return this.int32(-1);
    return this.int32(bytes.length).raw(bytes);
  }

  /**
   * UTF-8 and a zero byte. A zero inside would end the string early and make the rest a field of
   * its own, so it is written as U+FFFD.
   */
  cstring(text: string): this {
    const safe = text.includes("\0") ? text.replaceAll("\0", "\uFFFD") : text;
    this.#reserve(safe.length * 3 + 1);
    const free = this.#buffer.subarray(this.#length);
    this.#length += utf8.encodeInto(safe, free).written;
    this.#buffer[this.#length++] = 0;
    return this;
  }

  /** Begins a message: tag ("" for none) and a place for its length. Give the result to `end`. */
  begin(tag: string): number {
    if (tag !== "") this.uint8(tag.charCodeAt(0));
    const start = this.#length;
    this.int32(0);
    return start;
  }

  /** Ends the message that `begin` began: its length, which counts itself and not the tag. */
  end(start: number): this {
    this.#putInt32(start, this.#length - start);
    return this;
  }

  /** Takes back everything from `length` on, as when a message that was begun cannot be ended. */
  truncate(length: number): this {
    this.#length = Math.min(this.#length, Math.max(0, length));
    return this;
  }

  message(tag: string, fill: (writer: this) => void): this {
    const start = this.begin(tag);
    fill(this);
    return this.end(start);
  }

  /** A copy of what was written. */
  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  /** What was written, without a copy: valid until the next write or `clear`. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Empties the writer and keeps its buffer. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  #putInt32(offset: number, value: number): void {
    const buffer = this.#buffer;
    buffer[offset] = value >>> 24;
    buffer[offset + 1] = value >>> 16;
    buffer[offset + 2] = value >>> 8;
    buffer[offset + 3] = value;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
