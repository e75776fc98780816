/**
 * CopyData (F and B): a piece of a COPY stream; pieces need not be rows.
 *
 * ```
 * Byte1('d')  Int32 length  Byte_n data
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-COPYDATA
 *
 * @module
 */
import type { Writer } from "../cursor.ts";
import { bodyOf, type Frame } from "./frame.ts";

/** `data` is a view of the frame. */
export type CopyData = { readonly kind: "copy_data"; readonly data: Uint8Array };

export function decodeCopyData(frame: Frame): CopyData {
  return { kind: "copy_data", data: bodyOf(frame) };
}

export function encodeCopyData(message: CopyData, writer: Writer): Writer {
  const start = writer.begin("d");
  return writer.raw(message.data).end(start);
}
