/**
 * Masks COPY data that is written as fields between delimiters: what text and CSV have in common.
 *
 * **Invariant:** a row leaves with as many fields as it came with; a row whose field count is not
 * the plan's leaves as NULLs, and data that ends inside a row is a fault.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { mayHold } from "#schemas/detectors/detect.ts";
import type { CopyFormat } from "#schemas/mask_plan.ts";
import type { Writer } from "#schemas/wire/cursor.ts";
import { type CopyRewriter, copyRows, type RowEnd } from "./copy_rows.ts";
import { type ColumnProgram, rewriteNull, rewriteValue, type RowProgram } from "./rows.ts";

/** How a format writes rows and values. */
export type FieldForm = {
  readonly delimiter: number;
  readonly rowEnd: RowEnd;
  /** Whether a row is none, and is passed on as it is. */
  readonly isNoRow: (row: Uint8Array) => boolean;
  /** Where each field ends, the last one at the line feed. */
  readonly fieldEnds: (row: Uint8Array) => readonly number[];
  readonly valueOf: (field: Uint8Array) => Uint8Array;
  readonly write: (value: Uint8Array, out: Writer) => void;
};

export function copyFields(
  form: FieldForm,
  format: CopyFormat,
  program: RowProgram,
  rowBytesMax: number,
  counts: Map<string, number>,
): CopyRewriter {
  const nullText = Buffer.from(format.null);
  let isHeader = format.header;
  const rows = copyRows(rowBytesMax, form.rowEnd, (row, out) => {
    const start = out.begin("d");
    if (isHeader || form.isNoRow(row)) out.raw(row);
    else writeRow(row, out);
    isHeader = false;
    out.end(start);
    return null;
  });
  return { data: rows.data, end: () => rows.rest().length === 0 ? null : "copy_malformed" };

  function writeRow(row: Uint8Array, out: Writer): void {
    const ends = form.fieldEnds(row);
    const isCovered = ends.length === program.columns.length;
    let start = 0;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i] ?? start;
      if (i > 0) out.uint8(form.delimiter);
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
    // Compared as it is written: in CSV a quoted empty string stands beside NULL.
    if (isRange(nullText, row, start, end)) {
      const masked = rewriteNull(column);
      if (masked === null) out.raw(nullText);
      else form.write(masked, out);
    } else if (column === undefined) {
      counts.set("opaque", (counts.get("opaque") ?? 0) + 1);
      out.raw(nullText);
    } else if (isUntouched(column, row, start, end)) out.copy(row, start, end - start);
    else {
      const value = form.valueOf(row.subarray(start, end));
      const masked = rewriteValue(column, value);
      if (masked === value) out.copy(row, start, end - start);
      else if (masked === null) out.raw(nullText);
      else form.write(masked, out);
    }
  }
}

const lineFeed = 0x0a;

/** Whether a field need not even be read. */
function isUntouched(column: ColumnProgram, row: Uint8Array, start: number, end: number): boolean {
  return column.does === "keep" || column.does === "scan" && !mayHold(row, start, end);
}

function isRange(bytes: Uint8Array, row: Uint8Array, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== row[start + i]) return false;
  return true;
}
