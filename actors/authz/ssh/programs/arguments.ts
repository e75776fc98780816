/**
 * What programs with code of their own share: reading their arguments by a description.
 *
 * @module
 */
import type { Call, Draft } from "../draft.ts";
import { type Arguments, describe, type Description, readArguments } from "../options.ts";
import type { Value } from "../words.ts";

export type Program = (call: Call) => void;

/** A description that is parsed once. */
export function described(text: string): () => Description {
  let known: Description | null = null;
  return () => known ??= describe(text);
}

/** Arguments by description; what is unclear in them is said. */
export function argumentsOf(
  call: Call,
  description: Description,
  words: readonly Value[] = call.words,
): Arguments {
  const given = readArguments(description, words);
  if (given.unclear !== null) call.opaque(given.unclear);
  for (const { role, value } of given.options) {
    if (role === "code") call.opaque("inline_code");
    else if (role === "names") call.opaque("names_in_file");
    else if (role === "admin") call.mark("administer");
    else if (role === "read" && value !== null && value.text !== "-") call.read(value);
    else if (role === "write" && value !== null && value.text !== "-") call.write(value);
    else if (role === "directory" && value !== null) call.draft.enter(value);
    else if (role === "command") runText(call, value, "posix");
  }
  return given;
}

/** The values of an option, by any of its names. */
export function optionValues(given: Arguments, ...names: readonly string[]): readonly Value[] {
  return given.options.flatMap(({ name, value }) => {
    return value !== null && names.includes(name) ? [value] : [];
  });
}

export function hasOption(given: Arguments, ...names: readonly string[]): boolean {
  return given.options.some(({ name }) => names.includes(name));
}

/** A command line inside an argument, for a shell of that grammar. */
export function runText(call: Call, value: Value | null, shell: Draft["shell"]): void {
  const { draft } = call;
  // Names that match a pattern are code as well.
  if (value === null || value.text === null || value.pattern) return call.opaque("inline_code");
  const outer = draft.shell;
  draft.shell = shell;
  draft.walk.script(draft, value.text);
  draft.shell = outer;
}

/** A program and its arguments inside the arguments. */
export function runWords(call: Call, words: readonly Value[]): void {
  if (words.length > 0) call.draft.walk.words(call.draft, words);
}
