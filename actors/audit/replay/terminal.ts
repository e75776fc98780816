/**
 * A session of a terminal protocol as it looked: with its pauses for a terminal, or an asciicast.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { toFrame } from "#actors/_kit/frame.ts";
import {
  type CastEvent,
  castHeader,
  castLines,
  type Pace,
  pacer,
} from "#schemas/recording/asciicast.ts";
import { SshRecording } from "#schemas/recording/ssh_recording.ts";
import { terminalReset } from "#schemas/recording/terminal_text.ts";
import type { Chunk } from "./render.ts";

type Messages = AsyncIterable<StoredMessage> | Iterable<StoredMessage>;

/** The session as an asciicast, version 3. */
export async function* terminalCast(
  messages: Messages,
  options: Pace & { readonly title: string },
): AsyncGenerator<string> {
  const recording = recordingOf(options.title);
  let line: ((event: CastEvent) => string) | null = null;
  const pace = pacer(options);
  for await (const given of events(recording, messages)) {
    const event = pace(given);
    if (line === null) {
      // What the terminal is like is known before anything happens on it.
      yield castHeader(recording.header());
      line = castLines(event.atMs);
    }
    yield line(event);
  }
  if (line === null) yield castHeader(recording.header());
}

/** The session for a terminal. Markers are shown where the program had no terminal of its own. */
export async function* terminalReplay(
  messages: Messages,
  options: Pace,
): AsyncGenerator<Chunk> {
  const recording = recordingOf("");
  let before: number | null = null;
  const pace = pacer(options);
  for await (const given of events(recording, messages)) {
    const event = pace(given);
    const delayMs = before === null ? 0 : event.atMs - before;
    before = event.atMs;
    yield { delayMs, text: textOf(event, recording.header().terminal !== null) };
  }
  yield { delayMs: 0, text: terminalReset };
}

/** Every event of the session as one JSON document a line. */
export async function* terminalJson(messages: Messages): AsyncGenerator<string> {
  for await (const event of events(recordingOf(""), messages)) yield `${JSON.stringify(event)}\n`;
}

function recordingOf(title: string): SshRecording {
  return new SshRecording(title, () => createHash("sha256"));
}

async function* events(recording: SshRecording, messages: Messages): AsyncGenerator<CastEvent> {
  for await (const message of messages) {
    const frame = toFrame(message);
    if (frame !== null) yield* recording.take(frame);
  }
}

function textOf({ code, data }: CastEvent, hasTerminal: boolean): string {
  switch (code) {
    case "o":
      return data;
    case "m":
      return hasTerminal ? "" : `[${data}]\r\n`;
    case "x":
      return `\x1b[0m\r\n[exit status ${data}]\r\n`;
    case "r":
      return "";
  }
}
