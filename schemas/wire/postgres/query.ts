/**
 * Query (F): a simple query, of any number of statements.
 *
 * ```
 * Byte1('Q')  Int32 length  String text
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-QUERY
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type Query = { readonly kind: "query"; readonly text: string };

export function decodeQuery(frame: Frame): Query | Malformed {
  const reader = readerOf(frame);
  return reader.end({ kind: "query", text: reader.cstring("query text") });
}

export function encodeQuery(message: Query, writer: Writer): Writer {
  const start = writer.begin("Q");
  return writer.cstring(message.text).end(start);
}
