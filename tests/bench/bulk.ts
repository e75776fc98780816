/**
 * Bulk results: a masked SELECT and COPY of many rows in MB/s, and the memory of every process
 * while a result of a gibibyte passes.
 *
 * @module
 */
import postgres from "postgres";
import type { PostgresServer } from "#deploy/machine/postgres.ts";
import { countedByPsql, countedByWire } from "./bulk_client.ts";
import type { BenchRig } from "./rig.ts";
import { cpuSeconds, median, peakMebibytes, resetPeak, type Target } from "./tools.ts";

/** What the bench may do beside the demo's policies: everything is judged, and this is allowed. */
export function benchPolicy(text: string): string {
  // The demo gives out fewer rows at once than are measured here.
  return `${text.replaceAll(/^@rows_max\(.*\)\n/gm, "")}
@id("bench") permit (principal, action in [Action::"connect", Action::"read", Action::"session",
  Action::"filter_by", Action::"export", Action::"write"], resource == Connection::"ehr");
`;
}

/** A gibibyte takes longer than the demo lets a statement run. */
export function benchConfiguration(text: string): string {
  return text.replace(/statement_ms_max: \d+/, "statement_ms_max: 600000");
}

/** A hundred columns, every other one of text. */
const wideColumns = Array.from({ length: 100 }, (_, column) => {
  return `${column % 2 === 0 ? `i + ${column}` : "'some words of no importance'"} as c${column}`;
}).join(", ");

/** pgbench's table, and a wide one with protected columns. */
export async function prepareBench(server: PostgresServer): Promise<void> {
  const sql = postgres({
    host: server.host,
    port: server.port,
    username: server.superuser,
    password: server.superuserPassword,
    database: "ehr",
    ssl: { rejectUnauthorized: false },
    max: 1,
    onnotice: () => {},
  });
  await sql.unsafe(`
    create table pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84));
    create table pgbench_branches (bid int primary key, bbalance int, filler char(88));
    insert into pgbench_branches values (1, 0, '');
    insert into pgbench_accounts select i, 1, 0, '' from generate_series(1, 100000) i;
    create table bench_people (id int primary key, mrn text, name text, ssn text, dob date,
      department text, reason text, score numeric, seen timestamptz, filler text);
    insert into bench_people select i, 'MRN-' || lpad(i::text, 8, '0'), 'Person ' || i,
      '900-' || lpad((i % 100)::text, 2, '0') || '-' || lpad((i % 10000)::text, 4, '0'),
      date '1950-01-01' + (i % 20000), 'Cardiology', 'follow-up visit', i * 0.25, now(),
      repeat('the quick brown fox jumps over a dog ', 4)
      from generate_series(1, 100000) i;
    create table bench_plain (c1 int primary key, c2 text, c3 text, c4 bigint, c5 float8,
      c6 timestamptz);
    insert into bench_plain select i, 'the quick brown fox jumps over dog ' || i,
      repeat('lorem ipsum dolor ', 5), i::bigint * 1000003, i * 0.25, now()
      from generate_series(1, 100000) i;
    create table bench_wide as select ${wideColumns} from generate_series(1, 5000) i;
    grant select on pgbench_accounts, pgbench_branches, bench_people, bench_plain, bench_wide
      to gateway_ehr;
    analyze;`);
  await sql.end();
}

const columns = "id, mrn, name, ssn, dob, department, reason, score, seen, filler";

/** Measures bulk results; `big` passes a gibibyte too, once of rows that repeat, once random. */
export async function bulk(
  rig: BenchRig,
  options: {
    readonly rows: number;
    readonly big: boolean;
    readonly say: (line: string) => void;
  },
): Promise<void> {
  const { direct, gateway, caPem, processes } = rig;
  const { rows, big, say } = options;
  const select = `select ${columns} from bench_people limit ${rows}`;
  const copy = `copy (${select}) to stdout`;
  const byWire = (target: Target, text: string) => countedByWire(target, caPem, text);
  for (
    const [name, text, count] of [
      ["SELECT", select, byWire],
      ["COPY", copy, byWire],
      ["SELECT by psql", select, countedByPsql],
    ] as const
  ) {
    const floor = median(await times3(async () => (await count(direct, text)).rate));
    let bytes = 0;
    const ours = median(
      await times3(async () => {
        const passed = await count(gateway, text);
        bytes = passed.bytes;
        return passed.rate;
      }),
    );
    say(
      `  ${name} of ${rows} rows: direct ${floor.toFixed(0)} MB/s, sallyport ` +
        `${ours.toFixed(1)} MB/s (${((ours / floor) * 100).toFixed(0)}%), ` +
        `${(bytes / 1e6).toFixed(0)} MB`,
    );
  }
  if (!big) return;
  const random = "md5(p.id || 'a' || i) || md5(p.id || 'b' || i) || md5(p.id || 'c' || i)";
  for (
    const [kind, list] of [["rows that repeat", columns], [
      "random digits",
      `id, mrn, name, ssn, ${random}, ${random}`,
    ]] as const
  ) {
    const times = Math.ceil(1024 ** 3 / (kind === "random digits" ? 245 : 265) / 100_000);
    const huge = `copy (select ${list} from bench_people p, generate_series(1, ${times}) i)
      to stdout`;
    await sayBig(huge, kind);
  }

  async function sayBig(text: string, kind: string): Promise<void> {
    const before = new Map<string, number>();
    for (const [name, pid] of processes) {
      await resetPeak(pid);
      before.set(name, await cpuSeconds(pid));
    }
    const { rate, bytes } = await byWire(gateway, text);
    const mebibytes = (bytes / 1024 ** 2).toFixed(0);
    say(`  a result of ${mebibytes} MiB, ${kind}: ${rate.toFixed(1)} MB/s`);
    for (const [name, pid] of processes) {
      const used = (await cpuSeconds(pid)) - (before.get(name) ?? 0);
      const micros = (used * 1e6) / (bytes / 1e6);
      const peak = await peakMebibytes(pid);
      say(`    ${name}: peak ${peak} MiB, ${micros.toFixed(0)} us of processor a MB`);
    }
  }
}

async function times3(measure: () => Promise<number>): Promise<number[]> {
  return [await measure(), await measure(), await measure()];
}
