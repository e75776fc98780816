/**
 * Describe (F): asks for the shape of a statement or portal.
 *
 * ```
 * Byte1('D')  Int32 length  Byte1('S' statement or 'P' portal)  String name
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-DESCRIBE
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";
import {
  readStatementOrPortal,
  type StatementOrPortal,
  writeStatementOrPortal,
} from "./statement_or_portal.ts";

export type Describe = {
  readonly kind: "describe";
  readonly target: StatementOrPortal;
  readonly name: string;
};

export function decodeDescribe(frame: Frame): Describe | Malformed {
  const reader = readerOf(frame);
  const target = readStatementOrPortal(reader);
  return reader.end({ kind: "describe", target, name: reader.cstring("name") });
}

export function encodeDescribe(message: Describe, writer: Writer): Writer {
  const start = writer.begin("D");
  return writeStatementOrPortal(writer, message.target).cstring(message.name).end(start);
}
