/**
 * DataRow (B): the values of one row.
 *
 * ```
 * Byte1('D')  Int32 length  Uint16 count  { Int32 length, -1 null  Byte_n value }*
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-DATAROW
 *
 * Rows are most of all bytes, so beside `decodeDataRow` there is a walk that makes nothing, and a
 * row is written by `beginDataRow`, then for each value `writeDataRowField` or `writeDataRowNull`,
 * then `writer.end`.
 *
 * @module
 */
import { int32At, type Malformed, malformed, uint16At, type Writer } from "../cursor.ts";
import { bodyOffset, type Frame } from "./frame.ts";

/** Values are views of the frame; null is SQL NULL. */
export type DataRow = {
  readonly kind: "data_row";
  readonly values: readonly (Uint8Array | null)[];
};

/** `offset` counts from the start of `frame.raw`; `length` is -1 for NULL. */
export type VisitField = (index: number, offset: number, length: number) => void;

export function decodeDataRow(frame: Frame): DataRow | Malformed {
  const values: (Uint8Array | null)[] = [];
  const failure = walkDataRow(frame, (_index, offset, length) => {
    values.push(length < 0 ? null : frame.raw.subarray(offset, offset + length));
  });
  return failure ?? { kind: "data_row", values };
}

/**
 * Visits each value in order and gives null, or why the row is malformed; fields before the fault
 * have been visited then, so what was made of them must be thrown away.
 */
export function walkDataRow(frame: Frame, visit: VisitField): Malformed | null {
  const raw = frame.raw;
  const end = raw.length;
  let offset = bodyOffset + 2;
  if (end < offset) return malformed("truncated", "column count", bodyOffset);
  const count = uint16At(raw, bodyOffset);
  for (let index = 0; index < count; index++) {
    if (end - offset < 4) return malformed("truncated", "value length", offset);
    const length = int32At(raw, offset);
    offset += 4;
    if (length < -1) return malformed("negative_length", "value length", offset - 4);
    if (length > end - offset) return malformed("truncated", "value", offset);
    visit(index, offset, length);
    if (length > 0) offset += length;
  }
  return offset === end ? null : malformed("trailing_bytes", "message", offset);
}

/** The number of values a row announces; null when it is too short to say. */
export function columnCountOf(frame: Frame): number | null {
  return frame.raw.length < bodyOffset + 2 ? null : uint16At(frame.raw, bodyOffset);
}

export function encodeDataRow(message: DataRow, writer: Writer): Writer {
  const start = beginDataRow(message.values.length, writer);
  for (const value of message.values) writer.nullableBytes(value);
  return writer.end(start);
}

/** Begins a row; give the result to `writer.end` after the last value. */
export function beginDataRow(columns: number, writer: Writer): number {
  const start = writer.begin("D");
  writer.int16(columns);
  return start;
}

/** Writes one value as a range of other bytes, as `walkDataRow` gives it: length -1 is NULL. */
export function writeDataRowField(
  source: Uint8Array,
  offset: number,
  length: number,
  writer: Writer,
): Writer {
  return length < 0 ? writer.int32(-1) : writer.int32(length).copy(source, offset, length);
}

export function writeDataRowNull(writer: Writer): Writer {
  return writer.int32(-1);
}
