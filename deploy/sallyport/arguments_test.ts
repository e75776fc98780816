/** @module */
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { type Arguments, type Grammar, helpOf, parseArguments, wholeNumber } from "./arguments.ts";
import { CommandError, UsageError } from "./failure.ts";

const grammar: Grammar = {
  verb: "replay",
  summary: "show one session",
  operands: [{ name: "<session>", help: "its id" }],
  flags: {
    speed: { value: "<n>", help: "how fast" },
    limit: { value: "<n>", help: "how many" },
    quiet: { help: "say nothing" },
  },
};

const parsed: readonly [string, readonly string[], Record<string, string | null>, string][] = [
  ["an operand", ["s1"], { speed: null, json: null }, "s1"],
  ["a value after its flag", ["--speed", "2", "s1"], { speed: "2" }, "s1"],
  ["a value behind =", ["s1", "--speed=2"], { speed: "2" }, "s1"],
  ["a value that holds =", ["s1", "--speed=a=b"], { speed: "a=b" }, "s1"],
  ["a value that begins with a dash", ["s1", "--speed", "-"], { speed: "-" }, "s1"],
  ["a switch", ["--quiet", "s1", "--json"], { quiet: "", json: "", speed: null }, "s1"],
  ["an operand that looks like a flag", ["--", "--speed"], { speed: null }, "--speed"],
  ["a dash as an operand", ["-"], { speed: null }, "-"],
  ["an id that begins with a dash", ["-HFESiXI4fLJdYlXoV4n"], {}, "-HFESiXI4fLJdYlXoV4n"],
  ["help without an operand", ["--help"], { help: "" }, ""],
  ["-h", ["-h"], { help: "" }, ""],
];
for (const [name, words, flags, operand] of parsed) {
  Deno.test(`parseArguments() takes ${name}`, () => {
    const given = parseArguments(grammar, words);
    for (const [flag, value] of Object.entries(flags)) {
      strictEqual(given.value(flag), value);
      strictEqual(given.has(flag), value !== null);
    }
    strictEqual(given.operand(0), operand);
  });
}

const refused: readonly [string, readonly string[], RegExp][] = [
  ["an unknown flag", ["s1", "--wat"], /^unknown flag --wat$/],
  ["a misspelt flag", ["s1", "--sped", "2"], /^unknown flag --sped \(did you mean "--speed"\?\)$/],
  ["one dash", ["s1", "-speed"], /^unknown flag -speed/],
  ["a name of every object", ["s1", "--constructor"], /^unknown flag --constructor$/],
  ["a flag without its value", ["s1", "--speed"], /^--speed needs a value: <n>$/],
  ["an empty value", ["s1", "--speed="], /^--speed needs a value: <n>$/],
  ["a switch with a value", ["s1", "--quiet=yes"], /^--quiet takes no value$/],
  ["a flag twice", ["s1", "--speed=1", "--speed=2"], /^--speed stands twice$/],
  ["no operand", [], /^<session> is missing: its id$/],
  ["an operand too many", ["s1", "s2"], /^there is one word too many/],
];
for (const [name, words, message] of refused) {
  Deno.test(`parseArguments() refuses ${name}`, () => {
    throws(() => parseArguments(grammar, words), (error) => {
      ok(error instanceof UsageError);
      match(error.message, message);
      strictEqual(error.hint, "sallyport replay --help says what it takes");
      return true;
    });
  });
}

Deno.test("parseArguments() shows no value of an unknown flag, nor one that is long", () => {
  for (const word of ["--tokn=eyJhbGciOi.secret", `--${"secret".repeat(20)}`]) {
    throws(() => parseArguments(grammar, ["s1", word]), (error) => {
      return error instanceof Error && !error.message.includes("secret");
    });
  }
});

Deno.test("parseArguments() takes any words or refuses them as used wrongly", () => {
  const word = fc.oneof(fc.string(), fc.constantFrom("--speed", "--quiet", "--", "-h", "--json="));
  fc.assert(fc.property(fc.array(word, { maxLength: 6 }), (words) => {
    try {
      const given = parseArguments(grammar, words);
      return given.has("help") || words.includes(given.operand(0));
    } catch (error) {
      return error instanceof UsageError;
    }
  }));
});

Deno.test("helpOf() names every flag, operand and the common flags", () => {
  const help = helpOf(grammar);
  match(help, /^sallyport replay <session> \[flags\]\n\nShow one session\.\n/);
  for (const word of ["<session>", "--speed <n>", "--limit <n>", "--quiet", "--dir", "--json"]) {
    ok(help.includes(`  ${word} `), word);
  }
});

Deno.test("wholeNumber() keeps its bounds", () => {
  const bounds = { min: 1, max: 10, otherwise: 5 };
  const read = (...words: string[]) => {
    const given: Arguments = parseArguments(grammar, ["s1", ...words]);
    return wholeNumber(grammar, given, "limit", bounds);
  };
  deepStrictEqual([read(), read("--limit=1"), read("--limit=10")], [5, 1, 10]);
  for (const wrong of ["0", "11", "-1", "2.5", "1e1", "ten", "0x2"]) {
    throws(() => read(`--limit=${wrong}`), CommandError);
  }
});
