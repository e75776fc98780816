import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { installedEpochs, madeEpochs, openEpoch, readEpochs } from "./epochs.ts";

const first = "2026_11";
const at = (text: string) => Date.parse(`${text}Z`);

Deno.test("a session is stored in the month in which it opens, from its first millisecond", () => {
  strictEqual(openEpoch(first, at("2026-11-30T23:59:59.999")), "2026_11");
  strictEqual(openEpoch(first, at("2026-12-01T00:00:00.000")), "2026_12");
  strictEqual(openEpoch(first, at("2027-11-30T12:00:00.000")), "2027_11");
});

Deno.test("a clock behind the installation opens in its month, one past its year in none", () => {
  strictEqual(openEpoch(first, at("2026-10-31T23:59:00")), "2026_11");
  strictEqual(openEpoch(first, at("2027-12-01T00:00:00")), null);
});

Deno.test("around the turn both months are read, and the next is made before it is read", () => {
  const cases = [
    ["2026-11-15T00:00:00", ["2026_11"], ["2026_11"]],
    ["2026-11-29T00:00:00", ["2026_11"], ["2026_11", "2026_12"]],
    ["2026-11-30T00:00:00", ["2026_11", "2026_12"], ["2026_11", "2026_12"]],
    ["2026-12-01T00:00:00", ["2026_11", "2026_12"], ["2026_12"]],
    ["2026-12-07T23:00:00", ["2026_11", "2026_12"], ["2026_12"]],
    ["2026-12-08T00:00:00", ["2026_12"], ["2026_12"]],
  ] as const;
  for (const [text, read, made] of cases) {
    deepStrictEqual(readEpochs(first, at(text)), read, text);
    deepStrictEqual(madeEpochs(first, at(text)), made, text);
  }
});

Deno.test("what is read or made has rights, whatever the time", () => {
  const installed = installedEpochs(first);
  strictEqual(installed.length, 14);
  for (let nowMs = at("2025-01-01T00:00:00"); nowMs < at("2028-06-01T00:00:00"); nowMs += 3.6e7) {
    for (const epoch of [...readEpochs(first, nowMs), ...madeEpochs(first, nowMs)]) {
      ok(installed.includes(epoch));
    }
    const open = openEpoch(first, nowMs);
    if (open === null) continue;
    ok(readEpochs(first, nowMs).includes(open));
    ok(madeEpochs(first, nowMs).includes(open));
  }
});
