/** Lines of a shell that is somewhere already. @module */
import type { StatementAnalysis } from "#schemas/analysis.ts";
import type { Surroundings } from "./draft.ts";
import { newDraft, walkText } from "./shell.ts";

/** Of the directories that a shell's lines went to. */
const directoriesKept = 4;

/** What a line does, and where its shell may be afterwards; null when it is beyond the limits. */
export function analyseLine(
  text: string,
  surroundings: Surroundings,
  directories: ReadonlySet<string | null>,
): {
  readonly statements: readonly StatementAnalysis[];
  readonly directories: ReadonlySet<string | null>;
} | null {
  const draft = newDraft(surroundings);
  draft.directories = directories;
  walkText(draft, text);
  if (draft.overrun) return null;
  const newest = [...draft.directories].filter((path) => path !== null).slice(-directoriesKept);
  return { statements: draft.statements, directories: new Set(newest) };
}
