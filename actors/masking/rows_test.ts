/** Detection in columns that are kept. @module */
import { deepStrictEqual, equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { ColumnPlan } from "#schemas/mask_plan.ts";
import {
  complete,
  describe,
  detectors,
  keep,
  noCatalog,
  planOf,
  play,
  result,
  row,
} from "./testing.ts";

const ssn = "536-22-1234";
const hex = (bytes: Uint8Array) => `\\x${Buffer.from(bytes).toString("hex")}`;

/** The one value of a kept column, with every detector on. */
function kept(
  typeOid: number,
  format: 0 | 1,
  value: string | Uint8Array,
  column: ColumnPlan = keep,
): string {
  const played = play(
    [describe([typeOid], format), row(value), complete("SELECT 1")],
    planOf([result("query", { columns: [column] })]),
    { options: { detectors } },
  );
  return played.lines[1]?.slice(2) ?? "";
}

/** A binary array of text, in one dimension. */
function textArray(elementOid: number, ...values: string[]): Buffer {
  const head = Buffer.alloc(20);
  head.writeInt32BE(1, 0);
  head.writeInt32BE(elementOid, 8);
  head.writeInt32BE(values.length, 12);
  head.writeInt32BE(1, 16);
  const elements = values.flatMap((value) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(Buffer.byteLength(value));
    return [length, Buffer.from(value)];
  });
  return Buffer.concat([head, ...elements]);
}

Deno.test("rewriteRow() finds identifiers in kept columns of every kind of text", () => {
  const cases: [string, number, 0 | 1, string | Uint8Array, string][] = [
    ["text", 25, 0, `a ${ssn}`, "a [ssn]"],
    ["binary text", 25, 1, `a ${ssn}`, "a [ssn]"],
    ["varchar", 1043, 0, ssn, "[ssn]"],
    ["xml", 142, 1, `<a>${ssn}</a>`, "<a>[ssn]</a>"],
    ["json", 114, 0, '{"a":4155552671}', '{"a":"[phone]"}'],
    ["binary jsonb", 3802, 1, `\x01{"a":"${ssn}"}`, hex(Buffer.from('\x01{"a":"[ssn]"}'))],
    ["array", 1009, 0, `{"x y",${ssn}}`, '{"x y",[ssn]}'],
    ["binary array", 1009, 1, textArray(25, "x", ssn), hex(textArray(25, "x", "[ssn]"))],
    ["an enum or domain", 99_999, 0, ssn, "[ssn]"],
    ["an unknown binary type", 99_999, 1, ssn, "NULL"],
  ];
  for (const [name, typeOid, format, value, expected] of cases) {
    equal(kept(typeOid, format, value), expected, name);
  }
});

Deno.test("rewriteRow() leaves typed values alone, whatever they look like", () => {
  equal(kept(20, 0, "4155552671"), "4155552671");
  equal(kept(1700, 0, "4111111111111111"), "4111111111111111");
  equal(kept(17, 0, "\\x4155552671"), "\\x4155552671");
  equal(
    kept(2950, 0, "12345678-1234-4234-8234-123456789012"),
    "12345678-1234-4234-8234-123456789012",
  );
});

Deno.test("rewriteRow() does not hide again a class that is revealed in its column", () => {
  const revealed: ColumnPlan = { ...keep, classes: ["ssn"] };
  equal(kept(25, 0, `${ssn} a@b.com`, revealed), `${ssn} [email]`);
});

Deno.test("rewriteRow() looks for text under a remembered type that may be another's", () => {
  const messages = [
    { kind: "parse_complete" } as const,
    row(ssn, "4155552671", "x"),
    complete("SELECT 1"),
  ];
  const origin = { relation: 1, attribute: 1 };
  const columns = [keep, keep, keep].map((column) => ({ ...column, origin }));
  const played = play(messages, planOf([result("execute", { columns })]), {
    options: { detectors },
    request: { catalog: { ...noCatalog, typeOf: () => 23 } },
  });
  deepStrictEqual(played.lines[1], "D [ssn]|4155552671|x");
  deepStrictEqual(played.masked, { ssn: 1 });
});

Deno.test("rewriteRow() masks nothing of a type other than its own: a wrong width is NULL", () => {
  const hashed: ColumnPlan = { classes: ["mrn"], mask: { operator: "hash" }, origin: null };
  const plan = planOf([result("query", { columns: [hashed] })]);
  const played = play([describe([23], 1), row("not four bytes")], plan);
  equal(played.lines[1], "D NULL");
});
