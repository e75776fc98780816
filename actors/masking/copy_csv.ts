/**
 * Masks COPY data in CSV format: fields between delimiters, quoted where they must be, so that a
 * row may hold line feeds. https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 *
 * **Invariant:** a row leaves with as many fields as it came with; a row whose field count is not
 * the plan's leaves as NULLs, and data that ends inside quotes is a fault.
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
import { type CopyRewriter, copyRows } from "./copy_rows.ts";
import { isRange, isUntouched } from "./copy_text.ts";
import { type ColumnProgram, rewriteNull, rewriteValue, type RowProgram } from "./rows.ts";

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
  let isHeader = format.header;
  const rows = copyRows(rowBytesMax, csvRowEnd(marks), (row, out) => {
    const start = out.begin("d");
    if (isHeader) out.raw(row);
    else writeRow(row, out);
    isHeader = false;
    out.end(start);
    return null;
  });
  return { data: rows.data, end: () => rows.rest().length === 0 ? null : "copy_malformed" };

  function writeRow(row: Uint8Array, out: Writer): void {
    const ends = csvFieldEnds(row, marks);
    const isCovered = ends.length === program.columns.length;
    let start = 0;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i] ?? start;
      if (i > 0) out.uint8(marks.delimiter);
      writeField(row, start, end, isCovered ? program.columns[i] : undefined, out);
      start = end + 1;
    }
    out.uint8(lineFeed);
  }

  function writeField(
    row: Uint8Array,
    start: number,
    end: number,
    column: ColumnProgram | undefined,
    out: Writer,
  ): void {
    // Quoted, the same bytes are a value: an empty string beside NULL.
    if (isRange(nullText, row, start, end)) {
      const masked = rewriteNull(column);
      if (masked === null) out.raw(nullText);
      else writeQuoted(masked, out);
    } else if (column === undefined) {
      counts.set("opaque", (counts.get("opaque") ?? 0) + 1);
      out.raw(nullText);
    } else if (isUntouched(column, row, start, end)) out.copy(row, start, end - start);
    else {
      const value = csvFieldValue(row.subarray(start, end), marks);
      const masked = rewriteValue(column, value);
      if (masked === value) out.copy(row, start, end - start);
      else if (masked === null) out.raw(nullText);
      else writeQuoted(masked, out);
    }
  }

  function writeQuoted(value: Uint8Array, out: Writer): void {
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
}

const lineFeed = 0x0a;

function isPlain(value: Uint8Array, { delimiter, quote }: CsvMarks): boolean {
  for (let i = 0; i < value.length; i++) {
    const byte = value[i] ?? 0;
    if (byte <= 0x20 || byte === delimiter || byte === quote) return false;
  }
  return true;
}
