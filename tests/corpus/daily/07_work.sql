-- More of a day's work: dashboards, frameworks, migrations and what tools ask on the way.

-- Django: exists, by a constant in a subquery
SELECT 1 AS "a" FROM "visits" WHERE "visits"."department" = 'oncology' LIMIT 1;

-- Django: annotate with a conditional count
SELECT "visits"."department", COUNT("visits"."id") FILTER (WHERE "visits"."reason" = 'checkup') AS "checkups" FROM "visits" GROUP BY "visits"."department" ORDER BY "visits"."department";

-- Django: TruncMonth
SELECT DATE_TRUNC('month', "visits"."visited_on"::timestamp AT TIME ZONE 'UTC') AS "month", COUNT("visits"."id") AS "c" FROM "visits" GROUP BY 1 ORDER BY 1 ASC;

-- Django: savepoints around a write
begin; savepoint "s1_x1"; insert into scratch (what, n) values ('django', 1) returning what; rollback to savepoint "s1_x1"; release savepoint "s1_x1"; commit;

-- Django: introspection of constraints
SELECT c.conname, array(SELECT attname FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx) JOIN pg_attribute AS ca ON cols.colid = ca.attnum WHERE ca.attrelid = c.conrelid ORDER BY cols.arridx) AS cols, c.contype, (SELECT fkc.relname || '.' || fka.attname FROM pg_attribute AS fka JOIN pg_class AS fkc ON fka.attrelid = fkc.oid WHERE fka.attrelid = c.confrelid AND fka.attnum = c.confkey[1]) AS target, cl.reloptions FROM pg_constraint AS c JOIN pg_class AS cl ON c.conrelid = cl.oid WHERE cl.relname = 'visits' AND pg_catalog.pg_table_is_visible(cl.oid) ORDER BY 1;

-- Rails: schema migrations
SELECT "documents"."id", "documents"."title" FROM "documents" WHERE "documents"."id" IN ($1, $2) ORDER BY "documents"."id" ASC LIMIT $3 \bind 1 2 10

-- Rails: advisory lock of a migration
SELECT pg_try_advisory_lock(4026421785563246085) AS locked; SELECT pg_advisory_unlock(4026421785563246085) AS unlocked;

-- Rails: sequences behind primary keys
SELECT attr.attname, nsp.nspname, seq.relname FROM pg_class seq, pg_attribute attr, pg_depend dep, pg_constraint cons, pg_namespace nsp WHERE seq.oid = dep.objid AND seq.relkind = 'S' AND attr.attrelid = dep.refobjid AND attr.attnum = dep.refobjsubid AND attr.attrelid = cons.conrelid AND attr.attnum = cons.conkey[1] AND seq.relnamespace = nsp.oid AND cons.contype = 'p' AND dep.classid = 'pg_class'::regclass AND dep.refobjid = '"scratch"'::regclass;

-- Rails: reset of a sequence to the largest key
SELECT setval('plain_sequence', COALESCE((SELECT MAX(id) FROM documents), 1), true);

-- Hibernate: page with an offset and a count
select v1_0.id, v1_0.department, v1_0.reason from visits v1_0 order by v1_0.id offset 1 rows fetch first 2 rows only; select count(v1_0.id) from visits v1_0;

-- Hibernate: a join with an alias for each column
select d1_0.id as col_0_0_, v1_0.department as col_1_0_ from visits v1_0 left join documents d1_0 on d1_0.id = v1_0.id where v1_0.department is not null order by v1_0.id;

-- Hibernate: optimistic lock
update documents set title = 'map' where id = 2 and title = 'map';

-- Hibernate: next value, fifty at a time
select currval('plain_sequence') >= 1 as began;

-- Prisma: JSON of relations by lateral joins
SELECT "t0"."id", "t1"."__prisma_data__" AS "claims" FROM "visits" AS "t0" LEFT JOIN LATERAL (SELECT COALESCE(JSONB_AGG("__prisma_data__"), '[]') AS "__prisma_data__" FROM (SELECT JSONB_BUILD_OBJECT('id', "t2"."id", 'payer', "t2"."payer") AS "__prisma_data__" FROM "claims" AS "t2" WHERE "t2"."visit_id" = "t0"."id" ORDER BY "t2"."id") AS "t3") AS "t1" ON TRUE ORDER BY "t0"."id";

