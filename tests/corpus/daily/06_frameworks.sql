-- What frameworks ask of the catalog, and reports as analysts and their tools write them.

-- Prisma: introspection of tables
select tbl.relname as table_name, namespace.nspname as namespace, (tbl.relhassubclass and tbl.relkind = 'p') as is_partition, (tbl.relhassubclass and tbl.relkind = 'r') as has_subclass, tbl.relrowsecurity as has_row_level_security, reloptions, obj_description(tbl.oid, 'pg_class') as description from pg_class as tbl inner join pg_namespace as namespace on namespace.oid = tbl.relnamespace where tbl.relkind in ('r', 'p') and namespace.nspname = any (array['public']) order by namespace, table_name;

-- Prisma: introspection of columns
select oid.namespace, info.table_name, info.column_name, format_type(att.atttypid, att.atttypmod) as formatted_type, info.numeric_precision, info.numeric_scale, info.data_type, pg_get_expr(attdef.adbin, attdef.adrelid) as column_default, info.is_nullable, info.is_identity, info.character_maximum_length, col_description(att.attrelid, ordinal_position) as description from information_schema.columns info join pg_attribute att on att.attname = info.column_name join (select pg_class.oid, relname, pg_namespace.nspname as namespace from pg_class join pg_namespace on pg_namespace.oid = pg_class.relnamespace and pg_namespace.nspname = any ($1)) as oid on oid.oid = att.attrelid and relname = info.table_name and namespace = info.table_schema left outer join pg_attrdef attdef on attdef.adrelid = att.attrelid and attdef.adnum = att.attnum and table_schema = namespace where info.table_name = 'claims' order by namespace, table_name, ordinal_position \bind {public}

-- Prisma: introspection of foreign keys
select con.oid as con_id, att2.attname as child_column, cl.relname as parent_table, att.attname as parent_column, con.confdeltype, con.confupdtype, conname as constraint_name, child, parent from (select unnest(con1.conkey) as parent, unnest(con1.confkey) as child, cl.relname as table_name, con1.oid, con1.confrelid, con1.conrelid, con1.conname, con1.confdeltype, con1.confupdtype from pg_class cl join pg_constraint con1 on con1.conrelid = cl.oid where con1.contype = 'f') con join pg_attribute att on att.attrelid = con.confrelid and att.attnum = con.child join pg_class cl on cl.oid = con.confrelid join pg_attribute att2 on att2.attrelid = con.conrelid and att2.attnum = con.parent order by con_id, con.parent;

-- Prisma: introspection of indexes
with rawindex as (select indrelid, indexrelid, indisunique, indisprimary, unnest(indkey) as indkeyid, generate_subscripts(indkey, 1) as indkeyidx, unnest(indclass) as indclass, unnest(indoption) as indoption from pg_index where indpred is null and not indisexclusion) select schemainfo.nspname as namespace, indexinfo.relname as index_name, tableinfo.relname as table_name, columninfo.attname as column_name, rawindex.indisunique as is_unique, rawindex.indisprimary as is_primary_key, rawindex.indkeyidx as column_index, opclass.opcname as opclass, indexaccess.amname as index_algo, case rawindex.indoption & 1 when 1 then 'DESC' else 'ASC' end as column_order from rawindex join pg_class as tableinfo on tableinfo.oid = rawindex.indrelid join pg_class as indexinfo on indexinfo.oid = rawindex.indexrelid join pg_namespace as schemainfo on schemainfo.oid = tableinfo.relnamespace left join pg_attribute as columninfo on columninfo.attrelid = tableinfo.oid and columninfo.attnum = rawindex.indkeyid join pg_am as indexaccess on indexaccess.oid = indexinfo.relam left join pg_opclass as opclass on opclass.oid = rawindex.indclass where schemainfo.nspname = 'public' order by namespace, table_name, index_name, column_index;

-- Prisma: introspection of enums
select t.typname as name, e.enumlabel as value, n.nspname as namespace, obj_description(t.oid, 'pg_type') as description from pg_type t join pg_enum e on t.oid = e.enumtypid join pg_catalog.pg_namespace n on n.oid = t.typnamespace where n.nspname = any ($1) order by e.enumsortorder \bind {public}

