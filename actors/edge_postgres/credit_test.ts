/** When target is granted more. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { Credit } from "./credit.ts";

const stepBytes = 1000;
const [more, last] = [true, false];

/** What is granted as parts are given and taken at once: request, whether it goes on, raw count. */
function granted(...parts: readonly (readonly [number, boolean, number])[]): number[] {
  const credit = new Credit(stepBytes);
  return parts.flatMap(([request, goesOn, drained]) => {
    credit.gives({ request, more: goesOn }, drained);
    return credit.drained(drained) ? [credit.granted] : [];
  });
}

Deno.test("credit is given in steps", () => {
  const parts = [400, 999, 1000, 1500, 2100].map((drained, at) => [at + 1, last, drained] as const);
  deepStrictEqual(granted(...parts), [1000, 2100]);
});

Deno.test("the first part of a response that goes on is granted at once", () => {
  const parts = [[1, last, 300], [2, more, 600], [2, more, 900], [2, more, 1600]] as const;
  deepStrictEqual(granted(...parts, [2, last, 1700], [3, more, 1800]), [600, 1600, 1800]);
});

Deno.test("the pieces of a part that was cut stand for nothing until the last one", () => {
  deepStrictEqual(granted([1, more, 0], [1, more, 400], [1, last, 500]), [400]);
});

Deno.test("what the agent has not taken is not granted", () => {
  const credit = new Credit(stepBytes);
  credit.gives({ request: 1, more }, 500);
  deepStrictEqual([499, 500].filter((drained) => credit.drained(drained)), [500]);
  ok(credit.granted === 500);
});

Deno.test("a response that begins before the one in front of it is taken is granted as well", () => {
  const credit = new Credit(stepBytes);
  credit.gives({ request: 1, more }, 500);
  credit.gives({ request: 1, more: last }, 600);
  credit.gives({ request: 2, more }, 700);
  deepStrictEqual([500, 600, 700].filter((drained) => credit.drained(drained)), [700]);
  ok(credit.granted === 700);
});
