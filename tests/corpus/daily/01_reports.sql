-- Reports and dashboards: counting, grouping, joining by keys. Nothing here touches a class.

-- count
select count(*) from patients;

-- count by group
select department, count(*) from visits group by department order by department;

-- distinct patients per department
select department, count(distinct patient_id) as patients from visits group by 1 order by 1;

-- by month
select date_trunc('month', visited_on) as month, count(*) from visits group by 1 order by 1;

-- by month as text
select to_char(visited_on, 'YYYY-MM') as month, count(*) as n from visits group by 1 order by 1;

-- by weekday
select extract(dow from visited_on)::int as day, count(*) from visits group by day order by day;

-- sums by payer
select payer, sum(amount) as total, avg(amount)::numeric(10, 2) as mean, min(amount), max(amount) from claims group by payer order by total desc;

-- sums with a filter
select payer, sum(amount) filter (where status = 'paid') as paid, count(*) filter (where status = 'denied') as denied from claims group by payer order by payer;

-- share of the total
select payer, sum(amount) / sum(sum(amount)) over () as share from claims group by payer order by payer;

-- running total
select id, amount, sum(amount) over (order by id) as so_far from claims order by id;

-- rank within a group
select payer, id, rank() over (partition by payer order by amount desc) as place from claims order by payer, place;

-- the row before
select id, amount, amount - lag(amount) over (order by id) as change from claims order by id;

-- top one of each group
select distinct on (payer) payer, id, amount from claims order by payer, amount desc;

-- having
select icd10, count(*) from claims group by icd10 having count(*) > 1;

-- join by keys
select v.department, c.status, count(*) from visits v join claims c on c.visit_id = v.id group by 1, 2 order by 1, 2;

-- join with patients for a plain column
select p.sex, count(*) from patients p join visits v on v.patient_id = p.id group by p.sex order by p.sex;

-- left join and no match
select p.id from patients p left join notes n on n.visit_id = p.id where n.id is null order by p.id;

-- exists
select id, department from visits v where exists (select 1 from claims c where c.visit_id = v.id and c.status = 'paid') order by id;

-- not exists
select id from visits v where not exists (select 1 from notes n where n.visit_id = v.id) order by id;

-- in a subquery
select id, amount from claims where visit_id in (select id from visits where department = 'oncology') order by id;

-- case
select id, case when amount > 100 then 'high' when amount > 50 then 'middle' else 'low' end as level from claims order by id;

-- coalesce and nullif
select coalesce(sum(nullif(amount, 0)), 0) as total from claims where status = 'appealed';

-- pivot by filter
select department, count(*) filter (where visited_on < '2024-03-01') as before, count(*) filter (where visited_on >= '2024-03-01') as after from visits group by 1 order by 1;

-- with
with recent as (select * from visits where visited_on >= '2024-02-01') select department, count(*) from recent group by 1 order by 1;

-- with twice
with v as (select department, id from visits), c as (select visit_id, amount from claims) select v.department, sum(c.amount) from v join c on c.visit_id = v.id group by 1 order by 1;

-- recursive dates
with recursive days(d) as (select date '2024-02-01' union all select d + 1 from days where d < '2024-02-05')
  select d, count(v.id) from days left join visits v on v.visited_on = d group by d order by d;

-- generate series
select d::date, (select count(*) from visits where visited_on = d::date) from generate_series('2024-02-01'::timestamp, '2024-02-04', '1 day') d order by d;

-- union all of counts
select 'patients' as what, count(*) from patients union all select 'visits', count(*) from visits union all select 'claims', count(*) from claims;

-- intersect and except
select visit_id from claims except select visit_id from notes order by 1;

-- lateral top
select v.id, c.amount from visits v cross join lateral (select amount from claims where visit_id = v.id order by amount desc limit 1) c order by v.id;

-- grouping sets
select department, reason, count(*) from visits group by grouping sets ((department), (reason), ()) order by 1, 2;