-- Prisma: version and extensions
select version(), current_schema(), numeric_version from (select current_setting('server_version_num')::integer as numeric_version) v; select extname, extversion, extrelocatable from pg_extension;

-- TypeORM: tables and comments
select "table_schema", "table_name", obj_description(('"' || "table_schema" || '"."' || "table_name" || '"')::regclass, 'pg_class') as table_comment from "information_schema"."tables" where ("table_schema" = 'public' and "table_name" = 'visits');

-- TypeORM: columns
select columns.*, pg_catalog.col_description(('"' || table_catalog || '"."' || table_schema || '"."' || table_name || '"')::regclass::oid, ordinal_position) as description, ('"' || "udt_schema" || '"."' || "udt_name" || '"')::regtype as "regtype", pg_catalog.format_type("col_attr"."atttypid", "col_attr"."atttypmod") as "format_type" from "information_schema"."columns" left join "pg_catalog"."pg_attribute" as "col_attr" on "col_attr"."attname" = "columns"."column_name" and "col_attr"."attrelid" = ("columns"."table_schema" || '.' || "columns"."table_name")::regclass where ("table_schema" = 'public' and "table_name" = 'claims') order by ordinal_position;

-- TypeORM: constraints
select "ns"."nspname" as "table_schema", "t"."relname" as "table_name", "cnst"."conname" as "constraint_name", pg_get_constraintdef("cnst"."oid") as "expression", case "cnst"."contype" when 'p' then 'PRIMARY' when 'u' then 'UNIQUE' when 'c' then 'CHECK' when 'x' then 'EXCLUDE' end as "constraint_type", "a"."attname" as "column_name" from "pg_constraint" "cnst" inner join "pg_class" "t" on "t"."oid" = "cnst"."conrelid" inner join "pg_namespace" "ns" on "ns"."oid" = "cnst"."connamespace" left join "pg_attribute" "a" on "a"."attrelid" = "cnst"."conrelid" and "a"."attnum" = any ("cnst"."conkey") where "t"."relkind" in ('r', 'p') and "ns"."nspname" = 'public' and "t"."relname" = 'visits' order by 3, 6;

-- TypeORM: a page with relations, two queries
select distinct "distinctAlias"."v_id" as "ids_v_id" from (select "v"."id" as "v_id", "v"."department" as "v_department", "c"."id" as "c_id", "c"."amount" as "c_amount" from "visits" "v" left join "claims" "c" on "c"."visit_id" = "v"."id") "distinctAlias" order by "v_id" asc limit 2; select "v"."id" as "v_id", "c"."amount" as "c_amount" from "visits" "v" left join "claims" "c" on "c"."visit_id" = "v"."id" where "v"."id" in (1, 2) order by 1, 2;

-- Drizzle: introspection of tables
select n.nspname as table_schema, c.relname as table_name, case when c.relkind = 'r' then 'table' when c.relkind = 'v' then 'view' when c.relkind = 'm' then 'materialized_view' end as type, c.relrowsecurity as rls_enabled from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'v', 'm') and n.nspname in ('public') order by 1, 2;

-- Drizzle: introspection of sequences and identities
select schemaname, sequencename, start_value, min_value, max_value, increment_by, cycle, cache_size from pg_sequences where schemaname = 'public' order by 2; select table_name, column_name, is_identity, identity_generation, identity_start from information_schema.columns where is_identity = 'YES' order by 1;

-- Drizzle: introspection of policies and roles
select schemaname, tablename, policyname as name, permissive, roles, cmd, qual, with_check from pg_policies order by 1, 2, 3; select rolname, rolinherit, rolcreatedb, rolcreaterole from pg_roles where rolname !~ '^pg_' order by 1;

-- Drizzle: insert, returning, on conflict
insert into "documents" ("id", "title", "doc") values ($1, $2, $3) on conflict ("id") do update set "title" = excluded."title" returning "id", "title", "doc" \bind 900 drizzle {"a":9}
delete from "documents" where "documents"."id" = $1 \bind 900

-- Django: migrations
create table if not exists django_migrations (id bigint primary key generated by default as identity, app varchar(255) not null, name varchar(255) not null, applied timestamptz not null);
select "django_migrations"."id", "django_migrations"."app", "django_migrations"."name", "django_migrations"."applied" from "django_migrations";
drop table if exists django_migrations;

