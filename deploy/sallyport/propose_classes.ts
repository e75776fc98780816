/**
 * A first classification of somebody's database, by the names and types of its columns alone; no
 * row is read.
 *
 * **Invariant:** a column is proposed as plain only when it is a number, date, time, truth value or
 * id and its name says nothing else; what is not recognised is left unlisted, hence masked. Columns
 * that are recognised by name are so in tables to come, too; plain are those that are there.
 *
 * @module
 */
import type { CatalogRelation } from "#schemas/catalog.ts";
import { isSystemSchema, type ListedColumn, unlistedColumns } from "#schemas/classification.ts";
import type { DataClass } from "#schemas/config.ts";

export type ProposedClass =
  & Pick<DataClass, "description" | "mask" | "columns" | "detectors">
  & Pick<DataClass, "aggregate_rows_min">;

export type ProposedListing = {
  /** With at least one column or detector, in the order of the rules. */
  readonly classes: Readonly<Record<string, ProposedClass>>;
  /** Patterns of columns that look harmless. */
  readonly plain: readonly string[];
  /** How many columns of tables neither names. */
  readonly unlisted: number;
};

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

/** What a database's columns look like. */
export function proposeListing(relations: readonly CatalogRelation[]): ProposedListing {
  const classes = proposeClasses(relations);
  const unnamed = unlistedColumns(relations, { classes, plain: [], unlisted: "mask" });
  const plain = unnamed.flatMap((one) => {
    const pattern = plainTypes.has(one.column.typeName) ? patternOf(one) : null;
    return pattern === null ? [] : [pattern];
  });
  return { classes, plain, unlisted: unnamed.length - plain.length };
}

/** The pattern that names this column and no other; null when none can. */
export function patternOf({ relation: { schema, name }, column }: ListedColumn): string | null {
  const parts = [schema, name, column.name];
  return parts.every(isPart) ? parts.join(".") : null;
}

/** What a column looks like: a class, `plain`, or `unknown`. */
export function looksLike(column: string, typeName: string): string {
  return spokenOf(column) ?? (plainTypes.has(typeName) ? "plain" : "unknown");
}

function proposeClasses(relations: readonly CatalogRelation[]): Record<string, ProposedClass> {
  const columns = new Map<string, Set<string>>();
  for (const { schema, kind, columns: own } of relations) {
    // What a view shows derives from tables, and is masked with them.
    if (isSystemSchema(schema) || kind === "v") continue;
    for (const { name } of own) {
      const known = spokenOf(name);
      if (known === null) continue;
      // All names stand for one that a pattern cannot hold: too much rather than too little.
      const parts = [schema, "*", name].map((one) => isPart(one) ? one : "*");
      columns.set(known, (columns.get(known) ?? new Set()).add(parts.join(".")));
    }
  }
  return Object.fromEntries(
    Object.entries(rules).map(([name, { words: _, ...rule }]) => {
      return [name, { ...rule, columns: [...columns.get(name) ?? []].sort() }] as const;
    }).filter(([, one]) => one.columns.length + one.detectors.length > 0),
  );
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

/** Whether a pattern can hold a name, and then speaks of nothing else. */
function isPart(name: string): boolean {
  return /^[^.\s]+$/.test(name) && name !== "*";
}
