/** Which literals and parameters may keep a server busy before it looks names up. */
import { ok } from "node:assert/strict";
import { isReadLate, looksUpLate, mayReadLate } from "./late_names.ts";
import { analysisOf } from "./testing.ts";

const late: Readonly<Record<string, string>> = {
  "an array": "select '{1}'::slow[]",
  "a row": "select ' (1)'::slow_pair",
  "a range": "select '[1,2)'::slow_range",
  "in dollar quotes": "select $x$\n{1}$x$::slow[]",
};
const lateAnywhere: Readonly<Record<string, string>> = {
  "a regular expression of jsonpath": "select '$ ? (@ like_regex \"a\")'::jsonpath",
  "its word in two parts": "select 'lik' -- and\n\n 'e_REGEX'",
  "a part of a literal": "select ''\n '{1}'::slow[]",
  "an escape": "select E'lik\\145_regex'",
  "an escape of Unicode": "select U&'lik!0065_regex' uescape '!'",
  "what is long": `select ${"1 + ".repeat(20_000)} 1`,
};
const prompt: Readonly<Record<string, string>> = {
  "plain literals": "select * from t where a in ('b', 'c')\n and d = 'e' -- '\n",
  "names and lists": "select array['a', 'b'], (t).x[1] from t where f('a')",
};

const bytes = (text: string) => new TextEncoder().encode(text);
const withChecks = (sql: string) => mayReadLate(sql, { checksInput: true });
const without = (sql: string) => mayReadLate(sql, { checksInput: false });

Deno.test("what may be read a while before names are looked up is late", () => {
  for (const [what, sql] of Object.entries(late)) {
    ok(withChecks(sql), what);
    ok(!without(sql), what);
  }
  for (const [what, sql] of Object.entries(lateAnywhere)) ok(without(sql), what);
  for (const [what, sql] of Object.entries(prompt)) ok(!withChecks(sql), what);
  ok(isReadLate(bytes("$ ? (@ like_regex 1)")));
  ok(isReadLate(new Uint8Array(100_000)));
  ok(!isReadLate(bytes("{1,2}")));
  ok(!isReadLate(null));
});

Deno.test("a type whose name stands in a text is looked up when the call runs", () => {
  const { details } = analysisOf("select pg_sleep(9), pg_input_is_valid('1', 'made_later')");
  ok(details.includes(looksUpLate));
  ok(!analysisOf("select pg_sleep(9)").details.includes(looksUpLate));
});
