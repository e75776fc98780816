/**
 * Scripts as Bash and dash really run them, against what authz says they may do: every program that
 * ran must have been named with its arguments, or the script must have been called opaque.
 */
import { ok } from "node:assert/strict";
import fc from "fast-check";
import { analyseCommandLine } from "#actors/authz/ssh/shell.ts";

const scripts = 700;
/** Programs that only write down that they ran. */
const stubs = ["cat", "ls", "rm", "grep", "head"];

const logging = `#!/bin/sh
line=\${0##*/} mark=$(printf '\\037')
for word in "$@"; do line=$line$mark$word; done
# One write: programs of a pipeline note themselves at the same time.
printf '%s\\n' "$line" >> "$RAN"
`;

Deno.test("whatever a shell runs was named, or the script was opaque", async (test) => {
  const folder = await Deno.makeTempDir({ prefix: "sallyport-programs-" });
  try {
    await Deno.mkdir(`${folder}/bin`);
    for (const name of stubs) {
      await Deno.writeTextFile(`${folder}/bin/${name}`, logging, { mode: 0o755 });
    }
    await test.step("bash", async () => await compare("/bin/bash", "bash", folder));
    await test.step("dash", async () => await compare("/bin/dash", "posix", folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function compare(
  shell: string,
  grammar: "bash" | "posix",
  folder: string,
): Promise<void> {
  let compared = 0;
  for (const text of fc.sample(script, { seed: 3, numRuns: scripts })) {
    // Braces are Bash's own; dash takes them for text, which names no other program.
    if (grammar === "posix" && text.includes("{h")) continue;
    const found = analyseCommandLine(text, { home: null, terminal: false, shell: grammar });
    if (found === null || found.some(({ effects }) => effects.includes("interpret"))) continue;
    const named = new Set(found.map(({ command, access }) => {
      return [command, ...access?.arguments ?? []].join("\x1f");
    }));
    for (const ran of await programsRun(shell, text, folder)) {
      compared += 1;
      ok(named.has(ran), `${shell} ran ${JSON.stringify(ran)} in ${JSON.stringify(text)}`);
    }
  }
  ok(compared > scripts / 8, `only ${compared} programs were compared`);
}

async function programsRun(shell: string, text: string, folder: string): Promise<string[]> {
  const work = await Deno.makeTempDir({ dir: folder });
  // What ran in the background may write later: a log for each script.
  const log = `${work}.ran`;
  await Deno.writeTextFile(log, "");
  await new Deno.Command(shell, {
    args: ["-c", text],
    cwd: work,
    env: { PATH: `${folder}/bin`, RAN: log, HOME: work, LC_ALL: "C.UTF-8", y: "n/n" },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
    signal: AbortSignal.timeout(5000),
  }).output();
  await Deno.remove(work, { recursive: true });
  const ran = await Deno.readTextFile(log);
  // Pipes of substitutions are numbered downwards.
  return ran.replaceAll(/\/dev\/fd\/\d+/g, "/dev/fd/63").split("\n").filter((line) => line !== "");
}

/** Ways to set a variable, some of which do not name it as a word of its own. */
const setting = fc.constantFrom(
  "x=k",
  "x+=k",
  "printf -v x k",
  "printf -vx k",
  "{printf,-vx,k}",
  "read x <<< k",
  "read -ax <<< k",
  ": ${x:=k}",
  "unset x",
  "export x=k",
  "select x in k; do :; done <<< 1",
  "getopts a x -a",
  "ls k",
  "cd ..",
  "LC_ALL=C",
);

/** A command in an expansion of a variable, quoted and not. */
const expansion = fc.tuple(
  fc.constantFrom("${x:-", "${x=", "${y#", "${y/", "${y//", "${y/n/", "${y:0:", "${x:+", "${y%%"),
  fc.constantFrom("", "'", '"'),
  fc.constantFrom("", '"'),
).map(([opens, inside, around]) => (command: string) => {
  return `${around}${opens}${inside}$(${command})${inside}}${around}`;
});

/** Commands in every construct of the shell, with pieces in between that may break it. */
const { script } = fc.letrec<{ script: string; command: string; word: string }>((tie) => ({
  word: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom("a", "'b c'", '"d"', "e\\ f", "$'g'", "-1", "x#y", "{h,i}", "$x", '"$x"', "#z"),
    tie("command").map((inner) => `$(${inner})`),
    tie("command").map((inner) => `"\`${inner.replaceAll(/[\\`"$]/g, "")}\`"`),
    tie("command").map((inner) => `<(${inner})`),
    fc.tuple(expansion, tie("command")).map(([around, inner]) => around(inner)),
  ),
  command: fc.tuple(
    fc.constantFrom(...stubs, "echo", "x=j", "\\cat", "'r'm", "command ls", "eval cat", "! ls"),
    fc.array(tie("word"), { maxLength: 3 }),
    fc.constantFrom(
      "",
      "",
      "",
      " > out",
      " 2>&1",
      " <<< k",
      " < /dev/null",
      " &",
      " # l",
      " |& head",
      " &> out head",
    ),
  ).map(([name, words, end]) => [name, ...words].join(" ") + end),
  script: fc.oneof(
    { depthSize: "small" },
    tie("command"),
    fc.tuple(tie("script"), noise(), tie("script")).map((parts) => parts.join("")),
    tie("script").map((inner) => `( ${inner}\n)`),
    tie("script").map((inner) => `{ ${inner}\n}`),
    tie("script").map((inner) => `if true; then ${inner}\nelse ls\nfi`),
    tie("script").map((inner) => `for x in 1 2; do ${inner}\ndone`),
    tie("script").map((inner) => `while ${inner}\nfalse; do rm\ndone`),
    tie("script").map((inner) => `case a in a) ${inner}\n;; *) rm -r ;; esac`),
    tie("script").map((inner) => `f() { ${inner}\n}\nf m`),
    tie("script").map((inner) => `sh -c '${inner.replaceAll("'", "'\\''")}'`),
    tie("script").map((inner) => `cat <<E\n$(${inner}\n)\nE\n`),
    tie("script").map((inner) => `cat <<'E'\n${inner}\nE\n`),
    fc.tuple(expansion, tie("command")).map(([around, inner]) => `cat <<E\n${around(inner)}\nE\n`),
    tie("script").map((inner) => `x=$(${inner}\n)\ncat "$x"`),
    fc.tuple(setting, fc.constantFrom(...stubs)).map(([set, name]) => {
      return `x=j\n_=j\nPWD=j\n${set}\n${name} $x\n${name} "$_" "$PWD"`;
    }),
  ),
}));

function noise(): fc.Arbitrary<string> {
  return fc.constantFrom(
    "\n",
    "; ",
    " && ",
    " || ",
    " | ",
    " & ",
    " \\\n",
    "\t",
    " || [[ l || ls ]]\n",
    " $'\\' ; ls ; '\n",
    "'",
    '"',
    "`",
    "\\",
  );
}
