/**
 * Words as Bash and dash really read them, against what authz takes them for: whatever authz is
 * certain of must be what the shell passes on to the program.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { parse } from "unbash";
import { valuesOf } from "#actors/authz/ssh/words.ts";

const home = "/srv/lab";
const lines = 1200;

/** Pieces of words that bring quoting, expansion and blanks together. None runs more than echo. */
const pieces = [
  ..."a /x . .. - -- = : , + % @ ^ ~ ~/ ~/x ~root # ! é * ? [a] [!b] {a,b} {a,b{c,d}} {1..3} {a} {}"
    .split(" "),
  ...'{ } \' " \\ \\a \\\\ \\\' \\" \\$ \\~ \\* \'x\' \'$HOME\' \'a"b\' "q" "a\'b" "\\$" "\\a" "\\\\"'
    .split(" "),
  ..."$HOME ${HOME} \"$HOME\" \"${HOME}\" $'\\x41' $'\\n' $'\\'' $'\\u00e9' $'a\\tb' $'\\101' $ $$ $x"
    .split(" "),
  "$(echo z)",
  "`echo y`",
  '"$(echo z)"',
  " ",
  "' '",
  "\\ ",
  "\t",
  "\\\n",
  '" "',
];

Deno.test("what authz is certain of is what the shell passes on", async (test) => {
  const folder = await Deno.makeTempDir({ prefix: "sallyport-words-" });
  try {
    for (const shell of ["bash", "dash"]) {
      await test.step(shell, async () => await compare(shell, folder));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function compare(shell: string, folder: string): Promise<void> {
  const word = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 7 });
  let compared = 0;
  for (const parts of fc.sample(word, { seed: 20261121, numRuns: lines })) {
    const line = parts.join("");
    // Braces and $'…' are Bash's own; dash takes them for plain text, which names no other file.
    if (shell === "dash" && /[{}]|\$'/.test(line)) continue;
    const expected = certainWords(line);
    if (expected === null) continue;
    const found = await wordsIn(shell, line, folder);
    if (found === null) continue;
    compared += 1;
    deepStrictEqual(found, expected, `${shell}: ${JSON.stringify(line)}`);
  }
  ok(compared > lines / 10, `only ${compared} lines were compared`);
}

/** The arguments as authz has them; null where it is not certain of every one. */
function certainWords(line: string): string[] | null {
  if (/\S\\\n\S/.test(`args ${line}`)) return null;
  const script = parse(`args ${line}`);
  const [only, ...others] = script.commands;
  if (script.errors !== undefined || only === undefined || others.length > 0) return null;
  const { command } = only;
  if (command.type !== "Command" || command.name?.value !== "args") return null;
  if (only.background || command.redirects.length > 0) return null;
  const words: string[] = [];
  for (const argument of command.args) {
    if (argument.type !== "Word") return null;
    for (const { text, tilde, pattern } of valuesOf(argument, () => "untouched")) {
      if (text === null) return null;
      // A pattern that may match `..` is judged as unclear.
      if (pattern && /(^|\/)\.[^/]*[*?[]/.test(text)) return null;
      const [prefix = ""] = text.split("/");
      // Other people's homes, and ~+, are not known here; paths through them are judged as such.
      if (tilde !== "none" && prefix !== "~") return null;
      words.push(tilde === "none" ? text : home + text.slice(1));
    }
  }
  return words;
}

/** The arguments as the shell has them; null when it takes the line for no command. */
async function wordsIn(shell: string, line: string, cwd: string): Promise<string[] | null> {
  const code = `args() { for w in "$@"; do printf '%s\\0' "$w"; done; }\nargs ${line}`;
  const { code: status, stdout } = await new Deno.Command(shell, {
    args: ["-c", code],
    cwd,
    env: { HOME: home, LC_ALL: "C.UTF-8", PATH: "/usr/bin:/bin" },
    clearEnv: true,
    stdin: "null",
    stderr: "null",
  }).output();
  if (status !== 0) return null;
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}
