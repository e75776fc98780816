/**
 * Parse (F): prepares a statement; the name "" is the unnamed one.
 *
 * ```
 * Byte1('P')  Int32 length  String name  String text
 * Uint16 count  { Uint32 parameter type OID, 0 unspecified }*
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-PARSE
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type Parse = {
  readonly kind: "parse";
  readonly statement: string;
  readonly text: string;
  readonly parameterTypes: readonly number[];
};

export function decodeParse(frame: Frame): Parse | Malformed {
  const reader = readerOf(frame);
  const statement = reader.cstring("statement name");
  const text = reader.cstring("statement text");
  const count = reader.uint16("parameter type count");
  const parameterTypes = reader.list(
    count,
    4,
    "parameter types",
    () => reader.uint32("parameter type"),
  );
  return reader.end({ kind: "parse", statement, text, parameterTypes });
}

export function encodeParse(message: Parse, writer: Writer): Writer {
  const start = writer.begin("P");
  writer.cstring(message.statement).cstring(message.text).int16(message.parameterTypes.length);
  for (const type of message.parameterTypes) writer.int32(type);
  return writer.end(start);
}