-- Django: a server-side cursor
begin;
declare "_django_curs_140_sync_1" no scroll cursor with hold for select "visits"."id", "visits"."department" from "visits" order by "visits"."id" asc;
fetch forward 2000 from "_django_curs_140_sync_1";
close "_django_curs_140_sync_1";
commit;

-- Django: introspection of sequences
select s.relname as sequence_name, a.attname as colname from pg_class s join pg_depend d on d.objid = s.oid and d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass join pg_attribute a on d.refobjid = a.attrelid and d.refobjsubid = a.attnum join pg_class tbl on tbl.oid = d.refobjid and tbl.relname = 'scratch' and pg_catalog.pg_table_is_visible(tbl.oid) where s.relkind = 'S';

-- Django: window functions and subqueries
select "visits"."id", "visits"."department", rank() over (partition by "visits"."department" order by "visits"."visited_on" desc) as "recency", (select sum(u0."amount") from "claims" u0 where u0."visit_id" = "visits"."id" group by u0."visit_id") as "billed" from "visits" order by "visits"."id" asc;

-- Django: bulk update
update "claims" set "status" = (case when ("claims"."id" = 1) then 'paid' when ("claims"."id" = 2) then 'submitted' else null end)::text where "claims"."id" in (1, 2) returning "claims"."id", "claims"."status";

-- Rails: structure of columns
select a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod, c.collname, col_description(a.attrelid, a.attnum) as comment, attidentity as identity, attgenerated as attgenerated from pg_attribute a left join pg_attrdef d on a.attrelid = d.adrelid and a.attnum = d.adnum left join pg_type t on a.atttypid = t.oid left join pg_collation c on a.attcollation = c.oid and a.attcollation <> t.typcollation where a.attrelid = '"claims"'::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum;

-- Rails: checks, exclusions, comments and partitions
select conname, pg_get_constraintdef(c.oid, true) as constraintdef, c.convalidated as valid from pg_constraint c join pg_class t on c.conrelid = t.oid join pg_namespace n on n.oid = c.connamespace where c.contype = 'c' and t.relname = 'claims' and n.nspname = any (current_schemas(false)) order by 1; select c.relname, obj_description(c.oid) from pg_class c where c.relname = 'visits'; select inhrelid::regclass, pg_get_expr(relpartbound, c.oid) from pg_inherits join pg_class c on c.oid = inhrelid where c.relispartition order by 1::text;

-- Rails: a lock around migrations and a schema table
select pg_try_advisory_lock(2053462845); select pg_advisory_unlock(2053462845);
create table if not exists schema_migrations (version character varying not null primary key);
select schema_migrations.version from schema_migrations order by schema_migrations.version asc;
drop table if exists schema_migrations;

-- Rails: insert_all and upsert_all
insert into "shifts" ("id", "who", "mood") values (901, 'team r', 'calm'), (902, 'team s', 'busy') on conflict ("id") do update set "who" = excluded."who", "mood" = excluded."mood" where ("shifts"."who" is distinct from excluded."who") returning "id"; delete from "shifts" where "shifts"."id" in (901, 902);

-- Rails: find_each
select "visits"."id", "visits"."reason" from "visits" where "visits"."id" > 1 order by "visits"."id" asc limit 1000;

-- Hibernate: introspection of sequences
select * from information_schema.sequences order by sequence_name;

-- Hibernate: a page by an offset of rows
select c1_0.id, c1_0.amount, c1_0.status from claims c1_0 where c1_0.status = $1 order by c1_0.id offset $2 rows fetch first $3 rows only \bind paid 0 10

-- Hibernate: validation of a schema
select null as table_cat, n.nspname as table_schem, ct.relname as table_name, a.attname as column_name, (information_schema._pg_expandarray(i.indkey)).n as key_seq, ci.relname as pk_name from pg_catalog.pg_class ct join pg_catalog.pg_attribute a on (ct.oid = a.attrelid) join pg_catalog.pg_namespace n on (ct.relnamespace = n.oid) join pg_catalog.pg_index i on (a.attrelid = i.indrelid) join pg_catalog.pg_class ci on (ci.oid = i.indexrelid) where i.indisprimary and ct.relname = 'visits';

