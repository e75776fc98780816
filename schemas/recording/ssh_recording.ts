/**
 * An SSH channel's stored frames as a recorded terminal: what was released, as it was released,
 * with markers for what was asked and how it was judged.
 *
 * **Invariant:** only stored frames are read, so output is as masked as its agent saw it; commands
 * and lines are masked by detection. Keys are not shown: what is typed unseen is a password.
 *
 * @module
 */
import { decodeControl, maskedHeader, parseMasked, type Verdict } from "#schemas/frames.ts";
import { ChannelFramer, type ChannelMessage, type WindowSize } from "#schemas/wire/ssh/channel.ts";
import type { CastEvent, CastHeader } from "./asciicast.ts";
import { type NewHash, SftpFiles } from "./sftp_files.ts";
import { lineOf, messageWords } from "./ssh_words.ts";
import { terminalText } from "./terminal_text.ts";

/** What of a stored frame is read. */
export type RecordedFrame = {
  readonly kind: string;
  readonly request: number;
  readonly part: number;
  readonly more: boolean;
  readonly timeMs: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: Uint8Array;
};

/** The size of a terminal that nobody named. */
const defaultSize = { columns: 80, rows: 24 } as const;
const messageBytesMax = 16 * 1024 * 1024;
/** Requests whose parts or verdicts are waited for; of more the oldest are forgotten. */
const askedMax = 1024;

/** Reads one session's frames, in stored order. */
export class SshRecording {
  readonly #title: string;
  #size: { readonly columns: number; readonly rows: number } = defaultSize;
  #terminal: string | null = null;
  #startedAtMs: number | null = null;
  /** What was asked and is not judged yet. */
  readonly #asked = new Map<number, ChannelMessage[]>();
  readonly #parts = new Map<number, Uint8Array[]>();
  readonly #screen = terminalText();
  readonly #decoders = [new TextDecoder(), new TextDecoder()];
  readonly #files: SftpFiles;
  #isSftp = false;
  #nextPart = 0;
  #newlineDue = false;

  constructor(title: string, newHash: NewHash) {
    this.#title = title;
    this.#files = new SftpFiles(newHash);
  }

