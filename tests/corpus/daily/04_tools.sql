-- What BI and administration tools ask of the catalog.

-- DBeaver: on connect
SELECT current_schema(), session_user; SHOW search_path; SET extra_float_digits = 3; SET application_name = 'DBeaver';

-- DBeaver: databases
SELECT db.oid, db.datname, db.datistemplate FROM pg_catalog.pg_database db WHERE datallowconn ORDER BY db.datname;

-- DBeaver: schemas
SELECT n.oid, n.nspname, d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass ORDER BY nspname;

-- DBeaver: tables
SELECT c.oid, c.relname, c.relkind, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) as partition_expr, pg_catalog.pg_get_partkeydef(c.oid) as partition_key FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass WHERE c.relnamespace = 'public'::regnamespace AND c.relkind not in ('i', 'I', 'c') ORDER BY c.relname;

-- DBeaver: columns
SELECT c.relname, a.attname, a.attnum, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) as def_value, dsc.description FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON (a.attrelid = c.oid) LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid = ad.adrelid AND a.attnum = ad.adnum) LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid) WHERE NOT a.attisdropped AND c.oid = 'public.patients'::regclass ORDER BY a.attnum;

-- DBeaver: types
SELECT t.oid, t.typname, format_type(nullif(t.typbasetype, 0), t.typtypmod) as base_type_name FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid = t.typrelid WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND t.typname IN ('text', 'mood', 'pair') ORDER BY 2;

-- DBeaver: constraints
SELECT c.conname, c.contype, t.relname as tabrelname, pg_catalog.pg_get_constraintdef(c.oid) FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid = c.conrelid WHERE t.relname = 'claims' ORDER BY c.conname;

-- DBeaver: indexes
SELECT i.indexrelid::regclass::text, i.indkey::text, pg_catalog.pg_get_expr(i.indpred, i.indrelid) as pred_expr, pg_get_indexdef(i.indexrelid) FROM pg_catalog.pg_index i INNER JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'patients'::regclass ORDER BY 1;

-- DBeaver: functions
SELECT p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), l.lanname FROM pg_catalog.pg_proc p LEFT OUTER JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'public'::regnamespace AND p.proname IN ('ssn_of', 'name_of') ORDER BY p.proname;

-- DBeaver: keywords
select string_agg(word, ',' order by word) from pg_catalog.pg_get_keywords() where word <> ALL ('{a,abs,absolute}'::text[]) and word < 'c';

-- DBeaver: a page of a table
SELECT * FROM public.claims ORDER BY id LIMIT 200;

-- DBeaver: sizes
SELECT pg_relation_size('claims') >= 0, pg_total_relation_size('claims'::regclass) > 0;

-- Metabase: on connect
SELECT 1; SHOW TIMEZONE; select set_config('application_name', 'Metabase', false);

-- Metabase: schemas
SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1;

-- Metabase: tables
SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE NULL END AS type, d.description AS description, NULLIF(c.reltuples, -1) IS NOT NULL AS estimated FROM pg_catalog.pg_class AS c INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid LEFT JOIN pg_catalog.pg_description AS d ON c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass WHERE (c.relnamespace = n.oid) AND (n.nspname !~ '^information_schema|catalog_history|pg_') AND c.relkind IN ('r', 'p', 'v', 'f', 'm') AND n.nspname = 'other' ORDER BY schema, type, name;

