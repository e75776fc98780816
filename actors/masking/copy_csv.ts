/**
 * Masks COPY data in CSV format: fields between delimiters, quoted where they must be, so that a
 * row may hold line feeds. https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 *
 * **Invariant:** what is written in place of a value is never read as NULL.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { CopyFormat } from "#schemas/mask_plan.ts";
import type { Writer } from "#schemas/wire/cursor.ts";
import {
  csvFieldEnds,
  csvFieldValue,
  type CsvMarks,
  csvRowEnd,
} from "#schemas/wire/postgres/copy/csv_rows.ts";
import { copyFields } from "./copy_fields.ts";
import type { CopyRewriter } from "./copy_rows.ts";
import type { RowProgram } from "./rows.ts";

export function copyCsv(
  format: CopyFormat,
  program: RowProgram,
  rowBytesMax: number,
  counts: Map<string, number>,
): CopyRewriter {
  const marks: CsvMarks = {
    delimiter: format.delimiter.charCodeAt(0),
    quote: format.quote.charCodeAt(0),
    escape: format.escape.charCodeAt(0),
  };
  const nullText = Buffer.from(format.null);
  const form = {
    delimiter: marks.delimiter,
    rowEnd: csvRowEnd(marks),
    isNoRow: () => false,
    fieldEnds: (row: Uint8Array) => csvFieldEnds(row, marks),
    valueOf: (field: Uint8Array) => csvFieldValue(field, marks),
    write: (value: Uint8Array, out: Writer) => writeQuoted(value, marks, nullText, out),
  };
  return copyFields(form, format, program, rowBytesMax, counts);
}

function writeQuoted(value: Uint8Array, marks: CsvMarks, nullText: Buffer, out: Writer): void {
  if (value.length > 0 && isPlain(value, marks) && !nullText.equals(value)) {
    out.copy(value, 0, value.length);
    return;
  }
  out.uint8(marks.quote);
  for (const byte of value) {
    if (byte === marks.quote || byte === marks.escape) out.uint8(marks.escape);
    out.uint8(byte);
  }
  out.uint8(marks.quote);
}

function isPlain(value: Uint8Array, { delimiter, quote }: CsvMarks): boolean {
  for (let i = 0; i < value.length; i++) {
    const byte = value[i] ?? 0;
    if (byte <= 0x20 || byte === delimiter || byte === quote) return false;
  }
  return true;
}
