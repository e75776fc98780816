/** What masking knows of each connection's catalog: classes and types of columns. @module */
import type { Catalog } from "#schemas/catalog.ts";
import { classify, type Listing } from "#schemas/classification.ts";
import type { CatalogView } from "./rewriter.ts";

/** Nothing is known: no type rules out text, and origins are checked by the plan alone. */
export const unknownCatalog: CatalogView = {
  classesOf: () => undefined,
  typeOf: () => undefined,
};

export function catalogView(catalog: Catalog, listing: Listing): CatalogView {
  const held = classify(catalog.relations, listing);
  const types = new Map(catalog.relations.map((relation) => {
    return [
      relation.oid,
      new Map(relation.columns.map(({ attribute, typeOid }) => [attribute, typeOid])),
    ];
  }));
  return {
    classesOf: (relation, attribute) => held.get(relation)?.get(attribute),
    typeOf: (relation, attribute) => types.get(relation)?.get(attribute),
  };
}
