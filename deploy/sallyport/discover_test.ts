/** @module */
import { deepStrictEqual, ok } from "node:assert/strict";
import type { Catalog } from "#schemas/catalog.ts";
import { tableOf } from "#schemas/catalog_testing.ts";
import { DataClass } from "#schemas/config.ts";
import { unlisted } from "./discover.ts";

const classes = { name: DataClass.parse({ columns: ["ward.*.fullName", "ward.scan.*"] }) };
const ward = catalog({
  person: { id: "int4", fullName: "text", "guardian_name": "text", born: "date", mood: "text" },
  scan: { image: "bytea" },
  meal: { dish: "text" },
});

Deno.test("unlisted() lists what nothing names, unless it is plain by its type and shown", () => {
  const found = unlisted(ward, { classes, plain: ["ward.meal.*"], unlisted: "keep" });
  deepStrictEqual(found.map(({ column, type, looksLike }) => [column, type, looksLike]), [
    ["ward.person.guardian_name", "text", "name"],
    ["ward.person.born", "date", "dob"],
    ["ward.person.mood", "text", "unknown"],
  ]);
  ok(found.every(({ masked }) => !masked));
});

Deno.test("unlisted() lists what is masked, whatever its type", () => {
  const found = unlisted(ward, { classes, plain: ["*.*.born"], unlisted: "mask" });
  deepStrictEqual(found.map(({ column, looksLike }) => [column, looksLike]), [
    ["ward.person.id", "plain"],
    ["ward.person.guardian_name", "name"],
    ["ward.person.mood", "unknown"],
    ["ward.meal.dish", "unknown"],
  ]);
  ok(found.every(({ masked }) => masked));
});

function catalog(tables: Readonly<Record<string, Readonly<Record<string, string>>>>): Catalog {
  const relations = Object.entries(tables).map(([name, columns], at) => {
    return tableOf(name, columns, at + 1);
  });
  return {
    version: 1,
    connection: "ehr",
    database: "ehr",
    serverVersion: 180_000,
    digest: "",
    searchPath: ["public"],
    role: "gateway",
    relations,
    functions: [],
    hidden: { operators: [], types: [], implicitCasts: false },
  };
}