-- Metabase: a model's table of types
select pg_attribute.attname as "name", pg_type.typname as "database-type", pg_attribute.attnum - 1 as "database-position", not pg_attribute.attnotnull as "nullable", pg_attribute.attidentity <> '' or pg_get_expr(pg_attrdef.adbin, pg_attrdef.adrelid) ~ 'nextval' as "auto-increment" from pg_catalog.pg_attribute join pg_catalog.pg_type on pg_type.oid = pg_attribute.atttypid left join pg_catalog.pg_attrdef on pg_attrdef.adrelid = pg_attribute.attrelid and pg_attrdef.adnum = pg_attribute.attnum where pg_attribute.attrelid = 'public.claims'::regclass and pg_attribute.attnum > 0 order by 3;

-- Metabase: a question with bins
select ((floor((("public"."claims"."amount" - 0.0) / 25.0)) * 25.0) + 0.0) as "amount", count(*) as "count" from "public"."claims" group by ((floor((("public"."claims"."amount" - 0.0) / 25.0)) * 25.0) + 0.0) order by 1 asc;

-- Metabase: a question over months, with its source in a subquery
select "source"."visited_on" as "visited_on", sum("source"."amount") as "sum" from (select date_trunc('month', "v"."visited_on")::date as "visited_on", "c"."amount" from "public"."visits" "v" left join "public"."claims" "c" on "v"."id" = "c"."visit_id" where "v"."visited_on" >= date_trunc('year', date '2024-06-01') and "v"."visited_on" < date_trunc('year', date '2024-06-01' + interval '1 year')) as "source" group by "source"."visited_on" order by "source"."visited_on" asc;

-- Superset: tables, columns and a chart with a time grain
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind in ('r', 'p') order by 1; select date_trunc('week', visited_on) as __timestamp, department as department, count(*) as count from public.visits where visited_on >= to_date('2024-01-01', 'YYYY-MM-DD') group by date_trunc('week', visited_on), department order by count desc, 1, 2 limit 10000;

-- Superset: the same with the series that are largest
select date_trunc('day', visited_on) as t, department, count(*) from visits join (select department as department__, count(*) as mme_inner__ from visits group by department order by mme_inner__ desc, 1 limit 2) as series_limit on department = department__ group by 1, 2 order by 1, 2;

-- Grafana: macros for time and groups
select floor(extract(epoch from v.visited_on) / 86400) * 86400 as "time", v.department as metric, avg(c.amount) as value from visits v join claims c on c.visit_id = v.id where v.visited_on between '2024-01-01T00:00:00Z' and '2024-12-31T00:00:00Z' group by 1, 2 order by 1, 2;

-- Grafana: gaps filled
select g.day::date as time, coalesce(count(v.id), 0) as visits from generate_series('2024-01-30'::timestamptz, '2024-02-05'::timestamptz, '1 day') as g (day) left join visits v on v.visited_on = g.day::date group by 1 order by 1;

-- Grafana: template variables
select distinct department as __text, department as __value from visits order by 1; select 'All' as __text union all select payer from claims group by payer order by 1;

-- Grafana: numbers of the database itself
-- varies: seq_scan, idx_scan, n_live_tup, xact_commit, blks_hit, numbackends, tup_returned
select relname, seq_scan, idx_scan, n_live_tup from pg_stat_user_tables where relname = 'shifts'; select datname, numbackends, xact_commit, blks_hit, tup_returned from pg_stat_database where datname = current_database();

-- dbt: a model as a table, renamed into place
begin; create temp table "scratch__dbt_tmp" as (with source as (select * from "ehr"."public"."visits"), renamed as (select id as visit_id, department, visited_on from source), final as (select department, count(*) as visits, max(visited_on) as last_visit from renamed group by 1) select * from final); select count(*) from "scratch__dbt_tmp"; commit;

-- dbt: columns of a relation, and schemas
select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale from "ehr".information_schema.columns where table_name = 'visits' and table_schema = 'public' order by ordinal_position; select distinct nspname from pg_namespace where nspname !~ '^pg_' order by 1; select count(*) from pg_namespace where nspname = 'public';

