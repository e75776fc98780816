-- Opaque: what lineage cannot follow is refused, or comes out masked whole.

-- a SQL function
select ssn_of(1);

-- a PL/pgSQL function
select name_of(1), upper(name_of(2));

-- functions that return rows
select * from everyone(); select ssn from everyone(); select (everyone()).ssn;

-- a function with a table of results
select title from report();

-- dynamic SQL in a function
select run_text('select ssn from patients where id = 1');

-- dynamic SQL with the table's name taken apart
select run_text('select s' || 'sn from pat' || 'ients where id = 1');

-- a function in the predicate alone
select 1 where ssn_of(1) like '9%';

-- a function as a default of coalesce
select coalesce(null, ssn_of(1));

-- a function in from with lateral
select f.* from visits v, ssn_of(v.patient_id) f;

-- an overloaded function
select overloaded('x'::text), overloaded(1);

-- a builtin's name with other arguments
select initcap(1);

-- a builtin's name as an attribute
select (q.x).initcap from (select 1 as x) q;

-- an aggregate of the owner's
select first_text(ssn) from patients;

-- a window of the owner's aggregate
select first_text(department) over (order by id), first_text(name) over () from visits, patients;

-- an operator of the owner's
select 1 <~> 1;

-- an operator of the owner's by its schema
select 1 operator(public.<~>) 1;

-- a well-known operator with the owner's arguments
select 'calm'::mood <<| 1, 'calm' <<| 1;

-- the owner's operator over a plain column
select mood <<| 1 from shifts;

-- an operator through any
select 1 operator(public.<~>) any (array[1]);

-- a cast of the owner's
select row(1)::ticket::text; select x::text from (select row(1)::ticket as x) q; select (array[row(1)::ticket])[1]::text;

-- a cast of the owner's by cast()
select cast(row(1)::ticket as text);

-- a cast of the owner's as a call
select text(row(1)::ticket), (row(1)::ticket).text;

-- a procedure
call move_out();
select what from scratch;

-- DO
do $$ begin insert into scratch (what) select ssn from patients; end $$;
select what from scratch;

-- DO with a notice
do $$ begin raise notice '%', (select ssn from patients where id = 1); end $$;

-- DO with an exception
do $$ begin raise exception '%', (select ssn from patients where id = 1); end $$;

-- DO with an exception's detail and hint
do $$ begin raise 'x' using detail = (select name from patients limit 1), hint = (select ssn from patients limit 1),
  column = (select ssn from patients limit 1), table = (select zip from patients limit 1); end $$;

-- DO with a chosen SQLSTATE
do $$ declare s text; begin select substr(ssn, 1, 5) into s from patients where id = 1;
  raise 'x' using errcode = replace(s, '-', '0'); end $$;

-- DO that notifies
listen told;
do $$ begin perform pg_notify('told', (select ssn from patients where id = 1)); end $$;

-- DO that sets a setting
do $$ begin perform set_config('application_name', (select ssn from patients where id = 1), false); end $$;
show application_name;

-- DO that makes a temporary table
do $$ begin create temp table made as select ssn from patients; end $$;
select * from made;

-- DO that makes a temporary table in the way of a plain one
do $$ begin create temp table visits as select id, ssn as department from patients; end $$;
select department from visits;

-- DO that changes the search path
do $$ begin set search_path = other; end $$;
select * from people;

-- DO that prepares
do $$ begin execute 'prepare sneaky as select ssn from patients'; end $$;
execute sneaky;

-- a function that makes a temporary table first
create function f_make() returns int language plpgsql as $$ begin
  create temp table claims as select id, ssn as payer from patients; return 1; end $$;
select f_make();
select payer from claims;

-- a new SQL function
create function f_leak() returns setof text language sql as $$ select ssn from patients $$;
select * from f_leak();

-- a new SQL function with a body of SQL
create function f_atomic() returns text begin atomic select ssn from patients limit 1; end;
select f_atomic();

-- a new function that moves
create function f_move() returns int language sql as $$ insert into scratch (what) select ssn from patients; select 1 $$;
select f_move();
select what from scratch;

