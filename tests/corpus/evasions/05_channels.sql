-- What stays behind: sequences, locks, counters, statistics and names that a class chose.

-- a sequence set to what a class chose
select setval('plain_sequence', n) from generate_series(804172000, 804172999) n where n = (select number from vault where id = 1);
select last_value from plain_sequence;

-- a sequence set to what a join kept
select setval('plain_sequence', n) from generate_series(804172000, 804172999) n join vault v on v.number = n;
select last_value from plain_sequence; select pg_sequence_last_value('plain_sequence'), currval('plain_sequence'), lastval();

-- a sequence set in a WITH, a predicate, an order
with x as (select n from generate_series(804172000, 804172999) n where n in (select number from vault)) select 1 from x where setval('plain_sequence', n) > 0;
select last_value from plain_sequence; select last_value from pg_sequences where sequencename = 'plain_sequence';

-- sequences that count up as far as a class says
select count(nextval('plain_sequence')) from generate_series(1, (select number / 1000000 from vault where id = 1));
select count(nextval('second_sequence')) from generate_series(1, (select number / 1000 % 1000 from vault where id = 1));
select count(nextval('third_sequence')) from generate_series(1, (select number % 1000 from vault where id = 1));
select a.last_value, b.last_value, c.last_value from plain_sequence a, second_sequence b, third_sequence c;

-- sequences that count up behind a limit
select nextval('plain_sequence') from generate_series(1, 999) limit (select number / 1000000 from vault where id = 1);
select nextval('second_sequence') from generate_series(1, 999) limit (select number / 1000 % 1000 from vault where id = 1);
select nextval('third_sequence') from generate_series(1, 999) n where n <= (select number % 1000 from vault where id = 1);
select a.last_value, b.last_value, c.last_value from plain_sequence a, second_sequence b, third_sequence c;

-- a new function that counts up
create function f_count(s regclass, upto int) returns int language plpgsql as $$ begin
  for n in 1 .. upto loop perform nextval(s); end loop; return 1; end $$;
select f_count('plain_sequence', number / 1000000), f_count('second_sequence', number / 1000 % 1000), f_count('third_sequence', number % 1000) from vault where id = 1;
select a.last_value, b.last_value, c.last_value from plain_sequence a, second_sequence b, third_sequence c;

-- the owner's function that counts up
select count_up();
select last_value from plain_sequence;

-- a new function that counts up without saying how
create function f_counts() returns bigint language sql as $$
  select count(nextval('plain_sequence')) from generate_series(1, (select number / 1000000 from vault where id = 1)) $$;
select f_counts();
select last_value from plain_sequence;

-- locks on what a class chose
select pg_advisory_lock(n) from generate_series(804172000, 804172999) n where n = (select number from vault where id = 1);
select classid, objid from pg_locks where locktype = 'advisory'; select * from pg_lock_status();

-- locks tried on what a class chose
begin; select pg_try_advisory_xact_lock_shared(0, n) from generate_series(804172000, 804172999) n join vault v on v.number = n;
select objid from pg_locks where locktype = 'advisory';

-- statistics of a relation as a class says
create function f_pages() returns boolean language plpgsql as $$ begin
  return pg_restore_relation_stats('schemaname', 'public', 'relname', 'scratch', 'relpages', (select number from vault where id = 1)); end $$;
select f_pages();
select relpages, reltuples from pg_class where relname = 'scratch';

-- statistics of a relation by a call
select pg_restore_relation_stats('schemaname', 'public', 'relname', 'scratch', 'relpages', number) from vault where id = 1;
select relpages from pg_class where relname = 'scratch';

-- statistics of a relation as numbers chosen by a class
select pg_restore_relation_stats('schemaname', 'public', 'relname', 'documents', 'relpages', n) from generate_series(804172000, 804172999) n, vault v where n = v.number;
select relpages from pg_class where relname = 'documents';

-- scans counted in this transaction
begin;
create function f_scans() returns int language plpgsql as $$ begin
  for n in 1 .. (select number / 1000000 from vault where id = 1) loop perform 1 from documents; end loop;
  for n in 1 .. (select number / 1000 % 1000 from vault where id = 1) loop perform 1 from shifts; end loop;
  for n in 1 .. (select number % 1000 from vault where id = 1) loop perform 1 from guarded; end loop; return 1; end $$;
select f_scans();
select a.seq_scan, b.seq_scan, c.seq_scan from pg_stat_xact_user_tables a, pg_stat_xact_user_tables b, pg_stat_xact_user_tables c
  where a.relname = 'documents' and b.relname = 'shifts' and c.relname = 'guarded';
select pg_stat_get_xact_numscans('documents'::regclass);

-- scans counted since the server started
create function f_scans() returns int language plpgsql as $$ begin
  for n in 1 .. (select number / 1000000 from vault where id = 1) loop perform 1 from documents; end loop; return 1; end $$;
