/** The shell's own commands. @module */
import type { Call } from "../draft.ts";
import { isHarmlessExport, isHarmlessVariable } from "../scope.ts";
import { plain, type Value } from "../words.ts";
import { argumentsOf, described, type Program, runText, runWords } from "./arguments.ts";

const cdOptions = described("-LPe@ ; text");
const commandOptions = described("+ -pvV ; text*");
const declareOptions = described("-raAglutp ; text*");
const readOptions = described("-ersE -a: -d: -i: -n: -N: -p: -t: -u: ; text*");
const mapfileOptions = described("-t -d: -n: -O: -s: -u: -C? -c: ; text");

export const builtins: readonly (readonly [string, Program])[] = [
  ["cd", changeDirectory],
  ["pushd", changeDirectory],
  ["popd", () => {}],
  ["command", runCommand],
  ["builtin", (call) => runWords(call, call.words)],
  ["exec", runExec],
  ["eval", runEval],
  ["source", (call) => runFile(call)],
  [".", (call) => runFile(call)],
  ["trap", setTrap],
  ["export", (call) => nameAll(call, isHarmlessExport, /^-[np]$/)],
  ["unset", (call) => nameAll(call, isHarmlessVariable, /^-[vn]$/)],
  ...["declare", "typeset", "local", "readonly"].map((name): [string, Program] => [name, declare]),
  ["set", setOptions],
  ["shopt", setShellOptions],
  ["read", (call) => readInto(call, readOptions)],
  ["mapfile", (call) => readInto(call, mapfileOptions)],
  ["readarray", (call) => readInto(call, mapfileOptions)],
  ["getopts", (call) => nameAll(call, isHarmlessVariable, /^$/)],
  ["test", test],
  ["[", test],
  ["printf", print],
  ["wait", (call) => nameAll(call, isHarmlessVariable, /^(-[nf]|%?\d+)$/)],
  ["history", (call) => call.words.length > 0 && call.opaque("shell_setting")],
  ["unalias", () => {}],
  // `jobs -x` runs a command.
  [
    "jobs",
    (call) =>
      call.words.some(({ text }) => !/^-[lnprs]+$/.test(text ?? "")) &&
      call.opaque("shell_setting"),
  ],
  ...["alias", "let", "hash", "enable", "bind", "complete", "compgen", "compopt", "fc", "suspend"]
    .map((name): [string, Program] => [name, (call) => call.opaque("shell_setting")]),
];

function changeDirectory(call: Call): void {
  const { operands } = argumentsOf(call, cdOptions());
  const [value] = operands;
  if (value === undefined) return call.draft.enter({ ...plain("~"), tilde: "home" });
  // The way back leads to where the shell was before.
  if (value.text === "-" || /^[+-]\d+$/.test(value.text ?? "")) return;
  call.draft.enter(value);
}

function runCommand(call: Call): void {
  const given = argumentsOf(call, commandOptions());
  if (given.options.some(({ name }) => name === "-v" || name === "-V")) return;
  runWords(call, given.operands);
}

const execOptions = described("+ -cl -a: ; text*");

function runExec(call: Call): void {
  runWords(call, argumentsOf(call, execOptions()).operands);
}

/** Judged by what it says where that is known; policy decides about eval by itself as well. */
function runEval(call: Call): void {
  call.opaque("eval");
  const texts = call.words.map(({ text }) => text);
  if (texts.every((text) => text !== null)) call.draft.walk.script(call.draft, texts.join(" "));
}

function runFile(call: Call): void {
  call.opaque("script");
  const [file] = call.words;
  if (file !== undefined) call.read(file);
}

function setTrap(call: Call): void {
  const [first, ...others] = call.words;
  if (first === undefined || /^(-[lp]|-|--)?$/.test(first.text ?? "x") && others.length < 2) return;
  const code = first.text === "--" ? others[0] : first;
  // It runs later, wherever the shell is then.
  if (typeof code?.text === "string") call.draft.traps.set(code.text, call.draft.directories);
  runText(call, code ?? null, call.draft.shell);
}