-- Prisma: enums
SELECT t.typname as name, e.enumlabel as value, n.nspname as namespace FROM pg_type t JOIN pg_enum e ON t.oid = e.enumtypid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = ANY (array['public']) ORDER BY e.enumsortorder;

-- Prisma: ON CONFLICT by key
INSERT INTO "documents" ("id", "title") VALUES (1, 'guide') ON CONFLICT ("id") DO UPDATE SET "title" = EXCLUDED."title" RETURNING "id", "title";

-- Sequelize: find and count all
SELECT count("Visit"."id") AS "count" FROM "visits" AS "Visit" WHERE ("Visit"."department" ILIKE '%olog%' OR "Visit"."reason" LIKE 'follow%');

-- TypeORM: distinct ids of a page
SELECT DISTINCT "distinctAlias"."Visit_id" AS "ids_Visit_id" FROM (SELECT "Visit"."id" AS "Visit_id", "Visit"."department" AS "Visit_department" FROM "visits" "Visit") "distinctAlias" ORDER BY "Visit_id" ASC LIMIT 2;

-- Metabase: a question with a date bucket and a join
SELECT CAST("source"."visited_on" AS date) AS "visited_on", "Claims"."payer" AS "payer", SUM("Claims"."amount") AS "sum" FROM (SELECT "public"."visits"."id" AS "id", "public"."visits"."visited_on" AS "visited_on" FROM "public"."visits") AS "source" LEFT JOIN "public"."claims" AS "Claims" ON "source"."id" = "Claims"."visit_id" GROUP BY 1, 2 ORDER BY 1 ASC, 2 ASC;

-- Metabase: a sample of a table for its fingerprint
SELECT "public"."claims"."payer" AS "payer", SUBSTRING("public"."claims"."icd10", 1, 1234) AS "substring", "public"."claims"."amount" AS "amount" FROM "public"."claims" ORDER BY id LIMIT 10000;

-- Metabase: what may be selected
with table_privileges as (select NULL as role, t.schemaname as schema, t.objectname as table, pg_catalog.has_any_column_privilege(current_user, '"' || t.schemaname || '"' || '.' || '"' || t.objectname || '"', 'update') as update, pg_catalog.has_any_column_privilege(current_user, '"' || t.schemaname || '"' || '.' || '"' || t.objectname || '"', 'select') as select from (select schemaname, tablename as objectname from pg_catalog.pg_tables union select schemaname, viewname as objectname from pg_catalog.pg_views) t where t.schemaname !~ '^pg_' and t.schemaname <> 'information_schema' and pg_catalog.has_schema_privilege(current_user, t.schemaname, 'usage')) select t.table, t.select from table_privileges t where schema = 'public' and t.table in ('visits', 'claims') order by 1;

-- Grafana: a series with macros unfolded
SELECT floor(extract(epoch from s.at) / 3600) * 3600 AS "time", s.who AS metric, count(*) AS value FROM shifts s WHERE s.at BETWEEN '2023-12-31T00:00:00Z' AND '2024-01-02T00:00:00Z' GROUP BY 1, 2 ORDER BY 1, 2;

-- Grafana: a variable's values
SELECT DISTINCT department AS __text, department AS __value FROM visits ORDER BY 1;

-- Grafana: gaps filled
SELECT g.day::date AS day, count(v.id) AS visits FROM generate_series(date '2024-02-01', date '2024-02-04', interval '1 day') g(day) LEFT JOIN visits v ON v.visited_on = g.day::date GROUP BY 1 ORDER BY 1;

-- dbt: a model as a view, then its columns
create or replace view dbt_visits__dbt_tmp as (select department, count(*) as visits from visits group by department);
select column_name, data_type from information_schema.columns where table_name = 'dbt_visits__dbt_tmp' order by ordinal_position;
select * from dbt_visits__dbt_tmp order by department;

-- dbt: an incremental model's merge
create table if not exists dbt_inc (id int primary key, department text);
merge into dbt_inc as t using (select id, department from visits) as s on t.id = s.id when matched then update set department = s.department when not matched then insert (id, department) values (s.id, s.department);
select * from dbt_inc order by id;

