/**
 * Reads a program's arguments by a description of its options and operands.
 *
 * A description is text: options, `;`, operands. Options are `-abc` (flags), `-n:` (one with a
 * value), `--all`, `--lines:`, `--color=` (a value only behind `=`), `-#` (a number: `-20`), `-*`
 * (any other option is harmless too), and `+` (the first operand ends the options, as of programs
 * that run another). The sign behind an option says what its value is:
 * `:` text, `<` a file that is read, `>` a file that is written, `@` a directory to work in, `!` a
 * command line that is run, `?` code or a way to it (with or without a value), `%` names of files
 * that are read out of a file and only measured, `&` the right to administer, `^` that it goes on
 * below its operands. Operands are `text`,
 * `read`, `write`, `write:detail` or `command`, one word for each, with `*` for any number, and
 * `read*=.` for what is read when there is none.
 *
 * **Invariant:** an option that no description names is reported, never skipped: its meaning, and
 * that of the word behind it, is unknown.
 *
 * @module
 */
import type { Value } from "./words.ts";

export type Role =
  | "flag"
  | "text"
  | "read"
  | "write"
  | "directory"
  | "command"
  | "code"
  | "names"
  | "admin"
  | "deep";
type Described = { readonly role: Role; readonly value: "none" | "next" | "attached" };

export type Operand = {
  readonly role: "text" | "read" | "write" | "command";
  readonly detail: string | null;
};

export type Description = {
  readonly short: ReadonlyMap<string, Described>;
  readonly long: ReadonlyMap<string, Described>;
  readonly numbers: boolean;
  readonly anyOption: boolean;
  readonly stops: boolean;
  readonly operands: readonly Operand[];
  /** The last operand stands for all that follow. */
  readonly repeats: boolean;
  /** What stands for operands when there are none. */
  readonly otherwise: string | null;
};

export type Option = {
  /** With its dashes. */
  readonly name: string;
  readonly role: Role;
  readonly value: Value | null;
};

export type Arguments = {
  readonly options: readonly Option[];
  readonly operands: readonly Value[];
  /** Why the arguments cannot be relied on; null when they can. */
  readonly unclear: "unknown_option" | "unclear_argument" | "pattern_as_option" | null;
};

const signs: Readonly<Record<string, Role>> = {
  ":": "text",
  "=": "text",
  "<": "read",
  ">": "write",
  "@": "directory",
  "!": "command",
  "?": "code",
  "%": "names",
  "&": "admin",
  "^": "deep",
};

/** Parses a description; ours are constants, so a mistake in one throws. */
export function describe(text: string): Description {
  const [options = "", operands = ""] = text.split(";");
  const short = new Map<string, Described>();
  const long = new Map<string, Described>([
    ["--help", { role: "flag", value: "none" }],
    ["--version", { role: "flag", value: "none" }],
  ]);
  const given = options.split(" ").filter((word) => word !== "");
  const words = given.filter((word) => word !== "+");
  for (const word of words) {
    const sign = signs[word.at(-1) ?? ""];
    const name = sign === undefined ? word : word.slice(0, -1);
    const described: Described = sign === undefined
      ? { role: "flag", value: "none" }
      : { role: sign, value: valueOf(word) };
    if (name.startsWith("--")) long.set(name, described);
    else if (name !== "-#" && name !== "-*") {
      for (const letter of name.slice(1)) short.set(letter, described);
    }
  }
  const names = operands.split(" ").filter((word) => word !== "");
  const [last = "", otherwise = null] = (names.at(-1) ?? "").split("=");
  return {
    short,
    long,
    numbers: words.includes("-#"),
    anyOption: words.includes("-*"),
    stops: given.includes("+"),
    operands: names.map(operandOf),
    repeats: last.endsWith("*"),
    otherwise,
  };
}

function valueOf(word: string): Described["value"] {
  const sign = word.at(-1);
  if (sign === "^") return "none";
  if (sign === "=") return "attached";
  // Code and rights are what matters, with a value or without.
  return sign === "?" || sign === "%" || sign === "&" ? "attached" : "next";
}

function operandOf(word: string): Operand {
  const [name = "", detail = null] = word.replace(/\*?(=.*)?$/, "").split(":");
  switch (name) {
    case "text":
    case "read":
    case "write":
    case "command":
      return { role: name, detail };
    default:
      throw new Error(`No operand is "${name}"`);
  }
}

export function readArguments(
  description: Description,
  words: readonly Value[],
): Arguments {
  const options: Option[] = [];
  const operands: Value[] = [];
  let unclear: Arguments["unclear"] = null;
  const waiting = [...words];
  for (let word = waiting.shift(); word !== undefined; word = waiting.shift()) {
    const { text } = word;
    if (text === null) {
      unclear ??= "unclear_argument";
      operands.push(word);
    } else if (text === "--" && !word.pattern) {
      operands.push(...waiting);
      break;
    } else if (text === "-" || !text.startsWith("-") || word.tilde !== "none") {
      if (word.patternFirst && !harmless(description)) unclear ??= "pattern_as_option";
      operands.push(word);
    } else if (text.startsWith("--")) {
      if (!readLong(word, text, waiting)) unclear ??= "unknown_option";
    } else if (!(description.numbers && /^-\d+$/.test(text)) && !readShort(word, text, waiting)) {
      unclear ??= "unknown_option";
    }
    if (description.stops && operands.length > 0) {
      operands.push(...waiting);
      break;
    }
  }
  return { options, operands, unclear };

  function readLong(word: Value, text: string, rest: Value[]): boolean {
    const at = text.indexOf("=");
    const name = at < 0 ? text : text.slice(0, at);
    const found = description.long.get(name);
    if (found === undefined) return description.anyOption && !abbreviates(name);
    const attached = at < 0 ? null : { ...word, text: text.slice(at + 1), patternFirst: false };
    const value = attached ?? (found.value === "next" ? taken(rest) : null);
    options.push({ name, role: found.role, value });
    return attached === null || found.value !== "none";
  }

  /** GNU takes a long option by its beginning; which is harmless is known of whole ones. */
  function abbreviates(name: string): boolean {
    return [...description.long].some(([known, { role, value }]) => {
      return known.startsWith(name) && (role !== "flag" || value !== "none");
    });
  }

  function readShort(word: Value, text: string, rest: Value[]): boolean {
    for (let at = 1; at < text.length; at++) {
      const name = `-${text[at]}`;
      const found = description.short.get(text[at] ?? "");
      if (found === undefined) {
        if (!description.anyOption) return false;
        continue;
      }
      if (found.value === "none") {
        options.push({ name, role: found.role, value: null });
        continue;
      }
      const attached = text.slice(at + 1);
      const own = attached === "" ? null : { ...word, text: attached, patternFirst: false };
      const value = own ?? (found.value === "next" ? taken(rest) : null);
      options.push({ name, role: found.role, value });
      return true;
    }
    return true;
  }

  /** The word behind an option; of a word that becomes several, all but the first are operands. */
  function taken(rest: Value[]): Value | null {
    const value = rest.shift() ?? null;
    if (value?.several) operands.push(value);
    return value;
  }
}

/**
 * No option of it does more than its operands do. Of files that are named in one that is matched
 * (`wc *`, where one is called `--files0-from=x`) a size is told, or whether a hash matches.
 */
function harmless({ short, long }: Description): boolean {
  return [...short.values(), ...long.values()].every(({ role }) => {
    return /^(?:flag|text|read|names|deep)$/.test(role);
  });
}
