/**
 * A conversation over one SSH channel: one request says what the channel is for and runs until the
 * target closes it; what comes in between is input for it.
 *
 * @module
 */
import type { VolumeCut, VolumeLimit } from "#schemas/volume.ts";
import {
  ChannelFramer,
  type ChannelMessage,
  encodeChannelMessages,
} from "#schemas/wire/ssh/channel.ts";
import type { Answered, Conversation } from "../conversation.ts";

export type SshLimits = {
  /** The largest channel message taken from either side. */
  readonly channelMessageBytesMax: number;
};

/** RFC 4254 section 5.1: SSH_OPEN_CONNECT_FAILED. */
const connectFailed = 2;

export function sshConversation(limits: SshLimits): Conversation {
  /** A channel is used once: `over` after it was closed or never came to be. */
  let phase: "idle" | "dialling" | "dialled" | "running" | "over" = "idle";
  let refused = false;
  /** The target has closed the channel. */
  let isOver = false;
  let volume: VolumeLimit | null = null;
  let cut: VolumeCut | null = null;
  /** Bytes of data that were passed on. */
  let counted = 0;
  let exit: NonNullable<Answered["exit"]> | undefined;
  return {
    prompt: true,
    startsSlowly: false,
    get settled() {
      return phase !== "dialling" && phase !== "running";
    },
    feeds: false,
    ending: false,
    get cut() {
      return cut !== null;
    },
    transaction: null,
    get spent() {
      return cut !== null;
    },
    dials() {
      phase = "dialling";
    },
    asks(parts, terms) {
      if (phase !== "dialled") return null;
      const messages = readMessages(parts, limits);
      if (messages === null || !opens(messages)) return null;
      phase = "running";
      volume = terms.volume ?? null;
      return parts;
    },
    takeLate: () => null,
    continues(parts) {
      if (phase !== "running") return false;
      const messages = readMessages(parts, limits);
      return messages !== null && messages.length > 0 && messages.every(isInput);
    },
    takes,
    answered: () => ({
      status: refused ? "failed" : cut !== null && !isOver ? "cancelled" : "executed",
      rows: 0,
      commands: [],
      sqlstate: null,
      transaction: null,
      completed: isOver && !refused ? 1 : 0,
      ...(volume === null ? {} : { counted }),
      ...(cut === null ? {} : { cut }),
      ...(exit === undefined ? {} : { exit }),
    }),
    ends: () => "no",
    catalogRead() {},
    refusal(code, reason) {
      const description = `sallyport: the target could not be reached: ${reason} [${code}]`;
      const failure = { kind: "open_failure", reason: connectFailed, description } as const;
      return { words: encodeChannelMessages([failure, { kind: "close" }]), sqlstate: null };
    },
  };

  function takes(bytes: Uint8Array): readonly Uint8Array[] | null {
    if (cut !== null) return [];
    if (phase === "dialling") {
      // A login answers nothing that an agent is to see.
      phase = "dialled";
      return bytes.length === 0 ? [bytes] : null;
    }
    const messages = phase === "running" ? readMessages([bytes], limits) : null;
    if (messages === null || !hears(messages)) return null;
    if (volume === null) return [bytes];
    const left = volume.bytesMax - counted;
    const given = messages.reduce((sum, message) => sum + sizeOf(message), 0);
    counted += Math.min(given, left);
    if (given <= left) return [bytes];
    cut = { by: "bytes", of: volume.bytesOf };
    phase = "over";
    return [encodeChannelMessages(upTo(left, messages))];
  }

  function hears(messages: readonly ChannelMessage[]): boolean {
    for (const message of messages) {
      if (phase !== "running") return false;
      switch (message.kind) {
        case "open_failure":
        case "failure":
          refused = true;
          break;
        case "exit_status":
          exit = { status: message.code, signal: null };
          break;
        case "exit_signal":
          exit = { status: null, signal: message.name.slice(0, signalCharsMax) };
          break;
        case "close":
          phase = "over";
          isOver = true;
          break;
        case "success":
        case "open_confirmation":
        case "data":
        case "extended_data":
        case "eof":
          break;
        default:
          return false;
      }
    }
    return true;
  }
}

function sizeOf(message: ChannelMessage): number {
  return message.kind === "data" || message.kind === "extended_data" ? message.data.length : 0;
}

/** The messages up to so many bytes of data; the last one may be cut, and is there if empty. */
function upTo(bytesMax: number, messages: readonly ChannelMessage[]): readonly ChannelMessage[] {
  const passed: ChannelMessage[] = [];
  let left = bytesMax;
  for (const message of messages) {
    const size = sizeOf(message);
    const cut = "data" in message && size > left;
    passed.push(cut ? { ...message, data: message.data.subarray(0, left) } : message);
    if (cut) break;
    left -= size;
  }
  return passed;
}

/** As the schema of outcomes has it. */
const signalCharsMax = 64;

/** What a channel is for: `[pty] env* exec|shell|subsystem`, or one forwarding. */
function opens(messages: readonly ChannelMessage[]): boolean {
  const kinds = messages.map(({ kind }) => kind);
  const purpose = kinds.pop();
  if (purpose === "direct_tcpip") return kinds.length === 0;
  if (purpose !== "exec" && purpose !== "shell" && purpose !== "subsystem") return false;
  if (kinds[0] === "pty") kinds.shift();
  return kinds.every((kind) => kind === "env");
}

function isInput({ kind }: ChannelMessage): boolean {
  switch (kind) {
    case "data":
    case "eof":
    case "close":
    case "window_change":
    case "signal":
    case "line":
    case "hidden_line":
      return true;
    default:
      return false;
  }
}

/** The messages of whole parts; null when they are none. */
function readMessages(
  parts: readonly Uint8Array[],
  limits: SshLimits,
): readonly ChannelMessage[] | null {
  const framer = new ChannelFramer({ messageBytesMax: limits.channelMessageBytesMax });
  for (const part of parts) framer.push(part);
  const messages: ChannelMessage[] = [];
  for (;;) {
    const message = framer.next();
    if (message.kind === "malformed") return null;
    if (message.kind !== "need") messages.push(message);
    // A length alone is four bytes: more is wanted exactly when nothing is left over.
    else return message.bytes === 4 ? messages : null;
  }
}
