/** Which verb is meant by the first words of the command line. @module */
import { didYouMean } from "#schemas/did_you_mean.ts";
import type { Flag } from "./arguments.ts";
import { UsageError } from "./failure.ts";
import type { Verb } from "./verb.ts";

export type Chosen = { readonly verb: Verb; readonly rest: readonly string[] };

const helpWords = new Set(["help", "--help", "-h"]);

/** The verb and what follows it; null when help is asked for. @throws UsageError */
export function chooseVerb(words: readonly string[], verbs: readonly Verb[]): Chosen | null {
  const [first, second = ""] = words;
  if (first === undefined) {
    throw new UsageError("name a verb", "sallyport --help lists them");
  }
  if (first === "help" && words.length > 1) {
    return chooseVerb([...words.slice(1), "--help"], verbs);
  }
  if (helpWords.has(first)) return null;
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(" ");
    const verb = verbs.find(({ grammar }) => grammar.verb === name);
    if (verb !== undefined) return { verb, rest: words.slice(length) };
  }
  const names = verbs.map(({ grammar }) => grammar.verb);
  const parts = names.filter((name) => name.startsWith(`${first} `));
  if (parts.length > 0) {
    const own = parts.map((name) => name.slice(first.length + 1));
    const what = second === "" || second.startsWith("-") ? "names no part" : "has no such part";
    const list = `${first} takes: ${own.join(", ")}`;
    throw new UsageError(`${first} ${what}${didYouMean(second, own)}`, list);
  }
  const heads = names.map((name) => name.split(" ")[0] ?? "");
  const word = first.length > 40 ? `of ${first.length} characters` : `"${first}"`;
  throw new UsageError(
    `unknown verb ${word}${didYouMean(first, heads)}`,
    "sallyport --help lists them",
  );
}

/** The list of verbs. */
export function overview(verbs: readonly Verb[], flags: Readonly<Record<string, Flag>>): string {
  const width = Math.max(...verbs.map(({ grammar }) => grammar.verb.length));
  const flagNames = Object.entries(flags).map(([name, { value, help }]) => {
    return [value === undefined ? `--${name}` : `--${name} ${value}`, help] as const;
  });
  const flagWidth = Math.max(...flagNames.map(([name]) => name.length));
  return [
    "sallyport <verb> [flags]",
    "",
    ...verbs.map(({ grammar }) => `  ${grammar.verb.padEnd(width)}  ${grammar.summary}`),
    "",
    ...flagNames.map(([name, help]) => `  ${name.padEnd(flagWidth)}  ${help}`),
    "",
    "sallyport <verb> --help says more. Exit codes: 0 done; 1 failed; 2 used wrongly.",
  ].join("\n");
}
