import { notStrictEqual, strictEqual } from "node:assert/strict";
import { withoutMoments } from "./isolation_output.ts";

const begins = "starting permutation: s1_b s2_u\nstep s1_b: BEGIN;\n";
const waits = "step s2_u: UPDATE t;\n <waiting ...>\n";
const first = "s2: NOTICE:  one\n";
const second = "s2: NOTICE:  two\n";
const other = "s1: NOTICE:  three\n";

Deno.test("only when a session heard a notice is left out of what isolationtester prints", () => {
  const expected = withoutMoments(begins + first + second + waits + other);
  const same = [begins + first + waits + other + second, begins + waits + first + other + second];
  for (const text of same) strictEqual(withoutMoments(text), expected);
  const others = [
    begins + second + first + waits + other,
    begins + first + waits + other,
    begins + first + second + other,
    waits + begins + first + second + other,
    begins + first + second + waits + other.replace("s1", "s3"),
    begins + first + waits + other + begins + second,
  ];
  for (const text of others) notStrictEqual(withoutMoments(text), expected, text);
});
