-- The session attacked: encodings, string syntax, styles, roles, plans, and the wire itself.

-- another client encoding
set client_encoding = 'SQL_ASCII';
select ssn, name from patients;

-- another client encoding by set_config
select set_config('client_encoding', 'LATIN1', false);
select name from patients;

-- UTF-16 does not exist for clients, but EUC does
set names 'EUC_JP';
select ssn from patients;

-- backslashes in strings
set standard_conforming_strings = off;
select 'a\'; select ssn from patients; --';

-- backslashes by set_config
select set_config('standard_conforming_strings', 'off', false);
select 'a\' || ssn || '\' from patients;

-- strings with escapes
select E'\'' || ssn || E'\'' from patients;

-- dollar quotes
select $a$ $$ $a$ || ssn from patients;

-- comments inside of comments
select /* /* */ ssn, */ id from patients;
select /* a /* b */ c */ ssn from patients;

-- comments to the line's end
select id -- , '
  , ssn from patients;

-- strings continued on another line
select 'a'
  'b' || ssn from patients;

-- an identifier with a backslash and quotes
select ssn as "\" from patients; select 1 as """", ssn from patients;

-- date styles
set datestyle = 'German';
select dob, dob::text, (select max(dob) from patients) from patients;

-- date styles and interval styles
set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard';
select age(dob, '2020-01-01'), dob from patients;

-- bytea styles
set bytea_output = 'escape';
select blob, ssn::bytea from vault, patients;

-- more digits
set extra_float_digits = 3;
select number::float8, amount::float4 from vault;

-- XML styles
set xmlbinary = 'hex';
select xmlelement(name b, blob) from vault;

-- a time zone that moves a date
set timezone = 'Pacific/Kiritimati';
select dob::timestamptz, timezone('UTC', dob::timestamptz) from patients;

-- messages at every level
set client_min_messages = 'debug5';
select ssn from patients; select name::int from patients;

-- logs to the client
set log_statement = 'all';
set debug_print_plan = on;
select ssn from patients where name > 'a';

-- plans in the log
set client_min_messages = 'log';
set log_min_duration_statement = 0; set debug_print_parse = on; set debug_print_rewritten = on;
select id from patients where ssn > (select min(ssn) from patients);

-- row counts of the planner
set client_min_messages = 'debug1'; set log_planner_stats = on; set log_executor_stats = on;
select count(*) from patients where ssn like '9%';

-- row security
set row_security = off;
select ssn from patients;

-- another role
set role postgres;
select ssn from patients;

-- another session's authorisation
set session authorization postgres;
select rolpassword from pg_authid; select name from patients;

-- a role changed by a function
create function f_role() returns text language plpgsql as $$ begin set role postgres; return current_user; end $$;
select f_role();
select ssn from patients;

-- triggers off
set session_replication_role = replica;
update guarded set what = 'q';

-- a local setting
begin; set local client_min_messages = debug5; select name::int from patients; rollback;

-- reset all
set search_path = other; reset all; select ssn from patients;

-- discard all
create temp table patients (id int); discard all; select ssn from patients;

-- a plan kept after DDL
prepare k as select * from documents;
execute k;
alter table documents add column extra text default ssn_of(1);
execute k;

-- a cursor kept after DDL
begin; declare k cursor for select * from visits; create or replace view v_plain as select id, ssn as department from patients;
select department from v_plain; fetch all from k; rollback;

-- a plan over a temporary table of another shape
create temp table sh (a int, b text); prepare s as select * from sh; drop table sh;
create temp table sh as select ssn as b, 1 as a from patients; execute s;

-- statements behind a refused one
select 1; drop table other.patients cascade; select ssn from patients;

-- statements behind a failed one
select 1 / 0; select ssn from patients;

-- many statements in one string
select id from visits; select ssn from patients; select department from visits; select name from patients;

-- a statement after an empty one
;;; select ssn from patients;;

-- a failed block
begin; select 1 / 0; select ssn from patients; rollback; select ssn from patients;

-- a commit inside of a string
begin; select id from visits; commit; select ssn from patients;

-- a chained transaction
begin; set local search_path = other; commit and chain; select ssn from patients; rollback;

-- read only, serializable, deferrable
begin isolation level serializable read only deferrable; select ssn from patients; commit;

-- an exported snapshot
begin isolation level repeatable read; select pg_export_snapshot(); select ssn from patients; commit;

-- the extended protocol with a name that a prepared statement has
prepare x as select 1;
select ssn from patients where id = $1 \bind 1

-- an unnamed statement reused
select 1 \bind
select ssn from patients \bind

-- parameters that are SQL
select department from visits where department = $1 \bind oncology'||(select+ssn+from+patients)||'

-- parameters of every place
select ssn, $2::text from patients where id = $1 order by $2::text limit $3 offset $4 \bind 1 a 5 0

-- a parameter whose type is a table's
select ($1::patients).ssn, (select ssn from patients limit 1) \bind (1,a,b,c,2020-01-01,d,e,f,g,)

-- a parameter cast to a name of an object
select $1::regclass, (select ssn from patients limit 1) \bind patients

-- startup options
-- connect: options=-c search_path=other,public
select label from patients; select ssn_copy from people;

-- a startup search path that hides the tables
-- connect: search_path=other
select * from people; select * from public.patients;

-- a startup client encoding
-- connect: client_encoding=LATIN1
select name from patients;

-- a startup date style
-- connect: datestyle=SQL
select dob from patients;

-- a startup with string syntax
-- connect: standard_conforming_strings=off
select 'a\'; select ssn from patients; --';

-- a startup role
-- connect: role=postgres
select ssn from patients;

-- lock timeouts and waits as a clock
set lock_timeout = '10ms'; set statement_timeout = '50ms';
select pg_sleep(1) from patients where ssn like '9%';

-- copy in the middle of a string
select id from visits; copy (select ssn from patients) to stdout; select name from patients;

-- the last value and the current query
select ssn, current_query(), lastval() from patients;

-- listen, then a notification of one's own
listen patients; notify patients, 'payload';

-- a very long list of columns
select ssn, ssn, ssn, ssn, ssn, ssn, ssn, ssn, ssn, ssn, ssn, ssn, ssn, ssn, ssn, ssn, ssn, ssn, name, name from patients;

-- a deep nest
select ((((((((((((((((((((((((((((((((ssn)))))))))))))))))))))))))))))))) from patients;

-- a deep nest of subqueries
select * from (select * from (select * from (select * from (select * from (select ssn from patients) a) b) c) d) e;

-- parallel workers and JIT
set max_parallel_workers_per_gather = 4; set jit = on; set jit_above_cost = 0;
select ssn from patients;

-- plan cache modes
set plan_cache_mode = force_generic_plan;
prepare pc (int) as select ssn from patients where id = $1; execute pc (1); execute pc (2);
