/**
 * PasswordMessage (F): a cleartext password, a token in its place, or an MD5 answer.
 *
 * ```
 * Byte1('p')  Int32 length  String password
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-PASSWORDMESSAGE
 * The tag is shared with the SASL messages: the state of authentication tells which one it is.
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type PasswordMessage = { readonly kind: "password"; readonly password: string };

export function decodePasswordMessage(frame: Frame): PasswordMessage | Malformed {
  const reader = readerOf(frame);
  return reader.end({ kind: "password", password: reader.cstring("password") });
}

export function encodePasswordMessage(message: PasswordMessage, writer: Writer): Writer {
  const start = writer.begin("p");
  return writer.cstring(message.password).end(start);
}
