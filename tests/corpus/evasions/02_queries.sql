-- Queries: joins, subqueries, set operations, windows, aggregates, WITH.

-- star
select * from patients;

-- table
table patients;

-- qualified stars
select p.*, v.id from patients p join visits v on v.patient_id = p.id;

-- whole row
select p from patients p;

-- whole row as text, JSON, XML
select p::text, row_to_json(p), to_jsonb(p), json_agg(p) over (), xmlforest(p.ssn as x) from patients p;

-- star of a row
select (p).* from patients p;

-- row of a star
select row(p.*), row(ssn, name), (row(ssn, name)).f1 from patients p;

-- array constructors
select array[ssn, name], array(select ssn from patients), array[[ssn]] from patients;

-- array functions
select array_agg(ssn), array_to_string(array_agg(name), ','), array_append('{}', max(ssn)), array_to_json(array_agg(ssn)) from patients;

-- array of rows
select array_agg(p), unnest(array_agg(p)) from patients p;

-- aggregates
select max(ssn), min(name), string_agg(ssn, ',' order by id), json_agg(name), jsonb_object_agg(id, ssn) from patients;

-- an aggregate's separator
select string_agg('', ssn) from patients;

-- an aggregate of XML
select xmlagg(xmlelement(name s, ssn)) from patients;

-- ordered-set aggregates
select percentile_disc(0.5) within group (order by ssn), mode() within group (order by name) from patients;

-- hypothetical sets
select rank('5') within group (order by ssn), percent_rank('5') within group (order by ssn) from patients;

-- an aggregate's filter
select count(*) filter (where ssn like '9%'), bool_and(ssn > '5'), every(name > 'M') from patients;

-- count of distinct
select count(distinct ssn), array_agg(distinct name) from patients;

-- any_value, range_agg, corr
select any_value(ssn), range_agg(int4range(number, number + 1)), regr_slope(number, 1) from patients, vault;

-- window functions
select lag(ssn) over (order by id), lead(name) over w, first_value(ssn) over w, nth_value(name, 1) over w from patients window w as (order by id);

-- window with a default
select lag(1, 100, ascii(ssn)) over () from patients;

-- rank by a class
select id, rank() over (order by ssn), ntile(2) over (order by name), row_number() over (partition by sex order by dob) from patients;

-- running aggregate
select string_agg(ssn, '') over (order by id), max(name) over () from patients;

-- inner join with the class on one side
select v.id, p.name from visits v join patients p on p.id = v.patient_id;

-- outer joins
select p.ssn, v.department from patients p left join visits v on v.patient_id = p.id;

-- full join
select coalesce(a.ssn, b.ssn) from patients a full join patients b on a.id = b.id + 100;

-- cross join and lateral
select x.s from visits v cross join lateral (select ssn as s from patients where id = v.patient_id) x;

-- lateral function over a class
select t.w from patients p, lateral regexp_split_to_table(p.name, ' ') as t(w);

-- rows from several functions
select * from rows from (generate_series(1, 3), unnest((select array_agg(ssn) from patients))) as t(a, b);

-- with ordinality
select * from unnest((select array_agg(name order by id) from patients)) with ordinality as t(a, b);

-- using
select ssn from patients join (select ssn, id as other_id from patients) q using (ssn);

-- natural join over the class
select * from patients natural join (select id, ssn from patients) q;

-- using with an alias
select u.ssn from patients a join patients b using (ssn) as u;

-- a join's alias with new names
select j.a, j.b, j.c from (patients p cross join (select 1) q) as j(a, b, c);

-- column aliases of a table
select t.d from patients as t(a, b, c, d);

-- renamed to a plain column's name
select department from (select ssn as department from patients) visits;

-- a subquery's star
select * from (select * from (select * from patients) a) b;

-- scalar subquery
select (select ssn from patients where id = 1), (select name from patients limit 1) || '';

-- correlated subquery
select v.id, (select p.ssn from patients p where p.id = v.patient_id) from visits v;

-- a subquery in a case in a subquery
select (select case when exists (select 1) then (select max(ssn) from patients) end);

-- exists as output
select exists (select 1 from patients where ssn like '987%');

-- in as output
select '9' in (select substr(ssn, 1, 1) from patients), 'x' = any (select name from patients);

