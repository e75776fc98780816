/** Streams of text: the same however they are cut, whatever stands between. @module */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { detectors } from "../testing.ts";
import { TextMasker } from "./text_masker.ts";

/** What leaves of a text that comes cut in pieces; latin1, so that any byte is a character. */
function masked(text: string, cuts: readonly number[] = []): string {
  const bytes = Buffer.from(text, "latin1");
  const masker = new TextMasker(detectors, new Map());
  const out: Uint8Array[] = [];
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    const chunk = Uint8Array.from(bytes.subarray(start, end));
    out.push(masker.push(chunk).slice());
    chunk.fill(0x58);
    start = end;
  }
  out.push(masker.end().slice());
  return Buffer.concat(out).toString("latin1");
}

function everyCut(text: string, expected: string): void {
  equal(masked(text), expected, JSON.stringify(text));
  for (let cut = 1; cut < text.length; cut++) {
    equal(masked(text, [cut]), expected, `${JSON.stringify(text)} cut at ${cut}`);
  }
  equal(masked(text, [...text].map((_, index) => index)), expected, "byte by byte");
}

const red = "\x1b[31m";
const plain = "\x1b[0m";
const long = "the quick brown fox jumps over ";

Deno.test("TextMasker masks what stands in a stream, wherever it is cut", () => {
  const cases: [string, string][] = [
    ["SSN 536-22-1234.", "SSN [ssn]."],
    ["call (415) 555-2671 x45 now", "call [phone] now"],
    ["MRN: AB123456, 12", "MRN: [mrn], 12"],
    ["MRN:\r\n1234567\r\n", "MRN:\r\n[mrn]\r\n"],
    ["to jo.doe@mail.example.org.", "to [email]."],
    ["536\xe2\x80\x9122\xe2\x80\x911234", "[ssn]"],
    ["jos\xc3\xa9@ex.com", "[email]"],
    ["total 12\nok", "total 12\nok"],
    ["tel ESC[1m415-555-2671ESC[0m x", "tel ESC[1m[phone]ESC[0m x"],
    ["MRN ^[[1mMRN-12345ESC[m x", "MRN ^[[1mMRN-[mrn]ESC[m x"],
  ];
  for (const [text, expected] of cases) everyCut(text, expected);
});

Deno.test("TextMasker sees through what a terminal does not show", () => {
  const cases: [string, string][] = [
    [`536-${red}22${plain}-1234`, `[ssn]${red}${plain}`],
    [`${red}536-22-1234${plain}`, `${red}[ssn]${plain}`],
    ["53\x1b[K6-22-\x00123\x074", "[ssn]\x1b[K\x00\x07"],
    ["536-\x1b]0;title\x0722-1234", "[ssn]\x1b]\x07"],
    ["536-\x1b]0;title\x1b\\22-1234", "[ssn]\x1b]\x1b\\"],
    ["536\xe2\x80\x8b-22\xef\xbb\xbf-1234", "[ssn]\xe2\x80\x8b\xef\xbb\xbf"],
    ["\x1b]0;MRN 1234567\x07$ ", "\x1b]0;MRN [mrn]\x07$ "],
    ["\xc2\x9d0;MRN 1234567\x07$ ", "\xc2\x9d0;MRN [mrn]\x07$ "],
    ["MR\x1b]0;x\x07N 1234567 ", "MR\x1b]0;x\x07N [mrn] "],
    ["415\x1b[C555\x1b[C2671 ", "[phone]\x1b[C\x1b[C "],
    ["\xc2\x9b1m536-22-1234", "\xc2\x9b1m[ssn]"],
    ["\x1b7536-\x1b8536-22-1234 ", "\x1b7536-\x1b8[ssn] "],
  ];
  for (const [text, expected] of cases) everyCut(text, expected);
});

