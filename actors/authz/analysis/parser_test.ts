/**
 * The parser as a citizen: it answers or refuses, and a statement too big for it harms no other.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { loadParser } from "./parser.ts";
import { parser } from "./testing.ts";

Deno.test("errors name a place and no word of the statement", () => {
  deepStrictEqual(parser("select 'éé' from where"), {
    ok: false,
    code: "syntax_error",
    message: "The statement has a syntax error",
    position: 18,
  });
});

Deno.test("any string is answered", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (sql) => {
    ok(typeof parser(sql).ok === "boolean");
  }));
});

Deno.test("a statement that overflows the parser is refused, and the next is parsed", async () => {
  const own = await loadParser();
  const deep = `select 1${"+1".repeat(100_000)}`;
  const refused = own(deep);
  ok(!refused.ok && refused.code === "too_complex");
  ok(own("select 1").ok);
});

Deno.test("errors do not use up the parser", () => {
  for (let round = 0; round < 2000; round++) ok(!parser("select from from").ok);
  ok(parser("select 1").ok);
});
