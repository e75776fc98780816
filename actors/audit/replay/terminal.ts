/**
 * A session of a terminal protocol as it looked: for a terminal with its pauses, or as an asciicast.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { toFrame } from "#actors/_kit/frame.ts";
import { type CastEvent, castHeader, castLines } from "#schemas/recording/asciicast.ts";
import { SshRecording } from "#schemas/recording/ssh_recording.ts";
import { terminalReset } from "#schemas/recording/terminal_text.ts";
import type { Chunk, RenderOptions } from "./render.ts";

type Messages = AsyncIterable<StoredMessage> | Iterable<StoredMessage>;
type Pauses = Pick<RenderOptions, "speed" | "pauseMsMax">;

/** The session as an asciicast, version 3. */
export async function* terminalCast(
  messages: Messages,
  options: Pauses & { readonly title: string },
): AsyncGenerator<string> {
  const recording = recordingOf(options.title);
  let line: ((event: CastEvent) => string) | null = null;
  for await (const event of paced(events(recording, messages), options)) {
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
  options: Pauses,
): AsyncGenerator<Chunk> {
  const recording = recordingOf("");
  let before: number | null = null;
  for await (const event of paced(events(recording, messages), options)) {
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

/** Longer pauses shortened, all of them divided by the speed. */
async function* paced(
  given: AsyncIterable<CastEvent>,
  { speed, pauseMsMax = Infinity }: Pauses,
): AsyncGenerator<CastEvent> {
  if (!(speed > 0)) throw new RangeError("Cannot replay: speed is not above 0");
  let before: number | null = null;
  let atMs = 0;
  for await (const event of given) {
    atMs = before === null
      ? event.atMs
      : atMs + Math.min(Math.max(0, event.atMs - before), pauseMsMax) / speed;
    before = Math.max(before ?? event.atMs, event.atMs);
    yield { ...event, atMs };
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
