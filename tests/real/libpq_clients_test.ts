/**
 * PostgreSQL's own programs, direct and through the gateway: what they print is the same.
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { startPostgres } from "#deploy/machine/postgres.ts";
import { type DebianPostgres, debianPostgres } from "./debian_postgres.ts";
import { type OpenRig, startOpenRig } from "./open_gateway.ts";
import { scenario } from "./support.ts";

Deno.test("psql and pgbench at a server of the newest version", async (test) => {
  const programs = await debianPostgres();
  await using rig = await startOpenRig();
  await samePrintedByPsql(test, rig, programs);
  await pgbenchRuns(test, rig, programs);
});

Deno.test("psql, pgbench, pg_dump and pg_restore at Debian's server", async (test) => {
  const programs = await debianPostgres();
  const directory = await Deno.makeTempDir({ prefix: "sallyport-debian-" });
  try {
    const { binaries } = programs;
    const say = () => {};
    const folder = `${directory}/server`;
    const options = { directory: folder, say, binaries, ephemeral: true };
    await using server = await startPostgres(options);
    await using rig = await startOpenRig({ server });
    await samePrintedByPsql(test, rig, programs);
    await pgbenchRuns(test, rig, programs);
    await dumpsAndRestores(test, rig, programs, directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

async function samePrintedByPsql(test: Deno.TestContext, rig: OpenRig, programs: DebianPostgres) {
  for (const [name, script] of scripts) {
    await scenario(test, rig, `psql: ${name}`, async () => {
      const print = async (way: OpenRig["direct"]) => {
        const { code, stdout, stderr } = await programs.run(way, "psql", ["-X"], script);
        return { code, lines: steady(stdout), errors: steady(stderr) };
      };
      const expected = await print(rig.direct);
      deepStrictEqual(await print(rig.gateway), expected);
      strictEqual(expected.code, 0);
    });
  }
}

/** What differs between two runs: process numbers and the time of day. */
function steady(text: string): string[] {
  return text.replaceAll(/PID \d+/g, "PID").replaceAll(/^.* \(every [\d.]+s\)$/gm, "(every)")
    .split("\n");
}

const scripts: readonly (readonly [string, string])[] = [
  [
    "what \\d and its like show",
    `create table thing (id serial primary key, name text not null default 'x' check (name <> ''),
      made timestamptz, unique (name));
    comment on table thing is 'a thing';
    create index on thing (made) where made is not null;
    create view things as select id, upper(name) as name from thing;
    create materialized view kept as select count(*) from thing;
    create type mood as enum ('well', 'ill');
    create function twice(int) returns int language sql as 'select $1 * 2';
    create function touched() returns trigger language plpgsql as 'begin return new; end';
    create trigger touch before update on thing for each row execute function touched();
    create rule nothing as on delete to things do instead nothing;
    alter table thing enable row level security;
    create policy mine on thing using (name = current_user);
    \\d
    \\d+ thing
    \\d+ things
    \\dt+
    \\dv
    \\dm
    \\di
    \\ds
    \\df
    \\sf twice
    \\dT+
    \\dn+
    \\du
    \\dp
    \\dx
    \\dO
    \\dc
    \\dF
    \\dy
    \\drds
    \\db
    \\encoding
    drop table thing cascade; drop type mood; drop function twice, touched;
    `,
  ],
  [
    "\\copy, \\gexec, \\gset, \\gdesc, \\crosstabview, \\bind",
    `create table pairs (a int, b text);
\\copy pairs from stdin
1\tone
2\ttwo
\\.
\\copy pairs to stdout csv header
\\copy (select a, b from pairs where a > 1) to stdout (format binary)
select format('insert into pairs values (%s, %L)', n, 'made ' || n) from generate_series(3, 5) n
\\gexec
select count(*) as how_many from pairs \\gset
\\echo :how_many
select a, b from pairs \\gdesc
select a % 2 as odd, b, a from pairs order by 1, 2 \\crosstabview
\\set FETCH_COUNT 2
select * from pairs order by a;
\\unset FETCH_COUNT
\\o /dev/null
select 1;
\\o
drop table pairs;
`,
  ],
  [
    "errors, notices and transactions",
    `\\set VERBOSITY verbose
select nope;
select 1/0;
\\errverbose
do $$ begin raise notice 'a notice' using detail = 'd', hint = 'h'; end $$;
do $$ begin raise exception 'an error' using errcode = 'P0099'; end $$;
begin;
savepoint s;
select nope;
rollback to s;
select 'on';
commit;
begin;
select nope;
select 1;
commit;
\\set ON_ERROR_ROLLBACK on
begin;
select nope;
select 'still here';
commit;
select 1 \\; select 2 \\; select 3;
listen news;
notify news, 'heard';
prepare p (int) as select $1 + 1;
execute p (41);
begin; declare c cursor for select generate_series(1, 5); fetch 2 from c; fetch all from c; commit;
explain (costs off) select 1;
set datestyle = 'German'; show datestyle; discard all; show datestyle;
vacuum; checkpoint;
select current_user, session_user, pg_is_in_recovery();
`,
  ],
];

async function pgbenchRuns(test: Deno.TestContext, rig: OpenRig, programs: DebianPostgres) {
  const pgbench = async (...args: string[]) => {
    const result = await programs.run(rig.gateway, "pgbench", args);
    strictEqual(result.code, 0, result.stderr);
    return result.stdout;
  };
  await scenario(test, rig, "pgbench makes its tables", async () => {
    await pgbench("--initialize", "--scale=1", "--foreign-keys", "--quiet");
  });
  for (const mode of ["simple", "extended", "prepared"]) {
    await scenario(test, rig, `pgbench, query mode ${mode}`, async () => {
      const printed = await pgbench(`--protocol=${mode}`, "--client=2", "--transactions=20");
      match(printed, /number of transactions actually processed: 40\/40/);
      match(printed, /number of failed transactions: 0 /);
    });
  }
}

async function dumpsAndRestores(
  test: Deno.TestContext,
  rig: OpenRig,
  programs: DebianPostgres,
  directory: string,
) {
  const { direct, gateway } = rig;
  const dump = async (way: OpenRig["direct"], ...args: string[]) => {
    const result = await programs.run(way, "pg_dump", args);
    strictEqual(result.code, 0, result.stderr);
    // Later minor versions frame a dump with a random word.
    return result.stdout.replaceAll(/^\\(un)?restrict .*$/gm, "\\$1restrict").split("\n");
  };
  await scenario(test, rig, "pg_dump writes the same", async () => {
    for (const args of [[], ["--inserts", "--clean", "--if-exists"], ["--schema-only"]]) {
      deepStrictEqual(await dump(gateway, ...args), await dump(direct, ...args));
    }
  });
  await scenario(test, rig, "pg_restore brings back what pg_dump took", async () => {
    const before = await dump(direct);
    const file = `${directory}/archive`;
    await dump(gateway, "--format=custom", `--file=${file}`);
    const emptied = await programs.run(gateway, "psql", [
      ...["-X", "-c"],
      "drop table pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers",
    ]);
    strictEqual(emptied.code, 0, emptied.stderr);
    match((await dump(direct)).join("\n"), /^(?![^]*pgbench_accounts)/);
    const args = ["--clean", "--if-exists", "--jobs=2", `--dbname=${gateway.database}`, file];
    const restored = await programs.run(gateway, "pg_restore", args);
    strictEqual(restored.code, 0, restored.stderr);
    deepStrictEqual(await dump(direct), before);
  });
}
