/**
 * What a channel is for, read from its first messages.
 *
 * @module
 */
import type { AgentMessage, WindowSize } from "#schemas/wire/ssh/channel.ts";

export type Purpose = {
  readonly messages: readonly AgentMessage[];
  /** `terminal`: somebody may type commands; `program`: bytes for a program's standard input. */
  readonly input: "terminal" | "program" | "sftp" | "tunnel";
  /** The terminal's size; null without one. */
  readonly window: WindowSize | null;
};

/** Reads the purpose; variables that the connection does not take are left out, as sshd does. */
export function purposeOf(
  asked: readonly AgentMessage[],
  environment: readonly string[],
): Purpose {
  const messages = asked.filter((message) =>
    message.kind !== "env" || mayBeSet(message.name, environment)
  );
  const window = messages.find((message) => message.kind === "pty") ?? null;
  return { messages, input: inputOf(messages, window !== null), window };
}

function inputOf(messages: readonly AgentMessage[], hasTerminal: boolean): Purpose["input"] {
  const last = messages.at(-1);
  switch (last?.kind) {
    case "direct_tcpip":
      return "tunnel";
    case "subsystem":
      return last.name === "sftp" ? "sftp" : "program";
    case "shell":
      return "terminal";
    default:
      return hasTerminal ? "terminal" : "program";
  }
}

/** `*` at a pattern's end stands for any rest. */
function mayBeSet(name: string, environment: readonly string[]): boolean {
  return environment.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern
  );
}
