/**
 * What runs on the simulated host: commands, a shell, a server of files, a service behind a
 * forwarding. Each says what it prints, and when it ends.
 *
 * @module
 */
import { decodeSftpClient } from "#schemas/wire/sftp/client.ts";
import { SftpFramer, sftpPacketBytesMax } from "#schemas/wire/sftp/frame.ts";
import { encodeSftpServer, type SftpServerPacket, sftpStatus } from "#schemas/wire/sftp/server.ts";
import type { ChannelMessage } from "#schemas/wire/ssh/channel.ts";

/** One program, and what it does with its input. */
export type Program = {
  data(bytes: Uint8Array): void;
  eof(): void;
};

export type Output = {
  prints(bytes: Uint8Array): void;
  /** `exit` is null for what has no status. */
  ends(exit: ChannelMessage | null): void;
};

export const rowsCommand = (rows: number) => `cat ${rowsFile(rows)}`;
export const rowsFile = (rows: number) => `rows-${rows}`;
export const countCommand = "wc -c";
/** A line of a file; the value in it is planted. */
const lineOf = (row: number) => `row ${row} pays for 987-65-43${String(row % 90 + 10)} alone\n`;

/** The bytes of a file; empty when there is none of the name. */
export function fileOf(name: string): Uint8Array {
  const rows = Number(/^rows-(\d+)$/.exec(name)?.[1] ?? 0);
  return utf8(Array.from({ length: rows }, (_, row) => lineOf(row)).join(""));
}

/** Starts what a channel is for. */
export function startProgram(message: ChannelMessage, output: Output): Program | null {
  switch (message.kind) {
    case "exec":
      return command(new TextDecoder().decode(message.command), output);
    case "shell":
      return shell(output);
    case "subsystem":
      return files(output);
    case "direct_tcpip":
      return { data: output.prints, eof: () => output.ends(null) };
    default:
      return null;
  }
}

const success: ChannelMessage = { kind: "exit_status", code: 0 };

/** `cat rows-<n>` prints n lines, each with a planted value; `wc -c` counts its input. */
function command(text: string, { prints, ends }: Output): Program {
  const file = /^cat (rows-\d+)$/.exec(text)?.[1];
  if (file !== undefined) {
    prints(fileOf(file));
    ends(success);
    return { data() {}, eof() {} };
  }
  let counted = 0;
  return {
    data: (bytes) => void (counted += bytes.length),
    eof() {
      prints(utf8(`${counted}\n`));
      ends(success);
    },
  };
}

const [interrupt, end, erase] = ["\x03", "\x05", "\x15"];

/** Echoes what is typed, and runs its lines; Ctrl-U and Ctrl-C take back what was typed. */
function shell({ prints, ends }: Output): Program {
  const prompt = () => prints(utf8("$ "));
  let line = "";
  prompt();
  return {
    data(bytes) {
      for (const key of new TextDecoder().decode(bytes)) {
        if (key === end) continue;
        if (key === "\r") {
          prints(utf8("\r\n"));
          if (line === "exit") return ends(success);
          const file = /^cat (rows-\d+)$/.exec(line)?.[1] ?? "";
          prints(utf8(new TextDecoder().decode(fileOf(file)).replaceAll("\n", "\r\n")));
        } else if (key === interrupt) prints(utf8("^C\r\n"));
        else if (key === erase) prints(utf8("\r\x1b[K"));
        else {
          line += key;
          prints(utf8(key));
          continue;
        }
        line = "";
        prompt();
      }
    },
    eof() {},
  };
}

/** A server of files, by sftp. */
function files({ prints, ends }: Output): Program {
  const framer = new SftpFramer({ packetBytesMax: sftpPacketBytesMax });
  const says = (packet: SftpServerPacket) => prints(encodeSftpServer(packet));
  const status = (id: number, code: number) => {
    says({ kind: "status", id, code, message: utf8("") });
  };
  return {
    data(bytes) {
      framer.push(bytes);
      for (let next = framer.next(); next.kind === "packet"; next = framer.next()) {
        const packet = decodeSftpClient(next.bytes);
        switch (packet.kind) {
          case "init":
            says({ kind: "version", version: 3, extensions: new Uint8Array(0) });
            break;
          case "open":
            says({ kind: "handle", id: packet.id, handle: utf8(packet.path) });
            break;
          case "read": {
            const file = fileOf(new TextDecoder().decode(packet.handle));
            const from = Number(packet.offset);
            const data = file.subarray(from, from + packet.length);
            if (data.length === 0) status(packet.id, sftpStatus.eof);
            else says({ kind: "data", id: packet.id, data });
            break;
          }
          case "close":
            status(packet.id, sftpStatus.ok);
        }
      }
    },
    eof: () => ends(success),
  };
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
