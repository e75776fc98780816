/**
 * What a word of a command line is before it runs: text, text with a pattern in it, or unknown.
 *
 * **Invariant:** a value that is given as text is the text that the shell passes on, whatever the
 * variables, files and outputs there; whatever depends on them is unknown (null).
 *
 * @module
 */
import type { Word, WordPart } from "unbash";

type Script = Extract<WordPart, { type: "CommandExpansion" }>["script"];

/** One value that a word may have. */
export type Value = {
  /** Null: not known before it runs. */
  readonly text: string | null;
  /** The text holds an unquoted pattern (`*`, `?`, `[…]`), which stands for any names. */
  readonly pattern: boolean;
  /** The pattern is the first character: what it matches may look like an option. */
  readonly patternFirst: boolean;
  /** The text begins with a `~` that the shell expands: one that was written, or `$HOME`. */
  readonly tilde: "none" | "written" | "home";
  /** Unquoted: it may become any number of words, of which the next take other words' places. */
  readonly several: boolean;
};

/** A variable's value: null when it is not known, `untouched` when the command line sets none. */
export type Variables = (name: string) => Value | null | "untouched";

/** Values of one word; more make it unknown. */
const valuesMax = 64;
export const unknown: Value = {
  text: null,
  pattern: false,
  patternFirst: false,
  tilde: "none",
  several: true,
};

/** The values that a word expands to; several through braces or variables. */
export function valuesOf(word: Word, variables: Variables): readonly Value[] {
  const parts = word.parts;
  if (parts === undefined) return [plain(word.value, word.text)];
  let values: Value[] = [plain("")];
  for (const [index, part] of parts.entries()) {
    const next = partValues(part, variables, "bare");
    values = values.flatMap((value) => next.map((one) => joined(value, one, index === 0)));
    if (values.length > valuesMax) return [unknown];
  }
  return values;
}

/** A value that is certain, as a path or name of ours; null when it is not. */
export function certain(values: readonly Value[]): string | null {
  const [only, ...others] = values;
  if (only === undefined || others.length > 0) return null;
  return only.pattern || only.tilde !== "none" ? null : only.text;
}

/** Text as it stands; `source` is what was written for it, null when quoted. */
export function plain(text: string, source: string | null = null): Value {
  const tilde = source?.startsWith("~") ? "written" : "none";
  return { text, pattern: false, patternFirst: false, tilde, several: false };
}

function joined(before: Value, part: Value, first: boolean): Value {
  const several = before.several || part.several;
  const unclear = { ...unknown, several };
  if (before.text === null || part.text === null) return unclear;
  // The home directory in the middle of a word, whose place is not known.
  if (!first && part.tilde === "home") return unclear;
  if (!first && before.tilde !== "none" && !before.text.includes("/")) {
    // `~"x"` is not expanded, `$HOME"x"` is another name.
    const apart = before.tilde === "home" && (part.text === "" || part.text.startsWith("/"));
    if (!apart) return unclear;
  }
  return {
    text: before.text + part.text,
    pattern: before.pattern || part.pattern,
    patternFirst: first ? part.patternFirst : before.patternFirst,
    tilde: first ? part.tilde : before.tilde,
    several,
  };
}

function partValues(part: WordPart, variables: Variables, as: "quoted" | "bare"): readonly Value[] {
  switch (part.type) {
    case "Literal":
      return [plain(part.value, as === "quoted" ? null : part.text)];
    case "SingleQuoted":
    case "AnsiCQuoted":
      // A NUL ends the text early in some shells.
      return [part.value.includes("\0") ? unknown : plain(part.value)];
    case "DoubleQuoted":
      return quotedValues(part.parts, variables);
    case "LocaleString":
      // Its text is looked up in a catalogue of messages.
      return [unknown];
    case "Glob":
      if ((part.parts ?? []).some((inner) => inner.type !== "Literal")) return [unknown];
      return [{ ...plain(part.text), pattern: true, patternFirst: true, several: true }];
    case "BraceExpansion":
      return braceValues(part.text);
    case "SimpleExpansion":
      return variableValues(part.text.slice(1), variables, as);
    case "ParameterExpansion": {
      const bare = part.prefix === undefined && part.index === undefined &&
        part.operation === undefined;
      return bare ? variableValues(part.parameter, variables, as) : [unknown];
    }
    case "ProcessSubstitution":
      // The name of a pipe; its command is walked.
      return [plain("/dev/fd/63")];
    case "CommandExpansion":
      return echoed(part.script, variables, as);
    default:
      return [unknown];
  }
}

