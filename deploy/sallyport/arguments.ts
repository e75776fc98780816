/**
 * The command line of a verb: flags, operands, and help made from the same table.
 *
 * **Invariant:** nothing that was written is ignored: an unknown flag, a value that is missing and
 * an operand too many are errors that name the nearest right word.
 *
 * @module
 */
import { didYouMean } from "#schemas/did_you_mean.ts";
import { UsageError } from "./failure.ts";
import { timeOf } from "./times.ts";

export type Flag = {
  /** The value's name in help, `<folder>`; absent for a flag that takes none. */
  readonly value?: string;
  readonly help: string;
};

export type Operand = { readonly name: string; readonly help: string };

/** What a verb takes. Every operand must be given. */
export type Grammar = {
  readonly verb: string;
  readonly summary: string;
  /** Paragraphs of help below the flags. */
  readonly details?: readonly string[];
  readonly operands?: readonly Operand[];
  readonly flags: Readonly<Record<string, Flag>>;
};

export type Arguments = {
  /** A flag's value; null when it was not given. */
  value(flag: string): string | null;
  has(flag: string): boolean;
  /** The operand at an index of the grammar. */
  operand(index: number): string;
};

/** Flags that every verb takes. */
export const commonFlags: Readonly<Record<string, Flag>> = {
  dir: { value: "<folder>", help: "the installation (default: SALLYPORT_DIR, .sallyport/demo)" },
  json: { help: "print JSON" },
  help: { help: "say how this is used" },
};

/** Parses what follows the verb. @throws UsageError */
export function parseArguments(grammar: Grammar, words: readonly string[]): Arguments {
  const flags = { ...commonFlags, ...grammar.flags };
  const given = new Map<string, string>();
  const operands: string[] = [];
  let onlyOperands = false;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (onlyOperands || !word.startsWith("-") || word === "-" || isId(word)) {
      operands.push(word);
    } else if (word === "--") {
      onlyOperands = true;
    } else {
      const [name, inline] = split(word);
      const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
      if (flag === undefined || !word.startsWith("--") && word !== "-h") {
        const near = didYouMean(name, Object.keys(flags));
        throw usage(grammar, `unknown flag ${shown(word)}${near.replace('"', '"--')}`);
      }
      if (given.has(name)) throw usage(grammar, `--${name} stands twice`);
      if (flag.value === undefined) {
        if (inline !== null) throw usage(grammar, `--${name} takes no value`);
        given.set(name, "");
      } else {
        const value = inline ?? words[++index];
        if (value === undefined || value === "") {
          throw usage(grammar, `--${name} needs a value: ${flag.value}`);
        }
        given.set(name, value);
      }
    }
  }
  if (!given.has("help")) checkOperands(grammar, operands);
  return {
    value: (flag) => given.get(flag) ?? null,
    has: (flag) => given.has(flag),
    operand: (index) => operands[index] ?? "",
  };
}

/** Ids of older records may begin with a dash; no flag of one dash is as long. */
function isId(word: string): boolean {
  return /^-[A-Za-z0-9_](?:[\w-]{14}|[\w-]{18})$/.test(word);
}

/** Help of one verb. */
export function helpOf(grammar: Grammar): string {
  const { verb, summary, operands = [], flags, details = [] } = grammar;
  const all = { ...flags, ...commonFlags };
  const usageLine = ["sallyport", verb, ...operands.map(({ name }) => name), "[flags]"].join(" ");
  const rows = [
    ...operands.map(({ name, help }): [string, string] => [name, help]),
    ...Object.entries(all).map(([name, { value, help }]): [string, string] => {
      return [value === undefined ? `--${name}` : `--${name} ${value}`, help];
    }),
  ];
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`);
  return [
    `${usageLine}`,
    "",
    capital(summary),
    "",
    ...lines,
    ...details.flatMap((text) => ["", text]),
  ]
    .join("\n");
}

/** Reads a flag as a whole number. @throws UsageError when it is none or out of bounds. */
export function wholeNumber(
  grammar: Grammar,
  given: Arguments,
  flag: string,
  bounds: { readonly min: number; readonly max: number; readonly otherwise: number },
): number {
  const text = given.value(flag);
  if (text === null) return bounds.otherwise;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (number >= bounds.min && number <= bounds.max) return number;
  throw usage(grammar, `--${flag} is a whole number from ${bounds.min} to ${bounds.max}`);
}

/** The time that a flag names, milliseconds since 1970. @throws UsageError when it names none. */
export function time(
  grammar: Grammar,
  given: Arguments,
  flag: string,
  bounds: { readonly nowMs: number; readonly otherwise: number },
): number {
  const text = given.value(flag);
  if (text === null) return bounds.otherwise;
  const atMs = timeOf(text, bounds.nowMs);
  if (atMs !== null) return atMs;
  throw usage(grammar, `--${flag} is a date, a time with its zone, or 2h, 7d`);
}

/** A usage error that says where to read more. */
export function usage(grammar: Grammar, message: string): UsageError {
  return new UsageError(message, `sallyport ${grammar.verb} --help says what it takes`);
}

function checkOperands(grammar: Grammar, operands: readonly string[]): void {
  const wanted = grammar.operands ?? [];
  const missing = wanted[operands.length];
  if (missing !== undefined) throw usage(grammar, `${missing.name} is missing: ${missing.help}`);
  const extra = operands[wanted.length];
  if (extra === undefined) return;
  const quote = wanted.length > 0 ? "; quote one that holds spaces" : "";
  throw usage(grammar, `there is one word too many after ${wanted.length} operands${quote}`);
}

function split(word: string): [string, string | null] {
  if (word === "-h") return ["help", null];
  const text = word.replace(/^--?/, "");
  const at = text.indexOf("=");
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

/** A value behind `=` may be a secret, so only the name is shown. */
function shown(word: string): string {
  const name = word.split("=")[0] ?? "";
  return name.length > 40 ? `of ${word.length} characters` : name;
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
