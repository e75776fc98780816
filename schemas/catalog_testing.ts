/** Tables as a catalog holds them, for tests of what is read of their columns. @module */
import type { CatalogRelation } from "#schemas/catalog.ts";

/** A table of the schema `ward`: columns by name, with the names of their types. */
export function tableOf(
  name: string,
  columns: Readonly<Record<string, string>>,
  oid = 1,
): CatalogRelation {
  return {
    oid,
    schema: "ward",
    name,
    kind: "r",
    rowsEstimate: 1,
    columns: Object.entries(columns).map(([name, typeName], index) => {
      return { name, attribute: index + 1, typeOid: 1, typeName, generated: null };
    }),
    definition: null,
    uniqueKeys: [],
    parents: [],
    code: [],
  };
}
