/**
 * NegotiateProtocolVersion (B): the newest minor version served, and options not known.
 *
 * ```
 * Byte1('v')  Int32 length  Int32 version  Int32 count  { String option }*
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-NEGOTIATEPROTOCOLVERSION
 * The page calls the version a minor one; servers and libpq put the whole of it on the wire (196610
 * for 3.2), as `protocolVersion(minor)` makes it.
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type NegotiateProtocolVersion = {
  readonly kind: "negotiate_protocol_version";
  readonly version: number;
  readonly unknownOptions: readonly string[];
};

export function decodeNegotiateProtocolVersion(
  frame: Frame,
): NegotiateProtocolVersion | Malformed {
  const reader = readerOf(frame);
  const version = reader.int32("protocol version");
  const count = reader.int32("option count");
  if (count < 0) reader.fail("negative_length", "option count");
  const unknownOptions = reader.list(count, 1, "options", () => reader.cstring("option"));
  return reader.end({ kind: "negotiate_protocol_version", version, unknownOptions });
}

export function encodeNegotiateProtocolVersion(
  message: NegotiateProtocolVersion,
  writer: Writer,
): Writer {
  const start = writer.begin("v");
  writer.int32(message.version).int32(message.unknownOptions.length);
  for (const option of message.unknownOptions) writer.cstring(option);
  return writer.end(start);
}
