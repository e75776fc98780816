/**
 * Execute (F): runs a portal.
 *
 * ```
 * Byte1('E')  Int32 length  String portal  Int32 rows to return at most, 0 and below no limit
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-EXECUTE
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type Execute = {
  readonly kind: "execute";
  readonly portal: string;
  readonly rowsMax: number;
};

export function decodeExecute(frame: Frame): Execute | Malformed {
  const reader = readerOf(frame);
  const portal = reader.cstring("portal name");
  return reader.end({ kind: "execute", portal, rowsMax: reader.int32("row limit") });
}

export function encodeExecute(message: Execute, writer: Writer): Writer {
  const start = writer.begin("E");
  return writer.cstring(message.portal).int32(message.rowsMax).end(start);
}
