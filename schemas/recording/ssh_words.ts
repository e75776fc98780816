/**
 * What an agent asked over SSH, in words: for markers of a replay, and for those who approve it.
 *
 * **Invariant:** what detectors find is masked, and what cannot be read to its end has no words.
 *
 * @module
 */
import { type Detection, maskDetected } from "#schemas/detectors/detect.ts";
import { decodeSftpClient, type SftpClientPacket, sftpOpen } from "#schemas/wire/sftp/client.ts";
import { SftpFramer, sftpPacketBytesMax } from "#schemas/wire/sftp/frame.ts";
import { ChannelFramer, type ChannelMessage } from "#schemas/wire/ssh/channel.ts";

const messageBytesMax = 16 * 1024 * 1024;
const lineCharactersMax = 200;

/** What a person is told of a message; null where it needs no marker. */
export function messageWords(message: ChannelMessage): string | null {
  switch (message.kind) {
    case "exec":
      return `$ ${new TextDecoder().decode(message.command)}`;
    case "shell":
      return "shell";
    case "subsystem":
      return message.name;
    case "direct_tcpip":
      return `forward to ${message.host}:${message.port}`;
    case "signal":
      return `signal ${message.name}`;
    case "line": {
      const text = message.screen ?? message.keys;
      return text === null || text === "" ? null : `> ${text}`;
    }
    case "hidden_line":
      return `> (${message.characters} characters, typed unseen)`;
    default:
      return null;
  }
}

/** An sftp operation by path; null for what follows one. */
export function sftpWords(packet: Exclude<SftpClientPacket, { kind: "init" }>): string | null {
  if (packet.kind === "open") {
    const isWritten = (packet.flags & (sftpOpen.write | sftpOpen.append)) !== 0;
    return `open ${packet.path} to ${isWritten ? "write" : "read"}`;
  }
  if (packet.kind === "copy_data") return "copy from one open file to another";
  if (packet.kind === "unknown_extension") return `extension ${packet.name}`;
  if ("path" in packet) return `${packet.kind} ${packet.path}`;
  if ("from" in packet) return `${packet.kind} ${packet.from} ${packet.to}`;
  return null;
}

/**
 * A whole request in words, a text for each thing that it asks; null when something in it has none
 * that would say all of it.
 */
export function requestWords(bytes: Uint8Array): readonly string[] | null {
  const framer = new ChannelFramer({ messageBytesMax });
  framer.push(bytes);
  const texts: string[] = [];
  let isLine = false;
  for (;;) {
    const message = framer.next();
    if (message.kind === "malformed") return null;
    // A length alone is four bytes: more is wanted exactly when a message was cut.
    if (message.kind === "need") return message.bytes === 4 ? texts : null;
    // The Enter key behind a line says nothing more.
    if (isLine && message.kind === "data" && isEnter(message.data)) continue;
    isLine = message.kind === "line" || message.kind === "hidden_line";
    const words = message.kind === "data" ? packetsIn(message.data) : ownWords(message);
    if (words === null) return null;
    texts.push(...words.map(maskedText));
  }
}

/** The text with what detectors find masked. */
export function maskedText(text: string): string {
  const masked = maskDetected(new TextEncoder().encode(text), "text", detection, () => {});
  return new TextDecoder().decode(masked);
}

/** One line without controls, cut where it is long. */
export function lineOf(text: string): string {
  const line = maskedText(text).replaceAll(/[\p{C}\u2028\u2029]+/gu, " ");
  return line.length > lineCharactersMax ? `${line.slice(0, lineCharactersMax - 1)}…` : line;
}

const detection: Detection = {
  classes: { email: "email", phone: "phone", ssn: "ssn", card: "card", mrn: "mrn" },
  findsMax: 1000,
};

function ownWords(message: ChannelMessage): readonly string[] | null {
  switch (message.kind) {
    case "pty":
    case "window_change":
    case "eof":
    case "close":
      return [];
    case "env":
      return [`${message.name}=${message.value}`];
    case "line":
      return [messageWords(message) ?? "a line that cannot be told"];
    default: {
      const words = messageWords(message);
      return words === null ? null : [words];
    }
  }
}

function isEnter(data: Uint8Array): boolean {
  return data.length === 1 && (data[0] === 0x0d || data[0] === 0x0a);
}

/** Operations of whole sftp packets; what is none has no words. */
function packetsIn(data: Uint8Array): readonly string[] | null {
  const framer = new SftpFramer({ packetBytesMax: sftpPacketBytesMax + 1024 });
  framer.push(data);
  const texts: string[] = [];
  for (let next = framer.next(); next.kind === "packet"; next = framer.next()) {
    const packet = decodeSftpClient(next.bytes);
    if (packet.kind === "malformed") return null;
    if (packet.kind !== "init") texts.push(sftpWords(packet) ?? packet.kind);
  }
  return framer.buffered === 0 ? texts : null;
}