-- Metabase: privileges
with table_privileges as (select NULL as role, t.schemaname as schema, t.objectname as "table", pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"' || replace(t.objectname, '"', '""') || '"', 'update') as update, pg_catalog.has_table_privilege(current_user, '"' || t.schemaname || '"."' || t.objectname || '"', 'SELECT') as select from (select schemaname, tablename as objectname from pg_catalog.pg_tables union select schemaname, viewname as objectname from pg_views union select schemaname, matviewname as objectname from pg_matviews) t where t.schemaname = 'public') select t.* from table_privileges t order by 3;

-- Metabase: fields
SELECT "c"."column_name" AS "name", CASE WHEN "c"."udt_schema" IN ('public', 'pg_catalog') THEN FORMAT('%s', "c"."udt_name") ELSE FORMAT('"%s"."%s"', "c"."udt_schema", "c"."udt_name") END AS "database-type", "c"."ordinal_position" - 1 AS "database-position", "c"."table_schema" AS "table-schema", "c"."table_name" AS "table-name", "pk"."column_name" IS NOT NULL AS "pk?"
  FROM "information_schema"."columns" AS "c" LEFT JOIN (SELECT "tc"."table_schema", "tc"."table_name", "kc"."column_name" FROM "information_schema"."table_constraints" AS "tc" INNER JOIN "information_schema"."key_column_usage" AS "kc" ON ("tc"."constraint_name" = "kc"."constraint_name") AND ("tc"."table_name" = "kc"."table_name") WHERE "tc"."constraint_type" = 'PRIMARY KEY') AS "pk" ON ("c"."table_name" = "pk"."table_name") AND ("c"."column_name" = "pk"."column_name") WHERE c.table_schema = 'public' AND c.table_name = 'visits' ORDER BY "database-position";

-- Metabase: foreign keys
SELECT "fk_ns"."nspname" AS "fk-table-schema", "fk_table"."relname" AS "fk-table-name", "fk_column"."attname" AS "fk-column-name", "pk_table"."relname" AS "pk-table-name" FROM "pg_constraint" AS "c" INNER JOIN "pg_class" AS "fk_table" ON "c"."conrelid" = "fk_table"."oid" INNER JOIN "pg_namespace" AS "fk_ns" ON "c"."connamespace" = "fk_ns"."oid" INNER JOIN "pg_attribute" AS "fk_column" ON "c"."conrelid" = "fk_column"."attrelid" INNER JOIN "pg_class" AS "pk_table" ON "c"."confrelid" = "pk_table"."oid" WHERE "c"."contype" = 'f'::char AND "fk_column"."attnum" = ANY ("c"."conkey") ORDER BY 2, 3;

-- Metabase: a question
SELECT "public"."visits"."department" AS "department", COUNT(*) AS "count" FROM "public"."visits" GROUP BY "public"."visits"."department" ORDER BY "public"."visits"."department" ASC;

-- Metabase: a question with a join
-- masks: Patients__name
SELECT "source"."id" AS "id", "Patients"."name" AS "Patients__name" FROM (SELECT * FROM "public"."visits") AS "source" LEFT JOIN "public"."patients" AS "Patients" ON "source"."patient_id" = "Patients"."id" ORDER BY 1 LIMIT 2000;

-- Metabase: fingerprints of plain columns
SELECT SUBSTRING("public"."visits"."reason", 1, 1234) AS "substring", "public"."visits"."department" AS "department" FROM "public"."visits" ORDER BY id LIMIT 10000;

-- pgAdmin: on connect
SELECT db.oid as did, db.datname, db.datallowconn, pg_encoding_to_char(db.encoding) AS serverencoding, has_database_privilege(db.oid, 'CREATE') as cancreate, datistemplate FROM pg_catalog.pg_database db WHERE db.datname = current_database();

-- pgAdmin: settings
SET DateStyle=ISO; SET client_min_messages=notice; SELECT set_config('bytea_output', 'hex', false); SET client_encoding='UTF8';

-- pgAdmin: roles
SELECT r.rolname, r.rolsuper, r.rolinherit, r.rolcanlogin FROM pg_catalog.pg_roles r WHERE r.rolname = 'gateway_ehr';

-- pgAdmin: tablespaces
SELECT ts.oid, spcname, ts.spcacl FROM pg_catalog.pg_tablespace ts ORDER BY spcname;

-- pgAdmin: extensions
SELECT x.oid, x.extname, r.rolname AS owner, n.nspname AS schema, x.extrelocatable, x.extversion FROM pg_catalog.pg_extension x LEFT JOIN pg_catalog.pg_namespace n ON x.extnamespace=n.oid JOIN pg_catalog.pg_roles r ON x.extowner=r.oid ORDER BY x.extname;

-- pgAdmin: a view's definition
SELECT c.relname, pg_catalog.pg_get_viewdef(c.oid, true) AS definition FROM pg_catalog.pg_class c WHERE c.relname = 'v_plain';

-- pgAdmin: a table's triggers
SELECT t.tgname, pg_catalog.pg_get_triggerdef(t.oid) FROM pg_catalog.pg_trigger t WHERE NOT tgisinternal AND tgrelid = 'guarded'::regclass;

-- pgAdmin: dependencies
SELECT DISTINCT dep.deptype, dep.refclassid::regclass::text FROM pg_depend dep WHERE dep.objid = 'v_numbers'::regclass ORDER BY 1, 2;

-- information schema: tables
select table_schema, table_name, table_type from information_schema.tables where table_schema = 'public' order by 1, 2;

-- information schema: columns
select column_name, data_type, is_nullable, column_default from information_schema.columns where table_name = 'patients' and table_schema = 'public' order by ordinal_position;

-- information schema: constraints
select constraint_name, constraint_type from information_schema.table_constraints where table_name = 'claims' and constraint_type <> 'CHECK' order by 1;

-- information schema: referential constraints
select tc.table_name, kcu.column_name, ccu.table_name as foreign_table from information_schema.table_constraints tc join information_schema.key_column_usage kcu on tc.constraint_name = kcu.constraint_name join information_schema.constraint_column_usage ccu on ccu.constraint_name = tc.constraint_name where tc.constraint_type = 'FOREIGN KEY' order by 1, 2;

-- information schema: views and routines
select table_name from information_schema.views where table_schema = 'public' order by 1; select routine_name, data_type from information_schema.routines where routine_schema = 'public' and routine_name = 'ssn_of';

-- pg_tables, pg_views, pg_indexes, pg_matviews
select tablename from pg_tables where schemaname = 'public' order by 1; select viewname from pg_views where schemaname = 'public' order by 1; select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1; select matviewname from pg_matviews;

-- pg_settings
select name, setting, unit from pg_settings where name in ('max_connections', 'block_size') order by name;

-- sizes of relations
select relname, pg_table_size(oid) >= 0 from pg_class where relname in ('claims', 'visits') order by 1;

-- Tableau: a temporary table for probes
CREATE LOCAL TEMPORARY TABLE "#Tableau_1_Connect" ("COL" INTEGER) ON COMMIT PRESERVE ROWS; SELECT 1 AS "COL" FROM "#Tableau_1_Connect" LIMIT 1; DROP TABLE "#Tableau_1_Connect";

-- Tableau: a cursor's rows
BEGIN; declare "SQL_CUR0x1" cursor for SELECT "visits"."department" AS "department", COUNT(1) AS "n" FROM "public"."visits" "visits" GROUP BY 1 ORDER BY 1; fetch 10000 in "SQL_CUR0x1"; close "SQL_CUR0x1"; COMMIT;

-- Power BI: tables
select TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE from INFORMATION_SCHEMA.tables where TABLE_SCHEMA not in ('information_schema', 'pg_catalog') and TABLE_NAME = 'visits' order by TABLE_SCHEMA, TABLE_NAME;

-- Grafana: time series
SELECT floor(extract(epoch from visited_on) / 86400) * 86400 AS time, department AS metric, count(*) AS value FROM visits WHERE visited_on BETWEEN '2024-01-01' AND '2024-12-31' GROUP BY 1, 2 ORDER BY 1, 2;

-- Superset: a chart
SELECT department AS department, COUNT(*) AS "COUNT(*)" FROM public.visits WHERE visited_on >= TO_DATE('2024-01-01', 'YYYY-MM-DD') GROUP BY department ORDER BY "COUNT(*)" DESC, 1 LIMIT 1000;

-- Looker: a derived table
WITH facts AS (SELECT patient_id, COUNT(*) AS n FROM visits GROUP BY 1) SELECT facts.n AS "facts.n", COUNT(*) AS "facts.count" FROM facts GROUP BY 1 ORDER BY 1 LIMIT 500;

-- dbt: relations
select table_catalog as database, table_name as name, table_schema as schema from information_schema.tables where table_schema ilike 'other' order by 2;

-- pgjdbc: on connect
SET extra_float_digits = 3; SET application_name = 'PostgreSQL JDBC Driver'; select current_schema();

-- pgjdbc: getTables
SELECT current_database() AS "TABLE_CAT", n.nspname AS "TABLE_SCHEM", c.relname AS "TABLE_NAME", d.description AS "REMARKS" FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0 and d.classoid = 'pg_class'::regclass) WHERE c.relnamespace = n.oid AND n.nspname LIKE 'public' AND c.relkind = 'r' ORDER BY "TABLE_SCHEM", "TABLE_NAME";

