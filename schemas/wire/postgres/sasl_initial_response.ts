/**
 * SASLInitialResponse (F): the mechanism chosen, and its first message if it has one.
 *
 * ```
 * Byte1('p')  Int32 length  String mechanism  Int32 length, -1 none  Byte_n data
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SASLINITIALRESPONSE
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type SaslInitialResponse = {
  readonly kind: "sasl_initial_response";
  readonly mechanism: string;
  readonly data: Uint8Array | null;
};

export function decodeSaslInitialResponse(frame: Frame): SaslInitialResponse | Malformed {
  const reader = readerOf(frame);
  const mechanism = reader.cstring("mechanism");
  const data = reader.nullableBytes("initial response");
  return reader.end({ kind: "sasl_initial_response", mechanism, data });
}

export function encodeSaslInitialResponse(message: SaslInitialResponse, writer: Writer): Writer {
  const start = writer.begin("p");
  return writer.cstring(message.mechanism).nullableBytes(message.data).end(start);
}