-- dbt: tests of a model
select count(*) as failures, count(*) != 0 as should_warn, count(*) != 0 as should_error from (select id from "ehr"."public"."claims" where id is null) dbt_internal_test; select count(*) from (select visit_id as unique_field, count(*) as n_records from claims where visit_id is not null group by visit_id having count(*) > 1) t; with all_values as (select status as value_field, count(*) as n_records from claims group by status) select * from all_values where value_field not in ('paid', 'submitted', 'denied') order by 1; with child as (select visit_id as from_field from claims where visit_id is not null), parent as (select id as to_field from visits) select from_field from child left join parent on child.from_field = parent.to_field where parent.to_field is null;

-- dbt: sources and freshness
select max(visited_on) as max_loaded_at, current_date > date '2024-01-01' as is_later from "ehr"."public"."visits";

-- a funnel by WITH
with visited as (select distinct patient_id from visits), claimed as (select distinct v.patient_id from visits v join claims c on c.visit_id = v.id), paid as (select distinct v.patient_id from visits v join claims c on c.visit_id = v.id where c.status = 'paid') select (select count(*) from visited) as visited, (select count(*) from claimed) as claimed, (select count(*) from paid) as paid;

-- cohorts by first visit
with first as (select patient_id, date_trunc('month', min(visited_on))::date as cohort from visits group by patient_id), activity as (select v.patient_id, f.cohort, (extract(year from age(date_trunc('month', v.visited_on), f.cohort)) * 12 + extract(month from age(date_trunc('month', v.visited_on), f.cohort)))::int as month from visits v join first f using (patient_id)) select cohort, month, count(distinct patient_id) as patients from activity group by cohort, month order by cohort, month;

-- sessions by gaps
with marked as (select id, patient_id, visited_on, case when visited_on - lag(visited_on) over (partition by patient_id order by visited_on) > 14 then 1 else 0 end as is_new from visits), grouped as (select *, sum(is_new) over (partition by patient_id order by visited_on) as episode from marked) select patient_id, episode, count(*) as visits, min(visited_on) as started from grouped group by patient_id, episode order by patient_id, episode;

-- moving averages and differences
select id, amount, avg(amount) over (order by id rows between 2 preceding and current row)::numeric(8, 2) as moving, amount - lag(amount) over (order by id) as change, amount / sum(amount) over () as share, percent_rank() over (order by amount) as place from claims order by id;

-- a pivot by JSON
select department, jsonb_object_agg(month, n order by month) as months from (select department, to_char(visited_on, 'YYYY-MM') as month, count(*) as n from visits group by 1, 2) q group by department order by department;

-- a report as one JSON document
select jsonb_build_object('generated', date '2024-01-01', 'departments', (select jsonb_agg(jsonb_build_object('name', department, 'visits', n, 'reasons', reasons) order by department) from (select department, count(*) as n, array_agg(distinct reason order by reason) as reasons from visits group by department) d)) as report;

-- SQL/JSON over plain documents
select d.id, t.a, t.n from documents d, json_table(d.doc, '$' columns (a int path '$.a', nested path '$.list[*]' columns (n int path '$'))) t order by 1, 2, 3; select json_object('id': id, 'title': title) as one, json_value(doc, '$.a' returning int) as a, json_query(doc, '$.list') as list, json_exists(doc, '$.list') as has from documents order by id; select json_arrayagg(title order by id) from documents;

-- a document's keys
select key, count(*) as n, jsonb_agg(distinct jsonb_typeof(value)) as types from documents, jsonb_each(doc) group by key order by key; select doc - 'list' as rest, doc || '{"b": 1}' as more, jsonb_path_query_array(doc, '$.list[*] ? (@ > 1)') as big from documents order by id;

-- a document changed
update documents set doc = jsonb_set(doc, '{seen}', 'true', true) where id = 2 returning id, doc -> 'seen' as seen; update documents set doc = doc - 'seen' where id = 2;

-- a record from a parameter
select r.id, r.who from jsonb_to_recordset($1::jsonb) as r (id int, who text) order by 1 \bind [{"id":1,"who":"a"},{"id":2,"who":"b"}]

-- rows of a parameter joined
select v.id, v.department from unnest($1::int[]) with ordinality as wanted (id, place) join visits v on v.id = wanted.id order by wanted.place \bind {3,1,2}

