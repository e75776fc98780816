/**
 * BackendKeyData (B): what a CancelRequest for this session must show.
 *
 * ```
 * Byte1('K')  Int32 length  Int32 process ID  Byte_n secret key, 4 bytes, to 256 from 3.2 on
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BACKENDKEYDATA
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";
import { secretKeyBytesMax, secretKeyBytesMin } from "./startup_message.ts";

export type BackendKeyData = {
  readonly kind: "backend_key_data";
  readonly processId: number;
  readonly secretKey: Uint8Array;
};

export function decodeBackendKeyData(frame: Frame): BackendKeyData | Malformed {
  const reader = readerOf(frame);
  const processId = reader.int32("process ID");
  if (reader.remaining < secretKeyBytesMin) reader.fail("truncated", "secret key");
  if (reader.remaining > secretKeyBytesMax) reader.fail("trailing_bytes", "secret key");
  return reader.end({ kind: "backend_key_data", processId, secretKey: reader.rest() });
}

export function encodeBackendKeyData(message: BackendKeyData, writer: Writer): Writer {
  const start = writer.begin("K");
  return writer.int32(message.processId).raw(message.secretKey).end(start);
}