-- pgjdbc: getPrimaryKeys
SELECT result."TABLE_NAME", result."COLUMN_NAME", result."KEY_SEQ", result."PK_NAME" FROM (SELECT ct.relname AS "TABLE_NAME", a.attname AS "COLUMN_NAME", (information_schema._pg_expandarray(i.indkey)).n AS "KEY_SEQ", ci.relname AS "PK_NAME", information_schema._pg_expandarray(i.indkey) AS keys, a.attnum AS a_attnum FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid) JOIN pg_catalog.pg_index i ON (a.attrelid = i.indrelid) JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid) WHERE ct.relname = 'visits' AND i.indisprimary) result where result.a_attnum = (result.keys).x ORDER BY 1;

-- node-postgres and psycopg: types
SELECT typname, oid, typarray FROM pg_type WHERE typname = ANY (ARRAY['hstore', 'int4', 'mood']) ORDER BY 1;

-- postgres.js: arrays
select b.oid, b.typarray from pg_catalog.pg_type a left join pg_catalog.pg_type b on b.oid = a.typelem where a.typcategory = 'A' and b.typname in ('int4', 'text') group by b.oid, b.typarray order by b.oid;

-- Npgsql: types
SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, t.elemtypoid FROM (SELECT typ.oid, typ.typnamespace, typ.typname, typ.typtype, typ.typrelid, typ.typnotnull, typ.typelem AS elemtypoid FROM pg_type AS typ WHERE typ.typname IN ('int4', 'mood')) AS t JOIN pg_namespace AS ns ON (ns.oid = t.typnamespace) ORDER BY 3;