Deno.test("TextMasker sees what a terminal swallows, and who reads bytes does not", () => {
  const cases: [string, string][] = [
    ["\x1b[3: 536-22-1234 is", "\x1b[3: [ssn] is"],
    ["\x1b[4111111111111111;m ", "\x1b[[card];m "],
    ["\x1b[4111111111111111", "\x1b[[card]"],
    ["\x1b536-22-1234 ", "\x1b[ssn] "],
    ["\x1b7536-22-1234 ", "\x1b7[ssn] "],
    ["\x1b(0536-22-1234 ", "\x1b(0[ssn] "],
    ["536\x1b-22-1234 ", "[ssn]\x1b "],
    ["\x1b[12;5H536-22-1234 ", "\x1b[12;5H[ssn] "],
  ];
  for (const [text, expected] of cases) everyCut(text, expected);
});

Deno.test("TextMasker joins a line that a width broke in two", () => {
  const cases: [string, string][] = [
    ["536-22-\r\n1234", "[ssn]\r\n"],
    ["536-\n22-1234", "[ssn]\n"],
    ["536\n-22-12\n34", "[ssn]\n\n"],
    [`${long}41555\r\n52671 `, `${long}[phone]\r\n `],
    [`${long}41555 \r52671 `, `${long}[phone]\r `],
    ["536-22-\x1b[2;1H1234", "[ssn]\x1b[2;1H"],
    ["tel: 415\n-555-2671\nMRN", "tel: [phone]\n\nMRN"],
    ["a\n415-5\n55-2671\nb", "a\n[phone]\n\nb"],
    ["MRN: 0\n012345\nMail", "MRN: [mrn]\n\nMail"],
    ["M\nR\nN\n1\n2\n3\n4\n5\n6\nM", "M\nR\nN\n[mrn]\n\n\n\n\n\nM"],
    ["SSN 5362\n21234\nx", "SSN [ssn]\n\nx"],
    [`${long}jo@exa\nmple.org`, `${long}[email]\n`],
    [`${long}jo\n@example.org`, `${long}jo\n[email]`],
  ];
  for (const [text, expected] of cases) everyCut(text, expected);
});

Deno.test("TextMasker leaves lines alone that end by themselves", () => {
  const cases = [
    "41555\n52671\n",
    `${long}a@b\ncd\n`,
    "1234 5678\n9012 3456\n",
    "10%\r20%\r30%\r\n",
    "2024-01-15\n2024-01-16\n",
    `536-22-\n\n1234`,
  ];
  for (const text of cases) everyCut(text, text);
  everyCut("MRN: 123456\n2024-01-15\n", "MRN: [mrn]\n2024-01-15\n");
  everyCut(`${long}a@b.org\nThanks`, `${long}[email]\nThanks`);
});

Deno.test("TextMasker sees what a backspace wrote over", () => {
  const cases: [string, string][] = [
    ["536-2X\b2-1234", "[ssn]"],
    ["536-22-1234\b \b", "[ssn]\b \b"],
    ["536-22-XY\x1b[2D1234 ", "[ssn]\x1b[2D "],
    ["5\b53\b36\b6-\b-2\b22\b2-\b-1\b12\b23\b34\b4 ", "5\b[ssn] "],
  ];
  for (const [text, expected] of cases) everyCut(text, expected);
});

Deno.test("TextMasker gives out the same however any bytes are cut", () => {
  const piece = fc.constantFrom(
    ...["536-22-1234", "415-555-2671", "a.b@c.org", "MRN 1234567", "4111 1111 1111 1111", long],
    ...["5", "36-", "22-1234", "@", "c.o", "rg", "(", "+1", " ", "-", "\r\n", "\n", "\r", "\b"],
    ...[red, "\x1b[", "2;1H", "\x1b", "]0;", "\x07", "\x1b\\", "\xc2", "\x9b", "\xe2\x80", "\x8b"],
    ...["\x1b[C", "\x1b[2D", " \r", "x", "\xef", "\xbb\xbf", "\x1bP", "\x18", "ext. 4"],
  );
  const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(""));
  const cuts = fc.array(fc.nat(200), { maxLength: 8 });
  fc.assert(
    fc.property(text, cuts, (whole, places) => {
      const expected = masked(whole);
      const sorted = places.filter((place) => place < whole.length).sort((a, b) => a - b);
      equal(masked(whole, sorted), expected);
      equal(masked(whole, Array.from(whole, (_, index) => index)), expected);
    }),
    { seed: 20_261_121, numRuns: 3000 },
  );
});

