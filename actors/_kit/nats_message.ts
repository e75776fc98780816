/**
 * What is taken from a message of the NATS client library, without its own header parser.
 *
 * @module
 */

/** The parts of a message of the client library that are used here. */
export type NatsMsg = {
  readonly subject: string;
  readonly reply?: string;
  readonly data: Uint8Array;
};

const encoder = new TextEncoder();

/**
 * The header block of a message, unparsed. The library's own parser validates each name anew on
 * every message; its parsed form is rebuilt only if its fields are not what version 3.4 has.
 */
export function headerBytes(message: NatsMsg): Uint8Array | null {
  if (
    "_rdata" in message && message._rdata instanceof Uint8Array && "_msg" in message &&
    typeof message._msg === "object" && message._msg !== null && "hdr" in message._msg &&
    typeof message._msg.hdr === "number"
  ) {
    return message._msg.hdr > 0 ? message._rdata.subarray(0, message._msg.hdr) : null;
  }
  if (!("headers" in message) || message.headers === undefined) return null;
  return encoder.encode(String(message.headers));
}

/** The payload as plain bytes: a socket's chunks are Buffers, whose `slice` shares memory. */
export function payloadOf(message: NatsMsg): Uint8Array {
  const { data } = message;
  return new Uint8Array(data.buffer, data.byteOffset, data.length);
}
