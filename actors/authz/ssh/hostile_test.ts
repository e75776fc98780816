/** Command lines and paths that nobody means well: nothing throws, nothing runs away. */
import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { normalisePath, otherHome, withoutReturns } from "./path.ts";
import { isPlainAwk, isPlainSed } from "./programs/scripted.ts";
import { analyseCommandLine } from "./shell.ts";

const surroundings = { home: "/srv/lab", terminal: true, shell: "bash" } as const;

function interprets(line: string): boolean {
  const found = analyseCommandLine(line, surroundings);
  return found === null || found.some(({ effects }) => effects.includes("interpret"));
}

Deno.test("analyseCommandLine() takes any text, and says something of it", () => {
  const pieces = fc.constantFrom(
    ..."' \" ` $ ( ) { } [ ] < > | & ; \\ \n # ! ~ * ? = -".split(" "),
    ..."$( ${ $(( )) [[ ]] (( <<E <<< >( <( && || ;; |& &> 2>&1 {a,b} {1..9} $'\\x41' a b/c".split(
      " ",
    ),
    ..."if then fi for in do done while case esac function select time coproc f() cat rm".split(
      " ",
    ),
    ..."sh -c eval xargs find -exec sudo env -S sed awk tar --to-command= curl ssh \u202e é 😀 \0"
      .split(" "),
  );
  const line = fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(" "));
  const tight = fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(line, tight, fc.string(), fc.string({ unit: "binary" })), (text) => {
      const found = analyseCommandLine(text, surroundings);
      ok(found === null || found.length > 0);
      for (const { effects } of found ?? []) ok(effects.length > 0);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("what is nested or long beyond the limits is not judged, and takes no time", () => {
  const lines = [
    "$(".repeat(5000),
    "{".repeat(5000),
    "(".repeat(100_000),
    `${"(".repeat(200)}ls${")".repeat(200)}`,
    "a;".repeat(60_000),
    `cat ${"a ".repeat(5000)}`,
    `cat ${"{a,b}".repeat(40)}`,
    `for a in ${"x ".repeat(32)}; do `.repeat(4) + "ls;" + " done;".repeat(4),
    `sh -c ${"'sh -c ".repeat(20)}`,
    "env ".repeat(30) + "ls",
    "x".repeat(200_000),
    "$((".repeat(3000),
    '"$('.repeat(20_000),
    `echo ${'"$('.repeat(60)}${')"'.repeat(60)}`,
    `echo "${"${a:-".repeat(300)}`,
  ];
  for (const line of lines) ok(interprets(line), line.slice(0, 20));
});

Deno.test("normalisePath() gives one place, never one that climbs", () => {
  const names = fc.constantFrom(
    "",
    ".",
    "..",
    "a",
    "home",
    "lab",
    "~",
    "x y",
    "\0",
    "proc",
    "self",
  );
  const text = fc.array(names, { maxLength: 8 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(text, fc.boolean(), fc.constantFrom("/", "~", "/srv"), (path, abs, base) => {
      for (const home of [null, "/srv/lab"]) {
        const found = normalisePath(abs ? `/${path}` : path, base, home);
        if (found === null) continue;
        ok(/^(\/|~)/.test(found) && !found.includes("\0"), found);
        const parts = found.split("/").slice(1);
        if (found !== "/") ok(parts.every((part) => part !== "" && part !== "." && part !== ".."));
        if (home !== null) ok(found !== home && !found.startsWith(`${home}/`), found);
        // Said again, it stays.
        const again = found.startsWith("~") ? found.slice(2) || "." : found;
        strictEqual(normalisePath(again, "~", home), found);
      }
    }),
    { numRuns: 2000 },
  );
  strictEqual(normalisePath("x".repeat(5000), "~", null), null);
  strictEqual(normalisePath("../x", "~", null), null, "above a home nobody knows");
  strictEqual(normalisePath("../x", "~", "/srv/lab"), "/srv/x");
  strictEqual(normalisePath("a/..", "~", "/srv/lab"), null);
  strictEqual(normalisePath("../lab/x", "~", "/srv/lab"), "~/x");
  strictEqual(otherHome("root", "../x"), null);
});

Deno.test("withoutReturns() takes back what it can, and no more", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["a/../b", "b"],
    ["/a//./.././b/", "/b"],
    ["/../..", "/"],
    ["a/../../b", "../b"],
    ["..", ".."],
    ["a/..", "."],
    ["", ""],
  ];
  for (const [text, expected] of cases) strictEqual(withoutReturns(text), expected, text);
});

Deno.test("sed and awk are plain only where they neither run nor name anything", () => {
  const sed = ["p", "1,5p", "$!d", "/a\\/b/,+2d", "s/a/b/g;s|x|y|", "/[/]/d", "y/a/b/", "1~2{p;d}"];
  for (const script of sed) ok(isPlainSed(script), script);
  const odd = [
    "e",
    "1e id",
    "s/a/b/e",
    "s/a/b/ge",
    "s/a/b/w x",
    "w x",
    "r /etc/shadow",
    "R x",
    "a\\x",
  ];
  for (
    const script of [...odd, "s/a/id/;e", "{e}", "s,a,b,e", "s/[/]/b/e", "b;e id", "s/a\nb/c/e"]
  ) {
    ok(!isPlainSed(script), script);
  }
  for (const program of ["{print $1}", "$3 > 5 || $1 ~ /x/", "END{print NR}"]) {
    ok(isPlainAwk(program), program);
  }
  const bad = [
    '{print > "x"}',
    '{print | "sh"}',
    'BEGIN{system("id")}',
    '{"id" | getline}',
    "@f()",
  ];
  for (
    const program of [
      ...bad,
      '{printf "%s" >> "x"}',
      'BEGIN{ARGV[1]="x"}',
      '{print \\\n> "x"}',
      'BEGIN { while (("id") | getline) x }',
    ]
  ) {
    ok(!isPlainAwk(program), program);
  }
});
