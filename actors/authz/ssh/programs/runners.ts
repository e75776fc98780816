/**
 * Programs that run others: with another user's rights, later, many times, by name or as text.
 *
 * @module
 */
import type { Call } from "../draft.ts";
import { isHarmlessExport } from "../scope.ts";
import { harmlessOptions, harmlessShopts } from "./builtins.ts";
import { plain, unknown, type Value } from "../words.ts";
import {
  argumentsOf,
  described,
  hasOption,
  optionValues,
  type Program,
  runText,
  runWords,
} from "./arguments.ts";

/** Runs what stands behind its options and `skip` operands. */
function wrapper(options: string, skip = 0): Program {
  const description = described(`+ ${options} ; text*`);
  return (call) => {
    const { operands } = argumentsOf(call, description());
    if (operands.slice(0, skip).some(({ several }) => several)) call.opaque("several_words");
    runWords(call, operands.slice(skip));
  };
}

export const runners: readonly (readonly [string, Program])[] = [
  ["env", runEnvironment],
  ["sudo", runAsRoot],
  ["doas", runAsRoot],
  ["pkexec", runAsRoot],
  ["su", switchUser],
  ["runuser", switchUser],
  ["nohup", wrapper("")],
  ["timeout", wrapper("-s: -k: -v --signal: --kill-after: --preserve-status --foreground", 1)],
  ["nice", wrapper("-# -n: --adjustment:")],
  ["ionice", wrapper("-t -c: -n: -p& --class: --classdata: --ignore")],
  ["stdbuf", wrapper("-i: -o: -e: --input: --output: --error:")],
  ["setsid", wrapper("-cfw --ctty --fork --wait")],
  ["time", wrapper("-pvaq -f: -o> --format: --output> --portability --verbose --append")],
  ["chronic", wrapper("-ve")],
  ["busybox", (call) => runWords(call, call.words)],
  ["flock", lock],
  ["watch", watch],
  ["xargs", runMany],
  ["find", find],
  ...["sh", "bash", "dash", "ash", "ksh", "rbash"]
    .map((name): [string, Program] => [name, runShell]),
];

function runEnvironment(call: Call): void {
  const { operands } = argumentsOf(call, environmentOptions());
  const words = [...operands];
  for (let [word] = words; word?.text?.includes("="); [word] = words) {
    const [name = "", ...value] = word.text.split("=");
    if (!isHarmlessExport(name, value.join("="))) call.opaque("environment");
    words.shift();
  }
  // A word that is not known may be an assignment as well.
  if (words[0]?.text === null) return call.opaque("unknown_program");
  runWords(call, words);
}
const environmentOptions = described(
  "+ -i0v -u: -C@ -S? --ignore-environment --null --unset: --chdir@ --split-string? --debug ; text*",
);

function runAsRoot(call: Call): void {
  call.mark("administer", "as_other_user");
  const given = argumentsOf(call, rootOptions());
  const words = [...given.operands];
  for (let [word] = words; word?.text?.includes("="); [word] = words) {
    call.opaque("environment");
    words.shift();
  }
  const asks = hasOption(given, "-l", "-v", "-k", "-K", "-V", "--list", "--validate");
  if (words.length === 0 && !asks) return call.opaque("stdin_code");
  if (hasOption(given, "-e", "--edit")) return call.opaque("editor");
  runWords(call, words);
}
const rootOptions = described(
  "+ -AbEeHiKklnPSsVvB -u: -g: -p: -C: -h: -r: -t: -T: -U: -D@ -R: --user: --group: --login --shell " +
    "--non-interactive --stdin --list --validate --edit --set-home --preserve-env= --chdir@ ; text*",
);

function switchUser(call: Call): void {
  call.mark("administer", "as_other_user");
  const given = argumentsOf(call, userOptions());
  const [text] = optionValues(given, "-c", "--command", "--session-command");
  const [first, ...others] = given.operands;
  if (text !== undefined) runText(call, text, "posix");
  else if (call.command === "runuser" && hasOption(given, "-u", "--user") && first !== undefined) {
    runWords(call, [first, ...others]);
  } else call.opaque("stdin_code");
}
const userOptions = described(
  "-lmpfP -c: -g: -G: -s? -u: -w: --command: --session-command: --login --group: --shell? --user: " +
    "--preserve-environment --pty ; text*",
);

