/**
 * The untagged packets that begin a connection.
 *
 * ```
 * SSLRequest      Int32(8)  Int32(80877103)
 * GSSENCRequest   Int32(8)  Int32(80877104)
 * CancelRequest   Int32     Int32(80877102)  Int32 process ID  Byte_n secret key (to the end)
 * StartupMessage  Int32     Int32(major << 16 | minor)  { String name  String value }*  Byte1(0)
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 * @module
 */
import { int32At, type Malformed, malformed, Reader, type Writer } from "../cursor.ts";

export type SslRequest = { readonly kind: "ssl_request" };
export type GssencRequest = { readonly kind: "gssenc_request" };

/** The key is 4 bytes in protocol 3.0 and up to 256 from 3.2 on. */
export type CancelRequest = {
  readonly kind: "cancel_request";
  readonly processId: number;
  readonly secretKey: Uint8Array;
};

/**
 * Major version is 3. `minor` is as asked for: 0 and 2 are known, any other is to be answered with
 * NegotiateProtocolVersion, as are all `options`, the parameters whose names begin with `_pq_.`.
 */
export type StartupMessage = {
  readonly kind: "startup_message";
  readonly minor: number;
  readonly parameters: ReadonlyMap<string, string>;
  readonly options: ReadonlyMap<string, string>;
};

export type StartupPacket = SslRequest | GssencRequest | CancelRequest | StartupMessage;
export type StartupFrame = {
  readonly kind: "startup_frame";
  readonly raw: Uint8Array;
  readonly packet: StartupPacket;
};

/** PostgreSQL's MAX_STARTUP_PACKET_LENGTH. */
export const startupFrameBytesMax = 10_000;
export const secretKeyBytesMin = 4;
export const secretKeyBytesMax = 256;

/** The version as it stands on the wire: 196608 for 3.0, 196610 for 3.2. */
export function protocolVersion(minor: number): number {
  return (3 << 16) | minor;
}

/** Decodes a whole packet, its length already checked by framing. */
export function decodeStartupFrame(raw: Uint8Array): StartupFrame | Malformed {
  const packet = decodeStartupPacket(raw);
  return packet.kind === "malformed" ? packet : { kind: "startup_frame", raw, packet };
}

export function encodeStartupPacket(packet: StartupPacket, writer: Writer): Writer {
  const start = writer.begin("");
  switch (packet.kind) {
    case "ssl_request":
      writer.int32(sslRequestCode);
      break;
    case "gssenc_request":
      writer.int32(gssencRequestCode);
      break;
    case "cancel_request":
      writer.int32(cancelRequestCode).int32(packet.processId).raw(packet.secretKey);
      break;
    case "startup_message":
      writer.int32(protocolVersion(packet.minor));
      for (const [name, value] of packet.parameters) writer.cstring(name).cstring(value);
      for (const [name, value] of packet.options) writer.cstring(name).cstring(value);
      writer.uint8(0);
  }
  return writer.end(start);
}

const cancelRequestCode = 80877102;
const sslRequestCode = 80877103;
const gssencRequestCode = 80877104;
const optionPrefix = "_pq_.";

function decodeStartupPacket(raw: Uint8Array): StartupPacket | Malformed {
  if (raw.length < 8) return malformed("truncated", "code", 4);
  const code = int32At(raw, 4);
  const reader = new Reader(raw, 8);
  switch (code) {
    case sslRequestCode:
      return reader.end({ kind: "ssl_request" });
    case gssencRequestCode:
      return reader.end({ kind: "gssenc_request" });
    case cancelRequestCode:
      return decodeCancelRequest(reader);
    default:
      if (code >>> 16 !== 3) return malformed("unsupported_protocol", "protocol version", 4);
      return decodeStartupMessage(reader, code & 0xffff);
  }
}

function decodeCancelRequest(reader: Reader): CancelRequest | Malformed {
  const processId = reader.int32("process ID");
  const length = reader.remaining;
  if (length < secretKeyBytesMin) reader.fail("truncated", "secret key");
  if (length > secretKeyBytesMax) reader.fail("trailing_bytes", "secret key");
  return reader.end({ kind: "cancel_request", processId, secretKey: reader.rest() });
}

function decodeStartupMessage(reader: Reader, minor: number): StartupMessage | Malformed {
  const parameters = new Map<string, string>();
  const options = new Map<string, string>();
  while (!reader.failed) {
    const name = reader.cstring("parameter name");
    if (name === "") break;
    const map = name.startsWith(optionPrefix) ? options : parameters;
    // The server takes the last of two, others the first: two readings are one too many.
    if (map.has(name)) reader.fail("duplicate_parameter", "parameter name");
    map.set(name, reader.cstring("parameter value"));
  }
  return reader.end({ kind: "startup_message", minor, parameters, options });
}