-- row subquery
select (select p from patients p where id = 1), (select row(ssn) from patients limit 1);

-- union
select department from visits union select ssn from patients;

-- union all in the second arm
select 1, 'x' union all select id, name from patients;

-- union deep
(select 'a' union (select 'b' union select ssn from patients)) order by 1;

-- intersect
select ssn from patients intersect select ssn from patients;

-- except
select ssn from patients except select 'x';

-- values with subqueries
values (1, (select ssn from patients limit 1)), (2, 'x');

-- values in from
select column2 from (values (1, (select name from patients limit 1))) v;

-- with
with x as (select ssn as s from patients) select s from x;

-- with and renamed columns
with x(a, b) as (select id, ssn from patients), y as (select b as c from x) select c from y;

-- materialized
with x as materialized (select p from patients p) select (p).ssn from x;

-- with shadows a table
with visits as (select id, ssn as department from patients) select department from visits;

-- with inside of with
with a as (with b as (select name from patients) select * from b) select * from a;

-- a table shadows with in another scope
with x as (select 1 as ssn) select (with x as (select ssn from patients limit 1) select ssn from x);

-- recursive
with recursive r(n, s) as (select 1, ''::text union all
  select n + 1, s || (select substr(ssn, n, 1) from patients where id = 1) from r where n < 12) select s from r;

-- recursive that swaps its columns
with recursive r(a, b, n) as (select 'x'::text, ssn, 1 from patients union all
  select b, a, n + 1 from r where n < 3) select a from r;

-- mutual recursion through three columns
with recursive r(a, b, c, n) as (select ''::text, ''::text, name, 1 from patients union all
  select b, c, a, n + 1 from r where n < 4) select a from r;

-- search and cycle columns
with recursive r(id, s) as (select id, ssn from patients union all select id + 100, s from r where id < 100)
  search depth first by s set place cycle s set looped using way select place, looped, way from r;

-- writing with
with x as (insert into scratch (what) values ('a') returning (select ssn from patients limit 1) as s) select s from x;

-- distinct on
select distinct on (sex) ssn from patients order by sex, id;

-- order by the class tells the order
select id from patients order by ssn;

-- limit by the class
select id from patients limit (select ascii(substr(ssn, 1, 1)) - 56 from patients where id = 1);

-- offset by the class
select n from generate_series(0, 99) n offset (select ascii(ssn) from patients where id = 1) limit 1;

-- a series by the class
select n from generate_series(1, (select ascii(ssn) from patients where id = 1)) n;

-- table sample
select ssn from patients tablesample bernoulli (100) repeatable (1);

-- for update
select ssn from patients for update skip locked;

-- only
select ssn from only contacts, only patients;

-- inheritance child and parent
select phone from staff; select phone from doctors;

-- partitions
select ssn from contacts_low; select email from contacts_high;

-- tableoid and ctid beside
select tableoid::regclass, ctid, ssn from contacts;

-- JSON table
select * from vault, json_table(doc, '$' columns (w text path '$.word', nested path '$.deep[*]' columns (n int path '$.n'))) t;

-- XML table
select t.* from patients, xmltable('/r' passing xmlelement(name r, ssn) columns s text path '.') t;

-- JSON record functions
select * from json_to_record((select json_build_object('s', ssn) from patients limit 1)) as t(s text);

-- JSON populate
select (jsonb_populate_record(null::patients, to_jsonb(p))).ssn from patients p;

-- JSON each
select key, value from patients p, jsonb_each_text(to_jsonb(p)) where p.id = 1;

-- JSON recordset
select * from jsonb_to_recordset((select jsonb_agg(p) from patients p)) as t(id int, name text, ssn text);

-- views
select number from v_numbers; select size from v_numbers;

-- views of views
select x from v_again;

-- views with set operations, case, windows
select it from v_union; select shown from v_case; select before from v_window;

-- materialised views
select social, loud from m_patients;

-- the demo's view
select mrn, name, dob, zip from patient_summary;

-- whole row of a view
select v from v_numbers v; select (v).number from v_numbers v;

-- another schema
select ssn_copy from other.people;

-- qualified with the database
select ehr.public.patients.ssn from ehr.public.patients;

-- composite by a column of another relation
select (select (t.p).ssn from (select p from patients p where id = 1) t);

