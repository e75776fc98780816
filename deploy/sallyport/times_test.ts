/** @module */
import { deepStrictEqual } from "node:assert/strict";
import { durationMs, speedOf, timeOf } from "./times.ts";

Deno.test("durationMs() reads lengths of time with their unit", () => {
  const texts = ["500ms", "2s", "1.5s", "15m", "3h", "7d", "0s"];
  deepStrictEqual(texts.map(durationMs), [500, 2000, 1500, 900_000, 10_800_000, 604_800_000, 0]);
  deepStrictEqual(["2", "s", "-1s", "2 s", "2w", "1e3s", ""].map(durationMs), Array(7).fill(null));
});

Deno.test("timeOf() reads dates, times with a zone, and lengths of time ago", () => {
  const now = Date.UTC(2026, 10, 21, 9);
  const read = (text: string) => timeOf(text, now);
  deepStrictEqual(
    ["2026-11-20", "2026-11-21T10:00+02:00", "2026-11-21T08:00:00.500Z", "2h"].map(read),
    [
      Date.UTC(2026, 10, 20),
      Date.UTC(2026, 10, 21, 8),
      Date.UTC(2026, 10, 21, 8) + 500,
      now - 7.2e6,
    ],
  );
  const wrong = ["yesterday", "2026-11-20T10:00", "2026-13-40", "20261120", "2", ""];
  deepStrictEqual(wrong.map(read), wrong.map(() => null));
});

Deno.test("speedOf() reads a factor or max", () => {
  deepStrictEqual([null, "2", "0.5", "3x", "max"].map(speedOf), [1, 2, 0.5, 3, Infinity]);
  const wrong = ["0", "-1", "fast", "1e3", "99999", "", "0.0", "Infinity", "xx"];
  deepStrictEqual(wrong.map(speedOf), wrong.map(() => null));
});