select f_scans(), pg_stat_force_next_flush();
select seq_scan from pg_stat_user_tables where relname = 'documents'; select pg_stat_get_numscans('documents'::regclass);

-- numbers that are there already, told by those that are new
with made as (insert into patients (id, mrn, name, ssn, dob, sex, zip) select n, 'MRN-' || n, '', '', '2000-01-01', '', ''
  from generate_series(77180000, 77180009) n on conflict do nothing returning id)
select n from generate_series(77180000, 77180009) n where n not in (select id from made);

-- numbers that are there already, told by a conflict's action
insert into patients (id, mrn, name, ssn, dob, sex, zip) select n, 'MRN-' || n, '', '', '2000-01-01', '', ''
  from generate_series(77180000, 77180009) n on conflict (mrn) do update set created_at = excluded.created_at returning 'MRN-' || excluded.id, excluded.mrn;

-- numbers that are there already, told by what is left
insert into patients (id, mrn, name, ssn, dob, sex, zip) select n, 'MRN-' || n, '', '', '2000-01-01', '', ''
  from generate_series(77180000, 77180009) n on conflict (mrn) do nothing;
select n from generate_series(77180000, 77180009) n where not exists (select from patients where id = n) and exists (select from patients where id > 77180000);

-- numbers that are there already, told by a merge
with told as (merge into patients p using generate_series(77180000, 77180009) n on p.mrn = 'MRN-' || n
  when matched then update set created_at = created_at when not matched then do nothing returning n) select 'MRN-' || n from told;

-- rows counted in by a limit
insert into scratch (what) select d.title from documents d, generate_series(1, 999) n where n <= (select number / 1000000 from vault where id = 1) and d.id = 1;
select count(*) from scratch;

-- rows marked by numbers of one's own
with x as (select n from generate_series(1, 999) n where n = (select number / 1000000 from vault where id = 1))
  update documents set title = 'told' where exists (select from x where n - 803 = documents.id);
select id + 803 from documents where title = 'told';

-- an index of the rows that a class chose
create index told_index on visits (id) where patient_id = 1;
create index told_index2 on patients (id) where ssn like '98%' and id = 1;
select reltuples, relpages from pg_class where relname = 'told_index2';

-- a payload chosen by a class
listen chosen;
select pg_notify('chosen', n::text) from generate_series(804172000, 804172999) n where n = (select number from vault where id = 1);

-- a role's setting made of a class
select set_config('application_name', n::text, false) from generate_series(804172000, 804172999) n where n = (select number from vault where id = 1);
show application_name;

-- a dictionary that reads a file that COPY wrote
copy (select 'told ' || replace(name, ' ', '') from patients limit 1) to program 'cat > "$(dirname "$PWD")/told.syn"';
copy (select ssn from patients) to '/tmp/sallyport_corpus_told.csv';
select pg_read_file('/tmp/sallyport_corpus_told.csv');

-- a class carried out to a file as a large object
select lo_export(lo_from_bytea(0, ssn::bytea), '/tmp/sallyport_corpus_told.bin') from patients where id = 1;
select pg_file_write('/tmp/sallyport_corpus_told.txt', ssn, false) from patients where id = 1;

-- a search path whose name is longer than a name may be
create schema wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww;
create view wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww.shifts as select id, ssn as who from patients;
select set_config('search_path', 'wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww, public', false);
select upper(who) from shifts;

-- a search path in quotes, longer than a name may be
create schema vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv;
create view vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv.shifts as select id, ssn as who from patients;
set search_path = 'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv', 'public';
select upper(who) from shifts;

-- a search path whose name begins with a blank that is none
create schema " public";
create view " public".shifts as select id, ssn as who from patients;
select set_config('search_path', E'\u00a0public', false);
select upper(who) from shifts;

-- a search path whose quotes hold quotes and commas
create schema "a,""b";
create view "a,""b".shifts as select id, ssn as who from patients;
set search_path = 'a,"b', 'public';
select upper(who) from shifts;
select set_config('search_path', '"a,""b", public', false);
select upper(who) from shifts;

-- a search path with odd white space and case
select set_config('search_path', e'\tTWIST\n,public', false);
select upper(who) from shifts;
set search_path = 'TWIST'; select upper(who) from shifts; set search_path = TWIST, public; select upper(who) from shifts;

-- a search path by the startup's options
-- connect: options=-csearch_path=twist,public
select upper(who) from shifts;

-- a search path by the startup's options with escapes
-- connect: options=-c search_path=\ twist\ ,public --application-name=x
select upper(who) from shifts;

-- a search path taken from the role again
set search_path = twist, public;
reset search_path; set search_path to default; select upper(who) from shifts;
set search_path from current; select upper(who) from shifts;

-- a search path inside of a savepoint that is kept
begin; savepoint a; set local search_path = twist, public; release a; select upper(who) from shifts; commit; select upper(who) from shifts;

