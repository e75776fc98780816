import { deepStrictEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { Terminal } from "./terminal.ts";
import { TypedLine } from "./typed_line.ts";

const window = { columns: 20, rows: 4, widthPixels: 0, heightPixels: 0 };
const encoder = new TextEncoder();

function shown(text: string): ReturnType<Terminal["line"]> {
  const terminal = new Terminal(window);
  terminal.write(encoder.encode(text));
  return terminal.line();
}
function typed(keys: string): string | null {
  const line = new TypedLine(100);
  line.type(encoder.encode(keys));
  return line.text;
}

Deno.test("the cursor's line is what stands on the screen", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["motd\r\n$ ls", "$ ls"],
    ["$ lx\b\x1b[Ks", "$ ls"],
    ["$ ls -la\r$ rm\x1b[K", "$ rm"],
    ["$ cd \x1b[1;32mgreen\x1b[0m", "$ cd green"],
    ["\x1b]0;title\x07$ id", "$ id"],
    ["\x1b[?2004h$ id", "$ id"],
    ["$ ac\x1b[1D\x1b[1@b", "$ abc"],
    ["$ abbc\x1b[2D\x1b[1P", "$ abc"],
    ["a\tb", "a       b"],
    ["$ \u65e5\u672c\b\b\x1b[K", "$ \u65e5"],
    ["$ e\u0301", "$ e\u0301"],
    ["old\x1b[2J\x1b[Hnew", "new"],
  ];
  for (const [output, line] of cases) equal(shown(output)?.text.trimEnd(), line);
});

Deno.test("a line is followed over the wraps of the screen", () => {
  const long = "$ echo aaaaaaaaaaaaaaaaaaaaaaaaaaa";
  equal(shown(`x\r\n${long}`)?.text, long);
  deepStrictEqual(shown(`x\r\n${long}`)?.beforeCursor, long);
});

Deno.test("what cannot be told is not told: full-screen programs, unknown sequences, long lines", () => {
  equal(shown("$ vi\r\n\x1b[?1049h~"), null);
  equal(shown("\x1b[?1049h~\x1b[?1049l"), null);
  equal(shown("$ a\x1b[4h"), null);
  equal(shown("a".repeat(200)), null);
  // Behind a new line all is known again.
  equal(shown("\x1b[?1049h~\x1b[?1049l\n\n\n\n\r$ ls")?.text, "$ ls");
});

Deno.test("a terminal takes any bytes, cut anywhere, and ends up the same", () => {
  fc.assert(fc.property(
    fc.array(
      fc.oneof(
        fc.constantFrom("\x1b[", "\x1b]0;", "\x1b", "\r\n", "\x07", "\x1b[?1049h", "\x1b[2K", "日"),
        fc.string({ unit: "binary", maxLength: 8 }),
      ),
      { maxLength: 30 },
    ),
    fc.nat(200),
    (pieces, at) => {
      const bytes = encoder.encode(pieces.join(""));
      const [whole, cut] = [new Terminal(window), new Terminal(window)];
      whole.write(bytes);
      cut.write(bytes.subarray(0, at));
      cut.write(bytes.subarray(at));
      deepStrictEqual(whole.line(), cut.line());
    },
  ));
});

Deno.test("long output is passed over to its end, with the changes of mode in it", () => {
  const terminal = new Terminal(window);
  const flood = `\x1b[?1049h${"line of output\r\n".repeat(5000)}`;
  terminal.write(encoder.encode(flood));
  ok(terminal.alternate);
  terminal.write(encoder.encode(`\x1b[?1049l${"line of output\r\n".repeat(5000)}$ ls`));
  equal(terminal.line()?.text, "$ ls");
});

Deno.test("keys give a line as line editors take them", () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ["ls -la", "ls -la"],
    ["lx\x7fs", "ls"],
    ["s\x01l", "ls"],
    ["ac\x02b", "abc"],
    ["rm x\x17ls", "rm ls"],
    ["rm x\x15ls", "ls"],
    ["rm x\x03ls", "ls"],
    ["ac\x1b[Db", "abc"],
    ["b\x1b[Ha\x1b[Fc", "abc"],
    ["\x1b[200~ls\x1b[201~", "ls"],
    // In what is pasted an editor takes no key for a command.
    ["\x1b[200~rm x #\x15\x1b[201~", null],
    ["\x1b[200~rm x\x1b[H\x1b[201~", null],
    ["\x1b[200~x\x03ls", "ls"],
    ["\x13r\x11m", "rm"],
    ["l\ts", null],
    ["\x1b[A", null],
    ["\x12x", null],
    ["ab\x1b", null],
    ["\x1b[A\x03ls", "ls"],
    ["\u00e9\u65e5", "\u00e9\u65e5"],
  ];
  for (const [keys, line] of cases) equal(typed(keys), line, JSON.stringify(keys));
});
