/** File attributes of sftp version 3 (draft-ietf-secsh-filexfer-02, section 5). @module */
import type { Reader, Writer } from "../cursor.ts";
import { putText, textOf } from "./text.ts";

/** Only what the packet names is there. */
export type Attributes = {
  readonly size?: bigint;
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** File type and mode bits, as in stat(2). */
  readonly permissions?: number;
  /** Seconds since 1970. */
  readonly times?: { readonly accessed: number; readonly modified: number };
  readonly extended?: readonly { readonly type: string; readonly data: string }[];
};

/** Bits of the flags word. */
const flag = { size: 1, owner: 2, permissions: 4, times: 8, extended: 0x80000000 } as const;
const known = (flag.size | flag.owner | flag.permissions | flag.times | flag.extended) >>> 0;

/** Flags, then the fields they name, in the order of their bits. */
export function readAttributes(from: Reader): Attributes {
  const flags = from.uint32("attribute flags");
  if ((flags & ~known) !== 0) from.fail("invalid_value", "attribute flags");
  const size = (flags & flag.size) === 0 ? {} : { size: readUint64(from, "size") };
  const owner = (flags & flag.owner) === 0
    ? {}
    : { owner: { uid: from.uint32("uid"), gid: from.uint32("gid") } };
  const permissions = (flags & flag.permissions) === 0
    ? {}
    : { permissions: from.uint32("permissions") };
  const times = (flags & flag.times) === 0
    ? {}
    : { times: { accessed: from.uint32("atime"), modified: from.uint32("mtime") } };
  const extended = (flags & flag.extended) === 0 ? {} : {
    extended: from.list(from.uint32("extended count"), 8, "extended", () => ({
      type: textOf(from, "extended type"),
      data: textOf(from, "extended data"),
    })),
  };
  return { ...size, ...owner, ...permissions, ...times, ...extended };
}

export function writeAttributes(attributes: Attributes, to: Writer): void {
  const { size, owner, permissions, times, extended } = attributes;
  let flags = 0;
  if (size !== undefined) flags |= flag.size;
  if (owner !== undefined) flags |= flag.owner;
  if (permissions !== undefined) flags |= flag.permissions;
  if (times !== undefined) flags |= flag.times;
  if (extended !== undefined) flags |= flag.extended;
  to.int32(flags);
  if (size !== undefined) writeUint64(size, to);
  if (owner !== undefined) to.int32(owner.uid).int32(owner.gid);
  if (permissions !== undefined) to.int32(permissions);
  if (times !== undefined) to.int32(times.accessed).int32(times.modified);
  if (extended === undefined) return;
  to.int32(extended.length);
  for (const { type, data } of extended) {
    putText(type, to);
    putText(data, to);
  }
}

export function readUint64(from: Reader, field: string): bigint {
  const high = from.uint32(field);
  return (BigInt(high) << 32n) | BigInt(from.uint32(field));
}

export function writeUint64(value: bigint, to: Writer): void {
  to.int32(Number((value >> 32n) & 0xffffffffn)).int32(Number(value & 0xffffffffn));
}
