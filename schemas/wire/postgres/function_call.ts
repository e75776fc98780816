/**
 * FunctionCall (F): calls a function by its OID; legacy, and no SQL to judge.
 *
 * ```
 * Byte1('F')  Int32 length  Uint32 function OID
 * Uint16 count  { Int16 argument format }*      none, one for all, or one each
 * Uint16 count  { Int32 length, -1 null  Byte_n value }*
 * Int16 result format
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-FUNCTIONCALL
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import {
  type FormatCode,
  readFormatCode,
  readFormatCodes,
  writeFormatCodes,
} from "./format_code.ts";
import { type Frame, readerOf } from "./frame.ts";

export type FunctionCall = {
  readonly kind: "function_call";
  readonly functionOid: number;
  readonly argumentFormats: readonly FormatCode[];
  readonly arguments: readonly (Uint8Array | null)[];
  readonly resultFormat: FormatCode;
};

export function decodeFunctionCall(frame: Frame): FunctionCall | Malformed {
  const reader = readerOf(frame);
  const functionOid = reader.uint32("function OID");
  const argumentFormats = readFormatCodes(reader, "argument formats");
  const count = reader.uint16("argument count");
  const formats = argumentFormats.length;
  if (formats > 1 && formats !== count) reader.fail("count_mismatch", "argument count");
  const values = reader.list(count, 4, "arguments", () => reader.nullableBytes("argument"));
  const resultFormat = readFormatCode(reader, "result format");
  return reader.end({
    kind: "function_call",
    functionOid,
    argumentFormats,
    arguments: values,
    resultFormat,
  });
}

export function encodeFunctionCall(message: FunctionCall, writer: Writer): Writer {
  const start = writer.begin("F");
  writeFormatCodes(writer.int32(message.functionOid), message.argumentFormats);
  writer.int16(message.arguments.length);
  for (const value of message.arguments) writer.nullableBytes(value);
  return writer.int16(message.resultFormat).end(start);
}
