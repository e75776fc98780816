/**
 * Masks COPY data in text format: fields between delimiters, rows ended by a line feed, escapes
 * with a backslash. https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 *
 * **Invariant:** a row leaves with as many fields as it came with, and as one line; a row whose
 * field count is not the plan's leaves as NULLs.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { CopyFormat } from "#schemas/mask_plan.ts";
import type { Writer } from "#schemas/wire/cursor.ts";
import { type CopyRewriter, copyRows } from "./copy_rows.ts";
import { mayHold } from "#schemas/detectors/detect.ts";
import {
  isTextEndMark,
  textControls,
  textFieldEnds,
  textFieldValue,
  textRowEnd,
} from "#schemas/wire/postgres/copy/text_rows.ts";
import { type ColumnProgram, rewriteNull, rewriteValue, type RowProgram } from "./rows.ts";

export function copyText(
  format: CopyFormat,
  program: RowProgram,
  rowBytesMax: number,
  counts: Map<string, number>,
): CopyRewriter {
  const delimiter = format.delimiter.charCodeAt(0);
  const nullText = Buffer.from(format.null);
  let isHeader = format.header;
  const rows = copyRows(rowBytesMax, textRowEnd, (row, out) => {
    const start = out.begin("d");
    if (isHeader || isTextEndMark(row)) out.raw(row);
    else writeRow(row, out);
    isHeader = false;
    out.end(start);
    return null;
  });
  return { data: rows.data, end: () => rows.rest().length === 0 ? null : "copy_malformed" };

  function writeRow(row: Uint8Array, out: Writer): void {
    const ends = textFieldEnds(row, delimiter);
    const isCovered = ends.length === program.columns.length;
    let start = 0;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i] ?? start;
      if (i > 0) out.uint8(delimiter);
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
    if (isRange(nullText, row, start, end)) {
      const masked = rewriteNull(column);
      if (masked === null) out.raw(nullText);
      else writeEscaped(masked, delimiter, out);
    } else if (column === undefined) {
      counts.set("opaque", (counts.get("opaque") ?? 0) + 1);
      out.raw(nullText);
    } else if (isUntouched(column, row, start, end)) out.copy(row, start, end - start);
    else {
      const value = textFieldValue(row.subarray(start, end));
      const masked = rewriteValue(column, value);
      if (masked === value) out.copy(row, start, end - start);
      else if (masked === null) out.raw(nullText);
      else writeEscaped(masked, delimiter, out);
    }
  }
}

/** Whether a field need not even be unescaped. */
export function isUntouched(
  column: ColumnProgram,
  row: Uint8Array,
  start: number,
  end: number,
): boolean {
  return column.does === "keep" || column.does === "scan" && !mayHold(row, start, end);
}

/** Whether a range of a row is these bytes. */
export function isRange(
  bytes: Uint8Array,
  row: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (bytes.length !== end - start) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== row[start + i]) return false;
  return true;
}

const lineFeed = 0x0a;
const backslash = 0x5c;

/** The letter that stands behind a backslash for a byte; 0 for none. */
const escaped = new Uint8Array(256);
for (const [letter, control] of textControls) escaped[control] = letter;

function writeEscaped(value: Uint8Array, delimiter: number, out: Writer): void {
  let plain = 0;
  for (let i = 0; i < value.length; i++) {
    const byte = value[i] ?? 0;
    const letter = escaped[byte] ?? 0;
    if (letter === 0 && byte !== backslash && byte !== delimiter) continue;
    out.copy(value, plain, i - plain).uint8(backslash).uint8(letter === 0 ? byte : letter);
    plain = i + 1;
  }
  out.copy(value, plain, value.length - plain);
}
