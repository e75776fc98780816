/**
 * Which columns hold which classes.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { indexCatalog, isClassified } from "./catalog_index.ts";
import { clinicCatalog } from "./clinic.ts";
import { schema } from "./testing.ts";

Deno.test("patterns give classes, each part a name or a wildcard", () => {
  deepStrictEqual(schema.protected.get(1001)?.get(4), ["ssn"]);
  deepStrictEqual(schema.protected.get(1001)?.get(1), undefined);
  deepStrictEqual(schema.protected.get(1008), undefined);
  ok(isClassified(schema, "public.patients"));
  ok(!isClassified(schema, "public.claims"));
  ok(isClassified(schema, "public.unknown"));
});

Deno.test("a column of two classes has both, sorted", () => {
  const both = indexCatalog(clinicCatalog, {
    zeta: { columns: ["public.patients.ssn"] },
    alpha: { columns: ["*.patients.*"] },
  });
  deepStrictEqual(both.protected.get(1001)?.get(4), ["alpha", "zeta"]);
});

Deno.test("a wildcard schema leaves PostgreSQL's own relations plain, a named one does not", () => {
  const names = (pattern: string) => indexCatalog(clinicCatalog, { c: { columns: [pattern] } });
  deepStrictEqual(names("*.*.relname").protected.get(1259), undefined);
  ok(names("pg_catalog.pg_class.relname").protected.get(1259) !== undefined);
});

Deno.test("partitions and their parent share classes by column name", () => {
  const classes = { a: { columns: ["public.events_2026.at"] }, s: { columns: ["*.events.ssn"] } };
  const shared = indexCatalog(clinicCatalog, classes).protected;
  deepStrictEqual(shared.get(1011)?.get(3), ["a"]);
  deepStrictEqual(shared.get(1012)?.get(2), ["s"]);
});
