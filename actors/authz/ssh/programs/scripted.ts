/**
 * Programs with a language of their own. Scripts of sed and awk that only select and change text
 * are taken for what they are; everything else is code that nobody can judge.
 *
 * @module
 */
import type { Call } from "../draft.ts";
import type { Value } from "../words.ts";
import { argumentsOf, described, hasOption, optionValues, type Program } from "./arguments.ts";

const interpreters =
  ("python python2 python3 perl ruby node nodejs deno bun php lua luajit tclsh " +
    "expect Rscript java groovy scala guile racket ghci swift osascript pwsh zsh fish csh tcsh " +
    "dc bc gawk-ext m4 gdb strace ltrace ed ex vi vim nvim view nano pico emacs joe mcedit screen " +
    "tmux script at batch make docker podman kubectl").split(" ");
const databases = ("psql mysql mariadb sqlite3 mongosh mongo redis-cli sqlplus sqlcmd isql " +
  "clickhouse-client pg_dump pg_restore mysqldump").split(" ");

export const scripted: readonly (readonly [string, Program])[] = [
  ["sed", runSed],
  ["jq", runJq],
  ["awk", runAwk],
  ["gawk", runAwk],
  ["mawk", runAwk],
  ["nawk", runAwk],
  ...interpreters.map((name): [string, Program] => [name, interpret]),
  ...databases.map((name): [string, Program] => [name, query]),
];

function interpret(call: Call): void {
  const [only, ...others] = call.words;
  const asks = others.length === 0 && /^(--version|-V|--help)$/.test(only?.text ?? "");
  if (!asks) call.opaque("inline_code");
}

function query(call: Call): void {
  const [only, ...others] = call.words;
  if (others.length === 0 && /^(--version|-V|--help)$/.test(only?.text ?? "")) return;
  call.opaque("inline_code");
  const given = call.words.map(({ text }) => text);
  const at = given.findIndex((text) => text === "-h" || text === "--host");
  const host = at >= 0 ? given[at + 1] : given.find((text) => text?.startsWith("--host="));
  if (host !== undefined && host !== null) call.network(host.replace(/^--host=/, ""));
}

