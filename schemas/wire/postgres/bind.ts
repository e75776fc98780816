/**
 * Bind (F): makes a portal of a prepared statement and its parameters.
 *
 * ```
 * Byte1('B')  Int32 length  String portal  String statement
 * Uint16 count  { Int16 parameter format }*     none, one for all, or one each
 * Uint16 count  { Int32 length, -1 null  Byte_n value }*
 * Uint16 count  { Int16 result format }*        none, one for all, or one each
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BIND
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type FormatCode, readFormatCodes, writeFormatCodes } from "./format_code.ts";
import { type Frame, readerOf } from "./frame.ts";

/** Parameters are views of the frame; null is SQL NULL. */
export type Bind = {
  readonly kind: "bind";
  readonly portal: string;
  readonly statement: string;
  readonly parameterFormats: readonly FormatCode[];
  readonly parameters: readonly (Uint8Array | null)[];
  readonly resultFormats: readonly FormatCode[];
};

export function decodeBind(frame: Frame): Bind | Malformed {
  const reader = readerOf(frame);
  const portal = reader.cstring("portal name");
  const statement = reader.cstring("statement name");
  const parameterFormats = readFormatCodes(reader, "parameter formats");
  const count = reader.uint16("parameter count");
  const formats = parameterFormats.length;
  if (formats > 1 && formats !== count) reader.fail("count_mismatch", "parameter count");
  const parameters = reader.list(count, 4, "parameters", () => reader.nullableBytes("parameter"));
  const resultFormats = readFormatCodes(reader, "result formats");
  return reader.end({
    kind: "bind",
    portal,
    statement,
    parameterFormats,
    parameters,
    resultFormats,
  });
}

export function encodeBind(message: Bind, writer: Writer): Writer {
  const start = writer.begin("B");
  writer.cstring(message.portal).cstring(message.statement);
  writeFormatCodes(writer, message.parameterFormats).int16(message.parameters.length);
  for (const parameter of message.parameters) writer.nullableBytes(parameter);
  return writeFormatCodes(writer, message.resultFormats).end(start);
}
