/**
 * Format codes of parameters, columns and COPY: 0 text, 1 binary; on the wire an Int16.
 * https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-FORMAT-CODES
 *
 * @module
 */
import type { Reader, Writer } from "../cursor.ts";

export type FormatCode = 0 | 1;

/** Reads one Int16 format code; any other value than 0 and 1 is `invalid_value`. */
export function readFormatCode(reader: Reader, field: string): FormatCode {
  const code = reader.uint16(field);
  if (code > 1) reader.fail("invalid_value", field);
  return code === 1 ? 1 : 0;
}

/** Reads a Uint16 count and as many format codes. */
export function readFormatCodes(reader: Reader, field: string): FormatCode[] {
  return reader.list(reader.uint16(field), 2, field, () => readFormatCode(reader, field));
}

export function writeFormatCodes(writer: Writer, codes: readonly FormatCode[]): Writer {
  writer.int16(codes.length);
  for (const code of codes) writer.int16(code);
  return writer;
}

/** The format of item `index`: none given means text, one given goes for all. */
export function formatOf(codes: readonly FormatCode[], index: number): FormatCode {
  return (codes.length === 1 ? codes[0] : codes[index]) ?? 0;
}
