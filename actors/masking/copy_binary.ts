/**
 * Masks COPY data in binary format: a signature, Int32 flags, Int32 length of a header extension
 * and that extension; then tuples, each Int16 field count and for each field Int32 length (-1 is
 * NULL) and bytes; then Int16 -1.
 * https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 *
 * **Invariant:** the header leaves as the only header that is understood (no flags, no extension);
 * a tuple whose field count is not the plan's leaves as NULLs; nothing follows the trailer.
 *
 * @module
 */
import { uint16At } from "#schemas/wire/cursor.ts";
import {
  binaryHeaderBytes,
  binaryHeaderEnd,
  binaryTrailer,
  binaryTupleEnd,
} from "#schemas/wire/postgres/copy/binary_rows.ts";
import { type CopyFault, type CopyRewriter, copyRows } from "./copy_rows.ts";
import { rewriteFields, type RowProgram } from "./rows.ts";

export function copyBinary(
  program: RowProgram,
  rowBytesMax: number,
  counts: Map<string, number>,
): CopyRewriter {
  let expected: "header" | "tuple" | "nothing" = "header";
  const rows = copyRows(rowBytesMax, partEnd, (part, out) => {
    const start = out.begin("d");
    if (expected === "header") {
      out.raw(part.subarray(0, binaryHeaderBytes));
      expected = "tuple";
    } else if (part.length === 2 && uint16At(part, 0) === binaryTrailer) {
      out.raw(part);
      expected = "nothing";
    } else if (rewriteFields(part, 0, program, counts, out) !== null) return "copy_malformed";
    out.end(start);
    return null;
  });
  return { data: rows.data, end };

  function end(): CopyFault | null {
    return expected === "nothing" && rows.rest().length === 0 ? null : "copy_malformed";
  }

  function partEnd(bytes: Uint8Array, start: number): number | CopyFault {
    if (expected === "nothing") return "copy_malformed";
    if (expected === "header") return binaryHeaderEnd(bytes, start);
    return binaryTupleEnd(bytes, start);
  }
}
