/**
 * Loads the synthetic clinic into a PostgreSQL server, and makes the role that the gateway uses
 * there.
 *
 * **Invariant:** the gateway's role can read and write the clinic's rows and nothing more: it is no
 * superuser, owns nothing, and cannot create.
 *
 * @module
 */
import postgres from "postgres";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Say } from "#deploy/machine/process.ts";
import {
  type Chance,
  chanceOf,
  claimRows,
  type ClinicSizes,
  demoSizes,
  noteRows,
  patientRows,
  type Row,
  visitRows,
} from "./clinic_data.ts";

export type ClinicOptions = {
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly superuserPassword: string;
  /** PEM text of the authority that the server's certificate is verified by; absent: no TLS. */
  readonly caPem?: string;
  /** The database's name, made when missing. */
  readonly database?: string;
  /** The password that the role `gateway_ehr` gets. */
  readonly gatewayPassword: string;
  readonly seed: number;
  readonly sizes?: ClinicSizes;
  readonly say: Say;
};

export type Clinic = {
  readonly database: string;
  readonly user: "gateway_ehr";
  readonly sizes: ClinicSizes;
};

/** Makes database, tables, rows and role. A clinic that is there already is kept as it is. */
export async function loadClinic(options: ClinicOptions): Promise<Clinic> {
  const { database = "ehr", sizes = demoSizes, say } = options;
  const clinic: Clinic = { database, user: "gateway_ehr", sizes };
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(database)) {
    throw new TypeError("the database's name must be a plain lower-case identifier");
  }
  const isNew = await withClient(options, "postgres", async (sql) => {
    await makeRole(sql, options.gatewayPassword);
    const [known] = await sql`select from pg_database where datname = ${database}`;
    if (known === undefined) await sql.unsafe(`create database ${database}`);
    return known === undefined;
  });
  await withClient(options, database, async (sql) => {
    const [loaded] = isNew ? [] : await sql`select from pg_tables where tablename = 'claims'`;
    if (loaded !== undefined) return;
    say(`loading ${sizes.patients} synthetic patients and their visits, notes and claims`);
    await sql.begin(async (transaction) => {
      await transaction.unsafe(tables);
      await loadRows(transaction, options.seed, sizes);
      await transaction.unsafe(constraints(database));
    });
    await sql.unsafe("vacuum analyze");
  });
  return clinic;
}

type Sql = postgres.Sql;
type Transaction = postgres.TransactionSql;

async function withClient<T>(
  options: ClinicOptions,
  database: string,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const sql = postgres({
    host: options.host,
    port: options.port,
    user: options.superuser,
    password: options.superuserPassword,
    database,
    max: 1,
    ssl: options.caPem === undefined ? false : { ca: options.caPem, servername: "localhost" },
    onnotice: () => {},
  });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function makeRole(sql: Sql, password: string): Promise<void> {
  const [known] = await sql`select from pg_roles where rolname = 'gateway_ehr'`;
  const verb = known === undefined ? "create" : "alter";
  const quoted = password.replaceAll("'", "''");
  await sql.unsafe(
    `${verb} role gateway_ehr login nosuperuser nocreatedb nocreaterole noreplication ` +
      `nobypassrls password '${quoted}'`,
  );
}

async function loadRows(sql: Transaction, seed: number, sizes: ClinicSizes): Promise<void> {
  const loads: readonly [string, (chance: Chance, sizes: ClinicSizes) => Generator<Row>][] = [
    ["patients (id, mrn, name, ssn, dob, sex, zip, email, phone, created_at)", patientRows],
    ["visits (id, patient_id, visited_on, department, reason)", visitRows],
    ["notes (id, visit_id, author, body)", noteRows],
    ["claims (id, visit_id, amount, payer, icd10, status)", claimRows],
  ];
  for (const [index, [target, rows]] of loads.entries()) {
    // A seed of its own each, so that another size of one table changes no other.
    const lines = copyText(rows(chanceOf(seed + index), sizes));
    await pipeline(Readable.from(lines), await sql.unsafe(`copy ${target} from stdin`).writable());
  }
}

/** COPY's text format, some hundred rows a chunk. No value here needs an escape. */
function* copyText(rows: Iterable<Row>): Generator<string> {
  let chunk = "";
  for (const row of rows) {
    chunk += `${row.join("\t")}\n`;
    if (chunk.length > 65_536) {
      yield chunk;
      chunk = "";
    }
  }
  yield chunk;
}

const tables = `
create table patients (
  id int primary key,
  mrn text not null unique,
  name text not null,
  ssn text not null,
  dob date not null,
  sex text not null,
  zip text not null,
  email text,
  phone text,
  created_at timestamptz not null default now()
);
create table visits (
  id int primary key,
  patient_id int not null,
  visited_on date not null,
  department text not null,
  reason text not null
);
create table notes (
  id int primary key,
  visit_id int not null,
  author text not null,
  body text not null
);
create table claims (
  id int primary key,
  visit_id int not null,
  amount numeric(10, 2) not null,
  payer text not null,
  icd10 text not null,
  status text not null check (status in ('submitted', 'paid', 'denied', 'appealed'))
);
create view patient_summary as
  select p.id, p.mrn, p.name, p.dob, p.zip,
         count(v.id) as visits, max(v.visited_on) as last_visit
    from patients p left join visits v on v.patient_id = p.id
   group by p.id;
`;

/** Made after the rows are in, which is faster than checking each as it comes. */
const constraints = (database: string) => `
alter table visits add foreign key (patient_id) references patients;
alter table notes add foreign key (visit_id) references visits;
alter table claims add foreign key (visit_id) references visits;
create index on visits (patient_id);
create index on notes (visit_id);
create index on claims (visit_id);
revoke all on database ${database} from public;
revoke all on schema public from public;
grant connect on database ${database} to gateway_ehr;
grant usage on schema public to gateway_ehr;
grant select, insert, update, delete on patients, visits, notes, claims to gateway_ehr;
grant select on patient_summary to gateway_ehr;
`;