function runSed(call: Call): void {
  const given = argumentsOf(call, sedOptions());
  const own = optionValues(given, "-e", "--expression");
  const operands = [...given.operands];
  const scripts = own.length > 0 || hasOption(given, "-f", "--file") ? own : operands.splice(0, 1);
  if (!scripts.every((script) => isPlainValue(script, isPlainSed))) call.opaque("inline_code");
  const inPlace = hasOption(given, "-i", "--in-place");
  const [suffix] = optionValues(given, "-i", "--in-place");
  // A suffix with `/` or `*` names a file elsewhere.
  if (/[/*]/.test(suffix?.text ?? "")) call.opaque("unclear_path");
  for (const operand of operands) {
    if (operand.text === "-") continue;
    call.read(operand);
    if (!inPlace) continue;
    call.write(operand, "replace");
    if (suffix !== undefined && operand.text !== null) {
      call.write({ ...operand, text: operand.text + suffix.text }, "create");
    }
  }
}
const sedOptions = described(
  "-nErsuz -i= -e: -f? -l: --quiet --silent --regexp-extended --in-place= --expression: --file? " +
    "--separate --null-data --unbuffered --posix --line-length: --follow-symlinks ; text read*",
);

/** Code that is known and harmless; the names that match a pattern are code, too. */
function isPlainValue({ text, pattern }: Value, plainly: (code: string) => boolean): boolean {
  return text !== null && !pattern && plainly(text);
}

/** Only commands that neither run anything nor name a file; `w`, `r`, `e` and their like do. */
export function isPlainSed(script: string): boolean {
  let rest = script;
  for (let steps = 0; steps < 1000; steps++) {
    rest = rest.replace(/^[\s;{}]+/, "");
    if (rest === "") return true;
    const address = takeAddress(rest);
    if (address === null) return false;
    rest = address;
    const [command = ""] = rest;
    rest = rest.slice(1);
    // A block; its commands are looked at one by one.
    if (command === "{") continue;
    if ("pPdDgGhHnNxqQ=l#".includes(command)) {
      if (command === "#") {
        rest = rest.slice(rest.indexOf("\n") < 0 ? rest.length : rest.indexOf("\n"));
      }
      const end = /^\s*\d*\s*(?=[;}\n]|$)/.exec(rest);
      if (end === null) return false;
      rest = rest.slice(end[0].length);
    } else if (command === "s" || command === "y") {
      const after = takeSubstitution(rest);
      if (after === null) return false;
      rest = after;
    } else return false;
  }
  return false;
}

function takeAddress(text: string): string | null {
  const one = /^(\d+(~\d+)?|\$|\/(?:\\.|[^/\\\n[]|\[\]?[^\]\n]*\])*\/[IM]*)/;
  let rest = text;
  const first = one.exec(rest);
  if (first !== null) {
    rest = rest.slice(first[0].length).trimStart();
    if (rest.startsWith(",")) {
      rest = rest.slice(1).trimStart();
      const second = /^[+~]\d+/.exec(rest) ?? one.exec(rest);
      if (second === null) return null;
      rest = rest.slice(second[0].length).trimStart();
    }
  }
  return rest.replace(/^[!\s]*/, "");
}

/** Behind the command: delimiter, two parts, flags. `e` and `w` are flags that do more. */
function takeSubstitution(text: string): string | null {
  const [delimiter] = text;
  if (delimiter === undefined || /[\\\n\sA-Za-z0-9;]/.test(delimiter)) return null;
  let at = 1;
  for (let part = 0; part < 2; part++) {
    // A delimiter inside brackets does not end the part in some implementations: leave those out.
    while (at < text.length && text[at] !== delimiter) {
      if (text[at] === "[" && part === 0) {
        const close = text.indexOf("]", at + 2);
        if (close < 0 || text.slice(at, close).includes(delimiter)) return null;
        at = close;
      }
      at += text[at] === "\\" ? 2 : 1;
    }
    if (at >= text.length) return null;
    at += 1;
  }
  const flags = /^[gpiIM0-9]*\s*(?=[;}\n]|$)/.exec(text.slice(at));
  return flags === null ? null : text.slice(at + flags[0].length);
}

function runAwk(call: Call): void {
  const given = argumentsOf(call, awkOptions());
  const [program, ...files] = given.operands;
  if (program !== undefined && !isPlainValue(program, isPlainAwk)) call.opaque("inline_code");
  for (const file of files) {
    if (file.text === "-" || /^[A-Za-z_]\w*=/.test(file.text ?? "")) continue;
    // gawk connects to where such a name says.
    if (file.text?.startsWith("/inet")) call.network(null);
    call.read(file);
  }
}
const awkOptions = described(
  "+ -F: -v: -f? --field-separator: --assign: --file? --posix --re-interval ; text read*",
);

/**
 * No pipe, no redirection, no getline, no system(), no indirect call, no extension, and none of the
 * variables by which a program names files to read.
 */
export function isPlainAwk(program: string): boolean {
  const text = program.replaceAll("||", " ");
  if (/[|@`]|system|getline|close|fflush|include|load|extension/.test(text)) return false;
  if (/ENVIRON|ARGV|ARGC|SYMTAB|FUNCTAB|PROCINFO/.test(text)) return false;
  return !/print.*>/s.test(text);
}

/** A filter that brings in no module, and files that it is put to. */
function runJq(call: Call): void {
  const { operands } = argumentsOf(call, jqOptions());
  const [filter, ...files] = operands;
  const plainly = (text: string) => !/import|include/.test(text);
  if (filter !== undefined && !isPlainValue(filter, plainly)) call.opaque("inline_code");
  for (const file of files) if (file.text !== "-") call.read(file);
}
const jqOptions = described(
  "-cCnrajsSMeR --raw-output --raw-input --compact-output --slurp --sort-keys --null-input --tab " +
    "--indent: --exit-status --ascii-output --color-output --monochrome-output --join-output " +
    "--stream --seq --unbuffered -L? -f? --from-file? --args? --jsonargs? --arg? --argjson? " +
    "--slurpfile? --rawfile? --run-tests? ; text read*",
);