-- row expansion through a composite array
select (unnest(array_agg(p))).ssn from patients p;

-- multi-argument unnest
select * from unnest((select array_agg(ssn) from patients), array[1, 2]) as t(a, b);

-- group by with rollup and sets
select ssn, sex, count(*) from patients group by grouping sets ((ssn), (sex), ());

-- having
select sex from patients group by sex having max(ssn) > '9';

-- group by a position
select ssn, count(*) from patients group by 1 order by 1;

-- merge returning
merge into scratch s using patients p on s.n = p.id when not matched then insert (what) values ('x') returning p.ssn;

-- returning old and new
update patients set zip = zip where id = 1 returning old.ssn, new.name, patients.*;

-- delete returning a join
delete from scratch using patients where scratch.n = patients.id and false returning patients.ssn;

-- insert returning a subquery
insert into scratch (what) values ('x') returning (select name from patients limit 1), what;

-- insert on conflict returning
insert into documents values (1, 'x') on conflict (id) do update set title = documents.title returning (select ssn from patients limit 1);

-- update from returning
update scratch set what = 'y' from patients p where p.id = 1 and scratch.n = 1 returning p.ssn;

-- returning with aliases of old and new
update patients set sex = sex where id = 2 returning with (old as o, new as n) o.ssn, n.ssn;

-- every day there is, kept when it is somebody's
select d::date from patients p, generate_series(timestamp '1925-01-01', timestamp '1960-01-01', '1 day') d where p.dob = d::date;

-- every day there is, by a subquery
select max(d::date) from generate_series(timestamp '1925-01-01', timestamp '1960-01-01', '1 day') d where exists (select from patients p where p.dob = d::date);

-- a number spelled out place by place
select string_agg(c, '' order by n) from patients p, generate_series(1, 11) n, unnest(array['0','1','2','3','4','5','6','7','8','9','-']) c where p.id = 1 and substr(p.ssn, n, 1) = c;

-- a name spelled out by recursion
with recursive r (z, n) as (select '', 0 union all select z || chr(c), n + 1 from r, generate_series(32, 122) c where n < 25 and exists (select from patients where id = 1 and left(name, n + 1) = z || chr(c))) select z from r order by n desc limit 1;

-- the same, by likeness
with recursive r (z, n) as (select '', 0 union all select z || chr(c), n + 1 from r, generate_series(65, 122) c where n < 12 and exists (select from patients where id = 1 and name like z || replace(chr(c), '_', 'x') || '%')) select z from r order by n desc limit 1;

-- a number found by halves
with recursive r (lo, hi) as (select 0::bigint, 999999999::bigint union all select case when up then mid else lo end, case when up then hi else mid end from (select lo, hi, (lo + hi) / 2 as mid, exists (select from vault where id = 1 and number >= (lo + hi) / 2) as up from r where hi - lo > 1) s) select lo from r order by hi - lo limit 1;

-- values of VALUES put together
select a.x || n from (values ('80'), ('81')) a (x), generate_series(4100000, 4199999) n, vault v where v.number::text = a.x || n;

-- kept by a set operation
select (804100000 + n)::text from generate_series(1, 99999) n intersect select number::text from vault;

-- kept by IN
select 804100000 + n from generate_series(1, 99999) n where 804100000 + n in (select number from vault);

-- kept in a lateral join
select t.z from vault v, lateral (select 804100000 + n as z from generate_series(1, 99999) n where 804100000 + n = v.number) t;

-- spelled out by numbers that the catalog holds
select string_agg(c.attnum::text, '' order by n.attnum) from patients p, pg_attribute n, pg_attribute c where p.id = 1 and n.attrelid = 'pg_class'::regclass and n.attnum between 1 and 11 and c.attrelid = n.attrelid and c.attnum between 1 and 9 and substr(p.ssn, n.attnum, 1) = c.attnum::text;

-- spelled out by letters of a table without classes
select string_agg(chr(c.attnum + 64), '' order by n.attnum) from patients p, pg_attribute n, pg_attribute c where p.id = 1 and n.attrelid = 'pg_class'::regclass and n.attnum between 1 and 21 and c.attrelid = n.attrelid and c.attnum between 1 and 26 and upper(substr(p.name, n.attnum, 1)) = chr(c.attnum + 64);
