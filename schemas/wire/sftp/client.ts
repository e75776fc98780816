/**
 * What an sftp client asks, version 3 (draft-ietf-secsh-filexfer-02) with OpenSSH's extensions
 * (its file PROTOCOL, section 4).
 *
 * **Invariant:** a packet parses whole or is malformed; names are strict UTF-8. An extension that
 * is not known keeps its name, and nothing of its data is read.
 *
 * @example
 * ```ts
 * import { decodeSftpClient, encodeSftpClient } from "#schemas/wire/sftp/client.ts";
 * import { deepStrictEqual } from "node:assert/strict";
 * const packet = { kind: "stat", id: 7, path: "/srv/a" } as const;
 * deepStrictEqual(decodeSftpClient(encodeSftpClient(packet).subarray(4)), packet);
 * ```
 * @module
 */
import { type Malformed, Reader, Writer } from "../cursor.ts";
import { unreachable } from "#schemas/unreachable.ts";
import {
  type Attributes,
  readAttributes,
  readUint64,
  writeAttributes,
  writeUint64,
} from "./attributes.ts";
import { bytesOf, putBytes, putText, textOf } from "./text.ts";

/** Bits of an open's pflags (section 6.3). */
export const sftpOpen = {
  read: 1,
  write: 2,
  append: 4,
  create: 8,
  truncate: 16,
  exclusive: 32,
} as const;

type Path = { readonly id: number; readonly path: string };
type Handle = { readonly id: number; readonly handle: Uint8Array };
type TwoPaths = { readonly id: number; readonly from: string; readonly to: string };

/** Packets by name; `from` and `to` of `symlink` are the link's target, then the link itself. */
export type SftpClientPacket = DraftPacket | ExtensionPacket;

type DraftPacket =
  | { readonly kind: "init"; readonly version: number }
  | ({ readonly kind: "open"; readonly flags: number; readonly attributes: Attributes } & Path)
  | ({ readonly kind: "close" | "fstat" | "readdir" } & Handle)
  | ({ readonly kind: "read"; readonly offset: bigint; readonly length: number } & Handle)
  | ({ readonly kind: "write"; readonly offset: bigint; readonly data: Uint8Array } & Handle)
  | ({ readonly kind: PathKind } & Path)
  | ({ readonly kind: "setstat" | "mkdir"; readonly attributes: Attributes } & Path)
  | ({ readonly kind: "fsetstat"; readonly attributes: Attributes } & Handle)
  /** `symlink` as OpenSSH sends it: the target first, against the draft (PROTOCOL 4.1). */
  | ({ readonly kind: "rename" | "symlink" } & TwoPaths);

type PathKind = "lstat" | "stat" | "opendir" | "remove" | "rmdir" | "realpath" | "readlink";

type ExtensionPacket =
  | ({ readonly kind: "posix_rename" | "hardlink" } & TwoPaths)
  | ({ readonly kind: "statvfs" | "expand_path" } & Path)
  | ({ readonly kind: "lsetstat"; readonly attributes: Attributes } & Path)
  | ({ readonly kind: "fstatvfs" | "fsync" } & Handle)
  | { readonly kind: "limits"; readonly id: number }
  | { readonly kind: "home_directory"; readonly id: number; readonly user: string }
  | {
    readonly kind: "users_groups";
    readonly id: number;
    readonly users: Uint8Array;
    readonly groups: Uint8Array;
  }
  | {
    readonly kind: "copy_data";
    readonly id: number;
    readonly from: Uint8Array;
    readonly fromOffset: bigint;
    readonly length: bigint;
    readonly to: Uint8Array;
    readonly toOffset: bigint;
  }
  | { readonly kind: "unknown_extension"; readonly id: number; readonly name: string };

/** Section 3. */
const type = {
  init: 1,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  extended: 200,
} as const;

const paths = new Map<number, PathKind>([
  [type.lstat, "lstat"],
  [type.stat, "stat"],
  [type.opendir, "opendir"],
  [type.remove, "remove"],
  [type.rmdir, "rmdir"],
  [type.realpath, "realpath"],
  [type.readlink, "readlink"],
]);

