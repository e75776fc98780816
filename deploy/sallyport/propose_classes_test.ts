/** @module */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { tableOf as table } from "#schemas/catalog_testing.ts";
import { proposeListing } from "./propose_classes.ts";

Deno.test("proposeListing() knows a column by the words of its name, in every table", () => {
  const { name, dob, ssn, mrn } = proposeListing([
    table("person", { fullName: "text", "birth_date": "date", SSN: "int4", "rename_at": "date" }),
    table("stay", { "medical_record_no": "varchar", "attending_name": "text" }),
  ]).classes;
  deepStrictEqual(name?.columns, ["ward.*.attending_name", "ward.*.fullName"]);
  deepStrictEqual(dob?.columns, ["ward.*.birth_date"]);
  deepStrictEqual(ssn?.columns, ["ward.*.SSN"]);
  deepStrictEqual(mrn?.columns, ["ward.*.medical_record_no"]);
});

Deno.test("proposeListing() lists plain numbers and dates, and leaves what it does not know", () => {
  const { plain, unlisted } = proposeListing([
    table("stay", { id: "int8", "admitted": "date", remark: "text", scan: "bytea", kind: "mood" }),
    { ...table("stay_2026", { id: "int8", remark: "text" }, 2), parents: [1] },
    { ...table("seen", { n: "int4" }, 3), kind: "v", definition: "SELECT 1 AS n" },
    { ...table("pg_class", { relpages: "int4" }, 4), schema: "pg_catalog" },
  ]);
  deepStrictEqual(plain, ["ward.stay.id", "ward.stay.admitted"]);
  strictEqual(unlisted, 3);
});

Deno.test("proposeListing() widens a class where a pattern cannot hold a name, and nothing plain", () => {
  const { classes, plain, unlisted } = proposeListing([
    table("a b", { "first name": "text" }),
    { ...table("*", { n: "int4" }, 2), schema: "other" },
    { ...table("c.d", { n: "int4", "e f": "int4" }, 3), schema: "other" },
  ]);
  deepStrictEqual(classes["name"]?.columns, ["ward.*.*"]);
  deepStrictEqual([plain, unlisted], [[], 3]);
});

Deno.test("proposeListing() gives every detector a class", () => {
  const { classes } = proposeListing([]);
  const detectors = Object.values(classes).flatMap(({ detectors }) => detectors);
  deepStrictEqual(detectors.sort(), ["card", "email", "mrn", "phone", "ssn"]);
  ok(!("dob" in classes));
});
