/**
 * Ways around the analysis that were tried against it; most ran on PostgreSQL 18 as written.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { after, analysisOf, columnsOf, effectsOf, refusalOf } from "./testing.ts";

const hidden: readonly (readonly [string, string])[] = [
  // A user's function reads what it likes; its name may shadow PostgreSQL's own.
  ["select lookup(1)", "lookup?"],
  ["select lower('x')", "lower?"],
  ["select pg_catalog.lower('x')", "lower"],
  ["select other.upper('x')", "upper?"],
  ["select * from lookup(1)", "*?"],
  ["select id, x.* from claims, lookup(1) x", "id? *?"],
  ["select 'a' operator(public.+) 'b'", "?column??"],
  ["select 'a' <%%> 'b'", "?column??"],
  // Functional notation: x.f is f(x).
  ["select p.lookup from patients p", "lookup:birthdate+contact+mrn+name+ssn+zip?"],
  // The row shape of a call is unknown: nothing beside it is taken for certain.
  ["select (lookup(1)).*, id from claims", "*? id?"],
  // A name that only an inner, unknown item may have is not taken from outside.
  ["select (select code from lookup(1) q) from departments", "code?"],
  [
    "select (select x from unnest(array[row('a')::comp]) x) from (select ssn as x from patients) p",
    "x:ssn?",
  ],
  // Unknown relations.
  ["select * from nope", "*?"],
  ["select n.id, c.id from nope n, claims c", "id? id?"],
  ["select * from v_loop", "id?"],
  // Samples, sessions, secrets.
  ["select most_common_vals from pg_stats", "most_common_vals?"],
  ["select query from pg_catalog.pg_stat_activity", "query?"],
];

for (const [sql, expected] of hidden) {
  Deno.test(`output of ${sql}`, () => {
    // Classes beside `?` do not matter: the column is masked whole.
    deepStrictEqual(columnsOf(sql).replace(/:\S+\?/g, "?"), expected.replace(/:\S+\?/g, "?"));
  });
}

const escapes: readonly string[] = [
  "select pg_read_file('/etc/passwd')",
  "select f.pg_read_file from unnest(array['/etc/passwd']) f",
  "select f.pg_read_file from unnest((select array['/etc/passwd'])) f",
  "select (f).pg_read_file from unnest((select array['/etc/passwd'])) f",
  "select ('/etc/passwd'::text).pg_read_file",
  "select * from pg_ls_dir('/')",
  "select 1 where length(pg_read_file('x')) > 0",
  "select count(*) filter (where pg_read_file('x') = '') from claims",
  "with x as (select lo_import('/etc/passwd')) select 1",
  "select query_to_xml('select ssn from patients', true, false, '')",
  "select table_to_xml('patients', true, false, '')",
  "select cursor_to_xml('c', 1, true, false, '')",
  "select * from ts_stat('select to_tsvector(ssn) from patients')",
  "select dblink_exec('host=x', 'select 1')",
  "select * from dblink('host=x', 'select 1') as t(a text)",
  "select lo_get(1)",
  "select pg_terminate_backend(1)",
  "select set_config('search_path', 'oth' || 'er', false)",
  "select set_config($1, 'x', false)",
  "select set_config('search_path', 'other', false) from claims",
  "select case when false then set_config('search_path', 'other', false) end",
  "select lower(pg_catalog.set_config('search_path', 'other', false))",
  "prepare q as select set_config('search_path', 'other', false)",
  "copy patients to '/tmp/x'",
  "copy patients to program 'curl x'",
  "copy claims from program 'id'",
  "copy patients to stdout (encoding 'sjis')",
  "create extension dblink",
  "create function f() returns int language plpython3u as 'x'",
  "do language plperlu 'x'",
  "create foreign table f (a int) server s",
  "create rule r as on insert to claims do instead select ssn from patients",
  "create operator public.+ (leftarg = text, rightarg = text, function = lookup)",
  "create cast (text as int) with function lookup(text)",
  "create subscription s connection 'host=x' publication p",
  "load 'x'",
  "create table t (a text default pg_read_file('/etc/passwd'))",
  "alter table claims alter payer set default pg_read_file('/etc/passwd')",
  "create index on claims (pg_read_file(payer))",
  "create view v as select pg_read_file('x')",
  "declare c cursor for select pg_read_file('x')",
  "explain analyze select pg_read_file('x')",
  "insert into claims (payer) values (pg_read_file('x'))",
  "execute q(pg_read_file('x'))",
];

for (const sql of escapes) {
  Deno.test(`escape: ${sql}`, () => {
    const session = after("prepare q as select 1");
    ok(analysisOf(sql, session).effects.includes("escape"));
  });
}

const moved: readonly string[] = [
  "create table t as select ssn from patients",
  "select ssn into t from patients",
  "select ssn into t from patients union all select payer from claims",
  "create temp table t as select name from v_patient_summary s(i, name)",
  "create table t as execute q",
  "alter table patients rename ssn to note",
  "alter table patients rename to people",
  "alter table patients set schema other",
  "alter table claims rename to c2; alter table patients rename mrn to x",
  "alter schema public rename to p2",
  "alter table patients add column c text generated always as (ssn || '') stored",
  "alter table patients alter column id type text using ssn",
  "select setval('s', ssn::bigint) from patients",
  "select setseed(length(ssn) / 10.0) from patients",
  "select pg_notify('c', ssn) from patients",
  "select pg_advisory_lock(ssn::bigint) from patients",
  "create trigger t before insert on claims for each row execute function lookup()",
];

for (const sql of moved) {
  Deno.test(`declassify: ${sql}`, () => {
    const session = after("prepare q as select ssn from patients");
    ok(analysisOf(sql, session).effects.includes("declassify"));
  });
}

const administered: readonly string[] = [
  "set role postgres",
  "set session authorization postgres",
  "set session_replication_role = replica",
  "set row_security = off",
  "set standard_conforming_strings = off",
  "set client_encoding = 'sjis'",
  "set my.value = 'x'",
  "select set_config('my.value', 'x', false)",
  "select set_config('role', 'x', true)",
  "set local session_preload_libraries = 'x'",
  "alter system set work_mem = '1GB'",
  "grant select on patients to public",
  "create role r",
  "alter role r set search_path = x",
  "lock patients",
  "vacuum patients",
  "alter default privileges grant select on tables to public",
  "create policy p on patients",
  "notify c, 'x'",
  "prepare transaction 'x'",
  "set transaction snapshot 'x'",
  "select * from pg_stat_activity",
];

for (const sql of administered) {
  Deno.test(`administer: ${sql}`, () => ok(analysisOf(sql).effects.includes("administer")));
}

const harmless: readonly string[] = [
  "set application_name = 'x'",
  "set search_path = a, b",
  "set local statement_timeout = 100",
  "set time zone 'UTC'",
  "set names 'utf8'",
  "set enable_seqscan = off",
  "set session characteristics as transaction read only",
  "reset all",
  "reset role",
  "show search_path",
  "discard all",
  "begin",
  "start transaction isolation level serializable",
  "commit and chain",
  "savepoint a",
  "deallocate all",
  "close all",
  "listen c",
];

for (const sql of harmless) {
  Deno.test(`session alone: ${sql}`, () => deepStrictEqual(effectsOf(sql), "session"));
}

Deno.test("a name of PostgreSQL's own may mean another type, with other columns and checks", () => {
  const rows = "select x.* from unnest(array['a']::text[]) x";
  const read = "select * from json_to_record('{}') as t (w text)";
  deepStrictEqual(columnsOf(rows), "x");
  deepStrictEqual(columnsOf(read), "w");
  const shadowing = [
    "create temp table text (k int)",
    "create domain pg_temp.text as varchar check (lookup(1))",
    "set search_path = pg_temp, public; create type text as (k int)",
    "set search_path = public, pg_catalog; begin; create domain text as varchar",
  ];
  for (const sql of shadowing) {
    deepStrictEqual(columnsOf(rows, after(sql)), "*?", sql);
    deepStrictEqual(columnsOf(read, after(sql)), "w?", sql);
    deepStrictEqual(
      analysisOf("select count('x'::text)", after(sql)).details,
      ["hidden_code"],
      sql,
    );
  }
  // A user's function may have the name of one that makes arrays.
  deepStrictEqual(columnsOf("select x.* from unnest(other.string_to_array(1, 2)) x"), "*?");
});

Deno.test("what this transaction defined may run code that no catalog shows", () => {
  const begun = after("begin; alter table claims add check (lookup(id) is null)");
  deepStrictEqual(analysisOf("insert into claims (id) values (1)", begun).details, ["hidden_code"]);
});

Deno.test("a leaky column of pg_attribute does not make all its readers administrators", () => {
  deepStrictEqual(effectsOf("select attname, attmissingval from pg_attribute"), "read");
});

Deno.test("a plan tells as much as what it plans", () => {
  deepStrictEqual(columnsOf("explain select * from patients where ssn = 'x'"), "QUERY PLAN:ssn?");
  deepStrictEqual(columnsOf("explain select id from patients"), "QUERY PLAN?");
  deepStrictEqual(columnsOf("explain select * from claims"), "QUERY PLAN");
  deepStrictEqual(effectsOf("explain select * from patients"), "read");
  deepStrictEqual(effectsOf("explain delete from claims"), "read");
  deepStrictEqual(effectsOf("explain analyze delete from claims"), "read write");
  deepStrictEqual(effectsOf("explain (analyze false) delete from claims"), "read");
  deepStrictEqual(effectsOf("explain (analyze on) delete from claims"), "read write");
});

Deno.test("what is too much is refused, not crashed on", () => {
  const deep = (n: number) => `select ${"(".repeat(n)}1${")".repeat(n)}`;
  deepStrictEqual(refusalOf(deep(20_000)), "too_complex");
  deepStrictEqual(refusalOf(`select 1${"+1".repeat(5000)}`), "too_complex");
  deepStrictEqual(refusalOf(`select ${"- ".repeat(3000)}a from claims`), "too_complex");
  deepStrictEqual(refusalOf(`select ${"1,".repeat(2000)}1`), "too_complex");
  deepStrictEqual(refusalOf("select 1;".repeat(2000)), "too_complex");
  // Each level doubles its columns.
  const doubled = Array.from({ length: 30 }).reduce<string>(
    (inner) => `select *, * from (${inner}) q`,
    "select 1",
  );
  deepStrictEqual(refusalOf(doubled), "too_complex");
  deepStrictEqual(refusalOf("select 'a\0b'"), "syntax_error");
  // A C string would end here, and the rest would run unjudged.
  deepStrictEqual(refusalOf("select 1\0; drop table patients"), "syntax_error");
  deepStrictEqual(refusalOf("select '\ud800'"), "syntax_error");
  deepStrictEqual(refusalOf("selec 1"), "syntax_error");
  deepStrictEqual(refusalOf("select 1"), null);
});

Deno.test("an empty string has no statements and no refusal", () => {
  for (const sql of ["", ";", "  -- nothing\n", ";;"]) deepStrictEqual(refusalOf(sql), null);
});
