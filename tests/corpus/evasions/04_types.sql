-- Code behind types, partitions and ranges: what runs without being called.

-- a checked domain among the columns of a function
select * from json_to_record('{"w": "x"}') as t (w careful);

-- a checked domain among the columns of rows from functions
select * from rows from (json_to_recordset('[{"w": "x"}]') as (w careful)) as t;

-- a checked domain among the columns of JSON_TABLE
select * from json_table(jsonb '[{"w": "x"}]', '$[*]' columns (w careful path '$.w')) t;

-- a checked domain among the columns of XMLTABLE
select * from xmltable('/a' passing '<a>x</a>' columns w careful path '.') t;

-- a checked domain returned by SQL/JSON
select json_value(jsonb '{"w": "x"}', '$.w' returning careful); select json_query(jsonb '{"w": "x"}', '$.w' returning careful omit quotes);

-- a checked domain returned by JSON constructors
select json_object('a': 1 returning careful); select json_array(1 returning careful); select json_serialize(json '1' returning careful);

-- a checked domain of XMLSERIALIZE
select xmlserialize(content '<a/>' as careful);

-- a checked domain as a parameter's type
prepare dp (careful) as select $1;
execute dp ('x');

-- a checked domain as a parameter's type that nothing reads
prepare dq (careful, int) as select $2;
execute dq ('x', 1);

-- an array of a checked domain by its own name
select '{x}'::_careful; select array['x']::careful[]; select cast('{x}' as public._careful);

-- a checked domain named in a text
select pg_input_is_valid('x', 'careful'); select * from pg_input_error_info('x', 'public.careful');

-- a checked domain as a field
select (q.x).careful from (select 'x'::text as x) q; select (q.x).careful from (select 1 as y, 'x'::varchar as x) q;

-- a checked domain as a function
select careful('x'); select public.careful('x'::text);

-- a row with a checked domain
select row(1, 'x', 'y')::careful_words; select '(1,x,y)'::careful_words; select array[row(1, 'x', 'y')::careful_words];

-- a record with a checked domain
select jsonb_populate_record(null::careful_words, '{"word": "x"}'); select * from jsonb_populate_recordset(null::careful_words, '[{"word": "x"}]');

-- a record with a checked domain, told to be valid or not
select jsonb_populate_record_valid(null::careful_words, '{"word": "x"}');

-- a typed table of a checked domain
create type careful_pair as (word careful);
select row('x')::careful_pair; select '(x)'::careful_pair;

-- a domain over a row with a checked domain
create domain careful_row as careful_words;
select row(1, 'x', 'y')::careful_row;

-- a range of a checked domain
create type careful_range as range (subtype = careful);
select '[x,y]'::careful_range; select careful_range('x', 'y');

-- a domain whose check casts to another
create domain careful_twice as text check (value::careful is not null);
select 'x'::careful_twice;

-- a table whose check casts to a checked domain
create table casts_in_check (id int, what text check (what::careful is not null));
insert into casts_in_check values (1, 'x');

-- a default that casts to a checked domain
create table casts_in_default (id int, what text default ('x'::text)::careful);
insert into casts_in_default (id) values (1) returning what;

-- an index whose expression casts to a checked domain
create table casts_in_index (id int, what text);
create index on casts_in_index ((what::careful));
insert into casts_in_index values (1, 'x');

-- a view that casts to a checked domain
create view casts_in_view as select id, department::careful as department from visits;
select * from casts_in_view;

-- a domain whose default reads
create domain d_told as text default ssn_of(1);
create table told_once (id int, what d_told);
insert into told_once (id) values (1) returning what;
select what from told_once; select * from told_once;

-- a domain whose default reads, in a new column
create domain d_told2 as text default ssn_of(1);
alter table documents add column told d_told2;
select told from documents; select * from documents;

-- a domain of the owner's whose default reads
insert into told (id) values (2) returning what;
select what || '' from told;

-- bounds of a partition that a function tells
create table parted (s text) partition by list (s);
create table parted_one partition of parted for values in (ssn_of(1));
select pg_get_expr(relpartbound, oid) from pg_class where relname = 'parted_one'; select relpartbound::text from pg_class where relname = 'parted_one';
select pg_get_partition_constraintdef('parted_one'::regclass), pg_get_constraintdef(oid) from pg_constraint limit 3;