-- rollup
select payer, status, sum(amount) from claims group by rollup (payer, status) order by 1, 2;

-- cube and grouping
select payer, status, grouping(payer, status) as level, count(*) from claims group by cube (payer, status) order by 1, 2, 3;

-- percentiles
select percentile_cont(0.5) within group (order by amount) as median, percentile_disc(0.9) within group (order by amount) from claims;

-- standard deviation
select stddev(amount), variance(amount), corr(amount, id) from claims;

-- string aggregation
select department, string_agg(reason, ', ' order by id) from visits group by department order by department;

-- array aggregation
select department, array_agg(id order by id) from visits group by department order by department;

-- JSON aggregation
select json_agg(json_build_object('id', id, 'department', department) order by id) from visits;

-- JSON of rows
select row_to_json(v) from visits v order by id;

-- JSONB fields
select id, doc->>'a' as a, jsonb_array_length(coalesce(doc->'list', '[]')) from documents where id < 5 order by id;

-- JSON path
select id from documents where doc @> '{"a": 1}' and id < 5;

-- unnest
select unnest(array['a', 'b']) as letter, unnest(array[1, 2]) as number;

-- values
select * from (values (1, 'one'), (2, 'two')) as t(n, word) order by n;

-- dates
select current_date - date '2024-01-01' > 0, age('2024-03-01', '2024-02-01'), interval '1 day' * 3;

-- text functions
select upper(department), length(reason), left(department, 3), replace(reason, 'check', 'test') from visits order by id;

-- patterns
select id from visits where department like 'onc%' or reason ~* '^CHECK' order by id;

-- regular expressions
select regexp_replace(icd10, '\..*', '') as chapter, count(*) from claims group by 1 order by 1;

-- ranges and enums
select id, who, mood, lower(hours), upper(hours) from shifts where mood = 'calm' and hours @> 2 order by id;

-- time zones
select at at time zone 'UTC' as utc, extract(hour from at) from shifts order by id;

-- full text search over plain text
select id from visits where to_tsvector('english', reason) @@ to_tsquery('english', 'checkup') order by id;

-- ranking over plain text
select id, ts_rank(to_tsvector('english', reason), plainto_tsquery('english', 'checkup')) > 0 from visits order by id;

-- bucket
select width_bucket(amount, 0, 200, 4) as bucket, count(*) from claims group by 1 order by 1;

-- between
select id from claims where amount between 50 and 100 order by id;

-- tuples
select id from visits where (department, reason) in (('oncology', 'checkup'), ('cardiology', 'follow-up')) order by id;

-- any
select id from visits where id = any (array[1, 3]) order by id;

-- booleans and nulls
select bool_and(amount > 0), bool_or(status = 'paid'), count(nullif(status, 'paid')) from claims;

-- arithmetic
select round(amount * 1.19, 2), amount % 7, abs(-amount), greatest(amount, 100), power(id, 2) from claims order by id;

-- casts
select amount::int, id::text, '12'::int, cast(visited_on as text) from claims join visits on visits.id = claims.visit_id order by claims.id;

-- limit and offset
select id, department from visits order by id limit 2 offset 1;

-- fetch first
select id from visits order by id fetch first 2 rows only;

-- a view over plain columns
select * from v_plain order by id;

-- the plain columns of a view with classes
select id, visits, last_visit from patient_summary order by id;

-- the plain columns of a table with classes
select id, sex, created_at from patients order by id;

-- a table with classes by its key
select id, sex from patients where id = 2;

-- another schema
select id, label from other.patients order by id;

-- a whole row of plain columns
select v from visits v order by id;

-- the whole table
select * from claims order by id;

-- table
table claims order by id;

-- a natural join over keys
select id, department from visits natural join (select id from visits where id < 3) q order by id;

-- using
select department, amount from visits join (select visit_id as id, amount from claims) c using (id) order by id;

