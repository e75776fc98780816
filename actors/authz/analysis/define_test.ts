/**
 * Definitions: commands, effects, details, and that each kind of statement is known.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { after, analysisOf, columnsOf, refusalOf, statementsOf } from "./testing.ts";

const rows: readonly (readonly [string, string, string, string])[] = [
  ["create table t (a int)", "CREATE TABLE", "define", "create_table"],
  ["create table t as select id from claims", "CREATE TABLE AS", "read define", "create_table_as"],
  [
    "create table t as select ssn from patients where id = 1",
    "CREATE TABLE AS",
    "read define declassify",
    "create_table_as",
  ],
  ["create view v as select id from claims", "CREATE VIEW", "read define", "create_view"],
  ["create view v as select ssn from patients", "CREATE VIEW", "read define", "create_view"],
  [
    "create materialized view m as select ssn from patients",
    "CREATE MATERIALIZED VIEW",
    "read define",
    "create_materialized_view",
  ],
  ["drop table patients", "DROP TABLE", "define", "drop drop_table"],
  ["drop view if exists v cascade", "DROP VIEW", "define", "drop drop_view"],
  ["drop materialized view v", "DROP MATVIEW", "define", "drop drop_matview"],
  ["alter table claims add column x int", "ALTER TABLE", "define", "alter_addcolumn alter_table"],
  [
    "alter table claims alter payer type int using amount",
    "ALTER TABLE",
    "define",
    "alter_altercolumntype alter_table",
  ],
  ["alter table claims rename payer to x", "ALTER", "define", "rename"],
  ["create index on claims (payer)", "CREATE INDEX", "define", "create_index"],
  ["truncate claims", "TRUNCATE TABLE", "write", "truncate"],
  ["do $$ $$", "DO", "execute", "do"],
  ["call refresh()", "CALL", "execute declassify", "call moving_code"],
  [
    "create table p1 partition of p for values in (repeat('X', 2))",
    "CREATE TABLE",
    "define",
    "create_table",
  ],
  [
    "create table p1 partition of p for values in (lookup(1))",
    "CREATE TABLE",
    "define execute declassify",
    "create_table",
  ],
  [
    "create table p1 partition of p for values from (minvalue, lookup(1)) to (maxvalue, maxvalue)",
    "CREATE TABLE",
    "define execute declassify",
    "create_table",
  ],
  [
    "alter table claims attach partition p1 for values in (lookup(1))",
    "ALTER TABLE",
    "define execute declassify",
    "alter_attachpartition alter_table",
  ],
  [
    "create index on patients (id) where ssn like '1%'",
    "CREATE INDEX",
    "define filter_by",
    "create_index",
  ],
  [
    "create index on patients (left(mrn, 1))",
    "CREATE INDEX",
    "define filter_by",
    "create_index",
  ],
  [
    "alter table patients add constraint c check (ssn < 'x')",
    "ALTER TABLE",
    "define filter_by",
    "alter_addconstraint alter_table",
  ],
  [
    "create aggregate a (text, boolean) (sfunc = set_config, stype = text)",
    "CREATE",
    "define declassify",
    "create_object moving_code",
  ],
  [
    "create aggregate a (text) (sfunc = textcat, stype = text, finalfunc = refresh)",
    "CREATE",
    "define declassify",
    "create_object moving_code",
  ],
  [
    "create aggregate a (text) (sfunc = textcat, stype = text)",
    "CREATE",
    "define",
    "create_object",
  ],
  [
    "create operator @@@ (function = setval, leftarg = regclass, rightarg = int8)",
    "CREATE",
    "define escape declassify",
    "create_object create_operator",
  ],
  [
    "create cast (text as bytea) with function pg_read_binary_file(text)",
    "CREATE CAST",
    "define escape declassify",
    "create_cast",
  ],
  [
    "create function f(text) returns text language internal as 'textin'",
    "CREATE FUNCTION",
    "define escape declassify",
    "create_function moving_code untrusted_language",
  ],
  ["vacuum claims", "VACUUM", "administer", "maintenance"],
  ["analyze claims", "VACUUM", "administer", "maintenance"],
  ["refresh materialized view v", "REFRESH MATERIALIZED VIEW", "administer", "maintenance"],
  ["grant select on claims to public", "GRANT", "administer", "grant"],
  ["comment on table claims is 'x'", "COMMENT", "define", "comment"],
  ["lock table claims", "LOCK TABLE", "administer", "lock maintenance"],
  ["select id from claims for update", "SELECT", "read", "lock_rows"],
];

for (const [sql, command, effects, details] of rows) {
  Deno.test(`definition: ${sql}`, () => {
    const analysis = analysisOf(sql);
    deepStrictEqual(analysis.command, command);
    deepStrictEqual(analysis.effects.join(" "), effects);
    deepStrictEqual(analysis.details.join(" "), details);
  });
}

Deno.test("a column dropped with a class stays in children that have it by another name alone", () => {
  const effects = (sql: string) => analysisOf(sql).effects.join(" ");
  deepStrictEqual(effects("alter table only events drop column ssn"), "define");
  deepStrictEqual(effects("alter table patients drop column name"), "define");
  deepStrictEqual(effects("alter table only rosters drop column who"), "define declassify");
  deepStrictEqual(effects("alter table only rosters_2026 drop column who"), "define");
  deepStrictEqual(effects("alter table rosters drop column id"), "define");
});

Deno.test("a parent, and its other children, may lose a class with a child that is dropped", () => {
  const effects = (sql: string) => analysisOf(sql).effects.join(" ");
  deepStrictEqual(effects("drop table events_2026"), "define");
  deepStrictEqual(effects("drop table patients, rosters_2026"), "define");
  deepStrictEqual(effects("drop table bills, bills_open"), "define declassify");
  deepStrictEqual(effects("drop table public.bills_open cascade"), "define declassify");
  deepStrictEqual(effects("drop schema public cascade"), "define declassify");
  deepStrictEqual(effects("drop type pair cascade"), "define declassify");
  deepStrictEqual(effects("drop type pair"), "define");
  deepStrictEqual(effects("drop extension pair"), "define declassify");
});

Deno.test("relations of a definition are named", () => {
  const relations = (sql: string) => analysisOf(sql).relations;
  deepStrictEqual(relations("truncate claims, other.codes"), ["other.codes", "public.claims"]);
  deepStrictEqual(relations("drop table other.codes, claims"), ["claims", "other.codes"]);
  deepStrictEqual(relations("alter table claims add column x int"), ["public.claims"]);
  deepStrictEqual(relations("grant select on claims to public"), ["public.claims"]);
  deepStrictEqual(relations("create view v as select * from v_ids"), [
    "public.patients",
    "public.v_ids",
  ]);
  deepStrictEqual(relations("vacuum claims"), ["public.claims"]);
});

Deno.test("the role's own schema stands for $user", () => {
  const own = after('set search_path = "$user", other');
  deepStrictEqual(columnsOf("select * from patients", own), "id name:name ssn:ssn");
});

Deno.test("maintenance and truncation leave names as they are", () => {
  for (const sql of ["vacuum claims", "truncate claims", "reindex table claims", "lock claims"]) {
    deepStrictEqual(statementsOf(sql).map(({ change }) => change), [null]);
  }
});

const known: readonly string[] = [
  "create schema s create table t (a int)",
  "create sequence s",
  "alter sequence s restart",
  "create type c as (a int)",
  "create type e as enum ('a')",
  "alter type e add value 'b'",
  "create type r as range (subtype = int)",
  "create domain d as int check (value > 0)",
  "alter domain d drop not null",
  "create function f() returns int language sql as 'select 1'",
  "alter function f() cost 5",
  "create aggregate a (int) (sfunc = int4pl, stype = int)",
  "create collation c (locale = 'C')",
  "create statistics s on payer, code from claims",
  "create event trigger t on ddl_command_start execute function f()",
  "alter event trigger t disable",
  "alter table claims owner to x",
  "alter table all in tablespace a set tablespace b",
  "alter extension x update",
  "alter default privileges revoke all on tables from public",
  "create tablespace t location '/x'",
  "drop owned by x",
  "reassign owned by x to y",
  "security label on table claims is 'x'",
  "create text search configuration c (copy = simple)",
  "alter text search configuration c drop mapping for word",
  "create access method a type table handler h",
  "create server s foreign data wrapper w",
  "create user mapping for x server s",
  "import foreign schema a from server s into b",
  "create publication p for all tables",
  "drop subscription s",
  "create database d",
  "drop role r",
  "unlisten *",
  "set constraints all deferred",
  "show all",
  "checkpoint",
  "cluster claims",
  "explain (analyze) create table t as select 1",
  "explain declare c cursor for select 1",
];
for (const sql of known) {
  Deno.test(`known: ${sql}`, () => deepStrictEqual(refusalOf(sql), null));
}
