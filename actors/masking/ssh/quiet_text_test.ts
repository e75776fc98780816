/** What is quiet leaves unread; that changes nothing of what leaves. @module */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { detectors } from "../testing.ts";
import { quietText } from "./quiet_text.ts";
import { TextMasker } from "./text_masker.ts";

const utf8 = new TextEncoder();
const words = "the quick brown fox jumps over a dog and 12 more\n";
const logged = "2026-11-21 16:05:27,120 INFO [w-3] took 471 ms from 10.0.12.19\n";
const values = "862212,597.0142,785.1236,2026-01-21,18561,0.364168\n";

/** What leaves when the text comes in pieces of so many bytes; small ones are all read. */
function masked(text: string, pieceBytes: number, form: "marker" | "same_length"): string {
  const bytes = Buffer.from(text, "latin1");
  const counts = new Map<string, number>();
  const masker = new TextMasker(detectors, counts, form);
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    out.push(masker.push(Uint8Array.from(bytes.subarray(at, at + pieceBytes))).slice());
  }
  out.push(masker.end().slice());
  return Buffer.concat(out).toString("latin1") + JSON.stringify([...counts]);
}

Deno.test("quietText() goes as far as nothing is found, and no further", () => {
  const context = words.repeat(4);
  for (const line of [words, logged, values]) {
    const bytes = utf8.encode(context + line.repeat(200));
    const { end } = quietText(bytes, context.length, detectors);
    ok(end > bytes.length - 700, `${JSON.stringify(line)}: ${end} of ${bytes.length}`);
  }
  const loud = [
    "a@b.org",
    "536-22-1234",
    "MRN:\n1234567",
    "536-22-\n1234",
    "536-22-\n1234\n!",
    "MRN: 12\n34567\nMail",
    "\n415\n-555-2671\nMRN",
    "\x1b[m",
    "\xc2\xa0",
  ];
  for (const find of loud) {
    const before = context + words.repeat(20);
    const bytes = Buffer.from(`${before}x ${find} ${words.repeat(40)}`, "latin1");
    const { end } = quietText(bytes, context.length, detectors);
    ok(end >= before.length && end <= before.length + 7, `${JSON.stringify(find)}: ${end}`);
  }
});

Deno.test("quietText() looks no further than what follows is known", () => {
  const bytes = utf8.encode(words.repeat(8));
  deepStrictEqual(quietText(bytes, words.length * 4, detectors), { end: 196, seen: 196 });
});

Deno.test("TextMasker gives out the same of much at once as of a little at a time", () => {
  const quiet = fc.constantFrom(words, logged, values, "\n", `${"x".repeat(300)}\n`, "é", "12 ");
  const find = fc.constantFrom(
    ...[
      "536-22-1234",
      "415-555-2671 x45",
      "+44 20 7946 0958",
      "1 (415) 555-2671",
      "a.b@c.org",
      "MRN ",
      "MRN\n",
      "1234567",
      "12345\n",
    ],
    ...[
      "4111 1111 1111 1111",
      "536-22-\n1234\n",
      "MRN 12\n34567\nMail",
      "a\n415\n-555-2671\nx",
      "@",
      "+",
      "(",
      "\x1b[1m",
      "\r\n",
      "\b",
      "\0",
      "-",
    ],
  );
  const stretch = fc.tuple(fc.integer({ min: 1, max: 60 }), quiet, find).map(
    ([times, text, end]) => {
      return text.repeat(times) + end;
    },
  );
  const texts = fc.array(stretch, { minLength: 1, maxLength: 12 }).map((all) => all.join(""));
  fc.assert(
    fc.property(
      texts,
      fc.integer({ min: 2048, max: 9000 }),
      fc.boolean(),
      (text, much, isShell) => {
        const form = isShell ? "marker" : "same_length";
        equal(masked(text, much, form), masked(text, 500, form));
      },
    ),
    { numRuns: 400 },
  );
});
