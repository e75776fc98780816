/**
 * Close (F): closes a statement or portal.
 *
 * ```
 * Byte1('C')  Int32 length  Byte1('S' statement or 'P' portal)  String name
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-CLOSE
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

export type Close = {
  readonly kind: "close";
  readonly target: StatementOrPortal;
  readonly name: string;
};

export function decodeClose(frame: Frame): Close | Malformed {
  const reader = readerOf(frame);
  const target = readStatementOrPortal(reader);
  return reader.end({ kind: "close", target, name: reader.cstring("name") });
}

export function encodeClose(message: Close, writer: Writer): Writer {
  const start = writer.begin("C");
  return writeStatementOrPortal(writer, message.target).cstring(message.name).end(start);
}
