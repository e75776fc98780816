/** @module */
import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import type { CatalogRelation } from "./catalog.ts";
import { tableOf } from "./catalog_testing.ts";
import { classesByName, classify, type Listing, listingOf } from "./classification.ts";
import { Config } from "./config.ts";

const name = fc.constantFrom("a", "b", "c");
const pattern = fc.tuple(
  fc.constantFrom("ward", "hall", "*"),
  fc.constantFrom("t0", "t1", "t2", "*"),
  fc.oneof(name, fc.constant("*")),
).map((parts) => parts.join("."));
const listing = fc.record({
  classes: fc.dictionary(fc.constantFrom("x", "y"), fc.record({ columns: fc.array(pattern) })),
  plain: fc.array(pattern, { maxLength: 3 }),
  unlisted: fc.constant<Listing["unlisted"]>("mask"),
});
/** Tables t0, t1, ..., each of which may have parents among those before it, and before itself. */
const relations = fc.array(
  fc.record({
    columns: fc.uniqueArray(name, { minLength: 1 }),
    schema: fc.constantFrom("ward", "hall", "pg_catalog"),
    parents: fc.array(fc.nat(4), { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 5 },
).map((drawn): CatalogRelation[] =>
  drawn.map(({ columns, schema, parents }, at) => ({
    ...tableOf(
      `t${at}`,
      Object.fromEntries(columns.map((column) => [column, "text"])),
      20_000 + at,
    ),
    schema,
    parents: parents.map((parent) => 20_000 + parent),
  }))
);

Deno.test("classify() leaves a user's column in no class only where it or a parent's is plain", () => {
  fc.assert(fc.property(relations, listing, (all, given) => {
    const masked = classify(all, given);
    const kept = classify(all, { ...given, unlisted: "keep" });
    for (const { oid, columns } of all) {
      for (const { name, attribute } of columns) {
        const now = masked.get(oid)?.get(attribute) ?? [];
        const before = kept.get(oid)?.get(attribute) ?? [];
        const isPlain = before.length === 0 && isPlainAbove(oid, name, all, given);
        deepStrictEqual(now, before.length > 0 ? before : isPlain ? [] : ["unlisted"]);
      }
    }
  }));
});

Deno.test("classify() gives a table without relatives what classesByName() says", () => {
  fc.assert(fc.property(relations, listing, (all, given) => {
    for (const unlisted of ["mask", "keep"] as const) {
      const each = { ...given, unlisted };
      for (const { schema, name, oid, columns, ...rest } of all) {
        if (schema === "pg_catalog") continue;
        const alone = { ...rest, schema, name, oid, columns, parents: [] };
        const classes = classify([alone], each).get(oid);
        for (const column of columns) {
          const own = classes?.get(column.attribute) ?? [];
          deepStrictEqual(own, classesByName(each, schema, name, column.name));
        }
      }
    }
  }));
});

Deno.test("listingOf() masks what is unlisted behind a connection that is not configured", () => {
  const { connections, classes } = Config.parse({
    version: 1,
    organisation: "a",
    issuer: { url: "https://a.example", audience: "a" },
    console: { url: "https://a.example", client_id: "a" },
    connections: {
      ehr: { protocol: "postgres", host: "h", port: 1, database: "d", user: "u", plain: ["a.b.c"] },
    },
    classes: {},
  });
  const of = (connection: string) => {
    const { plain, unlisted } = listingOf({ connections, classes }, connection);
    return [unlisted, ...plain];
  };
  deepStrictEqual(of("ehr"), ["keep", "a.b.c"]);
  for (const other of ["lab", "constructor"]) deepStrictEqual(of(other), ["mask"]);
  ok(!("unlisted" in classes));
});

/** Whether a pattern says so of the column, or of that of the name in an ancestor. */
function isPlainAbove(
  oid: number,
  column: string,
  all: readonly CatalogRelation[],
  { plain }: Listing,
  seen: readonly number[] = [],
): boolean {
  const relation = all.find((one) => one.oid === oid);
  if (relation === undefined || seen.includes(oid)) return false;
  if (!relation.columns.some(({ name }) => name === column)) return false;
  const says = classesByName(
    { classes: { plain: { columns: plain } }, plain: [], unlisted: "keep" },
    relation.schema,
    relation.name,
    column,
  ).length > 0;
  return says || relation.parents.some((parent) => {
    return isPlainAbove(parent, column, all, { classes: {}, plain, unlisted: "keep" }, [
      ...seen,
      oid,
    ]);
  });
}
