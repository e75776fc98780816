/**
 * A conversation over one SSH channel: one request says what the channel is for and runs until the
 * target closes it; what comes in between is input for it.
 *
 * @module
 */
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
  let exit: NonNullable<Answered["exit"]> | undefined;
  return {
    prompt: true,
    get settled() {
      return phase !== "dialling" && phase !== "running";
    },
    ending: false,
    cut: false,
    dials() {
      phase = "dialling";
    },
    asks(parts) {
      if (phase !== "dialled") return false;
      const messages = readMessages(parts, limits);
      if (messages === null || !opens(messages)) return false;
      phase = "running";
      return true;
    },
    continues(parts) {
      if (phase !== "running") return false;
      const messages = readMessages(parts, limits);
      return messages !== null && messages.length > 0 && messages.every(isInput);
    },
    takes,
    answered: () => ({
      status: refused ? "failed" : "executed",
      rows: 0,
      commands: [],
      sqlstate: null,
      transaction: null,
      completed: phase === "over" && !refused ? 1 : 0,
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
    return hears(bytes) ? [bytes] : null;
  }

  function hears(bytes: Uint8Array): boolean {
    if (phase === "dialling") {
      // A login answers nothing that an agent is to see.
      phase = "dialled";
      return bytes.length === 0;
    }
    if (phase !== "running") return false;
    const messages = readMessages([bytes], limits);
    if (messages === null) return false;
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
