/** sftp packets: whole, byte by byte, with trailing bytes, and hostile. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { decodeSftpClient, encodeSftpClient, type SftpClientPacket } from "./client.ts";
import { SftpFramer, sftpPacketBytesMax } from "./frame.ts";
import { decodeSftpServer, encodeSftpServer, type SftpServerPacket } from "./server.ts";

const handle = Uint8Array.of(0, 0, 0, 1);
const attributes = {
  size: 5_000_000_000n,
  owner: { uid: 1000, gid: 100 },
  permissions: 0o100644,
  times: { accessed: 1, modified: 4_294_967_295 },
  extended: [{ type: "a@b", data: "c" }],
};
const client: readonly SftpClientPacket[] = [
  { kind: "init", version: 3 },
  { kind: "open", id: 1, path: "/srv/ä", flags: 0x1a, attributes },
  { kind: "open", id: 1, path: "", flags: 1, attributes: {} },
  { kind: "close", id: 4_294_967_295, handle },
  { kind: "read", id: 2, handle, offset: 1n << 40n, length: 32_768 },
  { kind: "write", id: 3, handle, offset: 0n, data: Uint8Array.of(1, 2, 3) },
  { kind: "lstat", id: 4, path: "a" },
  { kind: "stat", id: 4, path: "a" },
  { kind: "opendir", id: 4, path: "a" },
  { kind: "remove", id: 4, path: "a" },
  { kind: "rmdir", id: 4, path: "a" },
  { kind: "realpath", id: 4, path: "." },
  { kind: "readlink", id: 4, path: "a" },
  { kind: "fstat", id: 5, handle },
  { kind: "readdir", id: 5, handle },
  { kind: "setstat", id: 6, path: "a", attributes },
  { kind: "mkdir", id: 6, path: "a", attributes: {} },
  { kind: "fsetstat", id: 7, handle, attributes: { permissions: 0o600 } },
  { kind: "rename", id: 8, from: "a", to: "b" },
  { kind: "symlink", id: 8, from: "a", to: "b" },
  { kind: "posix_rename", id: 9, from: "a", to: "b" },
  { kind: "hardlink", id: 9, from: "a", to: "b" },
  { kind: "statvfs", id: 9, path: "/" },
  { kind: "expand_path", id: 9, path: "~root" },
  { kind: "lsetstat", id: 9, path: "a", attributes },
  { kind: "fstatvfs", id: 9, handle },
  { kind: "fsync", id: 9, handle },
  { kind: "limits", id: 9 },
  { kind: "home_directory", id: 9, user: "lab" },
  { kind: "users_groups", id: 9, users: Uint8Array.of(0, 0, 0, 1), groups: new Uint8Array(0) },
  { kind: "copy_data", id: 9, from: handle, fromOffset: 1n, length: 2n, to: handle, toOffset: 3n },
  { kind: "unknown_extension", id: 9, name: "vendor-id" },
];
const words = new TextEncoder().encode("No such file");
const server: readonly SftpServerPacket[] = [
  { kind: "version", version: 3, extensions: Uint8Array.of(0, 0, 0, 1, 97, 0, 0, 0, 1, 49) },
  { kind: "status", id: 1, code: 2, message: words },
  { kind: "handle", id: 1, handle },
  { kind: "data", id: 1, data: Uint8Array.of(0xff, 0) },
  { kind: "name", id: 1, names: [{ name: words, longName: words, attributes }] },
  { kind: "name", id: 1, names: [] },
  { kind: "attributes", id: 1, attributes },
  { kind: "extended_reply", id: 1, data: words },
];
const cases = [
  ...client.map((packet) => [packet, encodeSftpClient(packet), decodeSftpClient] as const),
  ...server.map((packet) => [packet, encodeSftpServer(packet), decodeSftpServer] as const),
];

Deno.test("sftp packets decode to what was encoded, and to nothing when cut or followed", () => {
  for (const [packet, encoded, decode] of cases) {
    const body = encoded.subarray(4);
    deepStrictEqual(decode(body), packet);
    // What ends in bytes of any length takes more of them.
    const open = ["init", "version", "extended_reply", "unknown_extension"].includes(packet.kind);
    if (!open) {
      const trailing = decode(Uint8Array.of(...body, 0));
      strictEqual(trailing.kind, "malformed", `${packet.kind} with a byte too many`);
    }
    for (let length = 0; length < body.length; length++) {
      const cut = decode(body.subarray(0, length));
      const shorter = open || packet.kind === "status";
      ok(cut.kind === "malformed" || shorter, `${packet.kind} cut to ${length}`);
    }
  }
});

Deno.test("SftpFramer cuts a stream into the same packets, however it comes", () => {
  const stream = new Uint8Array(cases.flatMap(([, encoded]) => [...encoded]));
  const whole = packetsOf([stream]);
  deepStrictEqual(whole.length, cases.length);
  deepStrictEqual(packetsOf([...stream].map((byte) => Uint8Array.of(byte))), whole);
});

Deno.test("SftpFramer refuses a length by itself: too long, or no type", () => {
  const framer = new SftpFramer({ packetBytesMax: sftpPacketBytesMax });
  framer.push(Uint8Array.of(0, 4, 0, 1));
  strictEqual(framer.next().kind, "malformed");
  framer.push(encodeSftpClient({ kind: "init", version: 3 }));
  strictEqual(framer.next().kind, "malformed", "what follows is not read");
  const empty = new SftpFramer({ packetBytesMax: sftpPacketBytesMax });
  empty.push(new Uint8Array(4));
  strictEqual(empty.next().kind, "malformed");
});

Deno.test("sftp names are strict UTF-8, unknown attributes and types are refused", () => {
  const stat = encodeSftpClient({ kind: "stat", id: 1, path: "xx" }).subarray(4);
  stat[stat.length - 1] = 0xff;
  strictEqual(decodeSftpClient(stat).kind, "malformed");
  const mkdir = encodeSftpClient({ kind: "mkdir", id: 1, path: "x", attributes: {} }).subarray(4);
  mkdir[mkdir.length - 2] = 1;
  strictEqual(decodeSftpClient(mkdir).kind, "malformed");
  strictEqual(decodeSftpClient(Uint8Array.of(99, 0, 0, 0, 1)).kind, "malformed");
  strictEqual(decodeSftpServer(Uint8Array.of(99, 0, 0, 0, 1)).kind, "malformed");
});

Deno.test("sftp decoding never throws, and what it takes encodes back", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(255), (bytes, type) => {
    const packet = Uint8Array.of(type, ...bytes);
    const asked = decodeSftpClient(packet);
    decodeSftpServer(packet);
    if (asked.kind === "malformed" || asked.kind === "init") return;
    if (asked.kind === "unknown_extension") return;
    deepStrictEqual(decodeSftpClient(encodeSftpClient(asked).subarray(4)), asked);
  }));
});

function packetsOf(chunks: readonly Uint8Array[]): number[][] {
  const framer = new SftpFramer({ packetBytesMax: sftpPacketBytesMax });
  const found: number[][] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let next = framer.next(); next.kind === "packet"; next = framer.next()) {
      found.push([...next.bytes]);
    }
  }
  return found;
}
