/** @module */
import { match, ok, strictEqual, throws } from "node:assert/strict";
import { commonFlags, helpOf } from "./arguments.ts";
import { chooseVerb, overview } from "./choose.ts";
import { UsageError } from "./failure.ts";
import type { Verb } from "./verb.ts";

const names = ["sessions", "verify", "policy check", "policy explain"];
const verbs: readonly Verb[] = names.map((verb) => {
  return { grammar: { verb, summary: `does ${verb}`, flags: {} }, run: () => Promise.resolve(0) };
});
const choose = (...words: string[]) => {
  const chosen = chooseVerb(words, verbs);
  return chosen === null ? null : [chosen.verb.grammar.verb, ...chosen.rest].join("|");
};

Deno.test("chooseVerb() takes verbs of one word and of two", () => {
  strictEqual(choose("verify", "--json"), "verify|--json");
  strictEqual(choose("policy", "check", "x"), "policy check|x");
  strictEqual(choose("help", "policy", "explain"), "policy explain|--help");
  for (const word of ["help", "--help", "-h"]) strictEqual(choose(word), null);
});

const refused: readonly [readonly string[], RegExp, RegExp][] = [
  [[], /^name a verb$/, /--help/],
  [["verfy"], /^unknown verb "verfy" \(did you mean "verify"\?\)$/, /--help/],
  [["polcy", "check"], /did you mean "policy"/, /--help/],
  [["policy"], /^policy names no part$/, /check, explain/],
  [["policy", "--json"], /^policy names no part/, /check, explain/],
  [["policy", "chek"], /^policy has no such part \(did you mean "check"\?\)$/, /check, explain/],
  [["x".repeat(50)], /^unknown verb of 50 characters$/, /--help/],
];
for (const [words, message, hint] of refused) {
  Deno.test(`chooseVerb() refuses ${JSON.stringify(words.join(" ").slice(0, 20))}`, () => {
    throws(() => chooseVerb(words, verbs), (error) => {
      ok(error instanceof UsageError);
      match(error.message, message);
      match(error.hint ?? "", hint);
      return true;
    });
  });
}

Deno.test("overview() lists every verb with what it does", () => {
  const text = overview(verbs, commonFlags);
  for (const { grammar } of verbs) {
    ok(text.includes(`  ${grammar.verb.padEnd(14)}  ${grammar.summary}\n`), grammar.verb);
    ok(helpOf(grammar).includes("--json"));
  }
});
