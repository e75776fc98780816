/**
 * What a channel is for, read from its first request: `[pty]? [env]*` and one of exec, shell and
 * subsystem, or direct-tcpip alone.
 *
 * **Invariant:** what is not exactly that is refused, and so is a variable that the connection does
 * not take.
 *
 * @module
 */
import type { Refusal } from "#schemas/analysis.ts";
import type { SshConnection } from "#schemas/config.ts";
import { describeMalformed } from "#schemas/wire/cursor.ts";
import { ChannelFramer, type ChannelMessage } from "#schemas/wire/ssh/channel.ts";
import { isPlainLocale, locale } from "./scope.ts";

export type Purpose =
  | { readonly kind: "exec"; readonly command: Uint8Array; readonly terminal: boolean }
  | { readonly kind: "shell"; readonly terminal: boolean }
  | { readonly kind: "subsystem"; readonly name: string; readonly terminal: boolean }
  | { readonly kind: "forward"; readonly host: string; readonly port: number };

/** One message of a channel; a limit on bytes that are in memory already. */
const messageBytesMax = 1024 * 1024;

/** All messages of a request; a refusal when the bytes are not whole messages. */
export function messagesOf(bytes: Uint8Array): readonly ChannelMessage[] | Refusal {
  const framer = new ChannelFramer({ messageBytesMax });
  framer.push(bytes);
  const messages: ChannelMessage[] = [];
  let read = 0;
  for (;;) {
    const message = framer.next();
    if (message.kind === "malformed") return refusal(describeMalformed(message));
    if (message.kind === "need") {
      // A need of anything but a new length is a message that was begun.
      const whole = message.bytes === 4 && read > 0;
      return whole ? messages : refusal("the request ends inside a message");
    }
    messages.push(message);
    read += 1;
  }
}

/** Reads a channel's purpose. */
export function purposeOf(
  messages: readonly ChannelMessage[],
  { environment }: SshConnection,
): Purpose | Refusal {
  const [first] = messages;
  if (first?.kind === "direct_tcpip" && messages.length === 1) {
    return { kind: "forward", host: first.host, port: first.port };
  }
  const terminal = first?.kind === "pty";
  const rest = messages.slice(terminal ? 1 : 0);
  const last = rest.pop();
  for (const message of rest) {
    if (message.kind !== "env") return refusal("a channel is for one thing, said last");
    if (!mayBeSet(message.name, environment)) return refusal("a variable that may not be set");
    if (message.value.includes("\0")) return refusal("a variable holds a NUL");
    if (locale.test(message.name) && !isPlainLocale(message.value)) {
      return refusal("a locale whose encoding may give a command line another meaning");
    }
  }
  switch (last?.kind) {
    case "exec":
      return { kind: "exec", command: last.command, terminal };
    case "shell":
      return { kind: "shell", terminal };
    case "subsystem":
      return { kind: "subsystem", name: last.name, terminal };
    default:
      return refusal("a channel is for exec, shell, a subsystem or a forwarding");
  }
}

/** `*` at a pattern's end stands for any rest. */
function mayBeSet(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
  });
}

export function refusal(message: string): Refusal {
  return { code: "malformed_message", message, position: null };
}
