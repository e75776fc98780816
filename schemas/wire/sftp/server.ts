/**
 * What an sftp server answers, version 3 (draft-ietf-secsh-filexfer-02, section 7).
 *
 * **Invariant:** a packet parses whole or is malformed. Names and words of a server are bytes: they
 * need not be UTF-8, and a relay passes on what it did not change.
 *
 * @example
 * ```ts
 * import { decodeSftpServer, encodeSftpServer, sftpStatus } from "#schemas/wire/sftp/server.ts";
 * import { deepStrictEqual } from "node:assert/strict";
 * const message = new TextEncoder().encode("refused");
 * const packet = { kind: "status", id: 3, code: sftpStatus.permissionDenied, message } as const;
 * deepStrictEqual(decodeSftpServer(encodeSftpServer(packet).subarray(4)), packet);
 * ```
 * @module
 */
import { type Malformed, Reader, Writer } from "../cursor.ts";
import { unreachable } from "#schemas/unreachable.ts";
import { type Attributes, readAttributes, writeAttributes } from "./attributes.ts";
import { bytesOf, putBytes } from "./text.ts";

/** Section 7. */
export const sftpStatus = {
  ok: 0,
  eof: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  noConnection: 6,
  connectionLost: 7,
  unsupported: 8,
} as const;

export type SftpName = {
  readonly name: Uint8Array;
  /** As `ls -l` prints it. */
  readonly longName: Uint8Array;
  readonly attributes: Attributes;
};

export type SftpServerPacket =
  | { readonly kind: "version"; readonly version: number; readonly extensions: Uint8Array }
  | {
    readonly kind: "status";
    readonly id: number;
    readonly code: number;
    readonly message: Uint8Array;
  }
  | { readonly kind: "handle"; readonly id: number; readonly handle: Uint8Array }
  | { readonly kind: "data"; readonly id: number; readonly data: Uint8Array }
  | { readonly kind: "name"; readonly id: number; readonly names: readonly SftpName[] }
  | { readonly kind: "attributes"; readonly id: number; readonly attributes: Attributes }
  /** The answer to an extension; what it holds depends on that. */
  | { readonly kind: "extended_reply"; readonly id: number; readonly data: Uint8Array };

const type = {
  version: 2,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attributes: 105,
  extendedReply: 201,
} as const;

/** Two lengths and the flags of attributes. */
const nameBytesMin = 12;

/** Decodes a packet without its length. Byte fields are views of the input. */
export function decodeSftpServer(packet: Uint8Array): SftpServerPacket | Malformed {
  const from = new Reader(packet);
  const kind = from.uint8("type");
  if (kind === type.version) {
    const version = from.uint32("version");
    return from.end({ kind: "version", version, extensions: from.rest() });
  }
  const id = from.uint32("id");
  switch (kind) {
    case type.status: {
      const code = from.uint32("code");
      // Servers of earlier drafts end here.
      const message = from.remaining === 0 ? new Uint8Array(0) : bytesOf(from, "message");
      if (from.remaining > 0) bytesOf(from, "language");
      return from.end({ kind: "status", id, code, message });
    }
    case type.handle:
      return from.end({ kind: "handle", id, handle: bytesOf(from, "handle") });
    case type.data:
      return from.end({ kind: "data", id, data: bytesOf(from, "data") });
    case type.name: {
      const names = from.list(from.uint32("count"), nameBytesMin, "names", () => ({
        name: bytesOf(from, "name"),
        longName: bytesOf(from, "long name"),
        attributes: readAttributes(from),
      }));
      return from.end({ kind: "name", id, names });
    }
    case type.attributes:
      return from.end({ kind: "attributes", id, attributes: readAttributes(from) });
    case type.extendedReply:
      return from.end({ kind: "extended_reply", id, data: from.rest() });
    default:
      from.fail("unknown_tag", "type");
      return from.end({ kind: "data", id, data: new Uint8Array(0) });
  }
}

/** Encodes a packet with its length. */
export function encodeSftpServer(packet: SftpServerPacket): Uint8Array {
  const to = new Writer().int32(0);
  write(packet, to);
  const bytes = to.bytes();
  new DataView(bytes.buffer).setUint32(0, bytes.length - 4);
  return bytes;
}

function write(packet: SftpServerPacket, to: Writer): void {
  switch (packet.kind) {
    case "version":
      return void to.uint8(type.version).int32(packet.version).raw(packet.extensions);
    case "status":
      to.uint8(type.status).int32(packet.id).int32(packet.code);
      putBytes(packet.message, to);
      return putBytes(new Uint8Array(0), to);
    case "handle":
      to.uint8(type.handle).int32(packet.id);
      return putBytes(packet.handle, to);
    case "data":
      to.uint8(type.data).int32(packet.id);
      return putBytes(packet.data, to);
    case "name":
      to.uint8(type.name).int32(packet.id).int32(packet.names.length);
      for (const { name, longName, attributes } of packet.names) {
        putBytes(name, to);
        putBytes(longName, to);
        writeAttributes(attributes, to);
      }
      return;
    case "attributes":
      to.uint8(type.attributes).int32(packet.id);
      return writeAttributes(packet.attributes, to);
    case "extended_reply":
      return void to.uint8(type.extendedReply).int32(packet.id).raw(packet.data);
    default:
      return unreachable(packet);
  }
}
