import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { parseTotals, type StageResult, summarise } from "./results.ts";

const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="5" failures="1" errors="0" time="0.012">
    <testsuite name="./a_test.ts" tests="4" disabled="1" errors="0" failures="1">
    </testsuite>
    <testsuite name="./b_test.ts" tests="1" disabled="0" errors="0" failures="0">
    </testsuite>
</testsuites>`;

Deno.test("parseTotals() counts what passed, failed and was ignored", () => {
  deepStrictEqual(parseTotals(report), { passed: 3, failed: 1 });
  deepStrictEqual(parseTotals(""), { passed: 0, failed: 1 });
  deepStrictEqual(parseTotals("<testsuites>"), { passed: 0, failed: 1 });
});

const unit: StageResult = { name: "unit", ok: true, ms: 1, totals: { passed: 3, failed: 0 } };
const lint: StageResult = { name: "lint", ok: true, ms: 1, totals: null };

function outcome(...results: StageResult[]): [string | undefined, boolean] {
  const { lines, ok } = summarise(results);
  return [lines.at(-1), ok];
}

Deno.test("summarise() is a success only when all stages are and some test passed", () => {
  deepStrictEqual(outcome(lint, unit, unit), ["6 passed, 0 failed", true]);
  deepStrictEqual(outcome(), ["0 passed, 0 failed", false]);
  deepStrictEqual(outcome(lint), ["0 passed, 0 failed", false]);
});

Deno.test("summarise() counts a failure for whatever went wrong", () => {
  deepStrictEqual(outcome({ ...lint, ok: false }, unit), ["3 passed, 1 failed", false]);
  // An error outside of every test.
  deepStrictEqual(outcome({ ...unit, ok: false }, unit), ["6 passed, 1 failed", false]);
  const failed = { ...unit, ok: false, totals: { passed: 2, failed: 2 } };
  deepStrictEqual(outcome(failed, unit), ["5 passed, 2 failed", false]);
  // The runner found no tests, or ended before it reported.
  const silent = { ...unit, totals: { passed: 0, failed: 0 } };
  deepStrictEqual(outcome(silent, unit), ["3 passed, 1 failed", false]);
});

Deno.test("summarise() shows each stage on a line", () => {
  const { lines } = summarise([{ ...unit, ms: 1234 }, { ...lint, ok: false }]);
  strictEqual(lines[0], "unit         ok     1.2 s, 3 passed, 0 failed");
  strictEqual(lines[1], "lint         FAILED 0.0 s");
});
