-- Later: what a definition, a setting, a schema or a name does to statements that come after it.

-- a function among PostgreSQL's own, under a name of theirs
create function pg_catalog.initcap(bigint) returns text language sql as $$ select upper(name) from public.patients where id = $1 $$;
select initcap(1::bigint), pg_catalog.initcap(2::bigint);

-- a function among PostgreSQL's own, by the search path
set search_path = pg_catalog, public;
create function casefold(bigint) returns text language sql as $$ select upper(name) from public.patients where id = $1 $$;
select casefold(1::bigint);

-- a function moved among PostgreSQL's own
create function f_moved(bigint) returns text language sql as $$ select upper(name) from public.patients where id = $1 $$;
alter function f_moved(bigint) rename to reverse;
alter function reverse(bigint) set schema pg_catalog;
select pg_catalog.reverse(1::bigint);

-- a function of the information schema
create function information_schema._pg_told(int) returns text language sql as $$ select upper(name) from public.patients where id = $1 $$;
select information_schema._pg_told(1);

-- a view of the information schema
create view information_schema.told as select upper(name) as department from public.patients;
select department from information_schema.told;

-- a view moved to the information schema
create view v_moved as select upper(name) as department from patients;
alter view v_moved set schema information_schema;
select department from information_schema.v_moved;

-- a view of the information schema replaced
create or replace view information_schema.information_schema_catalog_name as
  select current_database()::information_schema.sql_identifier as catalog_name, (select upper(max(name)) from public.patients) as x;
select x from information_schema.information_schema_catalog_name;

-- a function of PostgreSQL's own replaced
create or replace function pg_catalog.lpad(text, int) returns text language sql immutable
  as $$ select upper(name) from public.patients where id = $2 $$;
select lpad('a', 1);

-- a type and an aggregate among PostgreSQL's own
create aggregate pg_catalog.max (text, int) (sfunc = peek_text, stype = text);
create type information_schema.told_type as enum ('a');

-- a domain whose check keeps what it is given
create domain d_keeps as text check (set_config('told.domain', value, false) is not null);
select name::d_keeps from patients where id = 1;
select current_setting('told.domain', true);

-- a domain whose check sets a sequence
create domain d_counts as int check (setval('plain_sequence', value) > 0);
select number::d_counts from vault where id = 1;
select currval('plain_sequence'), lastval(), pg_sequence_last_value('plain_sequence');

-- a check of a domain, added later
create domain d_later as text;
alter domain d_later add constraint told check (set_config('told.later', value, false) is not null);
select body::d_later from vault where id = 1;
select current_setting('told.later', true);

-- a check of a table that keeps what it is given
alter table vault add constraint told check (set_config('told.check', body, false) is not null);
select current_setting('told.check', true);

-- a check of a new table with columns of a class's name
create table told_check (mrn text check (set_config('told.mrn', mrn, false) is not null));
insert into told_check select mrn from patients where id = 1;
select current_setting('told.mrn', true);

-- statistics that set a sequence
create statistics told_statistics on (setval('plain_sequence', number)), id from vault;
analyze vault;
select last_value from pg_sequences where sequencename = 'plain_sequence';

-- a default that takes from a sequence as a class says
create table told_default (mrn text, n bigint default case when current_setting('told.x', true) = 'x' then nextval('plain_sequence') end);

-- a view that counts up, read by a function
create view v_counts as select nextval('plain_sequence') as n;
create function f_counts_by_view() returns int language plpgsql as $$ begin
  for i in 1..(select number / 1000000 from vault where id = 1) loop perform n from v_counts; end loop; return 1; end $$;
select f_counts_by_view();
select currval('plain_sequence');

-- a body of SQL that sets a sequence, in one transaction
begin;
create function f_sets_at_once(bigint) returns bigint language sql begin atomic select setval('third_sequence', $1); end;
select f_sets_at_once(number) from vault where id = 1;
commit;
select currval('third_sequence');

-- a default argument that counts up, in one transaction
begin;
create function f_counts_at_once(int, bigint default nextval('third_sequence')) returns int language sql as $$ select 1 $$;
select case when number > n then f_counts_at_once(1) end from vault, generate_series(804172000, 804172999) n where id = 1;
commit;
select 804171999 + last_value from pg_sequences where sequencename = 'third_sequence';

-- a sequence counted up where a class says so
select setval('second_sequence', 804172000);
select count(case when number > n then nextval('second_sequence') end) from vault, generate_series(804172000, 804172999) n where id = 1;
select currval('second_sequence');

-- a sequence counted up by AND, OR, COALESCE and IN
select setval('second_sequence', 804172000);
select number > n and nextval('second_sequence') > 0 from vault, generate_series(804172000, 804172999) n where id = 1;
select number <= n or nextval('second_sequence') > 0 from vault, generate_series(804172000, 804172999) n where id = 1;
select coalesce(nullif(number <= n, false), nextval('second_sequence') > 0) from vault, generate_series(804172000, 804172999) n where id = 1;
select number in (n, nextval('second_sequence')) from vault, generate_series(804172000, 804172999) n where id = 1;
select currval('second_sequence');

