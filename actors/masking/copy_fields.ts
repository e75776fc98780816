/**
 * Masks COPY data that is written as fields between delimiters: what text and CSV have in common.
 *
 * **Invariant:** a row leaves with as many fields as it came with; a row whose field count is not
 * the plan's leaves as NULLs, and data that ends inside a row is a fault.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { CopyFormat } from "#schemas/mask_plan.ts";
import type { Writer } from "#schemas/wire/cursor.ts";
import { type CopyRewriter, copyRows, type RowEnd } from "./copy_rows.ts";
import {
  type ColumnProgram,
  isUntouched,
  rewriteNull,
  rewriteValue,
  type RowProgram,
} from "./rows.ts";

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

  /** What lies between fields that change is copied in one piece, delimiters and all. */
  function writeRow(row: Uint8Array, out: Writer): void {
    const ends = form.fieldEnds(row);
    const isCovered = ends.length === program.columns.length;
    let start = 0;
    let copied = 0;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i] ?? start;
      const column = isCovered ? program.columns[i] : undefined;
      if (column === undefined || !isUntouched(column, row, start, end)) {
        const masked = maskedField(row, start, end, column);
        if (masked !== "as it came") {
          out.copy(row, copied, start - copied);
          if (masked === null) out.raw(nullText);
          else form.write(masked, out);
          copied = end;
        }
      }
      start = end + 1;
    }
    out.copy(row, copied, row.length - copied);
  }

  /** What a field becomes; null is NULL. */
  function maskedField(
    row: Uint8Array,
    start: number,
    end: number,
    column: ColumnProgram | undefined,
  ): Uint8Array | null | "as it came" {
    // Compared as it is written: in CSV a quoted empty string stands beside NULL.
    if (isRange(nullText, row, start, end)) return rewriteNull(column);
    if (column === undefined) {
      counts.set("opaque", (counts.get("opaque") ?? 0) + 1);
      return null;
    }
    const value = form.valueOf(row.subarray(start, end));
    const masked = rewriteValue(column, value);
    return masked === value ? "as it came" : masked;
  }
}

function isRange(bytes: Uint8Array, row: Uint8Array, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== row[start + i]) return false;
  return true;
}
