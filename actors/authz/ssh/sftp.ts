/**
 * What sftp packets do: which of them policy is asked about, by path and kind.
 *
 * A handle stands for a path that was judged when it was opened, so what is done by handle follows
 * that. A `..` is taken back as its text has it, for target passes no path on that a link leads
 * elsewhere. Only FSETSTAT does more than its open asked for: as nobody here sees which handle is
 * which file, it is judged as a change of every path opened so far.
 *
 * **Invariant:** a packet that is not understood, or a path that is not clear, refuses its whole
 * request.
 *
 * @module
 */
import type { Refusal, StatementAnalysis } from "#schemas/analysis.ts";
import { describeMalformed } from "#schemas/wire/cursor.ts";
import type { Attributes } from "#schemas/wire/sftp/attributes.ts";
import { decodeSftpClient, type SftpClientPacket, sftpOpen } from "#schemas/wire/sftp/client.ts";
import { SftpFramer, sftpPacketBytesMax } from "#schemas/wire/sftp/frame.ts";
import { unreachable } from "#schemas/unreachable.ts";
import { statementOf } from "./draft.ts";
import { areTooMany, type OpenedFiles, withOpened } from "./opened_files.ts";
import { normalisePath, withoutReturns } from "./path.ts";

export type SftpWrite = Extract<SftpClientPacket, { kind: "write" }>;

/** What the packets of one request ask for. */
export type SftpAsked = {
  readonly kind: "asked";
  readonly analyses: readonly StatementAnalysis[];
  /** The session's files, those whose handles it may give among them. */
  readonly opened: OpenedFiles;
  readonly writes: readonly SftpWrite[];
  readonly closed: readonly Uint8Array[];
};

/** Reads whole packets. `before` are the files of the session's handles. */
export function sftpAsked(
  bytes: Uint8Array,
  before: OpenedFiles,
  home: string | null,
): SftpAsked | { readonly kind: "refused"; readonly refusal: Refusal } {
  const framer = new SftpFramer({ packetBytesMax: sftpPacketBytesMax });
  framer.push(bytes);
  const analyses: StatementAnalysis[] = [];
  let opened = before;
  const writes: SftpWrite[] = [];
  const closed: Uint8Array[] = [];
  for (;;) {
    const next = framer.next();
    if (next.kind === "malformed") return refused("malformed_message", describeMalformed(next));
    if (next.kind === "need") break;
    const packet = decodeSftpClient(next.bytes);
    if (packet.kind === "malformed") {
      return refused("malformed_message", describeMalformed(packet));
    }
    if (packet.kind === "write") writes.push(packet);
    if (packet.kind === "close") closed.push(packet.handle);
    const found = packet.kind === "fsetstat"
      ? changesOf(packet.attributes, [...opened.keys()])
      : analysesOf(packet, home);
    if (!Array.isArray(found)) return { kind: "refused", refusal: found };
    analyses.push(...found);
    if (packet.kind === "open" || packet.kind === "opendir") {
      for (const { access, effects } of found) {
        const use = effects.includes("write") ? "write" : "read";
        if (typeof access?.path === "string") opened = withOpened(opened, access.path, use);
      }
    }
    if (areTooMany(opened) && packet.kind === "fsetstat") {
      return refused("too_complex", "too many files were opened to know which one is changed");
    }
  }
  if (framer.buffered > 0) return refused("malformed_message", "it ends inside an sftp packet");
  return { kind: "asked", analyses, opened, writes, closed };
}

