/** @module */
import { deepStrictEqual } from "node:assert/strict";
import type { Catalog } from "#schemas/catalog.ts";
import { tableOf } from "#schemas/catalog_testing.ts";
import { DataClass } from "#schemas/config.ts";
import { unclassified } from "./discover.ts";

Deno.test("unclassified() lists what no class names, unless it is plain", () => {
  const classes = { name: DataClass.parse({ columns: ["ward.*.fullName", "ward.scan.*"] }) };
  const found = unclassified(
    catalog({
      person: { id: "int4", fullName: "text", "guardian_name": "text", born: "date", mood: "text" },
      scan: { image: "bytea" },
    }),
    classes,
  );
  deepStrictEqual(found.map(({ column, type, looksLike }) => [column, type, looksLike]), [
    ["ward.person.guardian_name", "text", "name"],
    ["ward.person.born", "date", "dob"],
    ["ward.person.mood", "text", "unreviewed"],
  ]);
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