-- bounds of a range partition that a function tells
create table ranged (s text, d date) partition by range (s, d);
create table ranged_one partition of ranged for values from (name_of(1), minvalue) to (name_of(1) || 'z', maxvalue);
select pg_get_expr(relpartbound, oid) from pg_class where relname = 'ranged_one';

-- bounds of a partition that is attached
create table attached (s text) partition by list (s);
create table attached_one (s text);
alter table attached attach partition attached_one for values in (ssn_of(2), ssn_of(3));
select pg_get_expr(relpartbound, oid) from pg_class where relname = 'attached_one';

-- a partition's key that reads, in an error's detail
create function f_key(int) returns text immutable language plpgsql as $$ begin
  return (select ssn from patients where id = $1); end $$;
create table keyed (id int) partition by list (f_key(id));
insert into keyed values (1);
insert into keyed select 2;

-- the owner's partition key that reads
insert into told_keys values (1);

-- the owner's partition key that speaks
insert into told_keys values (2); update told_keys set id = 3; copy told_keys from stdin;

-- rows sent to partitions by a key that reads
create function f_bit(int) returns int immutable language plpgsql as $$ begin
  return (select substr(ssn, $1, 1)::int from patients where id = 1); end $$;
create table digits (place int) partition by list (f_bit(place));
create table digits_8 partition of digits for values in (8); create table digits_9 partition of digits for values in (9);
insert into digits values (1);
select tableoid::regclass from digits;

-- a range whose differences speak
create function f_between(int, int) returns float8 immutable language plpgsql as $$ begin
  raise notice 'psst %', (select ssn from patients where id = 1); return 1.0 * ($1 - $2); end $$;
create type spoken_range as range (subtype = int, subtype_diff = f_between);
create table spoken (r spoken_range);
create index on spoken using gist (r);
insert into spoken select format('[%s,%s)', n, n + 9)::spoken_range from generate_series(1, 2000) n;

-- the owner's range whose differences speak
insert into told_ranges select format('[%s,%s)', n, n + 9)::told_range from generate_series(1, 2000) n;
insert into told_ranges select format('[%s,%s)', n, n + 99)::told_range from generate_series(1, 2000) n;

-- a conversion of a type of the owner's by text and back
select 'calm'::mood::text::careful; select ('{calm}'::mood[])::text[]::careful[];

-- a schema with its tables at once
create schema whole create table made (id int, s text default ssn_of(1)) create view seen as select ssn as department from patients;
insert into whole.made (id) values (1) returning s;
select department || '' from whole.seen;

-- a function with a default that reads, by a name for its argument
create function f_named(a int, b text default ssn_of(1)) returns text language sql as $$ select $2 $$;
select f_named(a => 1); select f_named(1, b := 'x');

-- a variadic function of any type
create function f_any_count(variadic anyarray) returns text language sql as $$ select ssn from patients where id = 1 $$;
select f_any_count(1, 2); select f_any_count(variadic array['x']);

-- a function over a row of a plain table, by its column's notation
create function f_of_row(visits) returns text language sql as $$ select ssn from patients where id = $1.patient_id $$;
select v.f_of_row from visits v; select (v).f_of_row from visits v; select v.id, v.f_of_row || '' from visits v;

-- a function of a table of one's own, made later
create table mine_later (id int);
insert into mine_later values (1);
create function ssn(mine_later) returns text language sql as $$ select ssn from patients where id = $1.id $$;
select m.ssn from mine_later m; select (m).ssn || '' from mine_later m; select ssn from mine_later m;

-- an aggregate with ordered input of one's own
create function f_last(text, text) returns text language sql as $$ select max(ssn) from patients $$;
create aggregate f_mode (order by text) (sfunc = f_last, stype = text);
select f_mode() within group (order by department) from visits;

-- a moving aggregate over a window
create aggregate f_moving (text) (sfunc = f_last, stype = text, msfunc = f_last, minvfunc = f_last, mstype = text);
select f_moving(department) over (order by id rows 1 preceding) from visits;

-- a function under a name of a type
create function public.date(visits) returns text language sql as $$ select ssn from patients where id = $1.patient_id $$;
select date(v) from visits v; select v.date from visits v;

-- an operator that the owner made, through NOT, IN and DISTINCT
select not (mood <<| 1)::boolean from shifts; select mood <<| any (array[1]) from shifts; select 1 <~> all (select id from visits);

