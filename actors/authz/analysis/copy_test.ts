/**
 * COPY: columns in the table's order, formats, and what leaves.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { copyCsv as csv, copyText as text } from "#schemas/copy_testing.ts";
import { analysisOf, columnsOf, effectsOf, refusalOf } from "./testing.ts";

const formats: readonly (readonly [string, unknown])[] = [
  ["copy claims to stdout", text],
  ["copy claims to stdout csv", csv],
  ["copy claims to stdout with csv header delimiter ';'", { ...csv, header: true, delimiter: ";" }],
  ["copy claims to stdout (format csv, header, null 'x')", { ...csv, header: true, null: "x" }],
  ["copy claims to stdout (format csv, header false)", csv],
  ["copy claims to stdout (format csv, header 1)", { ...csv, header: true }],
  ["copy claims to stdout (format csv, header match)", { ...csv, header: true }],
  ["copy claims to stdout (format csv, quote '''')", { ...csv, quote: "'", escape: "'" }],
  ["copy claims to stdout (format csv, escape E'\\\\')", { ...csv, escape: "\\" }],
  ["copy claims to stdout (FORMAT Binary)", { ...text, format: "binary" }],
];
for (const [sql, format] of formats) {
  Deno.test(`format of ${sql}`, () => {
    deepStrictEqual(analysisOf(sql).copy, { direction: "out", format });
  });
}

Deno.test("columns of COPY", () => {
  deepStrictEqual(
    columnsOf("copy patients to stdout"),
    "id mrn:mrn name:name ssn:ssn dob:birthdate zip:zip email:contact phone:contact",
  );
  deepStrictEqual(columnsOf("copy patients (ssn, id) to stdout"), "ssn:ssn id");
  // Generated columns are left out unless they are listed.
  deepStrictEqual(columnsOf("copy cards to stdout"), "id ssn:ssn");
  deepStrictEqual(columnsOf("copy cards (tail) to stdout"), "tail:ssn");
  deepStrictEqual(columnsOf("copy (select upper(ssn) u from patients) to stdout"), "u:ssn");
  deepStrictEqual(columnsOf("copy v_ids to stdout"), "id?");
  deepStrictEqual(columnsOf("copy patients from stdin"), "-");
});

Deno.test("effects of COPY", () => {
  deepStrictEqual(effectsOf("copy claims to stdout"), "read export");
  deepStrictEqual(effectsOf("copy claims from stdin"), "write");
  deepStrictEqual(effectsOf("copy patients from stdin where ssn = 'x'"), "write filter_by");
  // Which rows are stored is what users' code says of whatever it reads.
  deepStrictEqual(
    effectsOf("copy claims from stdin where lookup(id) > 0"),
    "write execute filter_by declassify",
  );
  deepStrictEqual(
    effectsOf("copy (delete from claims returning id) to stdout"),
    "read write export",
  );
  deepStrictEqual(analysisOf("copy claims from stdin").copy?.direction, "in");
  deepStrictEqual(
    refusalOf(`copy claims to stdout (null '${"x".repeat(65)}')`),
    "unsupported_statement",
  );
  deepStrictEqual(refusalOf("copy (select 1 into x) to stdout"), "unsupported_statement");
});
