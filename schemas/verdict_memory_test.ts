import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { decodeControl, encodeControl, Verdict } from "#schemas/frames.ts";
import { maskWhole } from "#schemas/mask_plan.ts";
import { restsMax } from "./verdict_memory.ts";

const plain: Verdict = {
  version: 1,
  request: 7,
  digest: "0a".repeat(32),
  decision: "allow",
  policies: ["agents-read"],
  policyVersion: "v1",
  catalogDigest: null,
  reasons: [],
  statements: [],
  plan: maskWhole,
  parsed: [],
  durationMsMax: 1000,
  approval: null,
  cancels: null,
};
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** What decoding without a memory gives. */
function decodedWhole(text: string): Verdict | null {
  try {
    const result = Verdict.safeParse(JSON.parse(text));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}

const member = fc.constantFrom(
  '"request":9',
  '"digest":"x"',
  '"version":2',
  '"decision":"deny"',
  '"decision":"maybe"',
  '"__proto__":{}',
  '"parsed":null',
  '"cancels":-1',
  '"unknown":1',
  " ",
);

Deno.test("a remembered verdict is what decoding it whole gives, whatever the text", () => {
  const text = fc.tuple(
    fc.nat(20),
    fc.constantFrom("0", "a"),
    fc.array(member, { maxLength: 2 }),
    fc.constantFrom("front", "behind", "cut", "blank"),
  ).map(([request, digit, members, where]) => {
    const whole = JSON.stringify({ ...plain, request, digest: digit.repeat(64) });
    const extra = members.join(",");
    switch (where) {
      case "front":
        return whole.replace('"decision"', `${extra}${extra === "" ? "" : ","}"decision"`);
      case "behind":
        return whole.replace(/\}$/, `${extra === "" ? "" : ","}${extra}}`);
      case "cut":
        return whole.slice(0, 90 + members.length);
      default:
        return whole.replace('"decision":', '"decision": ');
    }
  });
  fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), (texts) => {
    for (const one of texts) {
      deepStrictEqual(decodeControl("verdict", bytesOf(one)), decodedWhole(one), one);
    }
  }));
});

Deno.test("of two verdicts alike, each keeps its own request and digest, and nobody changes what they share", () => {
  const [one, other] = [{ ...plain, request: 1 }, { ...plain, digest: "f".repeat(64) }]
    .map((verdict) => decodeControl("verdict", encodeControl("verdict", verdict)));
  deepStrictEqual([one?.request, one?.digest], [1, plain.digest]);
  deepStrictEqual([other?.request, other?.digest], [7, "f".repeat(64)]);
  strictEqual(one?.plan, other?.plan);
  throws(() => one?.policies.push("more"), TypeError);
});

Deno.test("more different verdicts than are remembered are decoded all the same", () => {
  for (let round = 0; round < 2; round++) {
    for (let each = 0; each < restsMax + 5; each++) {
      const verdict = { ...plain, policies: [`p${each}`] };
      deepStrictEqual(decodeControl("verdict", encodeControl("verdict", verdict)), verdict);
    }
  }
});
