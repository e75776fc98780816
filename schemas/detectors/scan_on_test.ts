/** Finds do not depend on where a text is cut, and what is settled stays settled. @module */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { detect, type DetectorClasses, type Find } from "./detect.ts";
import { beginScan, scanOn, tailStart } from "./scan_on.ts";

const utf8 = new TextEncoder();
const classes: DetectorClasses = { email: "e", phone: "p", ssn: "s", card: "c", mrn: "m" };

/** Scans the text cut in pieces; checks that no find begins before what was settled. */
function scanned(bytes: Uint8Array, cuts: readonly number[], of = classes): Find[] {
  const scan = beginScan();
  const finds: Find[] = [];
  let settled = 0;
  for (const end of [...cuts, bytes.length]) {
    const part = bytes.slice(0, end);
    const place = scanOn(part, scan, of, "more", (find) => {
      ok(find.start >= settled, `a find at ${find.start}, but ${settled} was settled`);
      finds.push(find);
    });
    settled = Math.max(settled, Math.min(place, tailStart(part, scan, of)));
  }
  scanOn(bytes, scan, of, "none", (find) => {
    ok(find.start >= settled, `a find at ${find.start}, but ${settled} was settled`);
    finds.push(find);
  });
  return finds;
}

const identifiers = [
  "415-555-2671",
  "(415) 555-2671 x45",
  "+1 (415) 555-2671, ext. 4512",
  "+44 20 7946 0958",
  "4155552671@vtext.com",
  "a.b+c@mail.example.org",
  "536-22-1234",
  "536\u201122\u20111234",
  "SSN 536221234",
  "4111 1111 1111 1111",
  "MRN: AB123456",
  "medical record no 1234567",
];

Deno.test("scanOn() finds every identifier at every cut in two", () => {
  for (const identifier of identifiers) {
    for (const around of [["", ""], ["see ", " today"], ["x 12 ", ", 99"], ["(", ")."]]) {
      const bytes = utf8.encode(around.join(identifier));
      const whole = detect(bytes, { classes, findsMax: Infinity });
      ok(whole.length > 0, identifier);
      for (let cut = 0; cut <= bytes.length; cut++) {
        deepStrictEqual(scanned(bytes, [cut]), whole, `${identifier} at ${cut}`);
      }
    }
  }
});

Deno.test("scanOn() finds the same byte by byte and cut anywhere, in any text", () => {
  const piece = fc.oneof(
    fc.constantFrom(...identifiers),
    fc.constantFrom(
      ..." |-|.|@|(|+|1|22|333|4444|55555|x|ext|ext.|MRN |SSN |, |\n|\t|é|a.b|[mrn]|\\n".split("|"),
    ),
  );
  const text = fc.array(piece, { maxLength: 16 }).map((pieces) => utf8.encode(pieces.join("")));
  const cuts = fc.array(fc.nat(120), { maxLength: 8 });
  const detectors = fc.constantFrom<DetectorClasses[]>(classes, { mrn: "m" }, { phone: "p" });
  fc.assert(
    fc.property(
      fc.oneof(text, fc.uint8Array({ maxLength: 80 })),
      cuts,
      detectors,
      (bytes, places, of) => {
        const whole = detect(bytes, { classes: of, findsMax: Infinity });
        const sorted = places.filter((place) => place <= bytes.length).sort((a, b) => a - b);
        deepStrictEqual(scanned(bytes, sorted, of), whole);
        deepStrictEqual(scanned(bytes, Array.from(bytes, (_, index) => index), of), whole);
      },
    ),
    { seed: 20_261_121, numRuns: 3000 },
  );
});

Deno.test("scanOn() settles plain words but for the last, and long runs of digits", () => {
  const settledOf = (text: string) => {
    const bytes = utf8.encode(text);
    const scan = beginScan();
    const place = scanOn(bytes, scan, classes, "more", () => {});
    return bytes.length - Math.min(place, tailStart(bytes, scan, classes));
  };
  equal(settledOf("the ward is quiet. "), 0);
  equal(settledOf("the ward is quiet"), "quiet".length);
  equal(settledOf("total 12, done\n"), 0);
  equal(settledOf(`${"7".repeat(4000)} `), 0);
  equal(settledOf("x".repeat(4000)), 64);
  equal(settledOf("call (415) 555"), "(415) 555".length);
});