-- a sequence counted up by what JSON has not
select setval('second_sequence', 804172000);
select json_value(jsonb_build_object('a', number > n), '$ ? (@.a == true).a' default nextval('second_sequence')::text on empty)
  from vault, generate_series(804172000, 804172999) n where id = 1;
select 804172999 - (currval('second_sequence') - 804172000);

-- a setting made where a class says so
select case when number > 5 then set_config('application_name', 'more', false) end from vault where id = 1;

-- a lock given up by its number
select count(pg_advisory_lock(n + 7)) from generate_series(804172000, 804172999) n;
select pg_advisory_unlock(number + 7) from vault where id = 1;
select n from generate_series(804172000, 804172999) n where n + 7 not in (select objid::bigint from pg_locks where locktype = 'advisory');

-- a transaction that takes a number where a class says so
begin;
select case when number > 5 then pg_current_xact_id()::text end from vault where id = 1;
select pg_current_xact_id_if_assigned() is not null;
rollback;

-- random numbers taken where a class says so
select setseed(0.5);
select case when number > 5 then random() end from vault;
select random();

-- a recursion that ends at a value
with recursive r (n, x) as (select 804172000, number from vault where id = 1 union all select n + 1, n + 1 from r where n < 804172999)
  cycle x set c using p select max(n) from r;

-- a recursion that ends at a value, by several columns
with recursive r (n, x, y) as (select 804172000, number, 'x'::text from vault where id = 1 union all select n + 1, n + 1, y from r where n < 804172999)
  cycle x, y set c to 1 default 0 using p select n from r where c = 1;

-- a cast by a range of a row
create type ticket_range as range (subtype = ticket);
create table ticket_ranges (r ticket_range);
insert into ticket_ranges values ('["(1)","(1)"]');
select lower(r)::text from ticket_ranges;

-- a cast by a multirange of a row
create type ticket_range2 as range (subtype = ticket, multirange_type_name = ticket_many);
create table ticket_manies (r ticket_many);
insert into ticket_manies values ('{["(1)","(1)"]}');
select lower(r)::text, upper(r)::text from ticket_manies;

-- a cast of what is read as a row
create domain d_ticket as ticket;
create table tickets (d d_ticket);
insert into tickets values ('(1)');
select r.d::text from jsonb_to_recordset('[{"d": {"number": 1}}]') as r (d d_ticket);
select r.d::text from json_table(jsonb '[{"d": {"number": 1}}]', '$[*]' columns (d d_ticket format json path '$.d')) r;

-- a cast that an operator or a function of the server's own makes
select d || '', '' || d from tickets;
select quote_literal(d), quote_nullable(d) from tickets;

-- a cast of an array's element, by the array's own name
select ('{"(1)"}'::_ticket)[1]::text; select (array_append('{}'::_ticket, '(1)'))[1]::text;

-- a cast to JSON that functions look for
create function ticket_json(ticket) returns json language sql as $$ select to_json(upper(max(name))) from patients $$;
create cast (ticket as json) with function ticket_json(ticket);
select to_json(d), to_jsonb(d), json_build_array(d), json_agg(d) from tickets group by d;

-- a prepared statement that writes what a function gives
prepare writes_it (text) as insert into scratch (what) values ($1);
execute writes_it (name_of(1));
select what || '' from scratch;

-- a prepared statement that keeps what a function gives
prepare keeps_it (text) as select set_config('told.kept2', $1, false);
execute keeps_it (name_of(1));
select current_setting('told.kept2', true);

-- a prepared statement whose rows a function chooses
prepare chooses (int) as select n from generate_series(1, 99) n where n = $1;
execute chooses (length(name_of(1)));

-- a schema that has the role's name
create schema gateway_ehr;
create view gateway_ehr.shifts as select id, name as who from patients;
select upper(who) from shifts;
drop schema gateway_ehr cascade;

-- a schema that gets the role's name
create schema not_yet;
create view not_yet.shifts as select id, name as who from patients;
alter schema not_yet rename to gateway_ehr;
select upper(who) from shifts;
drop schema gateway_ehr cascade;

-- a schema that the path names before it is there
set search_path = to_come, public;
create schema to_come;
create view to_come.shifts as select id, name as who from patients;
select upper(who) from shifts;

-- a materialised view of a view that is replaced
create view v_kept as select id, name as x from patients;
create materialized view m_kept as select x from v_kept;
create or replace view v_kept as select id, 'a'::text as x from patients;
select upper(x) from m_kept;

-- a materialised view of views of a view that is replaced
create view v_kept1 as select id, name as x from patients;
create view v_kept2 as select x || '' as y from v_kept1;
create materialized view m_kept2 as select y from v_kept2;
create or replace view v_kept1 as select id, null::text as x from patients;
select upper(y) from m_kept2;

