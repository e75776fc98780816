/** @module */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { harmless } from "./terminal.ts";

Deno.test("harmless() lets no control or format character through, and JSON stay the same JSON", () => {
  strictEqual(harmless("a\tb\nc ü 漢 🙂"), "a\tb\nc ü 漢 🙂");
  strictEqual(harmless("x\u001b[2J\rVERIFIED\u0007"), "x\\u001b[2J\\u000dVERIFIED\\u0007");
  // C1 controls (8-bit CSI), text turned round, line separators, tags, half a surrogate pair.
  const rest = "\u009b2J \u202egro \u2028 \u{e0041} \ud800 \u200b \ufeff";
  strictEqual(
    harmless(rest),
    "\\u009b2J \\u202egro \\u2028 \\udb40\\udc41 \\ud800 \\u200b \\ufeff",
  );
  const value = { name: rest, also: "\u001b]0;title\u0007" };
  deepStrictEqual(JSON.parse(harmless(JSON.stringify(value, null, 2))), value);
});