type KnownExtension = Exclude<ExtensionPacket["kind"], "unknown_extension">;
const extensionNames: Readonly<Record<KnownExtension, string>> = {
  posix_rename: "posix-rename@openssh.com",
  hardlink: "hardlink@openssh.com",
  statvfs: "statvfs@openssh.com",
  fstatvfs: "fstatvfs@openssh.com",
  fsync: "fsync@openssh.com",
  lsetstat: "lsetstat@openssh.com",
  limits: "limits@openssh.com",
  expand_path: "expand-path@openssh.com",
  home_directory: "home-directory",
  users_groups: "users-groups-by-id@openssh.com",
  copy_data: "copy-data",
};

const extensions: ReadonlyMap<string, KnownExtension> = new Map(knownExtensions());

function knownExtensions(): [string, KnownExtension][] {
  const kinds: readonly KnownExtension[] = [
    ...["posix_rename", "hardlink", "statvfs", "fstatvfs", "fsync", "lsetstat"] as const,
    ...["limits", "expand_path", "home_directory", "users_groups", "copy_data"] as const,
  ];
  return kinds.map((kind) => [extensionNames[kind], kind]);
}

/** Decodes a packet without its length. Byte fields are views of the input. */
export function decodeSftpClient(packet: Uint8Array): SftpClientPacket | Malformed {
  const from = new Reader(packet);
  const kind = from.uint8("type");
  if (kind === type.init) {
    const version = from.uint32("version");
    // Extensions that a client of version 3 may name are of no consequence here.
    from.rest();
    return from.end({ kind: "init", version });
  }
  const id = from.uint32("id");
  const named = paths.get(kind);
  if (named !== undefined) return from.end({ kind: named, id, path: textOf(from, "path") });
  switch (kind) {
    case type.open: {
      const path = textOf(from, "path");
      const flags = from.uint32("flags");
      return from.end({ kind: "open", id, path, flags, attributes: readAttributes(from) });
    }
    case type.close:
      return from.end({ kind: "close", id, handle: bytesOf(from, "handle") });
    case type.read: {
      const handle = bytesOf(from, "handle");
      const offset = readUint64(from, "offset");
      return from.end({ kind: "read", id, handle, offset, length: from.uint32("length") });
    }
    case type.write: {
      const handle = bytesOf(from, "handle");
      const offset = readUint64(from, "offset");
      return from.end({ kind: "write", id, handle, offset, data: bytesOf(from, "data") });
    }
    case type.fstat:
      return from.end({ kind: "fstat", id, handle: bytesOf(from, "handle") });
    case type.readdir:
      return from.end({ kind: "readdir", id, handle: bytesOf(from, "handle") });
    case type.setstat:
    case type.mkdir: {
      const path = textOf(from, "path");
      const attributes = readAttributes(from);
      return from.end({ kind: kind === type.mkdir ? "mkdir" : "setstat", id, path, attributes });
    }
    case type.fsetstat: {
      const handle = bytesOf(from, "handle");
      return from.end({ kind: "fsetstat", id, handle, attributes: readAttributes(from) });
    }
    case type.rename:
    case type.symlink: {
      const source = textOf(from, "from");
      const to = textOf(from, "to");
      return from.end({ kind: kind === type.rename ? "rename" : "symlink", id, from: source, to });
    }
    case type.extended:
      return decodeExtension(from, id);
    default:
      from.fail("unknown_tag", "type");
      return from.end({ kind: "limits", id });
  }
}

