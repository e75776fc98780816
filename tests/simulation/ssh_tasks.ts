/**
 * What a simulated agent does on a channel: a command, a shell, a file by sftp, a forwarding; what
 * it sends, and what is due for it.
 *
 * @module
 */
import { encodeSftpClient, type SftpClientPacket, sftpOpen } from "#schemas/wire/sftp/client.ts";
import { SftpFramer, sftpPacketBytesMax } from "#schemas/wire/sftp/frame.ts";
import { decodeSftpServer, sftpStatus } from "#schemas/wire/sftp/server.ts";
import type { AgentMessage } from "#schemas/wire/ssh/channel.ts";
import { pty } from "#schemas/wire/ssh/testing.ts";
import { planted } from "./clinic.ts";
import type { Chance } from "./clock.ts";
import { countCommand, fileOf, rowsCommand, rowsFile } from "./ssh_programs.ts";

export type Sent = Uint8Array | "eof";

export type Task = {
  readonly name: "exec" | "shell" | "sftp" | "forward";
  readonly purpose: readonly AgentMessage[];
  /** What it sends by itself. */
  readonly input: readonly Sent[];
  /** What it sends for what came. */
  react(data: Uint8Array): readonly Sent[];
  /** Whether all that came is what was due; `refused`: it was told that it gets no more. */
  outcome(output: string): "due" | "wrong" | "refused" | "cut short";
};

const maskedLine = /pays for (?:\d{1,3}-?\d?)?\[ssn\] alone/g;
const nothing = (): readonly Sent[] => [];

export function drawTask(chance: Chance): Task {
  const drawn = chance();
  const rows = 1 + chance.below(chance.of(0.2) ? 600 : 20);
  if (drawn < 0.1) return command("sudo id", [], () => false);
  if (drawn < 0.35) {
    return command(rowsCommand(rows), [], (output) => output.split("\n").length === rows + 1);
  }
  if (drawn < 0.55) {
    const input = pieces(chance);
    const bytes = input.reduce((sum, piece) => sum + piece.length, 0);
    return command(countCommand, input, (output) => output === `${bytes}\n`);
  }
  const few = Math.min(rows, 60);
  if (drawn < 0.7) return shell(chance, few);
  return drawn < 0.85 ? download(chance, few) : forwarding(pieces(chance));
}

function command(
  text: string,
  input: readonly Uint8Array[],
  isDue: (output: string) => boolean,
): Task {
  return {
    name: "exec",
    purpose: [{ kind: "exec", command: utf8(text) }],
    input: [...input, "eof"],
    react: nothing,
    outcome: (output) => isDue(output) ? "due" : "wrong",
  };
}

/** Lines, sent whole or key by key; one that is forbidden is refused, and the shell goes on. */
function shell(chance: Chance, rows: number): Task {
  const line = `${rowsCommand(rows)}\r`;
  const typed = chance.of(0.5) ? [line] : [...line];
  const lines = [...(chance.of(0.3) ? ["sudo id\r"] : []), ...typed, "exit\r"];
  return {
    name: "shell",
    purpose: [pty, { kind: "shell" }],
    input: lines.map(utf8),
    react: nothing,
    // A host that is slow in the middle of a value has shown its first digits by then.
    outcome: (output) => (output.match(maskedLine) ?? []).length === rows ? "due" : "wrong",
  };
}

/** Opens a file, reads it in pieces to its end, and closes it. */
function download(chance: Chance, rows: number): Task {
  const framer = new SftpFramer({ packetBytesMax: sftpPacketBytesMax });
  const length = 1 + chance.below(2000);
  let handle: Uint8Array = new Uint8Array(0);
  let read = 0;
  let content = "";
  let state: "reading" | "closing" | "over" | "refused" = "reading";
  let id = 0;
  const asks = (packet: SftpClientPacket) => encodeSftpClient(packet);
  const readNext = () => asks({ kind: "read", id: ++id, handle, offset: BigInt(read), length });
  return {
    name: "sftp",
    purpose: [{ kind: "subsystem", name: "sftp" }],
    input: [asks({ kind: "init", version: 3 })],
    react(data) {
      framer.push(data);
      const answers: Sent[] = [];
      for (let next = framer.next(); next.kind === "packet"; next = framer.next()) {
        answers.push(...answer(next.bytes));
      }
      return answers;
    },
    outcome() {
      if (state === "refused") return "refused";
      // A value may be cut by packets: the file must be free of it as a whole.
      const isWhole = state === "over" && read === fileOf(rowsFile(rows)).length;
      return isWhole && !planted.test(content) ? "due" : "wrong";
    },
  };

  function answer(bytes: Uint8Array): readonly Sent[] {
    const packet = decodeSftpServer(bytes);
    switch (packet.kind) {
      case "version": {
        const path = rowsFile(rows);
        return [asks({ kind: "open", id: ++id, path, flags: sftpOpen.read, attributes: {} })];
      }
      case "handle":
        handle = packet.handle.slice();
        return [readNext()];
      case "data":
        read += packet.data.length;
        content += new TextDecoder("latin1").decode(packet.data);
        return [readNext()];
      case "status":
        if (packet.code === sftpStatus.eof && state === "reading") {
          state = "closing";
          return [asks({ kind: "close", id: ++id, handle })];
        }
        state = packet.code === sftpStatus.ok && state === "closing" ? "over" : "refused";
        return ["eof"];
      default:
        state = "refused";
        return ["eof"];
    }
  }
}

/** To a service that sends back what it gets. */
function forwarding(input: readonly Uint8Array[]): Task {
  const from = { originatorAddress: "127.0.0.1", originatorPort: 1 };
  const sent = input.map((piece) => new TextDecoder("latin1").decode(piece)).join("");
  return {
    name: "forward",
    purpose: [{ kind: "direct_tcpip", host: "db.example.org", port: 7, ...from }],
    input: [...input, "eof"],
    react: nothing,
    outcome(output) {
      if (output === sent) return "due";
      return sent.startsWith(output) ? "cut short" : "wrong";
    },
  };
}

function pieces(chance: Chance): Uint8Array[] {
  return Array.from({ length: chance.below(6) }, () => chance.bytes(1 + chance.below(1500)));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