-- a new function that moves, declared stable, by dynamic SQL
create function f_dynamic(q text) returns int language plpgsql as $$ begin execute q; return 1; end $$;
select f_dynamic('insert into scratch (what) select ssn from patients');
select what from scratch;

-- a new function with output parameters
create function f_out(out a text, out b text) language sql as $$ select name, ssn from patients limit 1 $$;
select a, b from f_out(); select (f_out()).*;

-- a new function with a default argument that reads
create function f_default(a text default (select null::text)) returns text language sql as $$ select $1 $$;
create function f_default2(a text default ssn_of(1)) returns text language sql as $$ select $1 $$;
select f_default2();

-- a new function under a builtin's name
create function public.btrim(int) returns text language sql as $$ select ssn from patients where id = $1 $$;
select btrim(1);

-- a new overload that fits better
create function public.length(varchar) returns text language sql as $$ select ssn from patients limit 1 $$;
select length('x'::varchar);

-- a new procedure
create procedure p_leak() language plpgsql as $$ begin raise notice '%', (select ssn from patients limit 1); end $$;
call p_leak();

-- a new procedure with an output parameter
create procedure p_out(inout s text) language sql as $$ select ssn from patients limit 1 $$;
call p_out('');

-- a new aggregate
create function f_step(text, text) returns text language sql as $$ select ssn from patients limit 1 $$;
create aggregate f_sum(text) (sfunc = f_step, stype = text);
select f_sum(department) from visits;

-- a new operator
create function f_op(text, int) returns text language sql as $$ select ssn from patients where id = $2 $$;
create operator public.|| (leftarg = text, rightarg = int, function = f_op);
select 'x'::text || 1;

-- a new cast
create type t_cast as enum ('a');
create function f_cast(t_cast) returns text language sql as $$ select ssn from patients limit 1 $$;
create cast (t_cast as text) with function f_cast(t_cast) as implicit;
select upper('a'::t_cast), 'a'::t_cast::text;

-- a new rule
create rule r_leak as on update to documents do also insert into scratch (what) select ssn from patients;
update documents set title = title where id = 2;
select what from scratch;

-- a new trigger
create function f_trigger() returns trigger language plpgsql as $$ begin
  new.title := (select ssn from patients limit 1); return new; end $$;
create trigger t_leak before insert on documents for each row execute function f_trigger();
insert into documents values (70, 'x') returning title;
select title from documents;

-- the owner's rule
insert into v_ruled (what) values ('x');
select what from scratch;

-- the owner's rule that returns
insert into v_ruled (what) values ('x') returning what;

-- the owner's trigger moves values
update guarded set what = 'y' where id = 1;
select what from scratch; select what from guarded;

-- the owner's trigger changes what is returned
insert into guarded values (2, 'z') returning what;

-- the owner's trigger by COPY and by MERGE
merge into guarded g using visits v on v.id = g.id when matched then update set what = 'm' returning g.what;
select what from guarded;

-- a query as text to XML
select query_to_xml('select * from patients', true, true, '');

-- a table to XML
select table_to_xml('patients', true, true, ''), table_to_xml_and_xmlschema('patients', true, true, '');

-- a schema and a database to XML
select schema_to_xml('public', true, true, ''); select database_to_xml(true, true, '');

-- a cursor to XML
begin; declare x cursor for select ssn from patients; select cursor_to_xml('x', 100, true, true, '');

-- a query as text to statistics of words
select word from ts_stat('select to_tsvector(''simple'', ssn) from patients');

-- a query as text to rewrite
select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, plainto_tsquery(''simple'', name) from patients');

-- a cursor by refcursor
create function f_ref() returns refcursor language plpgsql as $$ declare c refcursor := 'opened'; begin
  open c for select ssn from patients; return c; end $$;
begin;
select f_ref();
fetch all from opened;

-- set returning and record definitions
select * from f_leak() as t(department);

-- a function with a record result
create function f_record() returns record language sql as $$ select ssn, name from patients limit 1 $$;
select * from f_record() as t(department text, reason text);

-- a polymorphic function
create function f_any(anyelement) returns anyelement language sql as $$ select $1 $$;
select f_any(ssn) from patients;

-- a variadic call
select concat(variadic array_agg(ssn)) from patients;

