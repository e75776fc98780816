/**
 * A patient whose values stand nowhere else: whoever finds one of them has found a leak.
 *
 * **Invariant:** no test sends a planted value in a statement, so that it can only come from a row.
 *
 * @module
 */
import postgres from "postgres";
import type { PostgresServer } from "#deploy/machine/postgres.ts";

const patient = {
  mrn: "MRN-77180001",
  name: "Zebulina Quorxplanted",
  ssn: "987-43-9911",
  dob: "1931-07-23",
  zip: "87931",
  email: "zebulina.quorxplanted@example.org",
  phone: "(617) 555-0177",
} as const;
const noteBody = "Zqplantednote: reachable at zqnote.planted@example.org, SSN 986-42-8812.";

/** Patient 1 and note 1 are planted. */
const plantedPatient = 1;

/** What no role of the demo may ever see. */
export const plantedForNobody: readonly string[] = [
  patient.ssn,
  patient.email,
  patient.phone,
  "zqnote.planted@example.org",
  "986-42-8812",
];
/** What only the treatment team may see. */
const plantedForTreatment: readonly string[] = [
  patient.mrn,
  patient.name,
  "Quorxplanted",
  "Zqplantednote",
];

/** The first planted value in `bytes` that its reader may not see, by its class; null: none. */
export function findPlanted(
  bytes: Uint8Array | string,
  reader: "agent" | "treatment",
): string | null {
  const text = typeof bytes === "string" ? bytes : latin1.decode(bytes);
  const values = reader === "agent"
    ? [...plantedForNobody, ...plantedForTreatment]
    : plantedForNobody;
  const at = values.findIndex((value) => text.includes(value));
  return at < 0 ? null : `planted value ${at}`;
}

/** Puts the planted values into the clinic. */
export async function plantPatient(server: PostgresServer): Promise<void> {
  await asSuperuser(server, async (sql) => {
    const { mrn, name, ssn, dob, zip, email, phone } = patient;
    await sql`update patients set mrn = ${mrn}, name = ${name}, ssn = ${ssn}, dob = ${dob},
      zip = ${zip}, email = ${email}, phone = ${phone} where id = ${plantedPatient}`;
    await sql`update notes set body = ${noteBody} where id = ${plantedPatient}`;
  });
}

/** Runs `work` at the database itself, past the gateway. */
export async function asSuperuser<T>(
  server: PostgresServer,
  work: (sql: postgres.Sql) => Promise<T>,
  database = "ehr",
): Promise<T> {
  const sql = postgres({
    host: server.host,
    port: server.port,
    user: server.superuser,
    password: server.superuserPassword,
    database,
    max: 1,
    // Loopback, in a test, to a certificate that the gateway itself verifies.
    ssl: { rejectUnauthorized: false },
    onnotice: () => {},
  });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** True once the server is at work on a statement of the gateway's that begins so. */
export function isRunning(server: PostgresServer, statement: string): Promise<true | undefined> {
  return asSuperuser(server, async (sql) => {
    const [running] = await sql`select from pg_stat_activity where usename = 'gateway_ehr'
      and state = 'active' and starts_with(query, ${statement})`;
    return running === undefined ? undefined : true;
  });
}

const latin1 = new TextDecoder("latin1");
