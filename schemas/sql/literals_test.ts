/**
 * Literals hidden for display: every syntax of PostgreSQL, and planted secrets that must not show.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { maskLiterals } from "#schemas/sql/literals.ts";

const cases: readonly (readonly [string, string])[] = [
  ["select 'a'", "select '…'"],
  ["select 'it''s', b", "select '…', b"],
  ["select E'a\\'b', c", "select E'…', c"],
  ["select 'a\\', b", "select '…', b"],
  ["select e'x'\n'y\\'z' , 1", "select e'…'\n'…' , 1"],
  ["select E'x' , 'y\\' , d", "select E'…' , '…' , d"],
  ["select B'01', X'1F', N'n', U&'d\\0061'", "select B'…', X'…', N'…', U&'…'"],
  ["select $$a 'b'$$, $t$ $$ $t$, $1", "select $$…$$, $$…$$, $1"],
  ["select a$b$c from t", "select a$b$c from t"],
  ["select \"a'b\", 'c'", "select \"a'b\", '…'"],
  ["select 1234, 12345, 1.2345, 1_000_00, 0x1F", "select 1234, …, …, …, …"],
  ["select id12345, t.c1 from t[1..2]", "select id12345, t.c1 from t[1..2]"],
  ["select 1 -- 'Ada'\n, 2", "select 1 -- …\n, 2"],
  ["select /* a /* b */ 'c' */ 3", "select /* … */ 3"],
  ["select 'open", "select '…'"],
  ["select $x$open", "select $$…$$"],
  ["select /* open", "select /* … */"],
  ["select \"open 'x", 'select "…'],
  ["select E'x\\", "select E'…'"],
  ["", ""],
];

for (const [sql, expected] of cases) {
  Deno.test(`maskLiterals() of ${JSON.stringify(sql)}`, () => {
    deepStrictEqual(maskLiterals(sql), expected);
  });
}

Deno.test("maskLiterals() never shows a secret, wherever a literal may hold it", () => {
  const secret = "S3CRET";
  const inner = fc.array(
    fc.constantFrom("a", " ", "\n", "$", '"', "--", "/*", "*/", "E", "…", ",", ";"),
    { maxLength: 4 },
  ).map((parts) => parts.join("") + secret + parts.toReversed().join(""));
  const literal = fc.oneof(
    inner.map((text) => `'${text}'`),
    inner.map((text) => `'${text}'''`),
    inner.map((text) => `E'\\'${text}\\\\'`),
    inner.map((text) => `e'x'\n'\\'${text}'`),
    inner.map((text) => `U&'${text}'`),
    inner.filter((text) => !text.includes("$")).map((text) => `$q$${text}$q$`),
    inner.filter((text) => !text.includes("\n")).map((text) => `-- ${text}\n`),
    inner.filter((text) => !text.includes("*")).map((text) => `/* /* x */ ${text} */`),
    fc.constant("x'53'"),
  );
  const between = fc.constantFrom(" ", " , ", " from t where a = ", "(", ")", ` "q''q" `, " $1 ");
  const statement = fc.array(fc.tuple(between, literal), { maxLength: 8 });
  fc.assert(fc.property(statement, fc.nat(200), (parts, cut) => {
    const whole = parts.map(([gap, text]) => gap + text).join("");
    ok(!maskLiterals(whole).includes(secret));
    ok(!maskLiterals(whole.slice(0, cut)).includes(secret));
  }));
});

Deno.test("maskLiterals() never throws, and masks what it masked to itself", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const once = maskLiterals(text);
    deepStrictEqual(maskLiterals(once), once);
  }));
});
