/** What was masked is known again, and what people write is not taken for it. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { maskedForms } from "./masked_forms.ts";

const forms = maskedForms({
  ssn: { mask: { operator: "redact" }, detectors: ["ssn"] },
  name: { mask: { operator: "partial", first: 1, last: 1 }, detectors: [] },
  mrn: { mask: { operator: "tokenise", scope: "default" }, detectors: [] },
  zip: { mask: { operator: "generalise", to: "zip3" }, detectors: [] },
  age: { mask: { operator: "generalise", to: "age90" }, detectors: [] },
});
const token = `tok_mrn_${"abcdefghijklmnopqrstuvwx"}`;
const hash = `hmac:${"0123456789abcdef".repeat(2)}`;

Deno.test("isMasked() knows a marker wherever it is written", () => {
  const marked = [
    "[ssn]",
    "[name]",
    "[opaque]",
    "[name]   ",
    "seen today, [ssn] was given",
    token,
    `see ${token}, and others`,
    hash,
    '{"id": 4, "name": "[name]"}',
    '"[name]"',
    "{[name],NULL}",
    `{"${token}"}`,
    "<masked>[name]</masked>",
    "'[name]'",
    `\\x${new TextEncoder().encode("[name]").toHex()}`,
    `\\x${new TextEncoder().encode(token).toHex()}`,
  ];
  for (const text of marked) {
    for (const classes of [[], ["mrn"], null]) ok(forms.isMasked(text, classes), text);
    ok(forms.mayHold(`update patients set x = '${text}'`), text);
  }
});

Deno.test("isMasked() knows shapes for columns of their class, or not known", () => {
  const shapes: [string, string][] = [["J***n", "name"], ["*****", "name"], ["021**", "zip"], [
    "90+",
    "age",
  ]];
  for (const [text, name] of shapes) {
    ok(forms.isMasked(text, [name]), text);
    ok(forms.isMasked(text, null), text);
    ok(!forms.isMasked(text, []), text);
    ok(!forms.isMasked(text, ["ssn"]), text);
    ok(forms.mayHold(`'${text}'`), text);
  }
});

Deno.test("isMasked() knows typed values for columns of a class", () => {
  const blank = ["0001-01-01", "0001-01-01 12:00:00+00", "0001-01-01T12:00:00Z"];
  const derived = ["7031-05-02", "8fb4cb16-59d8-8cd0-9c22-2f9f1cbb6f00", "02:5f:00:1a:2b:3c"];
  for (const text of [...blank, ...derived]) {
    ok(forms.isMasked(text, ["mrn"]), text);
    strictEqual(forms.isMasked(text, ["ssn"]), blank.includes(text), text);
    ok(!forms.isMasked(text, []), text);
    ok(!forms.isMasked(text, null), text);
    ok(forms.mayHold(`'${text}'`), text);
  }
});

Deno.test("isMasked() takes nothing that people write for a masked value", () => {
  const plain = [
    ...["", "hello", "[see note]", "[name", "Dear [name], hello", "a[name]", "[ssn ]", "[x]"],
    ...["tok_ssn_short", "hmac:12", "5 * 3", "90", "9+", "***bold*** text", "**", "J**n", "0211*"],
    ...["2024-01-01", "9999-12-31", "10.0.0.0", "\\x", "\\xzz", "\\x5b5d"],
    ...["9fb4cb16-59d8-4cd0-9c22-2f9f1cbb6f00", "tax_mrn_abcdefghijklmnopqrstuvwx"],
  ];
  deepStrictEqual(plain.filter((text) => forms.isMasked(text, [])), []);
  deepStrictEqual(plain.filter((text) => forms.isMasked(text, ["name", "ssn", "mrn", "zip"])), []);
});

Deno.test("mayHold() sees that an escape may hide a marker", () => {
  for (
    const sql of [String.raw`e'\x5bssn]'`, String.raw`U&'\005bssn]'`, "u&'!005bssn]' uescape '!'"]
  ) {
    ok(forms.mayHold(sql), sql);
  }
  ok(!forms.mayHold("select tags[1], (array[a, b])[id] from t"), "a subscript is no marker");
  ok(!forms.mayHold("insert into t (a, b) values ('x', 4), ('y * 2', 90)"));
});

Deno.test("mayHold() rules out nothing that isMasked() knows", () => {
  const parts = [
    ...[
      "[ssn]",
      "[name]",
      token,
      hash,
      "J***n",
      "**",
      "*",
      "021**",
      "90+",
      "0001-01-01",
      "7031-05-02",
    ],
    ...["\\x5b73736e5d", "00000000-0000-0000-0000-000000000000", "-8cd0-9c22-", "2f9f1cbb6f00"],
    ...[
      "8fb4cb16-59d8",
      "0.0.0.0",
      "fd12:",
      "3456:",
      "02:5f:00:1a:2b:3c",
      "{",
      "}",
      ",",
      '"',
      "a ",
    ],
  ];
  const aText = fc.array(fc.constantFrom(...parts), { maxLength: 6 }).map((some) => some.join(""));
  const classes = fc.constantFrom(null, [], ["ssn"], ["name"], ["mrn"], ["zip", "age"]);
  let known = 0;
  fc.assert(
    fc.property(aText, classes, (text, names) => {
      if (!forms.isMasked(text, names)) return;
      known++;
      ok(forms.mayHold(text), text);
    }),
    { numRuns: 2000 },
  );
  ok(known > 200, `${known} texts were masked ones`);
});
