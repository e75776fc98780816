/**
 * Authentication* (B): what the server asks for, or that it is content.
 *
 * ```
 * Byte1('R')  Int32 length  Int32 code  ...
 * 0 Ok   3 CleartextPassword   5 MD5Password: Byte4 salt
 * 10 SASL: { String mechanism }* Byte1(0)   11 SASLContinue: Byte_n   12 SASLFinal: Byte_n
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-AUTHENTICATIONOK
 * Kerberos, GSSAPI and SSPI (2, 7, 8, 9) are `unsupported_authentication`.
 *
 * @module
 */
import { type Malformed, type Reader, type Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type Authentication =
  | { readonly kind: "authentication_ok" }
  | { readonly kind: "authentication_cleartext_password" }
  | { readonly kind: "authentication_md5_password"; readonly salt: Uint8Array }
  | { readonly kind: "authentication_sasl"; readonly mechanisms: readonly string[] }
  | { readonly kind: "authentication_sasl_continue"; readonly data: Uint8Array }
  | { readonly kind: "authentication_sasl_final"; readonly data: Uint8Array };

export function decodeAuthentication(frame: Frame): Authentication | Malformed {
  const reader = readerOf(frame);
  const code = reader.int32("authentication code");
  switch (code) {
    case 0:
      return reader.end({ kind: "authentication_ok" });
    case 3:
      return reader.end({ kind: "authentication_cleartext_password" });
    case 5:
      return reader.end({ kind: "authentication_md5_password", salt: reader.bytes(4, "salt") });
    case 10:
      return reader.end({ kind: "authentication_sasl", mechanisms: readMechanisms(reader) });
    case 11:
      return reader.end({ kind: "authentication_sasl_continue", data: reader.rest() });
    case 12:
      return reader.end({ kind: "authentication_sasl_final", data: reader.rest() });
    default:
      reader.fail("unsupported_authentication", "authentication code");
      return reader.end({ kind: "authentication_ok" });
  }
}

export function encodeAuthentication(message: Authentication, writer: Writer): Writer {
  const start = writer.begin("R");
  switch (message.kind) {
    case "authentication_ok":
      writer.int32(0);
      break;
    case "authentication_cleartext_password":
      writer.int32(3);
      break;
    case "authentication_md5_password":
      writer.int32(5).raw(message.salt);
      break;
    case "authentication_sasl":
      writer.int32(10);
      for (const mechanism of message.mechanisms) writer.cstring(mechanism);
      writer.uint8(0);
      break;
    case "authentication_sasl_continue":
      writer.int32(11).raw(message.data);
      break;
    case "authentication_sasl_final":
      writer.int32(12).raw(message.data);
  }
  return writer.end(start);
}

function readMechanisms(reader: Reader): string[] {
  const mechanisms: string[] = [];
  while (!reader.failed) {
    const mechanism = reader.cstring("mechanism");
    if (mechanism === "") break;
    mechanisms.push(mechanism);
  }
  return mechanisms;
}
