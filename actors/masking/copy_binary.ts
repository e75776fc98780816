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
import { int32At, uint16At, type Writer } from "#schemas/wire/cursor.ts";
import {
  binaryHeaderBytes,
  binaryHeaderEnd,
  binaryTrailer,
  binaryTupleEnd,
} from "#schemas/wire/postgres/copy/binary_rows.ts";
import { type CopyFault, type CopyRewriter, copyRows } from "./copy_rows.ts";
import { rewriteNull, rewriteValue, type RowProgram } from "./rows.ts";

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
    } else writeTuple(part, out);
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

  function writeTuple(tuple: Uint8Array, out: Writer): void {
    const count = uint16At(tuple, 0);
    const isCovered = count === program.columns.length;
    out.int16(count);
    let at = 2;
    for (let i = 0; i < count; i++) {
      const length = int32At(tuple, at);
      at += 4;
      const column = isCovered ? program.columns[i] : undefined;
      if (length < 0) out.nullableBytes(rewriteNull(column));
      else if (column === undefined) {
        counts.set("opaque", (counts.get("opaque") ?? 0) + 1);
        out.int32(-1);
      } else out.nullableBytes(rewriteValue(column, tuple.subarray(at, at + length)));
      at += Math.max(length, 0);
    }
  }
}
