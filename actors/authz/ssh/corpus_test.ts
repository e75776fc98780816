/**
 * Command lines and what they do, one by one: corpus.txt is the reference, read by people.
 *
 * A line `$ …` is a command line, `$$ …` one in JSON; the lines below it are what is found, a
 * program or a file each: name, effects, details, path or host. The home directory is /srv/lab.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import corpus from "./corpus.txt" with { type: "text" };
import { analyseCommandLine } from "./shell.ts";
import { corpusText } from "./testing.ts";

const surroundings = { home: "/srv/lab", terminal: false, shell: "bash" } as const;

Deno.test("every command line of the corpus does what the corpus says", () => {
  const cases = corpus.split("\n\n").map((block) => block.trimEnd()).filter((block) =>
    block !== ""
  );
  ok(cases.length >= 490, "the corpus is whole");
  for (const block of cases) {
    const [head = "", ...expected] = block.split("\n");
    const line = head.startsWith("$$ ") ? JSON.parse(head.slice(3)) : head.slice(2);
    deepStrictEqual(corpusText(analyseCommandLine(line, surroundings)), expected, head);
  }
});

Deno.test("what only Bash reads as it is meant is not judged for another login shell", () => {
  for (const line of ["[[ x || tee<reports/a ]]", "echo $'\\' ; reboot ; '"]) {
    const inBash = corpusText(analyseCommandLine(line, surroundings)).join("\n");
    const elsewhere = corpusText(analyseCommandLine(line, { ...surroundings, shell: "posix" }));
    ok(!inBash.includes("interpret"));
    ok(elsewhere.includes("  - interpret (bash_only)"), elsewhere.join("\n"));
  }
});
