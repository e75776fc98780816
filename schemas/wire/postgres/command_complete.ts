/**
 * CommandComplete (B): a statement is done.
 *
 * ```
 * Byte1('C')  Int32 length  String command tag, as `SELECT 5` or `INSERT 0 1`
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-COMMANDCOMPLETE
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type CommandComplete = { readonly kind: "command_complete"; readonly tag: string };

export function decodeCommandComplete(frame: Frame): CommandComplete | Malformed {
  const reader = readerOf(frame);
  return reader.end({ kind: "command_complete", tag: reader.cstring("command tag") });
}

export function encodeCommandComplete(message: CommandComplete, writer: Writer): Writer {
  const start = writer.begin("C");
  return writer.cstring(message.tag).end(start);
}

/** The rows that a command tag counts; null when it counts none, as `BEGIN`. */
export function rowsOf(tag: string): number | null {
  const digits = / (\d{1,15})$/.exec(tag)?.[1];
  return digits === undefined ? null : Number(digits);
}
