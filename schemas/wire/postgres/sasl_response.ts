/**
 * SASLResponse (F): a further message of the mechanism.
 *
 * ```
 * Byte1('p')  Int32 length  Byte_n data
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SASLRESPONSE
 *
 * @module
 */
import type { Writer } from "../cursor.ts";
import { bodyOf, type Frame } from "./frame.ts";

export type SaslResponse = { readonly kind: "sasl_response"; readonly data: Uint8Array };

export function decodeSaslResponse(frame: Frame): SaslResponse {
  return { kind: "sasl_response", data: bodyOf(frame) };
}

export function encodeSaslResponse(message: SaslResponse, writer: Writer): Writer {
  const start = writer.begin("p");
  return writer.raw(message.data).end(start);
}
