import { deepStrictEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { Writer } from "../cursor.ts";
import { decodeDataRow, encodeDataRow } from "./data_row.ts";
import { frameOf, wire } from "./testing.ts";

Deno.test("decodeDataRow() gives values, empty ones and NULL", () => {
  const row = decodeDataRow(frameOf(wire("'D' 00000014 0003 00000002 '42' ffffffff 00000000")));
  const values = [Uint8Array.of(0x34, 0x32), null, new Uint8Array(0)];
  deepStrictEqual(row, { kind: "data_row", values });
});

Deno.test("decodeDataRow() names the place of the fault", () => {
  deepStrictEqual(decodeDataRow(frameOf(wire("'D' 0000000e 0002 ffffffff fffffffd"))), {
    kind: "malformed",
    code: "negative_length",
    field: "value",
    offset: 15,
  });
  const short = decodeDataRow(frameOf(wire("'D' 0000000b 0001 00000002 '4'")));
  equal(short.kind === "malformed" && short.code, "truncated");
});

Deno.test("a row that is encoded and decoded is the row", () => {
  const value = fc.option(fc.uint8Array({ maxLength: 120 }), { nil: null });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 40 }), (values) => {
      const bytes = encodeDataRow({ kind: "data_row", values }, new Writer()).bytes();
      deepStrictEqual(decodeDataRow(frameOf(bytes)), { kind: "data_row", values });
    }),
    { seed: 9, numRuns: 300 },
  );
});