-- window frames
select id, avg(amount) over (order by id rows between 1 preceding and current row)::numeric(10, 2) from claims order by id;

-- named windows
select id, first_value(id) over w, last_value(id) over w from claims window w as (partition by payer order by id rows between unbounded preceding and unbounded following) order by id;

-- ntile and cume_dist
select id, ntile(2) over (order by amount), cume_dist() over (order by amount) from claims order by id;

-- sampling of a plain table
select count(*) <= 4 from visits tablesample bernoulli (50) repeatable (7);

-- a hash of a plain column
select md5(department) from visits order by id;

-- explain
-- varies: QUERY PLAN
explain (costs off) select * from visits where id = 1;

-- explain of a join
-- varies: QUERY PLAN
explain (costs off, format json) select v.id from visits v join claims c on c.visit_id = v.id;

-- settings
show server_version; show search_path; show timezone; select current_setting('server_version_num');

-- who and where
select current_database(), current_schema(), version() like 'PostgreSQL%';

-- a session's settings
set application_name = 'report'; set statement_timeout = '30s'; set work_mem = '8MB'; show statement_timeout;

-- a transaction
begin; select count(*) from visits; commit;

-- a savepoint
begin; savepoint a; select 1 as x; rollback to a; release a; select 2 as y; rollback;

-- a read-only snapshot
begin isolation level repeatable read read only; select count(*) from claims; commit;

-- a cursor over plain rows
begin; declare c cursor for select id, department from visits order by id; fetch 2 from c; fetch all from c; close c; commit;

-- prepared by SQL
prepare by_department (text) as select id from visits where department = $1 order by id; execute by_department ('oncology'); deallocate by_department;

-- a temporary table of plain rows
create temp table recent as select id, department from visits; select * from recent order by id; drop table recent;

-- a temporary table filled
create temp table numbers (n int, word text); insert into numbers values (1, 'a'), (2, 'b'); select upper(word), n + 1 from numbers order by n; drop table numbers;

-- copy out
copy (select id, department from visits order by id) to stdout;

-- copy out as CSV
copy (select payer, sum(amount) from claims group by payer order by payer) to stdout with (format csv, header);

-- insert and read back
begin; insert into scratch (what, n) values ('daily', 1) returning what, n; select what from scratch where what = 'daily'; rollback;

-- insert select of plain columns
begin; insert into scratch (what) select department from visits returning what; rollback;

-- update of a plain column
begin; update claims set status = 'paid' where id = 2 returning id, status; rollback;

-- update of a plain column in a table with classes
begin; update patients set sex = 'X' where id = 1 returning id, sex; rollback;

-- update from
begin; update claims c set payer = v.department from visits v where v.id = c.visit_id returning c.id, c.payer; rollback;

-- delete
begin; delete from claims where id = 4 returning id; rollback;

-- upsert
begin; insert into documents (id, title) values (1, 'new') on conflict (id) do update set title = excluded.title returning id, title; rollback;

-- merge
begin; merge into documents d using (values (1, 'a'), (900, 'b')) as s(id, title) on d.id = s.id when matched then update set title = s.title when not matched then insert (id, title) values (s.id, s.title) returning merge_action(), d.id, d.title; rollback;

-- a writing WITH
begin; with moved as (delete from claims where id = 1 returning id, payer) insert into scratch (n, what) select id, payer from moved returning n, what; rollback;

-- locking rows
begin; select id from claims where id = 1 for update; select id from claims where id = 2 for share skip locked; rollback;

-- advisory locks
select pg_try_advisory_lock(42), pg_advisory_unlock(42);

-- sequences
select nextval('plain_sequence') > 0, lastval() > 0;

-- an error of the agent's own over plain data
select 1 / 0;

-- an unknown column of a plain table
select nope from visits;

-- an unknown table
select * from no_such_table;

-- a constraint of a plain table
insert into claims values (1, 1, 1, 'x', 'y', 'paid');

-- a cast error of the agent's own
select 'abc'::int;
