/**
 * What follows a channel's first request: input of a program, a shell's lines, sftp's operations.
 *
 * A shell's input comes cut at the Enter key, each with the line that it completes; whoever was
 * given the right to a shell may type what no rule forbids.
 *
 * **Invariant:** on a channel with lines no Enter passes without its line; judging changes nothing.
 *
 * @module
 */
import type { Refusal, StatementAnalysis } from "#schemas/analysis.ts";
import type { DetectorClasses } from "#schemas/detectors/detect.ts";
import type { ChannelMessage } from "#schemas/wire/ssh/channel.ts";
import { statementOf, type Surroundings } from "./draft.ts";
import type { Purpose } from "./purpose.ts";
import { refusal } from "./purpose.ts";
import type { OpenedFiles } from "./opened_files.ts";
import { sftpAsked } from "./sftp.ts";
import { analyseLine, unfinishedWith } from "./line.ts";
import { lookAt, type Piece, type Uploads, without } from "./uploads.ts";

/** What is known of a channel once its purpose was allowed. */
export type Channel = {
  readonly purpose: Purpose;
  /** Of the request that opened it: what an approval of a continuation is bound to. */
  readonly digest: string;
  readonly policies: readonly string[];
  /** Where a shell may be, as far as its lines told. */
  readonly directories: ReadonlySet<string | null>;
  /** Lines of a shell that are no whole command yet. */
  readonly unfinished: string;
  /** Files that sftp opened. */
  readonly opened: OpenedFiles;
  readonly uploads: Uploads;
};

export function newChannel(
  purpose: Purpose,
  digest: string,
  policies: readonly string[],
): Channel {
  return {
    purpose,
    digest,
    policies,
    directories: new Set(["~"]),
    unfinished: "",
    opened: new Map(),
    uploads: new Map(),
  };
}

/** How a continuation is judged. */
export type Continuation =
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** Classes of data that the target does not take. */
  | { readonly kind: "protected"; readonly classes: readonly string[] }
  | {
    readonly kind: "asked";
    readonly analyses: readonly StatementAnalysis[];
    /** `forbids`: only a rule that forbids refuses it. */
    readonly by: "policy" | "forbids";
    /** The channel after it was allowed. */
    readonly channel: Channel;
  };

export type Rules = {
  readonly home: string | null;
  readonly shell: Surroundings["shell"];
  /** What is looked for in content that is sent; null when all of it may pass. */
  readonly detectors: DetectorClasses | null;
};

/** Understands what continues a channel. */
export function continuationOf(
  messages: readonly ChannelMessage[],
  channel: Channel,
  rules: Rules,
): Continuation {
  const odd = messages.some(({ kind }) => !inputKinds.has(kind));
  if (odd) return refused("a message that does not belong on an open channel");
  const { purpose } = channel;
  const typed = typedOn(purpose);
  if (typed !== null) return lineOf(messages, channel, rules, typed);
  if (messages.some(isLine)) return refused("a line where nobody types");
  if (purpose.kind === "subsystem" && purpose.name === "sftp") {
    return sftpOf(messages, channel, rules);
  }
  if (purpose.kind === "forward") return asked([], channel, "policy");
  const pieces = messages.flatMap((message): Piece[] => {
    return message.kind === "data" ? [{ stream: "", offset: null, data: message.data }] : [];
  });
  return uploaded(pieces, [], channel, rules);
}

type Typed = { readonly terminal: boolean };

/** Where somebody types: in a shell, and to a program with a terminal; null anywhere else. */
function typedOn(purpose: Purpose): Typed | null {
  if (purpose.kind === "shell") return purpose;
  return purpose.kind === "exec" && purpose.terminal ? purpose : null;
}

function lineOf(
  messages: readonly ChannelMessage[],
  channel: Channel,
  { home, shell }: Rules,
  { terminal }: Typed,
): Continuation {
  const analyses: StatementAnalysis[] = [];
  let { directories, unfinished } = channel;
  for (const [index, message] of messages.entries()) {
    if (message.kind === "data") {
      const enter = message.data.findIndex((byte) => {
        return byte === lineFeed || terminal && (byte === carriageReturn || byte === runAndNext);
      });
      const last = enter === message.data.length - 1;
      const before = messages[index - 1];
      if (enter >= 0 && !(last && before !== undefined && isLine(before))) {
        return refused("an Enter key without its line");
      }
    }
    if (message.kind === "hidden_line") analyses.push(hiddenLine);
    if (message.kind !== "line") continue;
    const read = [message.screen, message.keys].flatMap((text) => text?.trim() ? [text] : []);
    const joined = unfinished === "" ? [] : read.map((text) => `${unfinished}\n${text}`);
    for (const text of new Set([...read, ...joined])) {
      const line = analyseLine(text, { home, terminal, shell }, directories);
      if (line === null) return { kind: "refused", refusal: tooComplex };
      analyses.push(...line.statements);
      directories = line.directories;
    }
    const [text] = read;
    if (text !== undefined) unfinished = unfinishedWith(unfinished, text);
  }
  return asked(analyses, { ...channel, directories, unfinished }, "forbids");
}

function sftpOf(
  messages: readonly ChannelMessage[],
  channel: Channel,
  rules: Rules,
): Continuation {
  const analyses: StatementAnalysis[] = [];
  let { opened } = channel;
  const pieces: Piece[] = [];
  const closed: string[] = [];
  for (const message of messages) {
    if (message.kind !== "data") continue;
    const read = sftpAsked(message.data, opened, rules.home);
    if (read.kind === "refused") return read;
    analyses.push(...read.analyses);
    opened = read.opened;
    for (const { handle, offset, data } of read.writes) {
      pieces.push({ stream: handle.toHex(), offset, data });
    }
    closed.push(...read.closed.map((handle) => handle.toHex()));
  }
  const looked = uploaded(pieces, closed, channel, rules);
  if (looked.kind !== "asked") return looked;
  return asked(analyses, { ...looked.channel, opened }, "policy");
}

function uploaded(
  pieces: readonly Piece[],
  closed: readonly string[],
  channel: Channel,
  { detectors }: Rules,
): Continuation {
  if (detectors === null) return asked([], channel, "policy");
  const looked = lookAt(pieces, channel.uploads, detectors);
  if (looked.kind === "found") return { kind: "protected", classes: looked.classes };
  if (looked.kind === "scattered") {
    return refused("content that is not sent from its beginning on cannot be looked at");
  }
  return asked([], { ...channel, uploads: without(looked.uploads, closed) }, "policy");
}

function asked(
  analyses: readonly StatementAnalysis[],
  channel: Channel,
  by: "policy" | "forbids",
): Continuation {
  return { kind: "asked", analyses, channel, by };
}

function refused(message: string): Continuation {
  return { kind: "refused", refusal: refusal(message) };
}

const inputKinds: ReadonlySet<string> = new Set(
  ["data", "eof", "window_change", "signal", "close", "line", "hidden_line"],
);

function isLine({ kind }: ChannelMessage): boolean {
  return kind === "line" || kind === "hidden_line";
}

/** What is typed unseen is not known; a rule may forbid to type so. */
const hiddenLine = statementOf("line", ["shell"], ["hidden"]);
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** Ctrl-O, which runs a line as Enter does. */
const runAndNext = 0x0f;
const tooComplex: Refusal = {
  code: "too_complex",
  message: "the line does too much at once to be judged",
  position: null,
};
