/** @module */
import { deepStrictEqual, ok } from "node:assert/strict";
import process from "node:process";
import { parse } from "yaml";
import type { Catalog } from "#schemas/catalog.ts";
import { tableOf } from "#schemas/catalog_testing.ts";
import { DataClass } from "#schemas/config.ts";
import { proposalText } from "./proposal_text.ts";
import { pressing, unlisted } from "./discover.ts";

// `yaml` asks for variables, which a test may not read.
Object.defineProperty(process, "env", { value: {} });

const classes = { name: DataClass.parse({ columns: ["ward.*.fullName", "ward.scan.*"] }) };
const ward = catalog({
  person: { id: "int4", fullName: "text", "guardian_name": "text", born: "date", mood: "text" },
  scan: { image: "bytea" },
  meal: { dish: "text" },
});

Deno.test("pressing() leaves out what is plain by its type and shown", () => {
  const found = pressing(unlisted(ward, { classes, plain: ["ward.meal.*"], unlisted: "keep" }));
  deepStrictEqual(found.map(({ column, type, looksLike }) => [column, type, looksLike]), [
    ["ward.person.guardian_name", "text", "name"],
    ["ward.person.born", "date", "dob"],
    ["ward.person.mood", "text", "unknown"],
  ]);
  ok(found.every(({ masked }) => !masked));
});

Deno.test("pressing() keeps what is masked, whatever its type", () => {
  const found = pressing(unlisted(ward, { classes, plain: ["*.*.born"], unlisted: "mask" }));
  deepStrictEqual(found.map(({ column, looksLike }) => [column, looksLike]), [
    ["ward.person.id", "plain"],
    ["ward.person.guardian_name", "name"],
    ["ward.person.mood", "unknown"],
    ["ward.meal.dish", "unknown"],
  ]);
  ok(found.every(({ masked }) => masked));
});

Deno.test("proposalText() is YAML that lists what can be told, and comments on the rest", () => {
  const odd = catalog({
    "or ders": { "first name": "text" },
    "x:#'y": { id: "int4", "#": "text" },
  });
  const relations = [
    ...ward.relations,
    ...odd.relations.map((one) => ({ ...one, oid: one.oid + 9 })),
  ];
  const listing = { classes, plain: [], unlisted: "keep" } as const;
  const text = proposalText(unlisted({ ...ward, relations }, listing));
  deepStrictEqual(parse(text), {
    connections: { ehr: { plain: ["ward.person.id", "ward.x:#'y.id"] } },
    classes: {
      name: { columns: ["ward.person.guardian_name"] },
      dob: { columns: ["ward.person.born"] },
    },
  });
  deepStrictEqual(text.split("\n").slice(-5), [
    "# Not recognised: each belongs under a class, or under plain.",
    "#   ehr  ward.person.mood  text",
    "#   ehr  ward.meal.dish  text",
    "#   ehr  ward.x:#'y.#  text",
    "# 1 more with a dot or a blank in a name, which only a * fits.",
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
