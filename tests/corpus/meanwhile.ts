/**
 * What one session may define while another's request runs that was judged before, and what of the
 * request depends on it: it is cancelled, whatever the names are and wherever they stand.
 *
 * @module
 */

const asked = "select upper(who) from shifts";
const shadowing = "create view gateway_ehr.shifts as select id, name as who from patients";
const schema = "create schema gateway_ehr";
/** Its words come out where nobody knows of the code. */
const telling = `create function tells(int) returns int immutable language plpgsql as $$ begin
  if $1 > 6 then raise exception 'n %', (select ssn from patients where id = 1); end if;
  return 1; end $$`;
/** What is defined, by steps of one session, and what depends on it. */
export const meanwhile: Readonly<
  Record<
    string,
    {
      readonly before: readonly string[];
      readonly reads: string;
      readonly defines: readonly string[];
      readonly after: string;
    }
  >
> = {
  "under a name with a dot": {
    before: [`create table public."a.b" as select id, who from shifts; ${schema}`],
    reads: `select upper(who) from "a.b"`,
    defines: [`create view gateway_ehr."a.b" as select id, name as who from patients`],
    after: `drop schema gateway_ehr cascade; drop table public."a.b"`,
  },
  "where the path begins with a temporary schema that is not there": {
    before: ["create view v_mid as select id, who as x from shifts"],
    reads: "select upper(x) from v_mid",
    defines: [
      "set search_path = pg_temp_999, public",
      "create or replace view v_mid as select id, name as x from patients",
    ],
    after: "drop view public.v_mid",
  },
  "behind a COMMIT that no Sync follows": {
    before: [schema],
    reads: asked,
    defines: [
      "begin",
      `\\wire parse c: commit | bind c=c | execute c | flush | parse d: ${shadowing} | ` +
      "bind d=d | execute d",
    ],
    after: "drop schema gateway_ehr cascade",
  },
  "behind a ROLLBACK": {
    before: [schema],
    reads: asked,
    defines: ["begin", `rollback; ${shadowing}`],
    after: "drop schema gateway_ehr cascade",
  },
  "behind a BEGIN that no Sync follows": {
    before: [schema],
    reads: asked,
    defines: [
      `\\wire parse b: begin | bind b=b | execute b | parse d: ${shadowing} | bind d=d | ` +
      "execute d | flush | parse c: commit | bind c=c | execute c",
    ],
    after: "drop schema gateway_ehr cascade",
  },
  "a partition that checks its rows": {
    before: [
      telling,
      "create table public.whole (id int) partition by list (id)",
    ],
    reads: "insert into whole values (8)",
    defines: [
      "create table public.part partition of whole (check (tells(id) = 1)) for values in (8)",
    ],
    after: "drop table whole; drop function tells",
  },
  "a check of a partition": {
    before: [
      telling,
      "create table public.whole (id int) partition by list (id)",
      "create table public.part partition of whole for values in (8)",
    ],
    reads: "insert into whole values (8)",
    defines: ["alter table part add check (tells(id) = 1)"],
    after: "drop table whole; drop function tells",
  },
  "an index": {
    before: [telling, "create table public.whole (id int)"],
    reads: "insert into whole values (8)",
    defines: ["create index on whole (tells(id))"],
    after: "drop table whole; drop function tells",
  },
  "a key that is followed": {
    before: [
      telling,
      "create table public.whole (id int primary key)",
      "insert into whole values (1)",
    ],
    reads: "update whole set id = 8",
    defines: [
      "create table public.part (id int references whole on update cascade, check (tells(id) = 1))",
    ],
    after: "drop table whole, part; drop function tells",
  },
  "a check of what follows a key": {
    before: [
      telling,
      "create table public.whole (id int primary key)",
      "create table public.part (id int references whole on update cascade)",
      "insert into whole values (1)",
      "insert into part values (1)",
    ],
    reads: "update whole set id = 8",
    defines: ["alter table part add check (tells(id) = 1)"],
    after: "drop table whole, part; drop function tells",
  },
};