-- dbt: tests of a column
select count(*) as failures, count(*) != 0 as should_warn from (select department from visits where department is null) dbt_internal_test; select count(*) as failures from (select id as unique_field, count(*) as n_records from visits where id is not null group by id having count(*) > 1) t;

-- a serial column, defaults and a check
create temp table work_items (id bigserial primary key, kind text not null default 'task' check (kind in ('task', 'bug')), n int default nextval('second_sequence'), at timestamptz default now(), token uuid default gen_random_uuid());
insert into work_items (kind) values ('bug'), (default) returning id, kind;
create index on work_items (kind, id) where n > 0;
select id, kind from work_items order by id;

-- a foreign key that cascades among tables without classes
create temp table work_notes (item bigint references work_items on update cascade on delete cascade, what text);
insert into work_notes values (1, 'note'); delete from work_items where id = 1; select count(*) from work_notes;

-- a partitioned table of one's own
create temp table work_log (at date not null, what text) partition by range (at);
create temp table work_log_2024 partition of work_log for values from ('2024-01-01') to ('2025-01-01');
insert into work_log select visited_on, reason from visits;
select what, count(*) from work_log group by what order by what;

-- a read-only function that says open
create or replace function open_items(wanted text default 'open') returns bigint language plpgsql stable as $$ declare found bigint; begin
  select count(*) into found from documents where title = wanted or title = 'open'; return found; end $$;

-- a recursive tree in order of its depth
with recursive tree (id, parent, name) as (values (1, null::int, 'root'), (2, 1, 'a'), (3, 1, 'b'), (4, 2, 'c')), walk as (select id, name, 0 as level from tree where parent is null union all select t.id, t.name, w.level + 1 from tree t join walk w on w.id = t.parent) search depth first by id set place select name, level from walk order by place;

-- a graph with a cycle
with recursive edges (a, b) as (values (1, 2), (2, 3), (3, 1)), walk as (select a, b from edges where a = 1 union all select e.a, e.b from edges e join walk w on e.a = w.b) cycle a set seen using way select a, b, seen from walk order by a, seen;

-- conditional numbers of a sequence
select count(case when department = 'oncology' then nextval('third_sequence') end) as taken from visits;

-- random numbers by a condition
select count(case when department = 'oncology' then random() end) as n, bool_and(random() < 1) as below from visits;

-- prepared, with values and without a class
prepare work_plan (text, int) as select id, reason from visits where department = $1 order by id limit $2;
execute work_plan ('oncology', 5);
deallocate work_plan;

-- text beside numbers
select id || ': ' || department || ', ' || coalesce(reason, '-') as line, 'n' || id, quote_literal(reason) as quoted from visits order by id;

-- JSON of rows without classes
select to_jsonb(v) as v, json_build_object('id', v.id, 'what', v.reason) as o, json_agg(v.id) over () as ids from visits v order by v.id;

-- values of classes that stay whole where they are written
update patients set name = upper(btrim(name)), phone = coalesce(phone, '') where id = 99;
update patients p set email = (select q.email from patients q where q.id = p.id), ssn = case when id = 7 then '' else ssn end where id = 99;
insert into patients (id, mrn, name, ssn, dob, sex, zip) select id + 90, mrn, name, ssn, dob, sex, zip from patients where id = 99
  on conflict (id) do update set name = coalesce(excluded.name, patients.name), ssn = excluded.ssn;

-- rows of functions beside others, and their columns by a star
select t.id, t.key, t.value from (select d.id, e.* from documents d, jsonb_each(d.doc) e) t order by 1, 2;
select v.a, v.b from (values (1, 'x'), (2, 'y')) v (a, b);
select (array[1, 2, 3]).unnest;

-- functions of operators, called by their names
select trim(department) as t, trim(both 'o' from department) as b, btrim(department, 'o') as c from visits order by id;
select array_append(array[1], 2) as a, array_prepend(1, array[2]) as p, array_cat(array[1], array[2]) as c;
select jsonb_extract_path_text(doc, 'a') as a, jsonb_extract_path(doc, 'list') as l, jsonb_exists(doc, 'a') as e, jsonb_concat(doc, '{"b": 1}') as b, json_extract_path_text(doc::json, 'a') as j from documents order by id;
update documents set doc = jsonb_concat(doc, '{"c": 3}') where id = 99;
