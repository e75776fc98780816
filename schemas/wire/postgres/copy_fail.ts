/**
 * CopyFail (F): ends a COPY from the client with an error.
 *
 * ```
 * Byte1('f')  Int32 length  String reason
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-COPYFAIL
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type CopyFail = { readonly kind: "copy_fail"; readonly reason: string };

export function decodeCopyFail(frame: Frame): CopyFail | Malformed {
  const reader = readerOf(frame);
  return reader.end({ kind: "copy_fail", reason: reader.cstring("reason") });
}

export function encodeCopyFail(message: CopyFail, writer: Writer): Writer {
  const start = writer.begin("f");
  return writer.cstring(message.reason).end(start);
}