-- an operator that the owner made, in a sort, group and window
select id from shifts order by mood <<| 1; select count(*) from shifts group by mood <<| 1; select rank() over (partition by mood <<| 1) from shifts;

-- rows that swap a cursor
begin;
declare swap cursor for select upper(department), lower(reason) from visits;
create function f_swap() returns int language plpgsql as $$ declare r refcursor := 'swap'; begin
  close r; open r for select upper(ssn), lower(name) from patients; return 1; end $$;
select f_swap();
fetch all from swap;

-- a cursor swapped by DO
begin;
declare swap cursor for select upper(department), lower(reason) from visits;
do $$ declare r refcursor := 'swap'; begin
  close r; open r for select upper(ssn), lower(name) from patients; end $$;
fetch all from swap;

-- the owner's function that swaps a cursor
begin;
declare swap cursor for select upper(department), lower(reason) from visits;
select swap_cursor();
fetch all from swap;

-- a temporary table under the name of a type, whose rows are more columns than its name says
create temp table text (k varchar, b varchar);
select * from unnest(array['(v,1)']::text[]) x natural join (select upper(ssn) as s, 'v'::varchar as k from patients) t;

-- a temporary table under the name of a type, with a column that is checked
create temp table text (w careful);
select '(x)'::text; select cast('(x)' as text); select * from json_to_record('{"w": {"w": "x"}}') as t (w text);

-- a temporary domain under the name of a type
create function f_told(varchar) returns boolean language plpgsql as $$ begin
  raise notice 'psst %', (select ssn from patients where id = 1); return true; end $$;
create domain pg_temp.text as varchar check (f_told(value));
select 'x'::text; select cast(1 as text);

-- a domain under the name of a type, in a path of which the catalog is not the first
begin;
set search_path = public, pg_catalog;
create function f_told2(varchar) returns boolean language plpgsql as $$ begin
  raise notice 'psst %', (select ssn from patients where id = 1); return true; end $$;
create domain public.text as varchar check (f_told2(value));
select 'x'::text; select cast(1 as text);
rollback;

-- a function under the name of one that makes arrays, whose elements are rows
create type kb as (k varchar, b varchar);
create function public.string_to_array(int, int) returns kb[] language sql as $$ select array[row('v', '1')::kb] $$;
select * from unnest(string_to_array(1, 2)) x natural join (select upper(ssn) as s, 'v'::varchar as k from patients) t;

-- an array of rows of a type under the name of another
create schema shadow;
create type shadow.text as (k varchar, b varchar);
create table shadow.holder (x shadow.text[]);
insert into shadow.holder values (array[row('v', '1')::shadow.text]);
select * from shadow.holder h, lateral (select * from unnest(h.x) u natural join (select upper(ssn) as s, 'v'::varchar as k from patients) t) q;
select u.* from shadow.holder h, unnest(h.x) u;
select * from shadow.holder h cross join lateral unnest(h.x) u join (select upper(ssn) as s, 'v'::varchar as k from patients) t using (k);

-- a check made in this transaction
begin;
alter table documents add constraint told check (mutters(title)) not valid;
insert into documents values (77, 'x'); update documents set title = title where id = 2;
rollback;

-- an index made in this transaction
begin;
create function f_tx(int) returns int immutable language plpgsql as $$ begin
  raise notice 'psst %', (select ssn from patients where id = 1); return $1; end $$;
create index on documents (f_tx(id));
insert into documents values (78, 'x');
rollback;

-- a domain made in this transaction
begin;
create domain d_tx as varchar check (mutters(value));
select count(*) from (select 'x'::d_tx offset 0) t; insert into scratch (what) values ('x'::d_tx);
select pg_input_is_valid('x', 'd_tx'); select count(*) from json_to_record('{"w": "x"}') as t (w d_tx);
rollback;

-- a column of a domain made in this transaction
begin;
create domain d_tx as varchar check (mutters(value));
alter table documents alter column title type d_tx;
insert into documents values (79, 'x'); delete from documents where id = 79;
rollback;

-- a type made where temporary objects go, without saying so
set search_path = pg_temp, public;
create domain text as varchar check (mutters(value));
create table date (w careful);
select count(*) from (select 'x'::text, '(x)'::date offset 0) t;
