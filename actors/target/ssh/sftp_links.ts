/**
 * Keeps sftp to the paths that were judged: who judges cannot see links, so a path that leads
 * elsewhere on the host than its text says is not passed on.
 *
 * Theory of operation. The host itself resolves each path, on a channel beside the agent's, before
 * the operation is sent. An operation that follows links must name the place where they end; one on
 * a name itself (remove, rename, lstat) must name its directory so. A file that is named truly at
 * that moment and is replaced by a link in the next is not caught: whoever can do that has other
 * rights on the host than sftp through the gateway gives.
 *
 * @module
 */
import { decodeSftpClient, type SftpClientPacket } from "#schemas/wire/sftp/client.ts";
import { SftpFramer, sftpPacketBytesMax } from "#schemas/wire/sftp/frame.ts";

/** The host's own answer: where a path leads; a path whose folder does not exist leads nowhere. */
export type Resolved =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "missing" }
  | { readonly kind: "failed" };
export type Resolve = (path: string) => Promise<Resolved>;

/** Creates a check: whether all packets of a request name the places that they lead to. */
export function sftpLinks(resolve: Resolve): (request: Uint8Array) => Promise<boolean> {
  let home: Promise<Resolved> | null = null;
  return async (request) => {
    const framer = new SftpFramer({ packetBytesMax: sftpPacketBytesMax });
    framer.push(request);
    for (;;) {
      const packet = framer.next();
      if (packet.kind === "malformed") return false;
      // A request holds whole packets.
      if (packet.kind === "need") return framer.buffered === 0;
      const decoded = decodeSftpClient(packet.bytes);
      if (decoded.kind === "malformed") return false;
      const places = placesOf(decoded);
      if (places === null) return false;
      for (const place of places) if (!await isTrue(place)) return false;
    }
  };

  async function isTrue({ path, follows }: Place): Promise<boolean> {
    if (path.includes("\0")) return false;
    home ??= resolve(".");
    const base = await home;
    if (base.kind !== "path") {
      home = null;
      return false;
    }
    const sent = path.startsWith("/") ? path : `${base.path}/${path}`;
    const names = sent.split("/").filter((name) => name !== "");
    const last = names.at(-1);
    if (!follows && last !== "." && last !== "..") names.pop();
    // As it is sent: what `..` behind a link means, the host alone can say.
    const asked = `/${names.join("/")}`;
    const written = `/${namesOf(asked).join("/")}`;
    const resolved = await resolve(asked);
    // Where a folder is missing the operation fails, and the host says so best.
    return resolved.kind === "missing" || resolved.kind === "path" && resolved.path === written;
  }
}

type Place = { readonly path: string; readonly follows: boolean };

/** The places a packet names; null: what it may name is not known. */
function placesOf(packet: SftpClientPacket): readonly Place[] | null {
  switch (packet.kind) {
    case "open":
    case "opendir":
    case "stat":
    case "setstat":
    case "statvfs":
      return [{ path: packet.path, follows: true }];
    case "lstat":
    case "lsetstat":
    case "readlink":
    case "remove":
    case "rmdir":
    case "mkdir":
      return [{ path: packet.path, follows: false }];
    case "rename":
    case "posix_rename":
    case "hardlink":
      return [packet.from, packet.to].map((path) => ({ path, follows: false }));
    case "symlink":
      // Wherever the link leads: nothing is done through it.
      return [{ path: packet.to, follows: false }];
    case "init":
    case "close":
    case "read":
    case "write":
    case "fstat":
    case "fsetstat":
    case "readdir":
    case "fsync":
    case "fstatvfs":
    case "copy_data":
    case "limits":
    case "users_groups":
    // They tell where a path leads, and touch nothing.
    case "realpath":
    case "expand_path":
    case "home_directory":
      return [];
    case "unknown_extension":
      return null;
  }
}

/** Components without `.`, and `..` taken back, as the text has it. */
function namesOf(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name === "..") names.pop();
    else names.push(name);
  }
  return names;
}