/** Arguments that are names of variables, and options that `options` takes. */
function nameAll(
  call: Call,
  harmless: (name: string, value: string | null) => boolean,
  options: RegExp,
): void {
  for (const { text } of call.words) {
    if (text === null) call.opaque("unclear_argument");
    else if (options.test(text)) continue;
    else {
      const [, name, value] = /^([A-Za-z_]\w*)(?:=(.*)|\+=.*)?$/s.exec(text) ?? [];
      if (call.command === "getopts" && name === undefined) continue;
      if (name === undefined || !harmless(name, value ?? null)) call.opaque("environment");
    }
  }
}

function declare(call: Call): void {
  const { operands } = argumentsOf(call, declareOptions());
  for (const { text } of operands) {
    const [, name, value] = /^([A-Za-z_]\w*)(?:=(.*)|\+=.*)?$/s.exec(text ?? "") ?? [];
    // The value of an assignment may be unknown; the walk has judged its name.
    if (text !== null && (name === undefined || !isHarmlessVariable(name, value))) {
      call.opaque("environment");
    }
  }
}

function setOptions(call: Call): void {
  let named = false;
  for (const { text, several } of call.words) {
    if (text === "--") return;
    if (text === null || several) return call.opaque("unclear_argument");
    if (named ? harmlessOptions.test(text) : /^[-+]([eufCbhmnvxBE]*o?)$/.test(text)) {
      named = text.endsWith("o") && !named;
    } else if (/^[-+]/.test(text) || named) return call.opaque("shell_setting");
  }
}

/** Of `set -o`: those under which a line does what it says. */
export const harmlessOptions =
  /^(pipefail|errexit|nounset|noclobber|noglob|xtrace|verbose|posix|monitor)$/;
/** Of `shopt`; others make patterns match other names, or words mean something else. */
export const harmlessShopts = /^(nullglob|failglob|extglob|globstar|nocasematch|inherit_errexit)$/;

function setShellOptions(call: Call): void {
  const known = ({ text }: Value) => {
    return text !== null && (/^-[supqo]$/.test(text) || harmlessShopts.test(text));
  };
  if (!call.words.every(known)) call.opaque("shell_setting");
}

function readInto(call: Call, description: ReturnType<typeof described>): void {
  const { operands, options } = argumentsOf(call, description());
  const arrays = options.flatMap(({ name, value }) => name === "-a" && value ? [value] : []);
  for (const { text } of [...operands, ...arrays]) {
    if (text === null || !isHarmlessVariable(text)) call.opaque("environment");
  }
}

const binary = /^(=|==|!=|<|>|-eq|-ne|-lt|-le|-gt|-ge|-nt|-ot|-ef|-a|-o)$/;
const unary = /^(-[a-hknoprstuwxzGLNOS]|!)$/;

/** `-v` looks a variable up by a name that may run code; an unknown word might be it. */
function test(call: Call): void {
  const words = call.words.filter(({ text }) => text !== "]");
  if (words.some(({ text }) => text === "-v" || text === "-R")) return call.opaque("arithmetic");
  if (words.some(({ several }) => several)) return call.opaque("several_words");
  if (!words.some(({ text, pattern }) => text === null || pattern)) return;
  const at = (index: number) => words[index]?.text ?? "";
  const sure = words.length === 1 || words.length === 3 && binary.test(at(1)) ||
    words.length === 2 && unary.test(at(0)) ||
    words.length === 3 && at(0) === "!" && unary.test(at(1)) ||
    words.length === 4 && at(0) === "!" && binary.test(at(2));
  if (!sure) call.opaque("unclear_argument");
}

function print(call: Call): void {
  const [first, second] = call.words;
  if (first === undefined) return;
  // The first may be `-vNAME`: one word alone is then a mistake, two set the variable.
  const unclear = first.text === null || first.patternFirst;
  if (unclear && first.several) call.opaque("several_words");
  else if (unclear && call.words.length > 1) call.opaque("unclear_argument");
  if (first.text?.startsWith("-v")) {
    const name = first.text === "-v" ? second?.text ?? null : first.text.slice(2);
    if (name === null || !isHarmlessVariable(name)) call.opaque("environment");
  }
}
