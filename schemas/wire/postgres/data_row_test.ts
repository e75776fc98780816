import { deepStrictEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { Writer } from "../cursor.ts";
import {
  beginDataRow,
  columnCountOf,
  decodeDataRow,
  encodeDataRow,
  walkDataRow,
  writeDataRowField,
  writeDataRowNull,
} from "./data_row.ts";
import { frameOf, wire } from "./testing.ts";

Deno.test("walkDataRow() visits offsets that count from the tag", () => {
  const visits: (readonly number[])[] = [];
  const frame = frameOf(wire("'D' 00000014 0003 00000002 '42' ffffffff 00000000"));
  equal(walkDataRow(frame, (...visit) => visits.push(visit)), null);
  deepStrictEqual(visits, [[0, 11, 2], [1, 17, -1], [2, 21, 0]]);
  equal(columnCountOf(frame), 3);
  equal(columnCountOf(frameOf(wire("'D' 00000005 00"))), null);
});

Deno.test("walkDataRow() names the place of the fault, after the fields before it", () => {
  let visits = 0;
  const frame = frameOf(wire("'D' 0000000e 0002 ffffffff fffffffd"));
  deepStrictEqual(walkDataRow(frame, () => visits++), {
    kind: "malformed",
    code: "negative_length",
    field: "value length",
    offset: 11,
  });
  equal(visits, 1);
});

Deno.test("walkDataRow() never visits a range that ends outside of the row", () => {
  let visits = 0;
  const failure = walkDataRow(frameOf(wire("'D' 0000000b 0001 00000002 '4'")), () => visits++);
  equal(failure?.code, "truncated");
  equal(visits, 0);
});

Deno.test("a row rewritten field by field is the row", () => {
  const value = fc.option(fc.uint8Array({ maxLength: 120 }), { nil: null });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 40 }), (values) => {
      const bytes = encodeDataRow({ kind: "data_row", values }, new Writer()).bytes();
      const frame = frameOf(bytes);
      const writer = new Writer();
      const start = beginDataRow(values.length, writer);
      walkDataRow(frame, (_index, offset, length) => {
        if (length < 0) writeDataRowNull(writer);
        else writeDataRowField(frame.raw, offset, length, writer);
      });
      deepStrictEqual(writer.end(start).bytes(), bytes);
      deepStrictEqual(decodeDataRow(frame), { kind: "data_row", values });
    }),
    { seed: 9, numRuns: 300 },
  );
});
