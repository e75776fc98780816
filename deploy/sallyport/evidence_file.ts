/**
 * A file of evidence (`schemas/log/evidence.ts`) on disk: written once, and read like the bus that
 * it came from, in bounded memory however long it is.
 *
 * @module
 */
import { type Bus, BusError, type ReadOptions, type StoredMessage } from "#actors/_kit/bus.ts";
import { matchesSubject } from "#actors/_kit/nats_wire.ts";
import {
  decodeEvidenceHead,
  decodeEvidenceMessage,
  decodeEvidenceRange,
  encodeEvidenceHead,
  encodeEvidenceMessage,
  encodeEvidenceRange,
  type EvidenceHead,
} from "#schemas/log/evidence.ts";
import { frameLeafHash } from "#schemas/log/leaf.ts";
import { extend, type LeafRange, rangeFrom } from "#schemas/log/merkle.ts";
import { auditStream, checkpointStream } from "#schemas/subjects.ts";
import { CommandError } from "./failure.ts";

/** What verbs need of a bus to read a record. */
export type RecordBus = Pick<Bus, "read" | "state" | "last" | "connected">;

/** A line holds one message of at most this many characters; frames are far smaller. */
const lineCharactersMax = 64 * 1024 * 1024;

/**
 * The lines of a file of evidence, each with its end. Of one session alone others' frames are told
 * by their hashes.
 */
export async function* evidenceLines(
  head: EvidenceHead,
  messages: AsyncIterable<StoredMessage>,
): AsyncGenerator<string> {
  yield encodeEvidenceHead(head);
  let others: LeafRange | null = null;
  for await (const message of messages) {
    if (isOwn(head, message)) {
      if (others !== null) yield encodeEvidenceRange(others);
      others = null;
      yield encodeEvidenceMessage(message);
    } else {
      others = extend(others ?? rangeFrom(message.sequence - 1), frameLeafHash(message));
    }
  }
  if (others !== null) yield encodeEvidenceRange(others);
}

/** Whether a message stands in the file itself. */
function isOwn({ session }: EvidenceHead, { subject }: StoredMessage): boolean {
  return session === undefined || isCheckpoint(subject) || subject.startsWith(`audit.${session}.`);
}

function isCheckpoint(subject: string): boolean {
  return subject.startsWith("checkpoint.");
}

/** Writes the file, readable by its owner alone. @throws CommandError when it is there already. */
export async function writeEvidence(
  path: string,
  lines: AsyncIterable<string>,
): Promise<void> {
  const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 })
    .catch((error) => {
      const isThere = error instanceof Deno.errors.AlreadyExists;
      const why = isThere ? "it is there already" : error instanceof Error ? error.name : "unknown";
      const hint = "name a file that is not there, in a folder that is";
      throw new CommandError(`cannot write ${path}: ${why}`, hint);
    });
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  try {
    for await (const line of lines) await writer.write(encoder.encode(line));
    await writer.close();
  } catch (error) {
    await writer.abort().catch(() => {});
    // Half a record is none.
    await Deno.remove(path).catch(() => {});
    throw error;
  }
}

export type EvidenceFile = {
  readonly head: EvidenceHead;
  readonly bus: RecordBus;
  /** Others' frames, by the sequence before the first of them; none but of one session's file. */
  ranges(): Promise<ReadonlyMap<number, LeafRange>>;
};

/** Opens a file of evidence. @throws CommandError when it is none. */
export async function openEvidence(path: string): Promise<EvidenceFile> {
  const lines = linesOf(path);
  const { value } = await lines.next();
  await lines.return(undefined);
  const head = value === undefined ? null : decodeEvidenceHead(value);
  if (head === null) {
    const hint = "name a file that sallyport evidence wrote";
    throw new CommandError(`${path} is no evidence that this version understands`, hint);
  }
  return { head, bus: evidenceBus(path, head), ranges };

  async function ranges(): Promise<ReadonlyMap<number, LeafRange>> {
    const all = new Map<number, LeafRange>();
    if (head?.session === undefined) return all;
    for await (const line of linesOf(path)) {
      const range = decodeEvidenceRange(line);
      if (range !== null) all.set(range.start, range);
    }
    return all;
  }
}

function evidenceBus(path: string, head: EvidenceHead): RecordBus {
  return { read, state, last, connected: () => true };

  async function* read(
    stream: string,
    { filters, from, through }: ReadOptions,
  ): AsyncGenerator<StoredMessage> {
    for await (const message of messagesOf(path, head, stream === checkpointStream)) {
      const { subject, sequence } = message;
      if (sequence < from || sequence > through) continue;
      if (filters.some((filter) => matchesSubject(filter, subject))) yield message;
    }
  }

  function state(stream: string) {
    const last = stream === checkpointStream
      ? head.checkpoints
      : stream === auditStream(head.epoch)
      ? head.frames
      : null;
    if (last === null) return Promise.reject(new BusError("refused", "Not in this evidence"));
    return Promise.resolve({ first: 1, last, messages: last, bytes: 0 });
  }

  async function last(stream: string, subject: string): Promise<StoredMessage | null> {
    let newest: StoredMessage | null = null;
    for await (const message of messagesOf(path, head, stream === checkpointStream)) {
      if (message.subject === subject) newest = message;
    }
    return newest;
  }
}

/** Checkpoints, which stand first, or frames; no more of either than the head says. */
async function* messagesOf(
  path: string,
  head: EvidenceHead,
  checkpoints: boolean,
): AsyncGenerator<StoredMessage> {
  let number = 0;
  let isFrames = false;
  for await (const line of linesOf(path)) {
    if (++number === 1) continue;
    const range = head.session === undefined ? null : decodeEvidenceRange(line);
    if (range !== null && range.end <= head.frames) {
      isFrames = true;
      continue;
    }
    const message = decodeEvidenceMessage(line);
    const signs = message !== null && isCheckpoint(message.subject);
    const last = signs ? head.checkpoints : head.frames;
    const isMisplaced = message === null || message.sequence > last || !isOwn(head, message);
    if (isMisplaced || (signs && isFrames)) {
      const hint = "the file was damaged or cut off: take it anew from where it was made";
      throw new CommandError(`line ${number} of ${path} is not understood`, hint);
    }
    isFrames ||= !signs;
    if (signs === checkpoints) yield message;
    else if (checkpoints) return;
  }
}

async function* linesOf(path: string): AsyncGenerator<string, void> {
  const file = await Deno.open(path).catch((error) => {
    const isGone = error instanceof Deno.errors.NotFound;
    const why = isGone ? "it is not there" : error instanceof Error ? error.name : "unknown";
    throw new CommandError(`cannot read the evidence ${path}: ${why}`, "name another file");
  });
  let open = "";
  for await (const text of file.readable.pipeThrough(new TextDecoderStream())) {
    const parts = (open + text).split("\n");
    open = parts.pop() ?? "";
    if (open.length > lineCharactersMax) {
      throw new CommandError(`${path} has a line that is too long`, "name another file");
    }
    yield* parts;
  }
  if (open !== "") yield open;
}
