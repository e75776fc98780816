/**
 * What leaves to the agent: the messages of stored response parts, and the edge's own words between
 * them.
 *
 * @module
 */
import { ChannelFramer } from "#schemas/wire/ssh/channel.ts";
import type { ToAgent } from "./agent_channel.ts";
import type { Purpose } from "./purpose.ts";
import { SftpBorders, sftpDenied } from "./sftp_packets.ts";
import type { Terminal } from "./terminal.ts";

/** A frame's payload is not longer, so no message in it is. */
const messageBytesMax = 1_000_000;
const administrativelyProhibited = 1;

export class Release {
  readonly #purpose: Purpose;
  /** Follows what the agent sees. */
  readonly #terminal: Terminal | null;
  readonly #send: (message: ToAgent, drained: number | null) => void;
  readonly #borders = new SftpBorders();
  /** Answers of the edge's own that wait for the end of an sftp packet. */
  #denied: Uint8Array[] = [];
  #confirmed = false;
  /** Why a tunnel does not open. */
  #why = "refused by sallyport";
  #exited = false;
  #closed = false;
  readonly #utf8 = new TextEncoder();

  constructor(
    purpose: Purpose,
    terminal: Terminal | null,
    send: (message: ToAgent, drained: number | null) => void,
  ) {
    this.#purpose = purpose;
    this.#terminal = terminal;
    this.#send = send;
  }

  /** Releases the messages of one stored part; `drained` is the raw count up to its end. */
  take(payload: Uint8Array, drained: number): "open" | "closed" | "malformed" {
    const framer = new ChannelFramer({ messageBytesMax });
    framer.push(payload);
    const messages: ToAgent[] = [];
    for (;;) {
      const message = framer.next();
      if (message.kind === "need") {
        // A part holds whole messages.
        if (message.bytes !== 4) return "malformed";
        break;
      }
      if (message.kind === "malformed" || !isAnswer(message)) return "malformed";
      messages.push(message);
    }
    for (const [index, message] of messages.entries()) {
      this.#pass(message, index === messages.length - 1 ? drained : null);
    }
    return this.#closed ? "closed" : "open";
  }

  #pass(message: ToAgent, drained: number | null): void {
    if (this.#closed) return;
    switch (message.kind) {
      case "success":
        return;
      case "failure":
        return this.say(["sallyport: the target refuses this request"]);
      case "open_confirmation":
        this.#confirmed = true;
        return this.#send(message, drained);
      case "open_failure":
        if (this.#purpose.input === "tunnel") return this.#send(message, drained);
        // In target's own words, never the host's: why it cannot be reached, for one.
        return this.say([`sallyport: ${message.description.replace(/^sallyport: /, "")}`]);
      case "data":
        this.#terminal?.write(message.data);
        if (this.#purpose.input === "sftp") this.#borders.pass(message.data);
        this.#send(message, drained);
        return this.#sendDenied();
      case "exit_status":
      case "exit_signal":
        this.#exited = true;
        return this.#send(message, drained);
      case "close":
        return this.close(drained);
      default:
        return this.#send(message, drained);
    }
  }

  /** Says lines where the agent's user reads them: on the terminal, else on standard error. */
  say(lines: readonly string[]): void {
    if (lines.length === 0 || this.#closed) return;
    if (this.#purpose.input === "tunnel") return void (this.#why = lines[0] ?? this.#why);
    if (this.#purpose.window === null) {
      const data = this.#utf8.encode(`${lines.join("\n")}\n`);
      return this.#send({ kind: "extended_data", type: 1, data }, null);
    }
    const data = this.#utf8.encode(`\r\n${lines.join("\r\n")}\r\n`);
    this.#terminal?.write(data);
    this.#send({ kind: "data", data }, null);
  }

  /** Answers sftp requests that were denied, as an sftp server does. */
  denySftp(ids: readonly number[], message: string): void {
    if (this.#purpose.input !== "sftp") return;
    this.#denied.push(...ids.map((id) => sftpDenied(id, message)));
    this.#sendDenied();
  }

  #sendDenied(): void {
    if (this.#denied.length === 0 || !this.#borders.atBorder()) return;
    for (const data of this.#denied) this.#send({ kind: "data", data }, null);
    this.#denied = [];
  }

  /** Ends the channel for the agent, with a status unless it was told one. */
  fail(status: number | null): void {
    if (this.#closed) return;
    if (this.#purpose.input === "tunnel" && !this.#confirmed) {
      const reason = administrativelyProhibited;
      this.#send({ kind: "open_failure", reason, description: this.#why }, null);
      this.#closed = true;
      return;
    }
    if (status !== null && !this.#exited && this.#purpose.input !== "tunnel") {
      this.#send({ kind: "exit_status", code: status }, null);
    }
    this.close();
  }

  close(drained: number | null = null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#send({ kind: "close" }, drained);
  }
}

function isAnswer(message: { readonly kind: string }): message is ToAgent {
  return answers.has(message.kind);
}
const answers: ReadonlySet<string> = new Set(
  [
    "open_confirmation",
    "open_failure",
    "success",
    "failure",
    "data",
    "extended_data",
    "exit_status",
    "exit_signal",
    "eof",
    "close",
  ] satisfies readonly ToAgent["kind"][],
);
