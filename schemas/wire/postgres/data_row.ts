/**
 * DataRow (B): the values of one row.
 *
 * ```
 * Byte1('D')  Int32 length  Uint16 count  { Int32 length, -1 null  Byte_n value }*
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-DATAROW
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

/** Values are views of the frame; null is SQL NULL. */
export type DataRow = {
  readonly kind: "data_row";
  readonly values: readonly (Uint8Array | null)[];
};

export function decodeDataRow(frame: Frame): DataRow | Malformed {
  const reader = readerOf(frame);
  const count = reader.uint16("column count");
  const values = reader.list(count, 4, "values", () => reader.nullableBytes("value"));
  return reader.end({ kind: "data_row", values });
}

export function encodeDataRow(message: DataRow, writer: Writer): Writer {
  return writer.message("D", (body) => {
    body.int16(message.values.length);
    for (const value of message.values) body.nullableBytes(value);
  });
}