function decodeExtension(from: Reader, id: number): SftpClientPacket | Malformed {
  const name = textOf(from, "extension");
  const kind = extensions.get(name);
  switch (kind) {
    case "posix_rename":
    case "hardlink": {
      const source = textOf(from, "from");
      return from.end({ kind, id, from: source, to: textOf(from, "to") });
    }
    case "statvfs":
    case "expand_path":
      return from.end({ kind, id, path: textOf(from, "path") });
    case "fstatvfs":
    case "fsync":
      return from.end({ kind, id, handle: bytesOf(from, "handle") });
    case "lsetstat": {
      const path = textOf(from, "path");
      return from.end({ kind, id, path, attributes: readAttributes(from) });
    }
    case "limits":
      return from.end({ kind, id });
    case "home_directory":
      return from.end({ kind, id, user: textOf(from, "user") });
    case "users_groups": {
      const users = bytesOf(from, "users");
      return from.end({ kind, id, users, groups: bytesOf(from, "groups") });
    }
    case "copy_data": {
      const source = bytesOf(from, "from");
      const fromOffset = readUint64(from, "from offset");
      const length = readUint64(from, "length");
      const to = bytesOf(from, "to");
      const toOffset = readUint64(from, "to offset");
      return from.end({ kind, id, from: source, fromOffset, length, to, toOffset });
    }
    case undefined:
      from.rest();
      return from.end({ kind: "unknown_extension", id, name });
    default:
      return unreachable(kind);
  }
}

/** Encodes a packet with its length. */
export function encodeSftpClient(packet: SftpClientPacket): Uint8Array {
  const to = new Writer().int32(0);
  write(packet, to);
  const bytes = to.bytes();
  new DataView(bytes.buffer).setUint32(0, bytes.length - 4);
  return bytes;
}

function write(packet: SftpClientPacket, to: Writer): void {
  switch (packet.kind) {
    case "init":
      return void to.uint8(type.init).int32(packet.version);
    case "open":
      path(type.open, packet, to);
      to.int32(packet.flags);
      return writeAttributes(packet.attributes, to);
    case "read":
      handle(type.read, packet, to);
      writeUint64(packet.offset, to);
      return void to.int32(packet.length);
    case "write":
      handle(type.write, packet, to);
      writeUint64(packet.offset, to);
      return putBytes(packet.data, to);
    case "close":
    case "fstat":
    case "readdir":
      return handle(type[packet.kind], packet, to);
    case "lstat":
    case "stat":
    case "opendir":
    case "remove":
    case "rmdir":
    case "realpath":
    case "readlink":
      return path(type[packet.kind], packet, to);
    case "setstat":
    case "mkdir":
      path(type[packet.kind], packet, to);
      return writeAttributes(packet.attributes, to);
    case "fsetstat":
      handle(type.fsetstat, packet, to);
      return writeAttributes(packet.attributes, to);
    case "rename":
    case "symlink":
      to.uint8(type[packet.kind]).int32(packet.id);
      putText(packet.from, to);
      return putText(packet.to, to);
    default:
      return writeExtension(packet, to);
  }
}

function writeExtension(packet: ExtensionPacket, to: Writer): void {
  to.uint8(type.extended).int32(packet.id);
  putText(packet.kind === "unknown_extension" ? packet.name : extensionNames[packet.kind], to);
  switch (packet.kind) {
    case "posix_rename":
    case "hardlink":
      putText(packet.from, to);
      return putText(packet.to, to);
    case "statvfs":
    case "expand_path":
      return putText(packet.path, to);
    case "lsetstat":
      putText(packet.path, to);
      return writeAttributes(packet.attributes, to);
    case "fstatvfs":
    case "fsync":
      return putBytes(packet.handle, to);
    case "home_directory":
      return putText(packet.user, to);
    case "users_groups":
      putBytes(packet.users, to);
      return putBytes(packet.groups, to);
    case "copy_data":
      putBytes(packet.from, to);
      writeUint64(packet.fromOffset, to);
      writeUint64(packet.length, to);
      putBytes(packet.to, to);
      return writeUint64(packet.toOffset, to);
    case "limits":
    case "unknown_extension":
      return;
    default:
      return unreachable(packet);
  }
}

function path(kind: number, packet: Path, to: Writer): void {
  to.uint8(kind).int32(packet.id);
  putText(packet.path, to);
}

function handle(kind: number, packet: Handle, to: Writer): void {
  to.uint8(kind).int32(packet.id);
  putBytes(packet.handle, to);
}
