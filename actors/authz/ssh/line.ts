/** Lines of a shell that is somewhere already. @module */
import { parse } from "unbash";
import type { StatementAnalysis } from "#schemas/analysis.ts";
import type { Surroundings } from "./draft.ts";
import { newDraft, walkText } from "./shell.ts";

/** Of the directories that a shell's lines went to. */
const directoriesKept = 4;

/** Characters of lines that belong together; behind them a line stands alone. */
const joinedCharsMax = 4096;

export type Line = {
  readonly statements: readonly StatementAnalysis[];
  /** Where its shell may be afterwards. */
  readonly directories: ReadonlySet<string | null>;
};

/** The line with those before it that it may belong to, while they are no whole command; or "". */
export function unfinishedWith(before: string, text: string): string {
  const joined = before === "" ? text : `${before}\n${text}`;
  if (joined.length > joinedCharsMax) return "";
  return isUnread(joined) ? joined : "";
}

/** The parser does not read it as a command line. */
function isUnread(text: string): boolean {
  return (parse(text).errors ?? []).length > 0;
}

/** What commands are parted by. */
const pieces = /[;&|()`{}\r\n]+/;

/** What a line does, for rules that forbid; null when it is beyond the limits. */
export function analyseLine(
  text: string,
  surroundings: Surroundings,
  directories: ReadonlySet<string | null>,
): Line | null {
  const draft = newDraft(surroundings);
  draft.guesses = true;
  draft.directories = directories;
  walkText(draft, text);
  // Of what is no command line by itself (an Enter before it was quoted) the pieces may run.
  const parts = isUnread(text) ? text.split(pieces) : [];
  for (const part of parts) if (!draft.overrun) walkText(draft, part);
  if (draft.overrun) return null;
  const newest = [...draft.directories].filter((path) => path !== null).slice(-directoriesKept);
  return { statements: draft.statements, directories: new Set(newest) };
}