  /** The cast's header, as far as the frames say; the size is that before the first event. */
  header(): CastHeader {
    const { columns, rows } = this.#size;
    const startedAtMs = this.#startedAtMs ?? 0;
    return { columns, rows, terminal: this.#terminal, startedAtMs, title: this.#title };
  }

  /** What happens on the screen with the frame. Sizes before the first output are the header's. */
  take(frame: RecordedFrame): CastEvent[] {
    this.#startedAtMs ??= frame.timeMs;
    switch (frame.kind) {
      case "request":
        this.#request(frame);
        return [];
      case "verdict":
        return this.#verdict(frame);
      case "response":
        return this.#response(frame);
      default:
        return [];
    }
  }

  #request({ request, payload, more }: RecordedFrame): void {
    const parts = this.#parts.get(request) ?? [];
    this.#parts.set(request, parts);
    parts.push(payload);
    forgetOldest(this.#parts);
    if (more) return;
    this.#parts.delete(request);
    this.#asked.set(request, messagesOf(parts));
    forgetOldest(this.#asked);
    const pty = this.#asked.get(request)?.find((message) => message.kind === "pty");
    if (pty !== undefined && this.#terminal === null) {
      this.#size = sizeOf(pty);
      this.#terminal = pty.term.replace(/[^A-Za-z0-9._+-]/g, "_").slice(0, 64);
    }
  }

  #verdict({ timeMs: atMs, payload }: RecordedFrame): CastEvent[] {
    const verdict = decodeControl("verdict", payload);
    if (verdict === null) return [];
    const asked = this.#asked.get(verdict.request) ?? [];
    if (verdict.decision !== "hold") this.#asked.delete(verdict.request);
    const events: CastEvent[] = [];
    for (const message of asked) {
      if (message.kind === "window_change" && verdict.decision === "allow") {
        const { columns, rows } = sizeOf(message);
        events.push({ atMs, code: "r", data: `${columns}x${rows}` });
      }
      if (message.kind === "subsystem") this.#isSftp = message.name === "sftp";
      const isPacket = message.kind === "data" && this.#isSftp;
      const lines = isPacket ? this.#files.asked(message.data, verdict.decision) : [];
      for (const line of lines) events.push(...this.#say(atMs, line));
      const words = messageWords(message);
      const isTold = words !== null || verdict.decision !== "allow" && message === asked[0];
      if (isTold && !isPacket) events.push(marker(atMs, verdict, words ?? message.kind));
    }
    return events;
  }

  #response(frame: RecordedFrame): CastEvent[] {
    // A part that is stored again was released once.
    if (frame.part < this.#nextPart) return [];
    this.#nextPart = frame.part + 1;
    const { timeMs: atMs } = frame;
    const events: CastEvent[] = [];
    for (const message of messagesOf([frame.payload])) {
      switch (message.kind) {
        case "data":
          if (this.#isSftp) {
            const masked = parseMasked(frame.headers.get(maskedHeader));
            for (const line of this.#files.answered(message.data, masked)) {
              events.push(...this.#say(atMs, line));
            }
          } else events.push(...this.#show(atMs, 0, message.data));
          break;
        case "extended_data":
          events.push(...this.#show(atMs, 1, message.data));
          break;
        case "open_failure":
          events.push(...this.#say(atMs, message.description));
          break;
        case "exit_status":
          events.push({ atMs, code: "x", data: String(message.code) });
          break;
        case "exit_signal":
          events.push(...this.#say(atMs, `ended by signal ${message.name}`));
          break;
        default:
          break;
      }
    }
    return events;
  }

  #show(atMs: number, stream: 0 | 1, bytes: Uint8Array): CastEvent[] {
    const text = this.#decoders[stream]?.decode(bytes, { stream: true }) ?? "";
    // Without a terminal nobody returned the carriage.
    const lines = this.#terminal === null ? text.replaceAll(/\r?\n/g, "\r\n") : text;
    const data = this.#screen.take(lines);
    if (data === "") return [];
    this.#newlineDue = !data.endsWith("\n");
    return [{ atMs, code: "o", data }];
  }

  /** A line of our own. */
  #say(atMs: number, text: string): CastEvent[] {
    const before = this.#newlineDue ? "\r\n" : "";
    this.#newlineDue = false;
    return [{ atMs, code: "o", data: `${before}${lineOf(text)}\r\n` }];
  }
}

function marker(atMs: number, verdict: Verdict, words: string): CastEvent {
  const { decision, reasons: [reason] } = verdict;
  const why = reason === undefined ? "" : ` (${reason.policy ?? reason.code})`;
  const data = decision === "allow"
    ? words
    : `${decision === "deny" ? "denied" : "held"}${why}: ${words}`;
  return { atMs, code: "m", data: lineOf(data) };
}

function sizeOf({ columns, rows }: WindowSize): { columns: number; rows: number } {
  const within = (value: number, otherwise: number) =>
    value > 0 && value <= 1000 ? value : otherwise;
  return {
    columns: within(columns, defaultSize.columns),
    rows: within(rows, defaultSize.rows),
  };
}

function messagesOf(parts: readonly Uint8Array[]): ChannelMessage[] {
  const framer = new ChannelFramer({ messageBytesMax });
  for (const part of parts) framer.push(part);
  const messages: ChannelMessage[] = [];
  for (let next = framer.next(); next.kind !== "need"; next = framer.next()) {
    if (next.kind === "malformed") break;
    messages.push(next);
  }
  return messages;
}

function forgetOldest(map: Map<number, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= askedMax) return;
    map.delete(oldest);
  }
}
