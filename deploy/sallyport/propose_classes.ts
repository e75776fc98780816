/**
 * A first classification of somebody's database, by the names and types of its columns alone; no
 * row is read.
 *
 * **Invariant:** a column stays without a class only when it is a plain number, date, time, truth
 * value or id and its name says nothing else; what is not recognised is of the class `unreviewed`
 * and masked whole. Columns that are recognised by name are so in tables to come, too.
 *
 * @module
 */
import type { CatalogRelation } from "#schemas/catalog.ts";
import { isSystemSchema } from "#schemas/classification.ts";
import type { DataClass } from "#schemas/config.ts";

export type ProposedClass =
  & Pick<DataClass, "description" | "mask" | "columns" | "detectors">
  & Pick<DataClass, "aggregate_rows_min">;

/** Where what is not recognised stands until somebody has looked at it. */
export const unreviewedClass = "unreviewed";

type Rule = Omit<ProposedClass, "columns"> & { readonly words: readonly string[] };

const redact = { operator: "redact" } as const;
const placeGroupMin = 11;

/** Words of a column's name, in one piece or with `_` between them; the first that fits counts. */
const rules: Readonly<Record<string, Rule>> = {
  ssn: {
    description: "Social security number",
    words: ["ssn", "social_security", "national_id", "tax_id"],
    mask: redact,
    detectors: ["ssn"],
  },
  mrn: {
    description: "Medical record number; the same token for the same number, so that joins hold",
    words: ["mrn", "medical_record", "record_number", "chart_number", "patient_number"],
    mask: { operator: "tokenise", scope: "mrn" },
    detectors: ["mrn"],
  },
  dob: {
    description: "Date of birth; the year is shown",
    words: ["dob", "birth", "birthday", "birthdate", "born"],
    mask: { operator: "generalise", to: "year" },
    detectors: [],
    "aggregate_rows_min": placeGroupMin,
  },
  contact: {
    description: "Mail address, telephone number",
    words: ["email", "e_mail", "mail", "phone", "telephone", "mobile", "cell", "fax"],
    mask: redact,
    detectors: ["email", "phone"],
  },
  zip: {
    description: "ZIP code; three digits are shown where enough people live there",
    words: ["zip", "zipcode", "postal", "postcode"],
    mask: { operator: "generalise", to: "zip3" },
    detectors: [],
    "aggregate_rows_min": placeGroupMin,
  },
  address: {
    description: "Where somebody lives",
    words: ["address", "addr", "street", "city", "county", "latitude", "longitude"],
    mask: redact,
    detectors: [],
  },
  account: {
    description: "Numbers of accounts, insurance, licences, cards and devices",
    words: ["account", "card", "iban", "insurance", "member", "subscriber", "license", "licence"]
      .concat(["certificate", "passport", "vin", "plate", "serial", "device", "ip", "url"]),
    mask: redact,
    detectors: ["card"],
  },
  name: {
    description: "Name of a person",
    words: ["name", "surname", "firstname", "lastname", "fullname", "forename", "initials"],
    mask: redact,
    detectors: [],
  },
};

/** Types whose values say nothing by themselves, but for what a column's name says of them. */
const plainTypes = new Set(
  ["int2", "int4", "int8", "float4", "float8", "numeric", "money", "bool", "uuid", "oid"]
    .concat(["date", "time", "timetz", "timestamp", "timestamptz", "interval"]),
);

/** Classes with at least one column or detector, in the order of the rules. */
export function proposeClasses(
  relations: readonly CatalogRelation[],
): Record<string, ProposedClass> {
  const columns = new Map<string, Set<string>>();
  const add = (name: string, pattern: string) => {
    columns.set(name, (columns.get(name) ?? new Set()).add(pattern));
  };
  for (const { schema, name: table, kind, columns: own } of relations) {
    // What a view shows derives from tables, and is masked with them.
    if (isSystemSchema(schema) || kind === "v") continue;
    for (const { name, typeName } of own) {
      const known = proposedClass(name, typeName);
      if (known === null) continue;
      const relation = known === unreviewedClass ? table : "*";
      // All names stand for one that a pattern cannot hold: too much rather than too little.
      add(known, [schema, relation, name].map(part).join("."));
    }
  }
  const of = (name: string) => [...columns.get(name) ?? []].sort();
  const proposed = Object.entries(rules).map(([name, { words: _, ...rule }]) => {
    return [name, { ...rule, columns: of(name) }] as const;
  });
  const unreviewed = {
    description: "Columns that nobody has looked at yet: give them a class, or strike them out",
    columns: of(unreviewedClass),
    mask: redact,
    detectors: [],
  };
  return Object.fromEntries(
    [...proposed, [unreviewedClass, unreviewed] as const].filter(([, one]) => {
      return one.columns.length + one.detectors.length > 0;
    }),
  );
}

/** The class of a column, by its name or else its type; null for a plain number or date. */
export function proposedClass(column: string, typeName: string): string | null {
  return spokenOf(column) ?? (plainTypes.has(typeName) ? null : unreviewedClass);
}

/** The class that a column's name speaks of. */
function spokenOf(column: string): string | null {
  // `patientName`, `patient-name` and `PATIENT_NAME` are the same words.
  const words = column.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase()
    .split(/[^a-z0-9]+/).join("_");
  const known = Object.entries(rules).find(([, rule]) => {
    return rule.words.some((word) => `_${words}_`.includes(`_${word}_`));
  });
  return known?.[0] ?? null;
}

function part(name: string): string {
  return /^[^.\s]+$/.test(name) ? name : "*";
}
