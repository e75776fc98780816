/** @module */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { tableOf as table } from "#schemas/catalog_testing.ts";
import { proposeClasses } from "./propose_classes.ts";

Deno.test("proposeClasses() knows a column by the words of its name, in every table", () => {
  const { name, dob, ssn, mrn } = proposeClasses([
    table("person", { fullName: "text", "birth_date": "date", SSN: "int4", "rename_at": "date" }),
    table("stay", { "medical_record_no": "varchar", "attending_name": "text" }),
  ]);
  deepStrictEqual(name?.columns, ["ward.*.attending_name", "ward.*.fullName"]);
  deepStrictEqual(dob?.columns, ["ward.*.birth_date"]);
  deepStrictEqual(ssn?.columns, ["ward.*.SSN"]);
  deepStrictEqual(mrn?.columns, ["ward.*.medical_record_no"]);
});

Deno.test("proposeClasses() masks what it does not know, unless it is a plain number or date", () => {
  const { unreviewed } = proposeClasses([
    table("stay", { id: "int8", "admitted": "date", remark: "text", scan: "bytea", kind: "mood" }),
    { ...table("seen", { remark: "text" }), kind: "v" },
    { ...table("pg_class", { relname: "name" }), schema: "pg_catalog" },
  ]);
  deepStrictEqual(unreviewed?.columns, ["ward.stay.kind", "ward.stay.remark", "ward.stay.scan"]);
});

Deno.test("proposeClasses() widens what a pattern cannot hold, and gives every detector a class", () => {
  const classes = proposeClasses([table("a b", { "first name": "text", "c.d": "text" })]);
  deepStrictEqual(classes["name"]?.columns, ["ward.*.*"]);
  deepStrictEqual(classes["unreviewed"]?.columns, ["ward.*.*"]);
  const detectors = Object.values(proposeClasses([])).flatMap(({ detectors }) => detectors);
  deepStrictEqual(detectors.sort(), ["card", "email", "mrn", "phone", "ssn"]);
  strictEqual(proposeClasses([])["unreviewed"], undefined);
  ok(!("dob" in proposeClasses([])));
});
