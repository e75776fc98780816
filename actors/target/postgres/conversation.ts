/**
 * A conversation with a PostgreSQL server: which messages complete a request, and the rows,
 * commands and errors that came.
 *
 * @module
 */
import { type StatementAnalysis, statementsRecordedMax } from "#schemas/analysis.ts";
import type { VolumeCut, VolumeLimit } from "#schemas/volume.ts";
import { Writer } from "#schemas/wire/cursor.ts";
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { bodyOffset, Framer } from "#schemas/wire/postgres/frame.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { embedsAscii } from "#schemas/wire/postgres/client_encodings.ts";
import { decodeParameterStatus } from "#schemas/wire/postgres/parameter_status.ts";
import { volumeExceeded } from "#schemas/wire/postgres/volume_exceeded.ts";
import type { Answered, Conversation } from "../conversation.ts";
import {
  answered,
  expectAnswer,
  isDue,
  isSettled,
  newExpectation,
  sendsHeldSync,
} from "../expectation.ts";
import { openPassage } from "./passage.ts";

export type PostgresLimits = {
  /** The largest message taken from the server. */
  readonly messageBytesMax: number;
  /** Command tags kept for the record of one request. */
  readonly commandsMax: number;
};

export function postgresConversation(limits: PostgresLimits): Conversation {
  const expectation = newExpectation();
  const passage = openPassage(limits.messageBytesMax, (tag) => isDue(expectation, tag), heard);
  let settled = true;
  /** The agent takes nothing of a login before its outcome is stored. */
  let greeting = false;
  let late: Uint8Array | null = null;
  /** Settings by which the server reads statements otherwise than who judges them. */
  const misread = new Set<string>();
  let ending = false;
  let statements: readonly StatementAnalysis[] = [];
  let volume: VolumeLimit | null = null;
  let cut: VolumeCut | null = null;
  /** With what the server ended the session behind the limit of a response. */
  const lastWords: Uint8Array[] = [];
  /** What ReadyForQuery said in this request; null before it, as after a Flush without Sync. */
  let transaction: "I" | "T" | "E" | null = null;
  /** What the newest ReadyForQuery said. */
  let newest: "I" | "T" | "E" | null = null;
  /** Answers to statements that have ended. */
  let ended = 0;
  let commands: string[] = [];
  let completed = 0;
  let sqlstate: string | null = null;
  let processId: number | null = null;
  /** Uncommitted changes of definitions: the catalog is to be read when the transaction ends. */
  let catalogDirty = false;
  /** It was said that it is to be read. */
  let catalogTold = false;
  return {
    prompt: false,
    get startsSlowly() {
      return !greeting;
    },
    get settled() {
      return settled;
    },
    get feeds() {
      return expectation.copy !== "none";
    },
    get ending() {
      return ending;
    },
    get cut() {
      return cut !== null;
    },
    get transaction() {
      return newest;
    },
    spent: false,
    dials() {
      begin([], null);
      greeting = true;
      // A login ends with ReadyForQuery, as Sync does.
      expectAnswer(expectation, "S");
      settled = false;
    },
    asks(parts, verdict) {
      // The server would read other statements than were judged.
      if (misread.size > 0 && !verdict.plan?.verbatim) return null;
      begin(verdict.statements, verdict.volume ?? null);
      greeting = false;
      const copies = verdict.statements.some(copiesFromAgent);
      const asked = new Framer({ messageBytesMax: Number.MAX_SAFE_INTEGER });
      let last = "";
      for (const part of parts) {
        asked.push(part);
        for (let frame = asked.next(); frame.kind === "frame"; frame = asked.next()) {
          last = frame.tag;
          if (copies && last === "S") expectation.syncHeld = true;
          else if (!expectAnswer(expectation, last)) return null;
        }
      }
      const isHeld = last === "S" && expectation.syncHeld && !sendsHeldSync(expectation);
      settled = isSettled(expectation);
      return isHeld ? withoutLast(parts, sync.length) : parts;
    },
    takeLate() {
      const taken = late;
      late = null;
      return taken;
    },
    continues: () => false,
    takes,
    answered(): Answered {
      const status = sqlstate === null ? "executed" : sqlstate === "57014" ? "cancelled" : "failed";
      const { rows } = passage;
      const told = {
        ...(processId === null ? {} : { processId }),
        ...(volume === null ? {} : { counted: passage.counted }),
        ...(cut === null ? {} : { cut }),
      };
      return { status, rows, commands, sqlstate, transaction, completed, ...told };
    },
    ends(statements) {
      // What is not named may change them, too.
      const changes = statements.length >= statementsRecordedMax ||
        statements.some(({ effects }) => {
          return effects.includes("define") || effects.includes("execute");
        });
      catalogDirty ||= changes;
      if (changes) catalogTold = false;
      if (!catalogDirty || transaction !== "I") return "no";
      const need = catalogTold ? "again" : "first";
      catalogTold = true;
      return need;
    },
    catalogRead() {
      catalogDirty = false;
    },
    refusal(code, reason) {
      const state = code === "not_configured" ? "3D000" : code;
      return { words: fatal(state, reason), sqlstate: state };
    },
  };

  function begin(asked: readonly StatementAnalysis[], limit: VolumeLimit | null): void {
    passage.begin(limit);
    volume = limit;
    cut = null;
    statements = asked;
    ended = 0;
    commands = [];
    completed = 0;
    sqlstate = null;
    processId = null;
    transaction = null;
  }

  function takes(bytes: Uint8Array): readonly Uint8Array[] | null {
    const passed = passage.take(bytes);
    const was = settled;
    if (sendsHeldSync(expectation)) late = sync;
    settled = isSettled(expectation);
    cut ??= passage.cut;
    if (passed === null || cut === null) return passed;
    if (ending) return [...passed, ...lastWords.splice(0)];
    if (was || !settled) return passed;
    passage.reopen();
    // The server waits for COPY data of an agent that is told of an error instead.
    return expectation.copy === "none" ? [...passed, ...cutWords()] : null;
  }

  function heard(tag: string, raw: Uint8Array): void {
    switch (tag) {
      case "C":
        completed++;
        ended++;
        if (commands.length < limits.commandsMax) commands.push(commandOf(raw));
        break;
      case "I":
      case "s":
        ended++;
        break;
      case "E":
        sqlstate = sqlstateOf(raw);
        ending = /^(FATAL|PANIC)$/.test(fieldOf(raw, severityField) ?? "");
        if (ending && passage.cut !== null) lastWords.push(raw);
        break;
      case "H": {
        const header = statements[ended]?.copy?.format.header ?? false;
        passage.copies(raw[bodyOffset] === 1 ? "binary" : "text", header);
        break;
      }
      case "K":
        processId = processIdOf(raw);
        break;
      case "S":
        told(raw);
        break;
      case "Z":
        transaction = statusOf(raw[bodyOffset]);
        newest = transaction;
        break;
    }
    answered(expectation, tag);
  }

  /** A setting that the server reports, its own default at login or what code made of it since. */
  function told(raw: Uint8Array): void {
    const message = decodeParameterStatus({ kind: "frame", tag: "S", raw });
    if (message.kind === "malformed") return;
    const { name, value } = message;
    const isOther = name === "standard_conforming_strings" && value !== "on" ||
      name === "client_encoding" && embedsAscii(value);
    if (isOther) misread.add(name);
    else misread.delete(name);
  }

  /** How the agent's response ends in place of what did not pass. */
  function cutWords(): readonly Uint8Array[] {
    if (cut === null || volume === null) return [];
    const inBlock = (transaction ?? newest) === "T";
    const fate = sqlstate !== null ? "cancelled" : inBlock ? "aborted" : "completed";
    const words = volumeExceeded(volume, cut.by, fate);
    if (transaction === null) return [words];
    // The edge has an open transaction aborted, as after every error of its own.
    const status = transaction === "I" ? "idle" : "failed_transaction";
    return [words, backendBytes({ kind: "ready_for_query", status })];
  }
}