Deno.test("TextMasker gives out the same of bytes that are no text, however they are cut", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300)), (bytes, places) => {
      const whole = Buffer.from(bytes).toString("latin1");
      const sorted = places.filter((place) => place < whole.length).sort((a, b) => a - b);
      equal(masked(whole, sorted), masked(whole));
    }),
    { seed: 20_261_121, numRuns: 3000 },
  );
});

Deno.test("TextMasker finds no addresses in what is no text, wherever that is cut", () => {
  const random = (seed: number) => {
    let state = seed;
    const bytes = Array.from({ length: 60_000 }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return String.fromCharCode(state >>> 16 & 0xff);
    });
    return `\0${bytes.join("")}`;
  };
  for (const seed of [1, 2, 3]) ok(masked(random(seed)) === random(seed), `seed ${seed}`);
  everyCut("\0\x01a@b.org\xff", "\0\x01a@b.org\xff");
  everyCut("\0 a header of text, jo@b.org ", "\0 a header of text, [email] ");
  everyCut("to jo@b.org \0", "to [email] \0");
});

Deno.test("TextMasker holds back nothing but what may become a find", () => {
  const held = (text: string) => {
    const masker = new TextMasker(detectors, new Map());
    const out = masker.push(Buffer.from(text));
    return [text.slice(out.length), masker.held];
  };
  deepStrictEqual(held("hello world "), ["", "nothing"]);
  deepStrictEqual(held("hello world\n"), ["", "nothing"]);
  deepStrictEqual(held("carl@clinic:~$ "), ["", "nothing"]);
  deepStrictEqual(held("hello world"), ["world", "word"]);
  deepStrictEqual(held("0000"), ["0000", "digits"]);
  deepStrictEqual(held("port 54321\n"), ["54321\n", "digits"]);
  deepStrictEqual(held("is 536-22"), ["536-22", "number"]);
  deepStrictEqual(held("to jo@exa"), ["jo@exa", "number"]);
});

Deno.test("TextMasker masks what comes behind what it had to let go of", () => {
  const masker = new TextMasker(detectors, new Map());
  const out = [masker.push(Buffer.from("is 536-22-")), masker.release()];
  out.push(masker.push(Buffer.from("12")), masker.push(Buffer.from("34 ok")), masker.end());
  equal(Buffer.concat(out).toString(), "is 536-22-[ssn] ok");
});

Deno.test("TextMasker masks what is whole when it is let go of, and what then joins it", () => {
  const masker = new TextMasker(detectors, new Map());
  const out = [masker.push(Buffer.from("is 536-22-1234")), masker.release()];
  out.push(masker.push(Buffer.from("\nto jo@ex.org")), masker.release());
  out.push(masker.push(Buffer.from(".uk, 415-555-2671")), masker.release());
  out.push(masker.push(Buffer.from(" x45 now")), masker.end());
  equal(Buffer.concat(out).toString(), "is [ssn]\nto [email][email], [phone][phone] now");
});

Deno.test("TextMasker holds no more than it may", () => {
  const masker = new TextMasker(detectors, new Map());
  let held = 0;
  const out: string[] = [];
  out.push(Buffer.from(masker.push(Buffer.from("536-22-"))).toString("latin1"));
  let given = 7;
  for (let i = 0; i < 10_000; i++) {
    const bytes = masker.push(Buffer.from(plain));
    given += plain.length;
    out.push(Buffer.from(bytes).toString("latin1"));
    held = Math.max(held, given - masker.heldFrom);
  }
  ok(held <= 17_000, `${held} bytes are held`);
  out.push(Buffer.from(masker.push(Buffer.from("1234 "))).toString("latin1"));
  const whole = out.join("");
  ok(!whole.includes("536") && !whole.includes("1234"), whole.replaceAll(plain, ""));
});
