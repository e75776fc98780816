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
import { Buffer } from "node:buffer";
import { int32At, uint16At, type Writer } from "#schemas/wire/cursor.ts";
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
      out.raw(part.subarray(0, headerBytes));
      expected = "tuple";
    } else if (part.length === 2 && uint16At(part, 0) === trailer) {
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
    if (expected === "header") return headerEnd(bytes, start);
    return tupleEnd(bytes, start);
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

const signature = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const headerBytes = 19;
const trailer = 0xffff;

function headerEnd(bytes: Uint8Array, start: number): number | CopyFault {
  const available = bytes.length - start;
  const seen = bytes.subarray(start, start + Math.min(available, signature.length));
  if (!signature.subarray(0, seen.length).equals(seen)) return "copy_malformed";
  if (available < headerBytes) return -1;
  const hasFlags = int32At(bytes, start + 11) !== 0;
  const hasExtension = int32At(bytes, start + 15) !== 0;
  return hasFlags || hasExtension ? "copy_malformed" : start + headerBytes;
}

function tupleEnd(bytes: Uint8Array, start: number): number | CopyFault {
  if (bytes.length - start < 2) return -1;
  const count = uint16At(bytes, start);
  let at = start + 2;
  if (count === trailer) return at;
  // Int16: any other negative count is none.
  if (count > 0x7fff) return "copy_malformed";
  for (let i = 0; i < count; i++) {
    if (bytes.length - at < 4) return -1;
    const length = int32At(bytes, at);
    if (length < -1) return "copy_malformed";
    at += 4 + Math.max(length, 0);
    if (at > bytes.length) return -1;
  }
  return at;
}