const sync = frontendBytes({ kind: "sync" });

/** Whether the server will ask for the data of a COPY, if nothing fails before. */
function copiesFromAgent({ copy, details }: StatementAnalysis): boolean {
  return copy?.direction === "in" && !details.includes("copy_file") &&
    !details.includes("copy_program");
}

/** All but so many bytes at the end; no piece is empty. */
function withoutLast(parts: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes;
  return parts.toReversed().map((part) => {
    const cut = Math.min(left, part.length);
    left -= cut;
    return part.subarray(0, part.length - cut);
  }).filter((part) => part.length > 0).toReversed();
}

/**
 * A FATAL ErrorResponse of class 08: the agent's own login was good, and a driver must not take
 * the target's for it and ask its person for another password.
 */
function fatal(code: string, reason: string): Uint8Array {
  const sqlstate = code.startsWith("08") ? code : connectionRejected;
  const writer = new Writer();
  writer.message("E", (body) => {
    body.uint8(0x53).cstring("FATAL").uint8(0x56).cstring("FATAL").uint8(0x43).cstring(sqlstate);
    body.uint8(0x4d).cstring(`sallyport: the target could not be reached: ${reason}`).uint8(0);
  });
  return writer.bytes();
}

/** sqlserver_rejected_establishment_of_sqlconnection */
const connectionRejected = "08004";

function statusOf(byte: number | undefined): "I" | "T" | "E" | null {
  return byte === 0x49 ? "I" : byte === 0x54 ? "T" : byte === 0x45 ? "E" : null;
}

function processIdOf(raw: Uint8Array): number | null {
  if (raw.length < bodyOffset + 4) return null;
  return new DataView(raw.buffer, raw.byteOffset).getInt32(bodyOffset);
}

const ascii = new TextDecoder("latin1");

/** A command tag is PostgreSQL's own word and a count: `INSERT 0 5`. */
function commandOf(raw: Uint8Array): string {
  return ascii.decode(raw.subarray(bodyOffset, Math.min(raw.length - 1, bodyOffset + 64)));
}

function sqlstateOf(raw: Uint8Array): string {
  const code = fieldOf(raw, 0x43);
  return code?.length === 5 ? code : "XX000";
}

/** The one that is never translated. */
const severityField = 0x56;

/** A field of an ErrorResponse. */
function fieldOf(raw: Uint8Array, field: number): string | null {
  let at = bodyOffset;
  while (at < raw.length && raw[at] !== 0) {
    const end = raw.indexOf(0, at + 1);
    if (end < 0) return null;
    if (raw[at] === field) return ascii.decode(raw.subarray(at + 1, end));
    at = end + 1;
  }
  return null;
}
