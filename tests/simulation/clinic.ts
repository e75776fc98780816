/**
 * What the simulated system protects: a configuration, a policy, a catalog, and rows whose
 * protected values stand nowhere else.
 *
 * **Invariant:** no agent ever sends a planted value, so that it can only come from a row.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Catalog, CatalogRelation } from "#schemas/catalog.ts";
import { Config } from "#schemas/config.ts";

export const connection = "ehr";
export const sshConnection = "lab";
export const organisationIssuer = "https://id.example.org";

export const config: Config = Config.parse({
  version: 1,
  organisation: "simulation",
  shards: 2,
  issuer: { url: organisationIssuer, audience: "sallyport" },
  console: { url: "https://gate.example.org", client_id: "console" },
  connections: {
    [connection]: {
      protocol: "postgres",
      host: "db.example.org",
      port: 5432,
      database: "ehr",
      user: "gateway",
    },
    [sshConnection]: {
      protocol: "ssh",
      host: "lab.example.org",
      user: "lab",
      private_key_file: "lab.key",
      host_keys: [`SHA256:${"A".repeat(43)}`],
    },
  },
  classes: {
    mrn: { columns: ["public.*.mrn"], mask: { operator: "tokenise", scope: "mrn" } },
    name: { columns: ["public.patients.name"], mask: { operator: "redact" } },
    ssn: { columns: ["public.*.ssn"], mask: { operator: "redact" }, detectors: ["ssn"] },
    note: { columns: ["public.visits.reason"], mask: { operator: "redact" } },
  },
  limits: {
    bulk_rows: 1000,
    statement_ms_max: 20_000,
    idle_ms_max: 60_000,
    session_ms_max: 600_000,
    verdict_ms_max: 10_000,
  },
});
export const configDigest = createHash("sha256").update(JSON.stringify(config)).digest("hex");

/** Where a result is ended, approved or not; the readings are more. */
export const rowsMax = 250;

export const policy = `
@id("agents-read") @rows_max("${rowsMax}")
permit (
  principal in Group::"agents",
  action in [Action::"connect", Action::"session", Action::"read", Action::"filter_by"],
  resource == Connection::"ehr"
);
@id("agents-write-visits")
permit (principal in Group::"agents", action == Action::"write", resource == Connection::"ehr")
when { ["public.visits"].containsAll(context.relations) };
@id("agents-define-scratch")
permit (principal in Group::"agents", action == Action::"define", resource == Connection::"ehr")
when { ["public.scratch"].containsAll(context.relations) };
@id("agents-run")
permit (
  principal in Group::"agents",
  action in [
    Action::"connect", Action::"session", Action::"execute", Action::"read", Action::"shell",
    Action::"forward"
  ],
  resource == Connection::"lab"
);
@id("never-administer") forbid (principal, action == Action::"administer", resource);
@id("bulk-needs-one") @approval("compliance") @quorum("1") @expires("45s") @rows_max("${rowsMax}")
permit (principal in Group::"agents", action == Action::"export", resource == Connection::"ehr");
@id("claims-need-two") @approval("compliance") @quorum("2") @expires("60s")
permit (principal in Group::"agents", action == Action::"write", resource == Connection::"ehr")
when { ["public.claims"].containsAll(context.relations) };
`;

export type Column = { readonly name: string; readonly typeOid: number; readonly typeName: string };
export type Relation = {
  readonly oid: number;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  readonly rowsEstimate: number;
};

const int = (name: string): Column => ({ name, typeOid: 23, typeName: "int4" });
const text = (name: string): Column => ({ name, typeOid: 25, typeName: "text" });
const rows = (count: number, row: (id: number) => string[]) =>
  Array.from({ length: count }, (_, index) => row(index + 1));
const two = (id: number) => String(id).padStart(2, "0");

export const relations: readonly Relation[] = [
  {
    oid: 1001,
    name: "patients",
    columns: [int("id"), text("mrn"), text("name"), text("ssn"), text("city")],
    rows: rows(24, (
      id,
    ) => [`${id}`, `MRN-9900${two(id)}`, `Zqname${two(id)}`, `987-65-43${two(id)}`, "Arnhem"]),
    rowsEstimate: 24,
  },
  {
    oid: 1002,
    name: "visits",
    columns: [int("id"), int("patient_id"), text("reason")],
    rows: rows(40, (id) => [`${id}`, `${id % 24 + 1}`, `Zqnote${two(id)}`]),
    rowsEstimate: 40,
  },
  {
    oid: 1003,
    name: "readings",
    columns: [int("id"), int("value")],
    rows: rows(300, (id) => [`${id}`, `${1_000_000 + id}`]),
    rowsEstimate: 50_000,
  },
  {
    oid: 1004,
    name: "claims",
    columns: [int("id"), text("state"), text("memo")],
    // No class covers the memo: what stands in it is found by its form.
    rows: rows(12, (id) => [`${id}`, "open", `pays for 987-65-43${two(id)} alone`]),
    rowsEstimate: 12,
  },
];

/** What no agent may receive, and what stands in no subject, header or line of a log. */
export const planted = /Zq(?:name|note)\d\d|987-65-43\d\d|MRN-9900\d\d/;

/** The catalog after `changes` changes of definitions. */
export function catalogAfter(changes: number): Catalog {
  const found = relations.map((relation) => catalogRelation(relation));
  // A table whose oid is new with each change, as one that is made again has.
  const scratch = catalogRelation({
    oid: 2000 + changes,
    name: "scratch",
    columns: [int("id")],
    rows: [],
    rowsEstimate: -1,
  });
  const facts = {
    version: 1,
    connection,
    database: "ehr",
    serverVersion: 180_004,
    searchPath: ["public"],
    role: "gateway",
    relations: [...found, scratch],
    functions: [],
    hidden: { operators: [], types: [], implicitCasts: false },
  } as const;
  const digest = createHash("sha256").update(JSON.stringify(facts)).digest("hex");
  return {
    ...facts,
    relations: [...facts.relations],
    functions: [],
    hidden: { operators: [], types: [], implicitCasts: false },
    searchPath: ["public"],
    digest,
  };
}

function catalogRelation({ oid, name, columns, rowsEstimate }: Relation): CatalogRelation {
  return {
    oid,
    schema: "public",
    name,
    kind: "r",
    rowsEstimate,
    columns: columns.map((column, index) => ({ ...column, attribute: index + 1, generated: null })),
    definition: null,
    uniqueKeys: [["id"]],
    parents: [],
    code: [],
  };
}