function lock(call: Call): void {
  const given = argumentsOf(call, lockOptions());
  const [file, ...words] = given.operands;
  if (file?.several) call.opaque("several_words");
  if (file !== undefined && !/^\d+$/.test(file.text ?? "x")) call.write(file, "lock");
  const [flag, text] = words;
  if (flag?.text === "-c" || flag?.text === "--command") runText(call, text ?? null, "posix");
  else runWords(call, words);
}
const lockOptions = described(
  "+ -exsnuoFv -w: -E: --exclusive --shared --nonblock --unlock --wait: --timeout: --close ; text*",
);

function watch(call: Call): void {
  const given = argumentsOf(call, watchOptions());
  if (hasOption(given, "-x", "--exec")) return runWords(call, given.operands);
  const texts = given.operands.map(({ text }) => text);
  const text = texts.every((word) => word !== null) ? texts.join(" ") : null;
  runText(call, text === null ? unknown : plain(text), "posix");
}
const watchOptions = described(
  "+ -bcdegptwx -n: -q: --interval: --differences= --no-title --color --exec --errexit ; text*",
);

/** What it reads is appended, or put in place of the -I mark. */
function runMany(call: Call): void {
  const given = argumentsOf(call, manyOptions());
  const marks = given.options.filter(({ name }) => name === "-I" || name === "--replace");
  const words = given.operands.length === 0 ? [plain("echo")] : given.operands;
  const whole = hasOption(given, "-0", "--null") &&
    !hasOption(given, "-a", "--arg-file", "-d", "--delimiter", "-E");
  const names = whole ? call.names : null;
  const read = names ?? [unknown];
  if (marks.length === 0) return runWords(call, [...words, ...read]);
  const [mark, ...others] = marks.map(({ value }) => value === null ? "{}" : value.text);
  if (mark === undefined || mark === null || mark === "" || others.length > 0) {
    return call.opaque("unclear_argument");
  }
  runWords(
    call,
    words.flatMap((word) => {
      if (word.text === mark && !word.pattern) return read;
      return word.text?.includes(mark) ?? true ? [unknown] : [word];
    }),
  );
}
const manyOptions = described(
  "+ -0rtxpo -n: -L: -P: -I: -d: -a< -E: -s: --null --no-run-if-empty --max-args: --max-lines= " +
    "--max-procs: --replace= --delimiter: --arg-file< --verbose --exit --max-chars: ; text*",
);

function runShell(call: Call): void {
  const words = [...call.words];
  let text = false;
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word.text === null) return call.opaque("unclear_argument");
    if (word.several) return call.opaque("several_words");
    if (/^--(login|norc|noprofile|posix|verbose|restricted|noediting)$/.test(word.text)) continue;
    if (/^--(version|help)$/.test(word.text)) return;
    if (/^[-+][a-zA-Z]+$/.test(word.text)) {
      if (word.text.includes("s")) return call.opaque("stdin_code");
      text ||= word.text.startsWith("-") && word.text.includes("c");
      if (!/^.[cefilnruvxBCEhm]*[oO]?$/.test(word.text)) return call.opaque("shell_setting");
      const named = { o: harmlessOptions, O: harmlessShopts }[word.text.at(-1) ?? ""];
      if (named !== undefined && !named.test(words.shift()?.text ?? "")) {
        return call.opaque("shell_setting");
      }
      continue;
    }
    if (word.text === "--" || word.text === "-") {
      const next = words.shift();
      if (next === undefined) break;
      return runTextOrFile(call, next, text);
    }
    if (/^[-+]/.test(word.text)) return call.opaque("unknown_option");
    return runTextOrFile(call, word, text);
  }
  call.opaque(text ? "inline_code" : "stdin_code");
}

function runTextOrFile(call: Call, word: Value, text: boolean): void {
  if (text) return runText(call, word, /^r?bash$/.test(call.command) ? "bash" : "posix");
  call.opaque("script");
  call.read(word);
}

