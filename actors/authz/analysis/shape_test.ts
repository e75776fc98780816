/**
 * Shapes: equal shapes must mean equal trees but for literals, or the cache of analyses would
 * answer for another statement.
 *
 * @module
 */
import { deepStrictEqual, notStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { keepsVerbatim, shapeOf } from "./shape.ts";
import { analyseIn, fresh, parser, statementsOf } from "./testing.ts";

const same: readonly (readonly [string, string])[] = [
  ["select * from t where a = 1", "select * from t where a = 22"],
  ["select 'a', 1.5", "select 'it''s', 2.25"],
  ["select a from t where b in (1, 2)", "select a from t where b in (3, 4)"],
  ["select $1, 'x' limit 5", "select $1, 'y' limit 5"],
];
for (const [left, right] of same) {
  Deno.test(`one shape: ${left} and ${right}`, () => {
    notStrictEqual(shapeOf(left), null);
    deepStrictEqual(shapeOf(left), shapeOf(right));
  });
}

const different: readonly (readonly [string, string])[] = [
  ["select a limit 1", "select a limit 2"],
  ["select a, b order by 1", "select a, b order by 2"],
  ["select 1", "select 'a'"],
  ["select 1", "select 1.5"],
  ["select 1", "select 99999999999"],
  ["select x::float(10)", "select x::float(40)"],
  ['select "a1"', 'select "a2"'],
  ["select a1", "select a2"],
  ["select $1", "select $2"],
];
for (const [left, right] of different) {
  Deno.test(`two shapes: ${left} and ${right}`, () => {
    notStrictEqual(shapeOf(left), shapeOf(right));
  });
}

const shapeless: readonly string[] = [
  "select $$a$$",
  "select $q$a$q$",
  "select E'a'",
  "select e'a'",
  "select U&'a'",
  'select U&"a"',
  "select B'01'",
  "select X'1F'",
  "select N'a'",
  "select 'a\\'",
  "select 'a' -- b",
  "select /* a */ 1",
  "select 'é'",
  "select 'a'\n'b'",
  "select 'a' 'b'",
  "select 'open",
  'select "open',
  "select 1e5",
  "select 0x1F",
  "select 1_000",
  "select .5",
  "select 1.",
  "select 1a",
  "select a.1",
  "select 'a'b",
  "select $1a",
  "select 'a\0'",
  "create table t (a int)",
  "set a = 1",
  "explain select 1",
  "",
];
for (const sql of shapeless) {
  Deno.test(`no shape: ${JSON.stringify(sql)}`, () => deepStrictEqual(shapeOf(sql), null));
}

Deno.test("texts of one shape parse to trees that differ in literals alone", () => {
  const word = fc.constantFrom(
    "select",
    "from",
    "where",
    "t",
    "a",
    "b",
    "limit",
    "offset",
    "by",
    "order",
    "group",
    "float",
    "interval",
    "date",
    "year",
    "is",
    "null",
    "and",
    "in",
    "as",
    "x",
    "e",
    "u",
    "n",
    "values",
    "numeric",
    "bit",
    "like",
    "escape",
    "between",
    "extract",
    "cast",
    "collate",
    "array",
    "union",
  );
  const sign = fc.constantFrom(
    "(",
    ")",
    ",",
    ".",
    "::",
    "=",
    "+",
    "-",
    "*",
    "[",
    "]",
    ":",
    ";",
    "&",
    "|",
    "$1",
    "$2",
    "$",
    '"q"',
    '"',
    "'",
    "''",
    "..",
    "u&",
    "_",
    "\\",
    "--",
    "/*",
  );
  const literal = fc.constantFrom(
    "1",
    "22",
    "007",
    "2147483647",
    "2147483648",
    "1.5",
    "'a'",
    "'it''s'",
    "'-- x'",
    "'\"'",
    "'1'",
  );
  const gap = fc.constantFrom(" ", " ", " ", "", "\n");
  const token = fc.tuple(fc.oneof(word, word, sign, literal, literal), gap);
  const body = fc.array(token, { minLength: 1, maxLength: 14 })
    .map((tokens) => tokens.map(([text, space]) => text + space).join(""));
  const ordinary = fc.tuple(literal, literal, literal).map(([a, b, c]) =>
    `a, ${a} from t where b = ${b} and x in (${c}, ${a}) order by a limit ${c}`
  );
  const number = fc.constantFrom("3", "0", "2147483647", "014");
  const float = fc.constantFrom("0.5", "2147483648", "99999999999999999999", "1.25");
  const text = fc.constantFrom("''", "'''x'", "'; drop'", "'$$'", "'float(1'", "'limit '");
  let compared = 0;
  const property = fc.property(
    fc.oneof(body, ordinary),
    fc.array(number, { minLength: 1 }),
    fc.array(float, { minLength: 1 }),
    fc.array(text, { minLength: 1 }),
    (tail, numbers, floats, texts) => {
      const left = `select ${tail}`;
      const shape = shapeOf(left);
      if (shape === null) return;
      const next = { i: 0, f: 0, s: 0 };
      const pools = { i: numbers, f: floats, s: texts };
      // deno-lint-ignore no-control-regex -- \x01 marks a literal in a shape
      const right = shape.replace(/\x01([ifs])/g, (_, kind: string) => {
        const key = kind === "i" ? "i" : kind === "f" ? "f" : "s";
        return pools[key][next[key]++ % pools[key].length] ?? "";
      });
      if (shapeOf(right) !== shape) return;
      compared += 1;
      deepStrictEqual(treeOf(right), treeOf(left));
    },
  );
  fc.assert(property, { numRuns: 3000, seed: 7 });
  ok(compared > 500);
});

/** The tree without places and without the values of constants, but with their kinds. */
function treeOf(sql: string): unknown {
  const parsed = parser(sql);
  return parsed.ok ? withoutValues(parsed.tree) : "syntax error";
}
function withoutValues(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutValues);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (/^(location|stmt_len|stmt_location)$|_location$|_list_(start|end)$/.test(key)) return [];
      if (key === "ival" || key === "fval" || key === "sval") {
        // Names are `String` nodes and keep their text; constants lose it.
        return typeof inner === "object" ? [[key, "constant"]] : [[key, inner]];
      }
      return [[key, withoutValues(inner)]];
    }),
  );
}

Deno.test("an analysis that used a literal is not for the whole shape, unless the shape keeps it", () => {
  const independent = (sql: string) => {
    const analysed = analyseIn(fresh, sql);
    return analysed.kind === "analysed" && analysed.shapeIndependent;
  };
  ok(independent("select id from patients where ssn = 'x'"));
  ok(independent("select id from patients limit 5"));
  ok(independent("select id, ssn from patients order by 2"));
  ok(!independent("select id, ssn from patients order by 1, 2"));
  ok(!independent("select id from patients limit (5)"));
  ok(!independent("select set_config('work_mem', '1', false)"));
  ok(!independent("select 1; select 2"));
  ok(!independent("set work_mem = 1"));
  ok(!independent("copy claims to stdout"));
  ok(!independent("create table x as select 1"));
});

Deno.test("keepsVerbatim() looks at the word before the number", () => {
  ok(keepsVerbatim("select a limit 1", 15));
  ok(!keepsVerbatim("select a = 1", 11));
  ok(!keepsVerbatim("select xlimit 1", 14));
});

Deno.test("a statement's place is in bytes", () => {
  const sql = "select 'é'; select 2 ";
  const places = statementsOf(sql).map(({ start, end }) => [start, end]);
  deepStrictEqual(places, [[0, 11], [13, 22]]);
});
