/**
 * CopyInResponse, CopyOutResponse, CopyBothResponse (B): COPY begins.
 *
 * ```
 * Byte1('G' in, 'H' out, 'W' both)  Int32 length  Byte1 overall format
 * Uint16 count  { Int16 column format }*
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-COPYINRESPONSE
 * When the overall format is text, so is every column.
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type FormatCode, readFormatCodes, writeFormatCodes } from "./format_code.ts";
import { type Frame, readerOf } from "./frame.ts";

const tags = { copy_in_response: "G", copy_out_response: "H", copy_both_response: "W" } as const;

export type CopyResponse = {
  readonly kind: keyof typeof tags;
  readonly format: FormatCode;
  readonly columnFormats: readonly FormatCode[];
};

export function decodeCopyResponse(
  frame: Frame,
  kind: CopyResponse["kind"],
): CopyResponse | Malformed {
  const reader = readerOf(frame);
  const format = reader.uint8("overall format");
  if (format > 1) reader.fail("invalid_value", "overall format");
  const columnFormats = readFormatCodes(reader, "column formats");
  if (format === 0 && columnFormats.includes(1)) reader.fail("invalid_value", "column formats");
  return reader.end({ kind, format: format === 1 ? 1 : 0, columnFormats });
}

export function encodeCopyResponse(message: CopyResponse, writer: Writer): Writer {
  const start = writer.begin(tags[message.kind]);
  return writeFormatCodes(writer.uint8(message.format), message.columnFormats).end(start);
}
