/**
 * What programs do with their arguments: by description where that says all, by code where not.
 *
 * **Invariant:** a program that is not listed here, or an option that its description does not
 * name, gives the effect `interpret`.
 *
 * @module
 */
import { unreachable } from "#schemas/unreachable.ts";
import type { Call, Draft } from "./draft.ts";
import {
  type Arguments,
  describe,
  type Description,
  type Operand,
  readArguments,
} from "./options.ts";
import { runText } from "./programs/arguments.ts";
import { filePrograms } from "./programs/files.ts";
import { gitPrograms } from "./programs/git.ts";
import { networkPrograms } from "./programs/network.ts";
import { builtins } from "./programs/builtins.ts";
import { descriptions } from "./programs/descriptions.ts";
import { remotePrograms } from "./programs/remote.ts";
import { runners } from "./programs/runners.ts";
import { scripted } from "./programs/scripted.ts";
import { plain, type Value } from "./words.ts";

/** Programs that need code of their own. */
const special: ReadonlyMap<string, (call: Call) => void> = new Map([
  ...builtins,
  ...filePrograms,
  ...gitPrograms,
  ...networkPrograms,
  ...remotePrograms,
  ...runners,
  ...scripted,
]);
const described = new Map<string, Description>();

export function isListed(name: string): boolean {
  return special.has(name) || descriptions.has(name);
}

/** Says what a program does. */
export function runProgram(call: Call): void {
  const plainly = interactive.get(call.command);
  if (plainly !== undefined && call.draft.surroundings.terminal) {
    if (!call.words.some(({ text }) => plainly.test(text ?? ""))) call.opaque("interactive");
  }
  if (numeric.has(call.command) && call.words.some(({ text }) => subscript.test(text ?? ""))) {
    call.opaque("arithmetic");
  }
  const own = special.get(call.command);
  if (own !== undefined) return own(call);
  const description = descriptionOf(call.command);
  if (description === null) return call.opaque("unlisted");
  apply(call, description, readArguments(description, call.words));
}

/** Builtins whose numbers ksh takes for expressions, in whose subscripts commands run. */
const numeric: ReadonlySet<string> = new Set(
  ["test", "[", "printf", "shift", "exit", "return", "break", "continue", "ulimit"],
);
const subscript = /\[[^\]]*(?:`|\$[({])/;

/** On a terminal they page what they print, or take commands; not with such an option. */
const interactive: ReadonlyMap<string, RegExp> = new Map([
  ["journalctl", /^--no-pager$/],
  ["systemctl", /^--no-pager$/],
  ["git", /^(--no-pager|-P)$/],
  ["top", /^-b/],
]);

/** The name that policy sees: of a program of the system bare, of any other with its path. */
export function commandName(name: Value, draft: Draft): string | null {
  if (name.text === null || name.text === "" || name.pattern) return null;
  if (!name.text.includes("/") && name.tilde === "none") return name.text;
  const system = systemProgram(name.text);
  if (system !== null && name.tilde === "none") return system;
  const paths = draft.pathsOf(name);
  return paths?.length === 1 ? paths[0] ?? null : null;
}

/** The bare name of a program in a directory that only administrators write to. */
function systemProgram(path: string): string | null {
  const [, name] = /^\/(?:usr\/)?(?:local\/)?s?bin\/([\w.+[-]+)$/.exec(path) ?? [];
  if (name !== undefined) return name;
  return path === "/usr/lib/openssh/sftp-server" ? "sftp-server" : null;
}

function descriptionOf(name: string): Description | null {
  const known = described.get(name);
  if (known !== undefined) return known;
  const text = descriptions.get(name);
  if (text === undefined) return null;
  const description = describe(text);
  described.set(name, description);
  return description;
}

/** Does what the description says. */
function apply(call: Call, description: Description, given: Arguments): void {
  // Whatever an unknown word is, a program that only prints does no more with it.
  const harmless = given.unclear === "unclear_argument" && isInert(description);
  if (isEncoded(call.command, given)) call.opaque("encoded");
  if (given.unclear !== null && !harmless) call.opaque(given.unclear);
  for (const { role, value } of given.options) {
    if (role === "flag" || role === "text" || role === "deep") continue;
    if (role === "code") call.opaque("inline_code");
    else if (role === "names") call.opaque("names_in_file");
    else if (role === "admin") call.mark("administer");
    else if (value === null) call.opaque("unknown_option");
    else if (role === "read" || role === "write") touch(call, role, value, null, []);
    else if (role === "directory") call.draft.enter(value);
    else if (role === "command") runText(call, value, "posix");
    else unreachable(role);
  }
  const { operands, repeats, otherwise } = description;
  const deep = isDeep(call.command, given) ? ["recursive"] : [];
  if (given.operands.length === 0 && otherwise !== null) {
    touch(call, "read", plain(otherwise), operands[0]?.detail ?? null, deep);
  }
  given.operands.forEach((value, at) => {
    const operand = operands[at] ?? (repeats ? operands.at(-1) : undefined);
    if (operand === undefined) return call.opaque("unknown_argument");
    if (value.several && mayMove(operands.slice(at))) call.opaque("several_words");
    const { role, detail } = operand;
    if (role === "command") runText(call, value, "posix");
    else if (role !== "text") touch(call, role, value, detail, deep);
  });
}

/** Where a word becomes several, some may come to stand where more is done with them. */
function mayMove([first, ...later]: readonly Operand[]): boolean {
  return later.some(({ role }) => role !== "text" && role !== first?.role);
}

/** Any option may be given and none does anything, and no operand is a file. */
function isInert({ anyOption, short, long, operands }: Description): boolean {
  const roles = [...short.values(), ...long.values()].map(({ role }) => role);
  return anyOption && roles.every((role) => role === "flag" || role === "text") &&
    operands.every(({ role }) => role === "text");
}

/** It writes what it reads as numbers or letters that no detector reads. */
function isEncoded(command: string, { options }: Arguments): boolean {
  const has = (names: readonly string[]) => options.some(({ name }) => names.includes(name));
  if (command === "cmp") return has(["-l", "-b", "--verbose", "--print-bytes"]);
  const decodes = encoders.get(command);
  return decodes !== undefined && !has(decodes);
}

/** Programs that encode, and their options with which they decode. */
const encoders: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["base64", ["-d", "--decode"]],
  ["base32", ["-d", "--decode"]],
  ["basenc", ["-d", "--decode"]],
  ["xxd", ["-r"]],
  ["od", []],
  ["hexdump", []],
  ["hd", []],
]);

/** It goes on below its operands. */
function isDeep(command: string, { options }: Arguments): boolean {
  if (command === "tree") return true;
  if (command !== "du") return options.some(({ role }) => role === "deep");
  return !options.some(({ name, value }) => {
    if (name === "-d" || name === "--max-depth") return /^[01]$/.test(value?.text ?? "");
    return name === "-s" || name === "--summarize";
  });
}

function touch(
  call: Call,
  role: "read" | "write",
  value: Value,
  detail: string | null,
  deep: readonly string[],
): void {
  // A lone dash is standard input or output.
  if (value.text === "-") return;
  const details = detail === null ? deep : [detail, ...deep];
  if (role === "read") call.read(value, ...details);
  else call.write(value, ...details);
}