const findTests = new Set(
  ("-name -iname -path -ipath -wholename -iwholename -regex -iregex -type -xtype -size -mtime " +
    "-mmin -atime -amin -ctime -cmin -perm -user -group -uid -gid -maxdepth -mindepth -links " +
    "-inum -fstype -regextype -printf -used -lname -ilname -context -anewer -cnewer -newer " +
    "-samefile").split(" "),
);
const findWords = new Set(
  ("-print -print0 -ls -prune -quit -depth -d -xdev -mount -follow -empty -readable -writable " +
    "-executable -nouser -nogroup -true -false -not -a -o -and -or ! ( ) , -noleaf -daystart " +
    "-warn -nowarn -ignore_readdir_race").split(" "),
);

/** Starting points, then an expression. */
function find(call: Call): void {
  const words = [...call.words];
  while (/^-([HLP]|O\d)$/.test(words[0]?.text ?? "")) words.shift();
  const starts: Value[] = [];
  while (words.length > 0 && !/^([-(!,]|$)/.test(words[0]?.text ?? "")) {
    const start = words.shift();
    if (start !== undefined) starts.push(start);
  }
  if (words[0] !== undefined && words[0].text === null) {
    // An unknown word is a starting point or a whole expression.
    return call.opaque("unclear_argument");
  }
  if (starts.length === 0) starts.push(plain("."));
  // A name that a pattern stands for may be an expression.
  if (starts.some(({ patternFirst }) => patternFirst)) call.opaque("pattern_as_option");
  const deep = isDeep(words) ? ["recursive"] : [];
  for (const start of starts) call.read(start, "list", ...deep);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const text = word.text ?? "";
    if (findWords.has(text)) continue;
    if (findTests.has(text) || /^-newer[aBcmt]{2}$/.test(text)) {
      // Of the names that it stands for, the second is an expression, or whatever it looks like.
      const test = words.shift();
      if (test?.patternFirst && mayBeAction(test.text ?? "")) call.opaque("pattern_as_option");
      if (test !== undefined && compares.test(text)) call.read(test, "stat");
    } else if (text === "-exec" || text === "-ok") runFound(call, words, starts);
    else if (text === "-execdir" || text === "-okdir") {
      // Its relative paths begin where each file is.
      const before = call.draft.directories;
      call.draft.directories = new Set([null]);
      runFound(call, words, starts);
      call.draft.directories = before;
    } else if (text === "-delete") {
      for (const start of starts) call.write(start, "remove", "recursive");
    } else if (/^-(fprint|fprint0|fls|fprintf)$/.test(text)) {
      call.write(words.shift() ?? unknown, "truncate");
      if (text === "-fprintf") words.shift();
    } else call.opaque(word.text === null ? "unclear_argument" : "unknown_option");
  }
}

/** Tests against another file, of which they tell when it was changed or which it is. */
const compares = /^-(?:[ac]?newer|newer[aBcm]{2}|samefile)$/;

/** Actions are small letters, digits and dashes: `*.txt` matches none of them. */
function mayBeAction(pattern: string): boolean {
  return /[[(]/.test(pattern) || !/[^a-z0-9*?-]/.test(pattern);
}

/** Looks below the directories that it finds. */
function isDeep(words: readonly Value[]): boolean {
  const texts = words.map(({ text }) => text);
  const depths = texts.filter((_, at) => texts[at - 1] === "-maxdepth");
  return depths.length === 0 || !depths.every((depth) => depth === "0" || depth === "1");
}

/** `{}` stands for the starting points and whatever is below them. */
function runFound(call: Call, words: Value[], starts: readonly Value[]): void {
  const command: Value[] = [];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word.text === ";" || word.text === "+" && command.at(-1)?.text === "{}") break;
    command.push(word);
  }
  const found = starts.flatMap((start) => {
    if (start.text === null) return [unknown];
    // A name may not look like an option: it begins with its starting point.
    const text = `${start.text.replace(/\/$/, "")}/**`;
    return [start, { ...start, text, pattern: true, several: true }];
  });
  runWords(
    call,
    command.flatMap((word) => {
      if (word.text === "{}") return found;
      return word.text?.includes("{}") ? [unknown] : [word];
    }),
  );
}