function quotedValues(parts: readonly WordPart[], variables: Variables): readonly Value[] {
  let values: Value[] = [plain("")];
  for (const [index, part] of parts.entries()) {
    const several = isList(part);
    const next = partValues(part, variables, "quoted").map((value) => ({ ...value, several }));
    values = values.flatMap((value) => next.map((one) => joined(value, one, index === 0)));
    if (values.length > valuesMax) return [unknown];
  }
  return values;
}

/** `"$@"`, `"${a[@]}"` and their like are several words, quoted too. */
function isList(part: WordPart): boolean {
  if (part.type === "SimpleExpansion") return part.text === "$@";
  if (part.type !== "ParameterExpansion") return false;
  const { prefix, index, parameter, operation } = part;
  if (prefix !== undefined || index !== undefined || parameter === "@") return true;
  return operation?.type === "Default" && part.text.includes("@");
}

function variableValues(
  name: string,
  variables: Variables,
  as: "quoted" | "bare",
): readonly Value[] {
  const value = variables(name);
  if (value === "untouched" && name === "HOME") return [{ ...plain("~"), tilde: "home" }];
  if (value === null || value === "untouched" || value.text === null) return [unknown];
  // Unquoted, a value is split into words, and patterns in it are matched.
  const splits = value.pattern || value.text === "" || /[\s*?[\\]/.test(value.text);
  return [as === "bare" && splits ? unknown : value];
}

/** `$(echo word…)` is its words; ansible builds its paths so. */
function echoed(
  script: Script,
  variables: Variables,
  as: "quoted" | "bare",
): readonly Value[] {
  const [only, ...others] = script?.commands ?? [];
  if (script === undefined || script.errors !== undefined || others.length > 0) return [unknown];
  const command = only?.command;
  if (command?.type !== "Command" || command.name?.value !== "echo") return [unknown];
  if (command.prefix.length > 0 || command.redirects.length > 0) return [unknown];
  const words: string[] = [];
  for (const argument of command.args) {
    const text = argument.type === "Word" ? certain(valuesOf(argument, variables)) : null;
    if (text === null || !/^[\w./@%+=:,-]+$/.test(text) || text.startsWith("-")) return [unknown];
    words.push(text);
  }
  if (words.length !== 1 && as === "bare") return [unknown];
  return [plain(words.join(" "))];
}

/** Bash's brace expansion of plain text; dash leaves the text as it is, which is no other file. */
function braceValues(text: string): readonly Value[] {
  if (/[\\$`'"*?[\]~]/.test(text)) return [unknown];
  const texts = expandBraces(text, 0);
  return texts === null || texts.length > valuesMax ? [unknown] : texts.map((one) => plain(one));
}

function expandBraces(text: string, depth: number): string[] | null {
  if (depth > 8) return null;
  const open = text.indexOf("{");
  if (open < 0) return [text];
  const close = closingBrace(text, open);
  if (close < 0) return null;
  const inner = text.slice(open + 1, close);
  const alternatives = alternativesOf(inner);
  const rest = expandBraces(text.slice(close + 1), depth + 1);
  if (alternatives === null || rest === null) return null;
  const values: string[] = [];
  for (const alternative of alternatives) {
    const expanded = expandBraces(alternative, depth + 1);
    if (expanded === null) return null;
    for (const middle of expanded) {
      for (const end of rest) values.push(text.slice(0, open) + middle + end);
    }
    if (values.length > valuesMax) return null;
  }
  return values;
}

function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}

function alternativesOf(inner: string): string[] | null {
  const range = /^(-?\d{1,4})\.\.(-?\d{1,4})$/.exec(inner);
  if (range?.[1] !== undefined && range[2] !== undefined) {
    // Leading zeros pad every number; that is left to those who spell it out.
    if (/^-?0\d/.test(range[1]) || /^-?0\d/.test(range[2])) return null;
    const [from, to] = [Number(range[1]), Number(range[2])];
    const count = Math.abs(to - from) + 1;
    if (count > valuesMax) return null;
    return Array.from({ length: count }, (_, at) => String(from < to ? from + at : from - at));
  }
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < inner.length; at++) {
    if (inner[at] === "{") depth += 1;
    if (inner[at] === "}") depth -= 1;
    if (inner[at] !== "," || depth > 0) continue;
    found.push(inner.slice(start, at));
    start = at + 1;
  }
  found.push(inner.slice(start));
  return found.length > 1 ? found : null;
}
