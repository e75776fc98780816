/**
 * Strings of sftp: an UInt32 length and bytes (RFC 4251 section 5).
 *
 * @module
 */
import type { Reader, Writer } from "../cursor.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8 = new TextEncoder();

/** The bytes of a string; a view of the input. */
export function bytesOf(from: Reader, field: string): Uint8Array {
  return from.bytes(from.int32(field), field);
}

/** A string that must be UTF-8: a name that could be read in two ways is malformed. */
export function textOf(from: Reader, field: string): string {
  const bytes = bytesOf(from, field);
  try {
    return strictUtf8.decode(bytes);
  } catch {
    from.fail("invalid_utf8", field);
    return "";
  }
}

export function putBytes(bytes: Uint8Array, to: Writer): void {
  to.int32(bytes.length).raw(bytes);
}

export function putText(text: string, to: Writer): void {
  putBytes(utf8.encode(text), to);
}
