/**
 * A small clinic, for tests: the relations of the demo, a function, a partitioned table, a few of
 * PostgreSQL's own relations, and the classes of a deployment.
 *
 * @module
 */
import type { Catalog, CatalogRelation } from "#schemas/catalog.ts";
import type { Listing } from "#schemas/classification.ts";

type Kind = CatalogRelation["kind"];

function relation(
  oid: number,
  name: string,
  columns: string,
  extra: Partial<CatalogRelation> = {},
): CatalogRelation {
  const [schema, bare] = name.includes(".") ? name.split(".") : ["public", name];
  return {
    oid,
    schema: schema ?? "public",
    name: bare ?? name,
    kind: "r" satisfies Kind,
    rowsEstimate: 5000,
    columns: columns.split(" ").map((column, index) => ({
      name: column,
      attribute: index + 1,
      typeOid: 25,
      typeName: "text",
      generated: null,
    })),
    definition: null,
    uniqueKeys: [["id"]],
    parents: [],
    code: [],
    ...extra,
  };
}

const summary = ` SELECT p.id,
    p.name AS patient,
    date_part('year'::text, p.dob) AS birth_year,
    count(v.id) AS visits,
    max(v.reason) AS last_reason
   FROM (public.patients p
     LEFT JOIN public.visits v ON ((v.patient_id = p.id)))
  GROUP BY p.id, p.name, p.dob;`;

/** A function that gives one value, and leaves nothing behind. */
const readOnly = {
  kind: "f",
  volatility: "s",
  language: "sql",
  rows: false,
  moves: false,
} as const;

/** The clinic's catalog, as target would publish it. */
export const clinicCatalog: Catalog = {
  version: 1,
  connection: "ehr",
  database: "clinic",
  serverVersion: 180004,
  digest: "0".repeat(64),
  searchPath: ["public"],
  role: "gateway",
  relations: [
    relation(1001, "patients", "id mrn name ssn dob zip email phone", {
      uniqueKeys: [["id"], ["mrn"]],
    }),
    relation(1002, "visits", "id patient_id visited_on department reason"),
    relation(1003, "notes", "id visit_id body"),
    relation(1004, "claims", "id visit_id amount payer code"),
    relation(1005, "v_patient_summary", "id patient birth_year visits last_reason", {
      kind: "v",
      definition: summary,
      uniqueKeys: [],
    }),
    relation(1006, "departments", "code label floor", { rowsEstimate: 12 }),
    relation(1007, "other.patients", "id name ssn"),
    relation(1008, "other.codes", "id name label"),
    relation(1009, "v_loop", "id", { kind: "v", definition: " SELECT id FROM public.v_loop;" }),
    relation(1010, "v_ids", "id", { kind: "v", definition: " SELECT id FROM public.patients;" }),
    relation(1011, "events", "id ssn at", { kind: "p" }),
    relation(1012, "events_2026", "id ssn at", { parents: [1011] }),
    relation(1014, "rosters", "id who"),
    relation(1015, "rosters_2026", "id who", { parents: [1014] }),
    relation(1016, "bills", "id memo"),
    relation(1017, "bills_open", "id memo", { parents: [1016] }),
    {
      ...relation(1013, "cards", "id ssn tail"),
      columns: [
        { name: "id", attribute: 1, typeOid: 23, typeName: "int4", generated: null },
        { name: "ssn", attribute: 2, typeOid: 25, typeName: "text", generated: null },
        { name: "tail", attribute: 4, typeOid: 25, typeName: "text", generated: "right(ssn, 4)" },
      ],
    },
    relation(1259, "pg_catalog.pg_class", "oid relname relnamespace relkind reltuples relpages"),
    relation(
      1249,
      "pg_catalog.pg_attribute",
      "attrelid attname atttypid attnum attisdropped attmissingval",
    ),
    relation(2615, "pg_catalog.pg_namespace", "oid nspname nspowner nspacl"),
    relation(12001, "pg_catalog.pg_stats", "tablename attname most_common_vals", { kind: "v" }),
    relation(12002, "pg_catalog.pg_stat_activity", "pid usename query state", { kind: "v" }),
    relation(12003, "pg_catalog.pg_settings", "name setting", { kind: "v" }),
    relation(13001, "information_schema.tables", "table_schema table_name", { kind: "v" }),
  ],
  functions: [
    { schema: "public", name: "lookup", ...readOnly },
    { schema: "public", name: "lower", ...readOnly },
    { schema: "other", name: "upper", ...readOnly },
    {
      schema: "public",
      name: "refresh",
      kind: "p",
      volatility: "v",
      language: "plpgsql",
      moves: true,
    },
    {
      schema: "public",
      name: "dblink_exec",
      kind: "f",
      volatility: "v",
      language: "c",
      moves: true,
    },
  ],
  hidden: { operators: [], types: [], implicitCasts: false },
};

/** What is PHI in the clinic. */
export const clinicListing: Listing = {
  classes: {
    mrn: { columns: ["*.patients.mrn"] },
    name: { columns: ["public.patients.name", "other.patients.name"] },
    ssn: { columns: ["*.*.ssn"] },
    birthdate: { columns: ["public.patients.dob"] },
    zip: { columns: ["public.patients.zip"] },
    contact: { columns: ["public.patients.email", "public.patients.phone"] },
    note: {
      columns: [
        "public.visits.reason",
        "public.notes.body",
        "public.rosters.who",
        "public.bills_open.memo",
      ],
    },
  },
  plain: [],
  unlisted: "keep",
};
