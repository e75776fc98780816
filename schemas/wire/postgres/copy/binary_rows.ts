/**
 * COPY data in binary format: a signature, Int32 flags, Int32 length of a header extension and that
 * extension; then tuples, each Int16 field count and for each field Int32 length (-1 is NULL) and
 * bytes; then Int16 -1.
 * https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 *
 * @module
 */
import { int32At, uint16At } from "../../cursor.ts";

/** The header, without extension: the only one that is understood. */
export const binaryHeaderBytes = 19;
/** The field count that ends the data. */
export const binaryTrailer = 0xffff;

/** Where the header ends; -1 when not all of it is there. */
export function binaryHeaderEnd(bytes: Uint8Array, start: number): number | "copy_malformed" {
  const available = bytes.length - start;
  for (let i = 0; i < Math.min(available, signature.length); i++) {
    if (bytes[start + i] !== signature[i]) return "copy_malformed";
  }
  if (available < binaryHeaderBytes) return -1;
  const hasFlags = int32At(bytes, start + 11) !== 0;
  const hasExtension = int32At(bytes, start + 15) !== 0;
  return hasFlags || hasExtension ? "copy_malformed" : start + binaryHeaderBytes;
}

/** Where a tuple or the trailer ends; -1 when not all of it is there. */
export function binaryTupleEnd(bytes: Uint8Array, start: number): number | "copy_malformed" {
  if (bytes.length - start < 2) return -1;
  const count = uint16At(bytes, start);
  let at = start + 2;
  if (count === binaryTrailer) return at;
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

/** The fields of a whole tuple; null is NULL. */
export function binaryFields(tuple: Uint8Array): readonly (Uint8Array | null)[] {
  const fields: (Uint8Array | null)[] = [];
  let at = 2;
  for (let i = 0; i < uint16At(tuple, 0); i++) {
    const length = int32At(tuple, at);
    at += 4;
    fields.push(length < 0 ? null : tuple.subarray(at, at + length));
    at += Math.max(length, 0);
  }
  return fields;
}

/* PGCOPY\n\377\r\n\0 */
const signature = Uint8Array.of(0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0);
