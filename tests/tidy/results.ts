/**
 * What the stages of `deno task test` came to.
 *
 * **Invariant:** a stage that failed adds at least one failure; a run without a test is no success.
 *
 * @module
 */

export type Totals = { readonly passed: number; readonly failed: number };

export type StageResult = {
  readonly name: string;
  /** Whether its process exited with 0. */
  readonly ok: boolean;
  readonly ms: number;
  /** Null for a stage that runs no tests. */
  readonly totals: Totals | null;
};

/** Reads the totals of Deno's JUnit report; what does not parse is a failure. */
export function parseTotals(report: string): Totals {
  const head = /<testsuites ([^>]*)>/.exec(report)?.[1] ?? "";
  const tests = attribute(head, "tests");
  const failed = sum([attribute(head, "failures"), attribute(head, "errors")]);
  const ignored = [...report.matchAll(/<testsuite ([^>]*)>/g)].map(([, suite = ""]) => {
    return attribute(suite, "disabled");
  });
  const passed = tests - failed - sum(ignored);
  return Number.isNaN(passed) ? { passed: 0, failed: 1 } : { passed, failed };
}

/** A line for each stage, then the line of the whole. */
export function summarise(
  results: readonly StageResult[],
): { readonly lines: readonly string[]; readonly ok: boolean } {
  const counted = results.map((result) => ({ ...result, ...countOf(result) }));
  const lines = counted.map(({ name, ok, ms, totals, passed, failed }) => {
    const tests = totals === null ? "" : `, ${passed} passed, ${failed} failed`;
    return `${name.padEnd(12)} ${ok ? "ok    " : "FAILED"} ${(ms / 1000).toFixed(1)} s${tests}`;
  });
  const passed = sum(counted.map((each) => each.passed));
  const failed = sum(counted.map((each) => each.failed));
  return {
    lines: [...lines, `${passed} passed, ${failed} failed`],
    ok: passed > 0 && failed === 0,
  };
}

/** A test stage that ran nothing, or failed outside its tests, counts as one failure. */
function countOf({ ok, totals }: StageResult): Totals {
  const { passed, failed } = totals ?? { passed: 0, failed: 0 };
  const silent = !ok && failed === 0 || totals !== null && passed + failed === 0;
  return { passed, failed: silent ? 1 : failed };
}

function attribute(text: string, name: string): number {
  return Number(new RegExp(`(?:^| )${name}="(\\d+)"`).exec(text)?.[1] ?? Number.NaN);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
