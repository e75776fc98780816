/**
 * What a client would send to do something, for `sallyport policy explain`: one request over
 * PostgreSQL; over SSH what the channel is for, then what is done on it.
 *
 * @module
 */
import type { Judgement, SessionJudge } from "#actors/authz/session_judge.ts";
import { Writer } from "#schemas/wire/cursor.ts";
import { encodeQuery } from "#schemas/wire/postgres/query.ts";
import { encodeSftpClient, type SftpClientPacket, sftpOpen } from "#schemas/wire/sftp/client.ts";
import { type ChannelMessage, encodeChannelMessages } from "#schemas/wire/ssh/channel.ts";

/** What an SSH channel may be for. */
export const channels = ["exec", "shell", "sftp", "forward"] as const;
export type ChannelName = (typeof channels)[number];

/** How each takes its text. */
export const channelTexts: Readonly<Record<ChannelName, string>> = {
  exec: "a command line",
  shell: "a line that is typed on a terminal",
  sftp: "get, put, ls, stat, rm, mkdir or rmdir and a path, or rename and two",
  forward: "host:port",
};

export function statementRequests(text: string): readonly Uint8Array[] {
  return [encodeQuery({ kind: "query", text }, new Writer()).bytes()];
}

/** The requests of a channel, in order; null when the text is not of its kind. */
export function channelRequests(channel: ChannelName, text: string): readonly Uint8Array[] | null {
  return messagesOf(channel, text)?.map((messages) => encodeChannelMessages(messages)) ?? null;
}

/** Judges requests until one is not allowed; what was said of the last. */
export function judgeInOrder(session: SessionJudge, requests: readonly Uint8Array[]): Judgement {
  const judge = (bytes: Uint8Array, at: number) => {
    return session.request({ request: at + 1, digest: "", bytes, continues: at > 0 });
  };
  const [first = new Uint8Array(0), ...others] = requests;
  return others.reduce((before, bytes, at) => {
    if (before.decision !== "allow") return before;
    before.consequence.allowed();
    return judge(bytes, at + 1);
  }, judge(first, 0));
}

function messagesOf(
  channel: ChannelName,
  text: string,
): readonly (readonly ChannelMessage[])[] | null {
  switch (channel) {
    case "exec":
      return [[{ kind: "exec", command: utf8(text) }]];
    case "shell": {
      const enter = { kind: "data", data: utf8("\r") } as const;
      return [[terminal, { kind: "shell" }], [{ kind: "line", screen: text, keys: null }, enter]];
    }
    case "sftp": {
      const packet = packetOf(text.trim());
      if (packet === null) return null;
      const data = encodeSftpClient(packet);
      return [[{ kind: "subsystem", name: "sftp" }], [{ kind: "data", data }]];
    }
    case "forward": {
      const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
      const host = bracketed ?? plain;
      if (host === undefined || Number(port) > 65_535) return null;
      const from = { originatorAddress: "127.0.0.1", originatorPort: 0 };
      return [[{ kind: "direct_tcpip", host, port: Number(port), ...from }]];
    }
  }
}

const terminal: ChannelMessage = {
  kind: "pty",
  term: "xterm",
  columns: 80,
  rows: 24,
  widthPixels: 0,
  heightPixels: 0,
  modes: Uint8Array.of(0),
};

/** An operation by the name that clients have for it. */
function packetOf(text: string): SftpClientPacket | null {
  const [, name, path] = /^(\S+)\s+(.+)$/.exec(text) ?? [];
  if (name === undefined || path === undefined) return null;
  const id = 1;
  const attributes = {};
  switch (name) {
    case "get":
      return { kind: "open", id, path, flags: sftpOpen.read, attributes };
    case "put": {
      const flags = sftpOpen.write | sftpOpen.create | sftpOpen.truncate;
      return { kind: "open", id, path, flags, attributes };
    }
    case "ls":
      return { kind: "opendir", id, path };
    case "stat":
      return { kind: "stat", id, path };
    case "rm":
      return { kind: "remove", id, path };
    case "mkdir":
      return { kind: "mkdir", id, path, attributes };
    case "rmdir":
      return { kind: "rmdir", id, path };
    case "rename": {
      const [from, to, ...others] = path.split(/\s+/);
      if (from === undefined || to === undefined || others.length > 0) return null;
      return { kind: "posix_rename", id, from, to };
    }
    default:
      return null;
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
