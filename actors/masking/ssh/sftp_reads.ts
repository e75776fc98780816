/**
 * What an sftp client asked to read: by the number of the request, which handle and from where. Two
 * pieces of a file belong together when one ends where the other begins.
 *
 * @module
 */
import { ChannelFramer } from "#schemas/wire/ssh/channel.ts";
import { decodeSftpClient, type SftpClientPacket } from "#schemas/wire/sftp/client.ts";
import type { RequestPart } from "../session_rewriter.ts";
import { SftpFramer, sftpPacketBytesMax } from "#schemas/wire/sftp/frame.ts";

export type AskedRead = { readonly handle: string; readonly offset: bigint };
type Asked =
  | ({ readonly kind: "read" } & AskedRead)
  | { readonly kind: "close"; readonly handle: string }
  | { readonly kind: "other" };

/** Requests that were not answered yet; of a client that asks for more the oldest are forgotten. */
const askedMax = 8192;
const messageBytesMax = 16 * 1024 * 1024;

export class SftpReads {
  readonly #asked = new Map<number, Asked>();
  #framer = new ChannelFramer({ messageBytesMax });
  #packets = new SftpFramer({ packetBytesMax: sftpPacketBytesMax + 1024 });

  /** Takes the next part of a request. */
  take({ payload, more }: RequestPart): void {
    this.#framer.push(payload);
    for (;;) {
      const message = this.#framer.next();
      if (message.kind === "need") break;
      if (message.kind === "malformed") return this.#renew();
      if (message.kind === "data") this.#packets.push(message.data);
    }
    for (;;) {
      const packet = this.#packets.next();
      if (packet.kind === "need") break;
      if (packet.kind === "malformed") return this.#renew();
      const asked = decodeSftpClient(packet.bytes);
      if (asked.kind !== "malformed" && asked.kind !== "init") this.#note(asked);
    }
    // A request holds whole packets.
    if (!more) this.#renew();
  }

  /** What the request of this number asked for, which is answered now; undefined: not known. */
  answered(id: number): Asked | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    return asked;
  }

  #note(packet: Exclude<SftpClientPacket, { kind: "init" }>): void {
    const { id } = packet;
    this.#asked.delete(id);
    if (packet.kind === "read") {
      const { handle, offset } = packet;
      this.#asked.set(id, { kind: "read", handle: handle.toHex(), offset });
    } else if (packet.kind === "close") {
      this.#asked.set(id, { kind: "close", handle: packet.handle.toHex() });
    } else this.#asked.set(id, { kind: "other" });
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= askedMax) break;
      this.#asked.delete(oldest);
    }
  }

  #renew(): void {
    this.#framer = new ChannelFramer({ messageBytesMax });
    this.#packets = new SftpFramer({ packetBytesMax: sftpPacketBytesMax + 1024 });
  }
}
