import { strictEqual } from "node:assert/strict";
import { didYouMean, nearest } from "./did_you_mean.ts";

Deno.test("nearest() finds one edit, or two in a longer word, and nothing further", () => {
  const words = ["approval", "quorum", "id", "ssn"];
  const cases: [string, string | null][] = [
    ["aproval", "approval"],
    ["approvall", "approval"],
    ["quroum", "quorum"],
    ["aprovla", "approval"],
    ["snn", "ssn"],
    ["sns", "ssn"],
    ["xyz", null],
    ["aprvlx", null],
    ["colour", null],
    ["", null],
    ["a".repeat(100_000), null],
  ];
  for (const [word, expected] of cases) strictEqual(nearest(word, words), expected, word);
});

Deno.test("didYouMean() is empty when nothing is near", () => {
  strictEqual(didYouMean("idd", ["id"]), ' (did you mean "id"?)');
  strictEqual(didYouMean("colour", ["id"]), "");
});
