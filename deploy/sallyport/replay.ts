/** `sallyport replay`: one session as it happened, masked as the agent saw it. @module */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { asciicast, type Chunk, renderReplay, replayJson } from "#actors/audit/replay/render.ts";
import { terminalCast, terminalJson, terminalReplay } from "#actors/audit/replay/terminal.ts";
import { lineText } from "#actors/audit/replay/text.ts";
import { timelineOf } from "#actors/audit/replay/timeline.ts";
import { maskLiterals } from "#schemas/sql/literals.ts";
import { type Grammar, usage } from "./arguments.ts";
import { findSession } from "./choose_session.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { newestSequence, type OpenedSession, openedSessions, sessionFrames } from "./log_reader.ts";
import { openRecord, recordFlags } from "./record.ts";
import { secondOf, whoOf } from "./session_list.ts";
import { harmless } from "./terminal.ts";
import { durationMs, speedMax, speedOf } from "./times.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "replay",
  summary: "show one session as it happened, masked as the agent saw it",
  operands: [{ name: "<session>", help: "its id, or a beginning of it that no other has" }],
  flags: {
    speed: { value: "<n>", help: "2 is twice as fast, max is without pauses (default: 1)" },
    "idle-max": { value: "<time>", help: "shorten longer pauses to this (default: 2s)" },
    asciicast: { value: "<file>", help: "write an asciicast v3 for asciinema players instead" },
    ...recordFlags,
  },
  details: [
    "Literals of statements are masked and parameters are shown by size alone. --json prints one\n" +
    "entry a line, without pauses. That the session was read is recorded first.",
  ],
};
const pauseMsDefault = 2000;
const pauseMsMax = 3_600_000;
export const replay: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal, signal } = call;
  const speed = speedOf(given.value("speed"));
  if (speed === null) throw usage(grammar, `--speed is a number up to ${speedMax}, or max`);
  const pause = durationMs(given.value("idle-max") ?? `${pauseMsDefault}ms`);
  if (pause === null || pause > pauseMsMax) throw usage(grammar, "--idle-max is a time, as 2s");
  await using record = await openRecord(grammar, call);
  const { bus, epoch } = record;
  const through = await newestSequence(bus, epoch);
  terminal.say(`looking for the session in the log of ${epoch}, ${through} frames`);
  const session = await findSession(openedSessions(bus, epoch, through), given.operand(0), epoch);
  const { key, openedAt, principal } = session;
  await record.viewed(key);
  const recording = recordingOf(sessionFrames(bus, session, through), session.protocol);
  const pauses = { speed, pauseMsMax: pause };
  const cast = given.value("asciicast");
  if (cast !== null) {
    const title = `${key.session}: ${whoOf(principal)}`;
    const path = cast.startsWith("/") ? cast : `${call.cwd}/${cast}`;
    await writeText(path, recording.cast({ ...pauses, title }));
    terminal.say(`wrote ${path}; play it with: asciinema play ${path}`);
  } else if (given.has("json")) {
    for await (const line of recording.json()) terminal.write(harmless(line));
  } else {
    const id = `${key.session} on ${key.edge}`;
    terminal.print(`Session ${id}, ${lineText(session.connection, 64)}, ${secondOf(openedAt)}`);
    await play(recording.chunks(pauses), call);
  }
  signal.throwIfAborted();
  return exitCodes.done;
}

type Pauses = { readonly speed: number; readonly pauseMsMax: number };
type Recording = {
  cast(options: Pauses & { readonly title: string }): AsyncIterable<string>;
  json(): AsyncIterable<string>;
  chunks(options: Pauses): AsyncIterable<Chunk>;
};

/** A terminal as it looked, or what was asked and answered, by protocol. */
function recordingOf(
  frames: AsyncIterable<StoredMessage>,
  protocol: OpenedSession["protocol"],
): Recording {
  if (protocol === "ssh") {
    return {
      cast: (options) => terminalCast(frames, options),
      json: () => terminalJson(frames),
      chunks: (options) => terminalReplay(frames, options),
    };
  }
  const timeline = timelineOf(frames, { maskSql: maskLiterals });
  return {
    cast: (options) => asciicast(timeline, options),
    json: () => replayJson(timeline),
    chunks: (options) => renderReplay(timeline, options),
  };
}

async function play(chunks: AsyncIterable<Chunk>, { terminal, signal }: Call): Promise<void> {
  for await (const { delayMs, text } of chunks) {
    await sleep(delayMs, signal);
    if (signal.aborted) return;
    terminal.write(text);
  }
}

/** Waits, or until the signal. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

async function writeText(path: string, lines: AsyncIterable<string>): Promise<void> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { write: true, create: true, truncate: true, mode: 0o600 });
  } catch (error) {
    const why = error instanceof Error ? error.name : "unknown";
    throw new CommandError(`cannot write ${path} (${why})`, "name a file in a folder that exists");
  }
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  for await (const line of lines) await writer.write(encoder.encode(line));
  await writer.close();
}