-- a materialised view and its view in one transaction
begin;
create view v_kept3 as select id, name as x from patients;
create materialized view m_kept3 as select x from v_kept3;
create or replace view v_kept3 as select id, 'a'::text as x from patients;
commit;
select upper(x) from m_kept3;

-- a child that leaves its parent
create table told_child () inherits (vault);
insert into told_child (id, label, number, big, amount, body, doc, blob, tags, duo)
  select id + 50, label, number, big, amount, body, doc, blob, tags, duo from vault where id < 50;
alter table told_child no inherit vault;
select number + 0, upper(body) from told_child;

-- a parent that its child leaves
create table told_parent (number int, body text);
alter table vault inherit told_parent;
insert into told_parent (number, body) select number, body from vault;
alter table vault no inherit told_parent;
select number + 0, upper(body) from told_parent;

-- a partition that leaves its parent
create table told_parts (number int, body text) partition by list (number);
create table told_part (number int, body text);
alter table told_parts attach partition told_part default;
alter table told_parts detach partition told_part;

-- an expression that is dropped
alter table vault alter column body_upper drop expression;
select body_upper || '' from vault;

-- a key that follows updates
insert into vault (id, label, number, big, amount, body, doc, blob, tags, duo) values (9, 'x', 5, 5, 5, 'x', '1', 'x', '{x}', row(1, 'x'));
create unique index on vault (number);
create table follows (n int references vault (number) on update cascade);
insert into follows values (5);
update vault set number = (select number + 1 from vault where id = 1) where id = 9;
select n - 1 from follows;

-- a key that follows updates, added later
create table follows_later (n int, constraint k unique (n));
alter table follows_later add constraint f foreign key (n) references vault (number) on update cascade;
alter table follows_later add column m int references vault (number) on update cascade;

-- a view's column whose name has a class, over one that has none
create view v_named as select id, title as zip from documents;
insert into v_named (id, zip) select id + 50, zip from patients;
select title from documents;

-- an update of a view's column whose name has a class
create view v_named2 as select id, title as dob from documents;
update v_named2 set dob = (select p.dob::text from patients p where p.id = v_named2.id);
merge into v_named2 d using patients p on d.id = p.id when matched then update set dob = p.dob::text;
select title from documents;

-- a merge into a view of such a view
create view v_named3 as select id, title as zip from documents;
create view v_named4 as select id, zip from v_named3;
merge into v_named4 d using patients p on d.id = p.id + 70 when not matched then insert (id, zip) values (p.id + 70, p.zip);
select title from documents;

-- a cursor swapped by a function that is given its name
begin;
declare swap cursor for select upper(department), lower(reason) from visits;
create function f_swaps_given(refcursor) returns int language plpgsql as $$ begin
  close $1; open $1 for select upper(ssn), lower(name) from patients; return 1; end $$;
select f_swaps_given('swap');
fetch all from swap;

-- a cursor swapped behind a comment
begin;
declare swap cursor for select upper(department), lower(reason) from visits;
create function f_swaps_behind(refcursor) returns int language plpgsql as $$ begin
  close $1; /* x /* y */ ; */ open $1 for select upper(ssn), lower(name) from patients; return 1; end $$;
select f_swaps_behind('swap');
fetch all from swap;

-- a cursor swapped by a function in SQL
begin;
declare swap cursor for select upper(department), lower(reason) from visits;
create function f_swaps_sql() returns int language sql as $$ close swap;
  declare swap cursor for select upper(ssn), lower(name) from patients; select 1 $$;
select f_swaps_sql();
fetch all from swap;

-- backslashes in strings, read in another way
set standard_conforming_strings = off;
select 1, 'a\'' || upper(name) from patients -- ';

-- backslashes in strings, by set_config
select set_config('standard_conforming_strings', 'off', false);
select 1, 'a\'' || upper(name) from patients -- ';

-- backslashes in strings, from the start
-- connect: standard_conforming_strings=off
select 1, 'a\'' || upper(name) from patients -- ';

-- backslashes in strings, by the start's options
-- connect: options=-c geqo=on -c standard_conforming_strings=off
select 1, 'a\'' || upper(name) from patients -- ';

-- options that are not understood, and backslashes
-- connect: options=-e -c standard_conforming_strings=off
select 1, 'a\'' || upper(name) from patients -- ';

-- an encoding that takes a backslash for half of a character
set client_encoding = 'GBK';
select E'€\'' , ' , upper(name) from patients -- ';

-- the same by SET NAMES and from the start
-- connect: client_encoding=GBK
select E'€\'' , ' , upper(name) from patients -- ';

-- backslashes for sessions to come
alter role current_user set standard_conforming_strings = off;
alter database ehr set standard_conforming_strings = off;

-- a search path for all sessions
alter system set search_path = twist, public;
select pg_reload_conf();
select pg_sleep(0.2);
select upper(who) from shifts;
