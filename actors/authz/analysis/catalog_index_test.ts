/**
 * Which columns hold which classes.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import type { Catalog, CatalogRelation } from "#schemas/catalog.ts";
import type { Listing } from "#schemas/classification.ts";
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
  const both = indexed({
    zeta: { columns: ["public.patients.ssn"] },
    alpha: { columns: ["*.patients.*"] },
  });
  deepStrictEqual(both.protected.get(1001)?.get(4), ["alpha", "zeta"]);
});

Deno.test("a wildcard schema leaves PostgreSQL's own relations plain, a named one does not", () => {
  const names = (pattern: string) => indexed({ c: { columns: [pattern] } });
  deepStrictEqual(names("*.*.relname").protected.get(1259), undefined);
  ok(names("pg_catalog.pg_class.relname").protected.get(1259) !== undefined);
});

Deno.test("partitions and their parent share classes by column name", () => {
  const classes = { a: { columns: ["public.events_2026.at"] }, s: { columns: ["*.events.ssn"] } };
  const shared = indexed(classes).protected;
  deepStrictEqual(shared.get(1011)?.get(3), ["a"]);
  deepStrictEqual(shared.get(1012)?.get(2), ["s"]);
});

Deno.test("what no class names is unlisted, in users' tables alone, where that is masked", () => {
  const patients = { patients: { columns: ["*.patients.*"] } };
  const masking = indexed(patients, { unlisted: "mask", plain: ["public.claims.*", "*.*.label"] });
  deepStrictEqual(namesIn(masking, 1001)[1], ["patients"]);
  deepStrictEqual(namesIn(masking, 1004), {});
  deepStrictEqual(namesIn(masking, 1006), { 1: ["unlisted"], 3: ["unlisted"] });
  // Views, generated columns and PostgreSQL's own have what they derive from.
  deepStrictEqual([1005, 1010, 1259, 2615].map((oid) => namesIn(masking, oid)), [{}, {}, {}, {}]);
  deepStrictEqual(namesIn(masking, 1013), { 1: ["unlisted"], 2: ["unlisted"] });
  deepStrictEqual(indexed(patients, { plain: [] }).protected.get(1006), undefined);
});

Deno.test("a table that somebody made in PostgreSQL's own schema is a user's", () => {
  const relations = clinicCatalog.relations.filter(({ oid }) => oid === 2615);
  const made = relations.map((relation) => ({ ...relation, oid: 20_000 }));
  const masking = indexed({}, { unlisted: "mask" }, made);
  deepStrictEqual(namesIn(masking, 20_000)[1], ["unlisted"]);
});

Deno.test("what a parent has listed its children have, and not the other way round", () => {
  const at = indexed({}, { unlisted: "mask", plain: ["public.events.at"] });
  deepStrictEqual([namesIn(at, 1011)[3], namesIn(at, 1012)[3]], [undefined, undefined]);
  const child = indexed({}, { unlisted: "mask", plain: ["public.events_2026.at"] });
  deepStrictEqual([namesIn(child, 1011)[3], namesIn(child, 1012)[3]], [["unlisted"], undefined]);
  // A class of the child's holds for both, whatever is plain.
  const classes = { a: { columns: ["public.events_2026.at"] } };
  const both = indexed(classes, { unlisted: "mask", plain: ["public.events.*"] });
  deepStrictEqual([namesIn(both, 1011)[3], namesIn(both, 1012)[3]], [["a"], ["a"]]);
});

function indexed(
  classes: Listing["classes"],
  rest: Partial<Listing> = {},
  relations: readonly CatalogRelation[] = clinicCatalog.relations,
) {
  const catalog: Catalog = { ...clinicCatalog, relations: [...relations] };
  return indexCatalog(catalog, { plain: [], unlisted: "keep", ...rest, classes });
}

/** Classes by attribute. */
function namesIn(schema: ReturnType<typeof indexed>, oid: number): Record<number, unknown> {
  return Object.fromEntries(schema.protected.get(oid) ?? []);
}