-- many rows by unnest, upserted
insert into documents (id, title) select * from unnest($1::int[], $2::varchar[]) on conflict (id) do update set title = excluded.title returning id, title \bind {910,911} {a,b}
delete from documents where id in (910, 911);

-- a hierarchy
with recursive tree (id, parent, name) as (values (1, null::int, 'hospital'), (2, 1, 'ward'), (3, 2, 'room')), walk as (select id, name, array[id] as way, 0 as depth from tree where parent is null union all select t.id, t.name, w.way || t.id, w.depth + 1 from tree t join walk w on t.parent = w.id) select repeat('  ', depth) || name as name, way, depth from walk order by way;

-- a graph searched and guarded against circles
with recursive edges (a, b) as (values (1, 2), (2, 3), (3, 1)), reach as (select a, b from edges where a = 1 union all select r.a, e.b from reach r join edges e on e.a = r.b) search depth first by b set ordering cycle b set is_cycle using path select a, b, is_cycle from reach order by ordering;

-- plain columns of a table with classes, windowed and pivoted
select sex, count(*) as n, count(*) filter (where created_at >= '2024-01-02') as recent, round(100.0 * count(*) / sum(count(*)) over (), 1) as percent from patients group by sex order by sex; select date_trunc('month', created_at)::date as month, sex, row_number() over (partition by sex order by created_at) as n from patients order by created_at;

-- by keys of a table with classes
-- masks: name
select p.id, p.name, v.last_visit, v.n from patients p left join lateral (select max(visited_on) as last_visit, count(*) as n from visits v where v.patient_id = p.id) v on true order by p.id;

-- the newest note of each patient
-- masks: body
select distinct on (v.patient_id) v.patient_id, n.author, n.body, n.id from notes n join visits v on v.id = n.visit_id order by v.patient_id, n.id desc;

-- patients and what they cost, as JSON
-- masks: who
select p.id, json_build_object('name', p.name) as who, json_build_object('visits', count(distinct v.id), 'billed', sum(c.amount)) as costs from patients p join visits v on v.patient_id = p.id left join claims c on c.visit_id = v.id group by p.id order by p.id;

-- a merge of what came with what is there
merge into documents d using (values (1, 'guide'), (920, 'new')) as s (id, title) on d.id = s.id when matched and d.title is distinct from s.title then update set title = s.title when not matched by target then insert (id, title) values (s.id, s.title) returning merge_action(), d.id, d.title; delete from documents where id = 920;

-- rows before and after
update shifts set who = who || '!' where id = 1 returning old.who as before, new.who as after; update shifts set who = rtrim(who, '!') where id = 1 returning old.id, new.who;

-- a queue's next job
with job as (select id from shifts where mood = 'busy' order by id for update skip locked limit 1) update shifts s set mood = 'busy' from job where s.id = job.id returning s.id, s.mood;

-- a portal in pieces, under a driver's cursor
begin;
\wire parse S_1: select id, department from visits order by id | bind C_1=S_1 | describe portal C_1 | execute C_1 2
\wire execute C_1 2
\wire close portal C_1
commit;

-- one prepared statement many times
\wire parse q: select id, department from visits where id = $1 | describe statement q
\wire bind -=q 1 | execute -
\wire bind -=q[1] 2 | execute - | bind -=q 3 | execute -

-- a statement prepared once, in a transaction whose path is set for a while
begin;
\wire parse w: select who from shifts where id = $1 | bind p=w 1 | execute p
set local search_path = public;
\wire bind r=w 2 | execute r
commit;

-- a function of PostgreSQL's own in FROM, with definitions of columns
select * from json_to_record('{"a": 1, "b": "x"}') as t (a int, b text); select * from rows from (generate_series(1, 3), unnest(array['a', 'b'])) with ordinality as t (n, w, o);

-- ranges, multiranges and bits
select r * int4range(2, 4) as both, range_agg(r) over () as all_of, r @> 2 as holds from (values (int4range(1, 3)), (int4range(2, 9))) t (r) order by r; select '{[1,3),[5,7)}'::int4multirange + '{[3,5)}'::int4multirange as joined, b'101' & b'110' as bits;
