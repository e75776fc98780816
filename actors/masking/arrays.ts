/**
 * Maps the elements of a PostgreSQL array, in text and in binary.
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO; binary is `array_send`: Int32
 * dimensions, Int32 has-null flag, Int32 element OID, per dimension Int32 length and lower bound,
 * then the elements, each Int32 length (-1 is NULL) and bytes.
 *
 * **Invariant:** the result has the same dimensions and the same number of elements; an array that
 * is not understood to its last byte gives null.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Reader, Writer } from "#schemas/wire/cursor.ts";

/** Masks one element. Called for values only: NULL elements stay NULL. */
export type MapElement = (element: Uint8Array) => Uint8Array | null;

/** Maps a binary array whose elements are of `elementOid`. */
export function mapBinaryArray(
  value: Uint8Array,
  elementOid: number,
  map: MapElement,
): Uint8Array | null {
  const reader = new Reader(value);
  const dimensions = reader.int32("dimensions");
  reader.int32("has null");
  const isOfType = reader.uint32("element type") === elementOid;
  if (reader.failed || !isOfType || dimensions < 0 || dimensions > dimensionsMax) return null;
  let count = dimensions === 0 ? 0 : 1;
  for (let i = 0; i < dimensions; i++) {
    count *= reader.int32("length");
    reader.int32("lower bound");
  }
  if (reader.failed || count < 0 || count * 4 > reader.remaining) return null;
  const writer = new Writer(value.length).raw(value.subarray(0, reader.offset));
  let hasNull = false;
  for (let i = 0; i < count; i++) {
    const element = reader.nullableBytes("element");
    const masked = element === null || reader.failed ? null : map(element);
    hasNull ||= masked === null;
    writer.nullableBytes(masked);
  }
  if (reader.failed || reader.remaining > 0) return null;
  const bytes = writer.bytes();
  bytes[7] = hasNull ? 1 : 0;
  return bytes;
}

/** Maps a text array: `{a,"b c",NULL}`, nested, maybe with bounds `[1:2]=` before it. */
export function mapTextArray(value: Uint8Array, map: MapElement): Uint8Array | null {
  const start = value[0] === leftBracket ? value.indexOf(equals) + 1 : 0;
  if (value[start] !== leftBrace) return null;
  const writer = new Writer(value.length).raw(value.subarray(0, start));
  let at = start;
  let depth = 0;
  while (at < value.length) {
    const byte = value[at] ?? 0;
    if (byte === leftBrace) depth++;
    else if (byte === rightBrace) depth--;
    if (byte === leftBrace || byte === rightBrace || byte === comma) {
      writer.uint8(byte);
      at++;
      if (depth === 0) break;
      continue;
    }
    const end = byte === quote ? endOfQuoted(value, at) : endOfPlain(value, at);
    if (end < 0) return null;
    writer.raw(mapTextElement(value.subarray(at, end), byte === quote, map));
    at = end;
  }
  return depth === 0 && at === value.length ? writer.bytes() : null;
}

// PostgreSQL's MAXDIM.
const dimensionsMax = 6;
const [leftBrace, rightBrace, leftBracket, equals] = [0x7b, 0x7d, 0x5b, 0x3d];
const [comma, quote, backslash] = [0x2c, 0x22, 0x5c];
const nullElement = Buffer.from("NULL");

function endOfQuoted(value: Uint8Array, start: number): number {
  for (let i = start + 1; i < value.length; i++) {
    if (value[i] === backslash) i++;
    else if (value[i] === quote) return i + 1;
  }
  return -1;
}

function endOfPlain(value: Uint8Array, start: number): number {
  for (let i = start; i < value.length; i++) {
    const byte = value[i];
    if (byte === backslash) i++;
    else if (byte === comma || byte === rightBrace) return i;
    else if (byte === quote || byte === leftBrace) return -1;
  }
  return -1;
}

function mapTextElement(written: Uint8Array, isQuoted: boolean, map: MapElement): Uint8Array {
  if (!isQuoted && Buffer.from(written).toString("latin1").toUpperCase() === "NULL") {
    return nullElement;
  }
  const masked = map(unescape(isQuoted ? written.subarray(1, -1) : written));
  return masked === null ? nullElement : quoteElement(masked);
}

function unescape(written: Uint8Array): Uint8Array {
  if (!written.includes(backslash)) return written;
  const plain: number[] = [];
  for (let i = 0; i < written.length; i++) {
    if (written[i] === backslash) i++;
    plain.push(written[i] ?? 0);
  }
  return Uint8Array.from(plain);
}

/** Quotes what is not plainly safe to stand alone. */
function quoteElement(value: Uint8Array): Uint8Array {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1");
  if (/^[A-Za-z0-9_.:+-]+$/.test(text) && text.toUpperCase() !== "NULL") return value;
  return Buffer.from(`"${text.replace(/["\\]/g, "\\$&")}"`, "latin1");
}
