-- Names: what a name means is what PostgreSQL takes it for.

-- quoted names
select "ssn" from "patients";

-- a quoted alias with odd characters
select "x""y" from (select ssn as "x""y" from patients) q;

-- unicode escapes for a table
select ssn from U&"\0070atients";

-- unicode escapes with their own escape character
select ssn from U&"!0070atients" uescape '!';

-- a column alias as long as a name may be
select aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa from
  (select ssn as aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa from patients) q;

-- a name cut at 63 bytes
select q.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2 from
  (select 1 as bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1, ssn from patients) q;

-- search path
set search_path = other, public;
select label from patients;
set search_path = public, other;
select ssn, name from patients;

-- search path by set_config
select set_config('search_path', 'public', false);
select ssn from patients;

-- search path local to a transaction
begin;
set local search_path = other;
select * from people;
commit;
select ssn from patients;

-- search path changed by a function on the way
select reset_path();
select * from patients;

-- search path changed in the same string
set search_path = other; select * from people; set search_path = public; select * from patients;

-- search path put back by rollback
begin;
set search_path = other;
rollback;
select ssn from patients;

-- search path put back by rollback to a savepoint
begin; savepoint a; set search_path = other; rollback to a; select ssn from patients; commit;

-- a temporary table in the way of a real one
create temp table patients (id int, ssn text);
drop table pg_temp.patients;
select ssn from patients;

-- a temporary table that goes at commit
begin;
create temp table patients (id int, ssn text) on commit drop;
commit;
select ssn from patients;

-- a temporary table that is rolled back
begin;
create temp table patients (ssn int);
rollback;
select ssn from patients;

-- a temporary table undone by DISCARD
create temp table patients (ssn text);
discard temp;
select ssn from patients;

-- a temporary table from a class under another name
create temp table mine as select ssn as department from patients;
select department from mine;

-- a temporary view
create temp view visits_today as select ssn as department from patients;
select department from visits_today;

-- select into a temporary table
select name as label into temp labels from patients;
select label from labels;

-- the same name defined again
create temp table twice (a int);
drop table twice;
create temp table twice as select ssn as a from patients;
select a from twice;

-- a temporary table not made because it exists
create temp table once as select ssn as a from patients;
create temp table if not exists once (a int);
select a from once;

-- a temporary table with a renamed column
create temp table renamed as select id, ssn from patients;
alter table renamed rename column ssn to plain;
select plain from renamed;

-- a temporary table renamed
create temp table before_name as select ssn from patients;
alter table before_name rename to after_name;
select * from after_name;

-- a temporary table like a protected one
create temp table alike (like patients);
insert into alike select * from patients;
select ssn, name from alike;

-- a temporary table that inherits
create temp table heir () inherits (patients);
select ssn from heir; select ssn from patients;

-- a column alias that is another column's name
select id as ssn, ssn as id from patients;

-- an output name that order by takes
select id as x, ssn as x from patients order by 1;

-- two columns of one name in a subquery
select q.* from (select id as a, ssn as a from patients) q;

-- a table alias that is another table's name
select visits.ssn from patients visits;

-- a column named like a table
select patients from (select ssn as patients from patients) patients;

-- an outer column in an inner query
select (select p.ssn) from patients p;

-- an outer column without its table
select (select ssn from visits limit 1) from patients;

-- the inner column wins over the outer
select (select ssn from patients q where q.id = p.id) from patients p;

-- lateral by accident: functions see the left
select f.* from patients p, concat(p.ssn) f;

-- an alias list longer by one hides the next
select t.ssn, t.b from patients as t(a, b, c);

-- a function's alias as a column
select s from unnest((select array_agg(ssn) from patients)) s;

-- an unnamed column by its default name
select "?column?" from (select ssn || '' from patients) q;

-- default names of calls and casts
select upper, text, "case", coalesce from
  (select upper(ssn), dob::text, case when true then name end, coalesce(zip, '') from patients) q;

-- default names of arrays, rows and subqueries
select "array", "row", max from (select array[ssn], row(name), (select max(ssn) from patients) from patients) q;

-- column1 of values
select column1 from (values ((select ssn from patients limit 1))) v;

-- schema qualified functions
select pg_catalog.upper(ssn) from public.patients;

-- the pg_temp schema by name
create temp table t_names as select name from patients;
select name from pg_temp.t_names;

-- a prepared statement under another path
prepare later as select * from people;
set search_path = other, public;
execute later;

-- a prepared statement over a name that changes its meaning
create temp table shifty (who text);
prepare looks as select who from shifty;
drop table shifty;
create temp table shifty as select ssn as who from patients;
execute looks;

-- prepared, then made again
prepare q1 as select 1;
deallocate q1;
prepare q1 as select ssn from patients;
execute q1;

-- prepared with parameters
prepare q2 (int) as select name from patients where id = $1;
execute q2 (1);

-- prepared by a name in quotes
prepare "Q 3" as select ssn from patients;
execute "Q 3";

-- a cursor
begin;
declare c cursor for select ssn from patients;
fetch all from c;

-- a cursor that scrolls
begin;
declare c scroll cursor for select name from patients;
fetch last from c; fetch prior from c; fetch absolute 1 from c; fetch relative 0 from c;

-- a cursor with hold
declare held cursor with hold for select ssn from patients;
fetch forward 2 from held;

-- a cursor closed and made again
begin;
declare c cursor for select 1;
close c;
declare c cursor for select ssn from patients;
fetch next from c;

-- a cursor under another name in quotes
begin; declare "C c" cursor for select p from patients p; fetch 2 "C c";

-- a cursor whose savepoint is gone
begin; savepoint s; declare c cursor for select ssn from patients; release s; fetch all c;

-- a cursor's binary rows
begin; declare c binary cursor for select ssn, name from patients; fetch all from c;

-- update where current of
begin; declare c cursor for select ssn from patients for update; fetch c;
update patients set zip = zip where current of c returning ssn;

-- a truth value's column has another name before server 15
select (select "?column?" from (select true) s) from (select name as "?column?" from patients) p;

-- extract is date_part before server 14
select (select extract from (select extract(year from now())) s) from (select name as extract from patients) p;

-- system_user is a column's name before server 16
select system_user from (select name as system_user from patients) p;

-- letters behind a number are an alias before server 15
select (select "?column?" from (select 0x1f) s) from (select name as "?column?" from patients) p;

-- what stands in FROM without an alias has a name, which another has around it
select (select "coalesce"."coalesce" from coalesce((select ssn from patients where id = 1), ''))
  from (select 'plain' as "coalesce") "coalesce";
select (select "nullif"."nullif" from nullif((select ssn from patients where id = 1), ''))
  from (select 'plain' as "nullif") "nullif";
select (select "greatest"."greatest" from greatest((select ssn from patients where id = 1), ''))
  from (select 'plain' as "greatest") "greatest";
select (select ssn.ssn from cast((select ssn from patients where id = 1) as text)) from (select 'plain' as ssn) ssn;
select (select "json_object"."json_object" from json_object('a': (select ssn from patients where id = 1)))
  from (select 'plain' as "json_object") "json_object";
select (select xmltable.a from xmltable('/r' passing xmlelement(name r, (select ssn from patients where id = 1))
  columns a text path '.')) from (select 'plain' as a) xmltable;
select (select json_table.a from json_table(jsonb_build_array((select ssn from patients where id = 1)), '$[*]'
  columns (a text path '$'))) from (select 'plain' as a) json_table;
select (select q.q from cast((select t.* from (select ssn as q from patients where id = 1) t) as text)) from (select 'plain' as q) q;