function analysesOf(
  packet: Exclude<SftpClientPacket, { kind: "fsetstat" }>,
  home: string | null,
): StatementAnalysis[] | Refusal {
  const resolved = (text: string) => normalisePath(withoutReturns(text), "~", home);
  switch (packet.kind) {
    case "init":
    case "close":
    case "read":
    case "write":
    case "fstat":
    case "readdir":
    case "fsync":
    case "fstatvfs":
    case "copy_data":
    case "limits":
    case "users_groups":
      return [];
    case "home_directory":
      return [statementOf("sftp", ["session"], ["realpath"])];
    case "realpath":
    case "expand_path":
      // It says where a path leads; relative ones and `..` are what clients ask it about.
      return [statementOf("sftp", ["session"], ["realpath"], { path: resolved(packet.path) })];
    case "open":
      return openOf(packet.flags, resolved(packet.path));
    case "opendir":
      return one("read", "list", resolved(packet.path));
    case "stat":
    case "lstat":
    case "statvfs":
      return one("read", "stat", resolved(packet.path));
    case "readlink":
      return one("read", "readlink", resolved(packet.path));
    case "remove":
    case "rmdir":
      return one("write", "remove", resolved(packet.path));
    case "mkdir":
      return one("write", "mkdir", resolved(packet.path));
    case "setstat":
    case "lsetstat": {
      const path = resolved(packet.path);
      return path === null ? unclear : changesOf(packet.attributes, [path]);
    }
    case "rename":
    case "posix_rename":
      return both(packet.kind === "rename" ? "rename" : "replace", [
        ["read", resolved(packet.from)],
        ["write", resolved(packet.from)],
        ["write", resolved(packet.to)],
      ]);
    case "hardlink":
      return both("link", [["read", resolved(packet.from)], ["write", resolved(packet.to)]]);
    case "symlink": {
      // A link's text is seen from where the link is.
      const link = resolved(packet.to);
      const from = link === null ? null : link.slice(0, link.lastIndexOf("/")) || "/";
      const target = from === null ? null : normalisePath(packet.from, from, home);
      return both("link", [["read", target], ["write", link]]);
    }
    case "unknown_extension":
      return refusalOf("unsupported_statement", "this sftp extension is not supported");
    default:
      return unreachable(packet);
  }
}

function openOf(flags: number, path: string | null): StatementAnalysis[] | Refusal {
  if (path === null) return unclear;
  const has = (bit: number) => (flags & bit) !== 0;
  const writes = has(sftpOpen.write | sftpOpen.append | sftpOpen.create | sftpOpen.truncate);
  // Whatever else it asks for, a server opens to read what is not opened to write alone.
  const reads = has(sftpOpen.read) || !has(sftpOpen.write);
  const details = ([
    ["append", sftpOpen.append],
    ["create", sftpOpen.create],
    ["truncate", sftpOpen.truncate],
  ] as const).flatMap(([name, bit]) => has(bit) ? [name] : []);
  const effects = [...reads ? ["read" as const] : [], ...writes ? ["write" as const] : []];
  return [statementOf("sftp", effects, ["open", ...details], { path })];
}

/** Changes of attributes, by what they are. */
function changesOf(attributes: Attributes, paths: readonly string[]): StatementAnalysis[] {
  const details = [
    ...attributes.size === undefined ? [] : ["truncate"],
    ...attributes.owner === undefined ? [] : ["chown"],
    ...attributes.permissions === undefined ? [] : ["chmod"],
    ...attributes.times === undefined ? [] : ["touch"],
  ];
  return paths.map((path) => statementOf("sftp", ["write"], details, { path }));
}

function one(
  effect: "read" | "write",
  detail: string,
  path: string | null,
): StatementAnalysis[] | Refusal {
  return both(detail, [[effect, path]]);
}

function both(
  detail: string,
  places: readonly (readonly ["read" | "write", string | null])[],
): StatementAnalysis[] | Refusal {
  const found: StatementAnalysis[] = [];
  for (const [effect, path] of places) {
    if (path === null) return unclear;
    found.push(statementOf("sftp", [effect], [detail], { path }));
  }
  return found;
}

const unclear = refusalOf(
  "unsupported_statement",
  "the path is empty, too long, holds a NUL, or leaves a home directory that is not known",
);

function refusalOf(code: Refusal["code"], message: string): Refusal {
  return { code, message, position: null };
}

function refused(code: Refusal["code"], message: string) {
  return { kind: "refused" as const, refusal: refusalOf(code, message) };
}