-- a security label, comment and other text kept in the catalog
comment on table scratch is 'plain';
select obj_description('scratch'::regclass), (select ssn from patients limit 1);

-- a domain that checks with a function
select 'x'::careful;

-- a domain's check by an insert
insert into careful_words (id, word) values (1, 'x');

-- a check constraint that calls a function
insert into careful_words (id, other) values (2, 'y');

-- a column whose default calls a function
insert into careful_words (id) values (3);

-- a new default that calls a function
create table d_made (id int, s text default ssn_of(1));
insert into d_made (id) values (1) returning s;
select s from d_made;

-- a new generated column from a class
create table g_made (ssn text, twin text generated always as (ssn || '!') stored);
insert into g_made (ssn) select ssn from patients;
select twin from g_made;

-- a new index whose expression calls a function
create function f_index(int) returns int immutable language plpgsql as $$ begin
  raise notice 'psst %', (select ssn from patients where id = 1); return $1; end $$;
create index on visits (f_index(id));
insert into visits values (77, 1, '2024-01-01', 'x', 'y');

-- a policy that calls a function
alter table shifts enable row level security;
create policy told on shifts using (mutter() = 1);

-- an event trigger
create function f_event() returns event_trigger language plpgsql as $$ begin
  raise notice 'psst %', (select ssn from patients limit 1); end $$;
create event trigger t_event on ddl_command_end execute function f_event();
create table e_made (id int);

-- a language of the server's own
create function f_c(text) returns text language internal as 'textin';
select f_c('x');

-- a function that runs as its owner
create function f_definer() returns text language sql security definer as $$ select ssn from patients limit 1 $$;
select f_definer();

-- a support for hiding: two functions
create function f_in() returns text language sql as $$ select f_leak() limit 1 $$;
create view v_hidden as select f_in() as department;
select department from v_hidden;

-- a view over the owner's function
create view v_function as select id, ssn_of(id) as department from visits;
select department from v_function;

-- a materialised view over a function
create materialized view m_function as select ssn_of(1) as department;
select department from m_function;

-- a sequence's value from a class
select setval('plain_sequence', (select replace(ssn, '-', '')::int from patients where id = 1));
select last_value from plain_sequence; select currval('plain_sequence'); select nextval('plain_sequence');

-- a sequence altered
alter sequence plain_sequence restart with 804;
select nextval('plain_sequence'), (select number from vault limit 1);

-- an advisory lock keyed by a class
select pg_advisory_lock(number) from vault;
select objid, classid from pg_locks where locktype = 'advisory';

-- random numbers seeded by a class
select setseed(number / 1000000000.0) from vault where id = 1;
select random();

-- a sleep as long as a digit
select pg_sleep((substr(ssn, 1, 1)::int - 9) / 100.0) from patients where id = 1;

-- the search path changed by a function, under an expression
select twist_path();
select upper(who) from shifts;

-- the search path changed by a function that another calls
select twist_again();
select upper(who), who from shifts;

-- the search path changed by a function in a predicate, a cursor, a prepared statement
select 1 where twist_path() = 1; select upper(who) from shifts;

-- the search path changed in a parameter's expression
prepare tp (int) as select $1; execute tp (twist_path()); select upper(who) from shifts;

-- the search path changed by a cursor's rows
begin; declare tc cursor for select twist_path(); fetch tc; select upper(who) from shifts;

-- the search path changed by EXPLAIN, which folds a stable call
explain select 1 where twist_path() = 1;
select upper(who) from shifts;

-- the search path changed by COPY's query
copy (select twist_path()) to stdout;
select upper(who) from shifts;

-- the search path changed and used in one statement
select twist_path(), (select max(upper(who)) from shifts);

-- the search path changed for a function alone
select twist_setting(); select upper(who) from shifts;

-- the search path changed by an insert's default or check
create table tw (id int default twist_path());
insert into tw default values; select upper(who) from shifts;

-- a plpgsql function that computes only, over a class
select pure_words(ssn) from patients;

-- USING, CASE, IN and BETWEEN with the owner's operators
select 1 from shifts a join shifts b using (mood); select case mood when 'calm' then 1 end from shifts;
