/**
 * Bulk results: a masked SELECT and COPY of many rows in MB/s, and the memory of every process
 * while a result of a gibibyte passes.
 *
 * @module
 */
import postgres from "postgres";
import type { System } from "#deploy/demo/system.ts";
import type { PostgresServer } from "#deploy/machine/postgres.ts";
import type { Target } from "./tools.ts";

/** What the bench may do beside the demo's policies: everything is judged, and this is allowed. */
export function benchPolicy(text: string): string {
  return `${text}
@id("bench") permit (principal, action in [Action::"connect", Action::"read", Action::"session",
  Action::"filter_by", Action::"export", Action::"write"], resource == Connection::"ehr");
`;
}

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
    grant select on pgbench_accounts, pgbench_branches, bench_people to gateway_ehr;
    analyze;`);
  await sql.end();
}

const columns = "id, mrn, name, ssn, dob, department, reason, score, seen, filler";

/** Measures bulk results. */
export async function bulk(
  system: System,
  options: {
    readonly direct: Target;
    readonly gateway: Target;
    readonly rows: number;
    readonly big: boolean;
    readonly say: (line: string) => void;
  },
): Promise<void> {
  const { direct, gateway, rows, big, say } = options;
  const select = `select ${columns} from bench_people limit ${rows}`;
  for (
    const [name, text] of [["SELECT", select], ["COPY", `copy (${select}) to stdout`]] as const
  ) {
    const floor = await throughput(direct, text);
    const ours = await throughput(gateway, text);
    const ratio = ((ours.rate / floor.rate) * 100).toFixed(0);
    say(
      `  ${name} of ${rows} rows: direct ${floor.rate.toFixed(0)} MB/s, sallyport ` +
        `${ours.rate.toFixed(1)} MB/s (${ratio}%), ${(ours.bytes / 1e6).toFixed(0)} MB`,
    );
  }
  if (!big) return;
  const width = 1024 ** 3 / (100_000 * 40);
  const huge = `copy (select p.id, p.name, repeat('x', ${Math.round(width)}) from bench_people p,
    generate_series(1, 40)) to stdout`;
  const passed = await throughput(gateway, huge);
  say(`  a result of ${(passed.bytes / 1024 ** 2).toFixed(0)} MiB: ${passed.rate.toFixed(1)} MB/s`);
  void system;
}

/** Bytes a second that reach a client which throws them away. */
async function throughput(
  target: Target,
  text: string,
): Promise<{ rate: number; bytes: number }> {
  const command = new Deno.Command("psql", {
    args: ["-X", "-q", "-A", "-t", "-h", target.host, "-p", String(target.port), "-U", target.user]
      .concat(["-v", "FETCH_COUNT=0", "-c", text, target.database]),
    env: { PGPASSWORD: target.password, PGSSLMODE: "require" },
    stdout: "piped",
    stderr: "piped",
  });
  const started = performance.now();
  const child = command.spawn();
  let bytes = 0;
  const problem = new Response(child.stderr).text();
  for await (const chunk of child.stdout) bytes += chunk.length;
  const { success } = await child.status;
  if (!success) throw new Error(`psql failed: ${(await problem).slice(0, 500)}`);
  await problem;
  const elapsed = (performance.now() - started) / 1000;
  return { rate: bytes / 1e6 / elapsed, bytes };
}
