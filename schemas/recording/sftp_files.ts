/**
 * What sftp did, from its stored packets: each operation by path, and of each file that was read or
 * written how many bytes passed and their SHA-256, as they were released or sent.
 *
 * @module
 */
import { decodeSftpClient, type SftpClientPacket } from "#schemas/wire/sftp/client.ts";
import { SftpFramer, sftpPacketBytesMax } from "#schemas/wire/sftp/frame.ts";
import { decodeSftpServer, type SftpServerPacket, sftpStatus } from "#schemas/wire/sftp/server.ts";
import { sftpWords } from "./ssh_words.ts";

/** A running SHA-256, from whoever may make one. */
export type Hash = { update(bytes: Uint8Array): unknown; digest(encoding: "hex"): string };
export type NewHash = () => Hash;

type Flow = {
  bytes: number;
  next: bigint;
  /** Null once a piece did not begin where the one before ended. */
  hash: Hash | null;
};
type File = {
  readonly path: string;
  read: Flow | null;
  written: Flow | null;
  readonly masked: Map<string, number>;
};
type Asked = { readonly packet: SftpClientPacket; readonly words: string };

/** Requests without an answer, and open files, that are remembered; the oldest are forgotten. */
const askedMax = 8192;
const filesMax = 1024;

export class SftpFiles {
  readonly #newHash: NewHash;
  readonly #asked = new Map<number, Asked>();
  readonly #files = new Map<string, File>();
  readonly #answers = new SftpFramer({ packetBytesMax: sftpPacketBytesMax + 1024 });

  constructor(newHash: NewHash) {
    this.#newHash = newHash;
  }

  /** Takes the packets of one judged request; gives a line for each operation that is told of. */
  asked(data: Uint8Array, decision: "allow" | "deny" | "hold"): string[] {
    const framer = new SftpFramer({ packetBytesMax: sftpPacketBytesMax + 1024 });
    framer.push(data);
    const lines: string[] = [];
    for (let next = framer.next(); next.kind === "packet"; next = framer.next()) {
      const packet = decodeSftpClient(next.bytes);
      if (packet.kind === "malformed" || packet.kind === "init") continue;
      const words = sftpWords(packet);
      if (decision === "deny") lines.push(`denied: ${words ?? packet.kind}`);
      if (decision === "hold") lines.push(`held: ${words ?? packet.kind}`);
      if (decision !== "allow") continue;
      if (words !== null) lines.push(words);
      this.#asked.set(packet.id, { packet, words: words ?? packet.kind });
      forgetOldest(this.#asked, askedMax);
      if (packet.kind === "write") this.#write(packet);
    }
    return lines;
  }

  /** Takes the next bytes that were released; `masked` counts what was masked in them. */
  answered(data: Uint8Array, masked: ReadonlyMap<string, number>): string[] {
    this.#answers.push(data);
    const lines: string[] = [];
    let newest: File | undefined;
    for (let next = this.#answers.next(); next.kind === "packet"; next = this.#answers.next()) {
      const packet = decodeSftpServer(next.bytes);
      if (packet.kind === "malformed" || packet.kind === "version") continue;
      const asked = this.#asked.get(packet.id);
      this.#asked.delete(packet.id);
      if (asked === undefined) continue;
      newest = this.#answer(packet, asked, lines) ?? newest;
    }
    for (const [name, times] of newest === undefined ? [] : masked) {
      newest?.masked.set(name, (newest.masked.get(name) ?? 0) + times);
    }
    return lines;
  }

  /** The file that content was released of. */
  #answer(packet: SftpServerPacket, asked: Asked, lines: string[]): File | undefined {
    const by = asked.packet;
    if (packet.kind === "handle" && by.kind === "open") {
      const file: File = { path: by.path, read: null, written: null, masked: new Map() };
      this.#files.set(packet.handle.toHex(), file);
      forgetOldest(this.#files, filesMax);
    }
    if (packet.kind === "data" && by.kind === "read") {
      const file = this.#files.get(by.handle.toHex());
      if (file !== undefined) this.#pass(file.read ??= this.#flow(), by.offset, packet.data);
      return file;
    }
    if (packet.kind !== "status") return undefined;
    const isFailed = packet.code !== sftpStatus.ok && packet.code !== sftpStatus.eof;
    if (isFailed) lines.push(`${asked.words}: ${codes[packet.code] ?? "failed"}`);
    if (by.kind === "close") lines.push(...this.#closed(by.handle.toHex()));
    return undefined;
  }

  #write({ handle, offset, data }: Extract<SftpClientPacket, { kind: "write" }>): void {
    const file = this.#files.get(handle.toHex());
    if (file !== undefined) this.#pass(file.written ??= this.#flow(), offset, data);
  }

  #flow(): Flow {
    return { bytes: 0, next: 0n, hash: this.#newHash() };
  }

  #pass(flow: Flow, offset: bigint, data: Uint8Array): void {
    flow.bytes += data.length;
    if (offset !== flow.next) flow.hash = null;
    flow.hash?.update(data);
    flow.next = offset + BigInt(data.length);
  }

  #closed(handle: string): string[] {
    const file = this.#files.get(handle);
    this.#files.delete(handle);
    if (file === undefined) return [];
    const masked = [...file.masked].map(([name, times]) => ` ${name} ${times}`).join(",");
    const words = masked === "" ? "" : `, masked${masked}`;
    return ([["read", file.read], ["wrote", file.written]] as const).flatMap(([did, flow]) => {
      if (flow === null) return [];
      const digest = flow.hash === null ? "in pieces" : `sha256 ${flow.hash.digest("hex")}`;
      return [`${did} ${file.path}: ${flow.bytes} bytes, ${digest}${did === "read" ? words : ""}`];
    });
  }
}

const codes: Readonly<Record<number, string>> = {
  [sftpStatus.noSuchFile]: "no such file",
  [sftpStatus.permissionDenied]: "permission denied",
  [sftpStatus.unsupported]: "not supported",
};

function forgetOldest(map: Map<unknown, unknown>, max: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= max) return;
    map.delete(oldest);
  }
}