-- a search path in a string of statements of which one fails
set search_path = twist, public; select 1 / 0;
select upper(who) from shifts;
set search_path = twist, public; commit; select 1 / 0;
select upper(who) from shifts;

-- a search path of a prepared statement and of now
set search_path = twist, public;
prepare both_paths as select upper(who) from shifts;
set search_path = public;
execute both_paths; explain (verbose) execute both_paths; create temp table both_made as execute both_paths; select * from both_made;

-- a cursor with hold of another path
set search_path = twist, public;
declare twisted cursor with hold for select upper(who), who from shifts;
set search_path = public;
fetch 1 from twisted; move 1 from twisted; fetch all from twisted;

-- an aggregate whose step keeps what it is given
create aggregate f_keep (text, boolean) (sfunc = set_config, stype = text, initcond = 'told.kept');
select f_keep(ssn, false) from patients where id = 1;
show told.kept; select current_setting('told.kept'), current_setting('told.kept', true);

-- an aggregate made and used in one transaction
begin;
create aggregate f_keep_now (text, boolean) (sfunc = pg_catalog.set_config, stype = text, initcond = 'told.kept');
select f_keep_now(name, false) from patients where id = 2;
commit;
select current_setting('told.kept', true);

-- an aggregate whose end keeps what it is given
create aggregate f_keep_last (text) (sfunc = textcat, stype = text, initcond = 'x', finalfunc = upper);
create aggregate f_keep_moving (text, boolean) (sfunc = set_config, stype = text, initcond = 'told.moved', msfunc = set_config, minvfunc = set_config, mstype = text, minitcond = 'told.moved');
select f_keep_moving(ssn, false) over (order by id rows 1 preceding) from patients;
select current_setting('told.moved', true);

-- a function of the server's own under another name
create function f_set(regclass, bigint) returns bigint language internal as 'setval_oid';
select f_set('second_sequence', number) from vault where id = 1;
select last_value from second_sequence;

-- an operator over a function of the server's own that keeps
create operator public.@@@ (function = setval, leftarg = regclass, rightarg = bigint);
select 'third_sequence'::regclass operator(public.@@@) number::bigint from vault where id = 1; select 'third_sequence'::regclass @@@ number::bigint from vault where id = 1;
select last_value from third_sequence;

-- an operator over a function of the server's own that reads files
checkpoint;
create operator public.!! (function = pg_read_binary_file, rightarg = text);
select !! pg_relation_filepath('patients'); select string_agg((!! pg_relation_filepath(r))::text, '') from unnest(array['patients', 'notes', 'vault']::regclass[]) r;

-- a cast by a function of the server's own that reads files
checkpoint;
create cast (text as bytea) with function pg_catalog.pg_read_binary_file(text);
select pg_relation_filepath('patients')::bytea; select cast(pg_relation_filepath('vault') as bytea);

-- a cast that reads files, in one transaction
checkpoint;
begin;
create cast (text as bytea) with function pg_catalog.pg_read_binary_file(text);
select pg_relation_filepath('patients')::bytea;
rollback;

-- the server's files copied in by a program
checkpoint;
copy scratch (what) from program 'grep -a -r -h -o "9[0-9][0-9]-[0-9][0-9]-[0-9][0-9][0-9][0-9]" base | head -50';
select what from scratch;

-- the server's files copied in by way of another
copy (select ssn from patients) to '/tmp/sallyport_corpus_moved.txt';
copy scratch (what) from '/tmp/sallyport_corpus_moved.txt';
select what from scratch;

-- a policy made in this transaction
begin;
create policy told_tx on shifts using (mutter() = 1);
alter table shifts enable row level security; alter table shifts force row level security;
select count(*) from shifts;
rollback;

-- an operator made in this transaction
begin;
create function f_tx(varchar, int) returns varchar language plpgsql as $$ begin
  raise notice 'psst %', (select ssn from patients where id = 1); return $1; end $$;
create operator public.|| (leftarg = varchar, rightarg = int, function = f_tx);
select count(*) from (select 'x'::varchar || 1 offset 0) t;
rollback;

-- the schema of another role, in the path that is there
create role ghost superuser;
create schema ghost;
create view ghost.shifts as select id, ssn as who from patients;
set role ghost;
select upper(who) from shifts;
set search_path = "$user", public;
select upper(who) from shifts;
set search_path = public;
set search_path = "$user", public;
select upper(who) from shifts;

-- the schema of another role, by the session's authorisation
create role spirit superuser;
create schema spirit;
create view spirit.shifts as select id, ssn as who from patients;
set search_path = "$user", public;
set session authorization spirit;
select upper(who) from shifts;
reset session authorization; select upper(who) from shifts;

-- the schema of another role, by set_config
create role wraith superuser;
create schema wraith;
create view wraith.shifts as select id, ssn as who from patients;
select set_config('role', 'wraith', false);
select upper(who) from shifts;
