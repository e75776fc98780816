/** A replaying terminal is painted on, and nothing else. @module */
import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { terminalReset, terminalText } from "./terminal_text.ts";

/** Whatever begins a string for a terminal, or asks it for something. */
const forbidden = ["\x07", "\x9b", "\x9c", "\x1b]", "\x1bP", "\x1b_", "\x1b(", "\x1b[6n"];
const taken = (text: string) => terminalText().take(text);

Deno.test("terminalText() passes what paints a screen", () => {
  for (
    const text of [
      "plain\r\n\ttext\b \x1b[1;31mred\x1b[0m \x1b[38:5:12mx",
      "\x1b[2J\x1b[H\x1b[10;20H\x1b[K\x1b[?25l\x1b[?1049h\x1b[?1049l\x1b[2;20r\x1b7\x1b8\x1bM",
      "\x1b[3A\x1b[2B\x1b[C\x1b[D\x1b[5G\x1b[4d\x1b[P\x1b[@\x1b[L\x1b[M\x1b[4h\x1b[4l",
      "Ünïcödé 病人 🏥",
    ]
  ) equal(taken(text), text);
});

Deno.test("terminalText() leaves out what would take hold of a terminal", () => {
  const cases: [string, string][] = [
    ["a\x1b]0;title\x07b", "ab"],
    ["a\x1b]52;c;cm0gLXJm\x1b\\b", "ab"],
    ["a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb"],
    ["a\x1bP$qm\x1b\\b", "ab"],
    ["a\x1b_Gf=100;AAAA\x1b\\b", "ab"],
    ["a\x1b^x\x1b\\b\x1bXy\x1b\\c", "abc"],
    ["\x9d0;t\x9cb\x9b6nc\x901$\x9cd", "bcd"],
    ["\x1b[6n\x1b[5n\x1b[c\x1b[>c\x1b[=c\x1b[?1n\x1b[x", ""],
    ["\x1b[21t\x1b[20t\x1b[8;50;200t\x1b[11t", ""],
    ["\x1b[?1000h\x1b[?1006h\x1b[?2004h\x1b[?1003h", ""],
    ["\x1b[20h\x1b[2h\x1b[?5h\x1b[?3h", ""],
    ['\x1b[99999b\x1b[5b\x1b[!p\x1b[62;1"p\x1b[>4;2m\x1bc', ""],
    ["\x1b[99999Cx", "x"],
    ["\x1bZ\x05\x07\x00\x7f\x1b=\x1b>\x1bN\x1bO", ""],
    ["\x1b%G\x1b#8x", "x"],
    ["a\u202eb\u2066c", "abc"],
    ["\x1b]0;never ended", ""],
    ["\x1b]0;t\x1b[31mred", "\x1b[31mred"],
  ];
  for (const [text, expected] of cases) equal(taken(text), expected, JSON.stringify(text));
});

Deno.test("terminalText() draws the lines of the alternate character set", () => {
  equal(taken("\x1b(0lqk\x1b(Babc"), "┌─┐abc");
  equal(taken("\x1b)0x\x0ex\x0fx"), "x│x");
});

Deno.test("terminalText() gives the same however a text is cut, and nothing twice", () => {
  const piece = fc.constantFrom(
    ..."\x1b|[|]|0;t|\x07|\x1b\\|31m|6n|?|25h|x|\x9b|\x9c|\n|P|(0|q|\x18|52;c;|\x0e".split("|"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const whole = taken(pieces.join(""));
      const cut = terminalText();
      equal(pieces.map((text) => cut.take(text)).join(""), whole);
      equal(taken(whole), whole);
      // Whatever begins a string or asks a terminal for something is gone.
      for (const text of forbidden) ok(!whole.includes(text), JSON.stringify(whole));
    }),
    { seed: 20_261_121, numRuns: 2000 },
  );
});

Deno.test("what ends a replay is what terminalText() lets through", () => {
  equal(taken(terminalReset), terminalReset);
});
