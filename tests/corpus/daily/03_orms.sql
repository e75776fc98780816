-- Statements as object-relational mappers write them.

-- Django: a list
SELECT "visits"."id", "visits"."patient_id", "visits"."visited_on", "visits"."department", "visits"."reason" FROM "visits" ORDER BY "visits"."id" ASC LIMIT 21;

-- Django: get
-- masks: mrn, name, ssn
SELECT "patients"."id", "patients"."mrn", "patients"."name", "patients"."ssn", "patients"."sex" FROM "patients" WHERE "patients"."id" = 1 LIMIT 21;

-- Django: count
SELECT COUNT(*) AS "__count" FROM "visits" WHERE "visits"."department" = 'oncology';

-- Django: exists
SELECT 1 AS "a" FROM "visits" WHERE "visits"."department" = 'oncology' LIMIT 1;

-- Django: annotate
SELECT "visits"."department", COUNT("claims"."id") AS "n" FROM "visits" LEFT OUTER JOIN "claims" ON ("visits"."id" = "claims"."visit_id") GROUP BY "visits"."department" ORDER BY 1;

-- Django: select_related
-- masks: name
SELECT "visits"."id", "visits"."department", "patients"."id", "patients"."name" FROM "visits" INNER JOIN "patients" ON ("visits"."patient_id" = "patients"."id") WHERE "visits"."id" IN (1, 2) ORDER BY "visits"."id" ASC;

-- Django: prefetch_related
SELECT "claims"."id", "claims"."visit_id", "claims"."amount" FROM "claims" WHERE "claims"."visit_id" IN (1, 2, 3) ORDER BY "claims"."id";

-- Django: icontains
SELECT "visits"."id" FROM "visits" WHERE UPPER("visits"."reason"::text) LIKE UPPER('%check%') ORDER BY "visits"."id";

-- Django: dates
SELECT DISTINCT DATE_TRUNC('month', "visits"."visited_on")::date AS "datefield" FROM "visits" WHERE "visits"."visited_on" IS NOT NULL ORDER BY "datefield" ASC;

-- Django: F expressions
BEGIN; UPDATE "claims" SET "amount" = ("claims"."amount" + 1) WHERE "claims"."id" = 1; ROLLBACK;

-- Django: insert
BEGIN; INSERT INTO "documents" ("id", "title", "doc") VALUES (901, 'x', '{}'::jsonb) RETURNING "documents"."id"; ROLLBACK;

-- Django: delete
BEGIN; DELETE FROM "claims" WHERE "claims"."id" IN (1); ROLLBACK;

-- Django: aggregate over a subquery
SELECT COUNT(*) FROM (SELECT DISTINCT "visits"."department" AS "col1" FROM "visits") subquery;

-- Django: connection setup
SELECT set_config('TimeZone', 'UTC', false); SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;

-- Django: introspection of tables
SELECT c.relname, CASE WHEN c.relispartition THEN 'p' WHEN c.relkind IN ('m', 'v') THEN 'v' ELSE 't' END, obj_description(c.oid, 'pg_class')
  FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1;

-- Django: introspection of columns
SELECT a.attname AS column_name, NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) AS is_nullable, pg_get_expr(ad.adbin, ad.adrelid) AS column_default, CASE WHEN collname = 'default' THEN NULL ELSE collname END AS collation, a.attidentity != '' AS is_autofield
  FROM pg_attribute a LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum LEFT JOIN pg_collation co ON a.attcollation = co.oid JOIN pg_type t ON a.atttypid = t.oid JOIN pg_class c ON a.attrelid = c.oid JOIN pg_namespace n ON c.relnamespace = n.oid
  WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') AND c.relname = 'patients' AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY a.attnum;

-- Django: introspection of constraints
SELECT c.conname, array(SELECT attname FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx) JOIN pg_attribute AS ca ON cols.colid = ca.attnum WHERE ca.attrelid = c.conrelid ORDER BY cols.arridx), c.contype,
  (SELECT fkc.relname || '.' || fka.attname FROM pg_attribute AS fka JOIN pg_class AS fkc ON fka.attrelid = fkc.oid WHERE fka.attrelid = c.confrelid AND fka.attnum = c.confkey[1]), cl.reloptions
  FROM pg_constraint AS c JOIN pg_class AS cl ON c.conrelid = cl.oid WHERE cl.relname = 'visits' AND pg_catalog.pg_table_is_visible(cl.oid) ORDER BY 1;

-- Rails: find
-- masks: mrn, name, ssn, dob, zip, email, phone
SELECT "patients".* FROM "patients" WHERE "patients"."id" = $1 LIMIT $2 \bind 1 1

-- Rails: where
SELECT "visits".* FROM "visits" WHERE "visits"."department" = $1 ORDER BY "visits"."id" ASC \bind oncology

-- Rails: pluck
SELECT "visits"."department" FROM "visits" ORDER BY "visits"."id";

-- Rails: count with group
SELECT COUNT(*) AS "count_all", "visits"."department" AS "visits_department" FROM "visits" GROUP BY "visits"."department" ORDER BY 2;

-- Rails: includes
SELECT "claims".* FROM "claims" WHERE "claims"."visit_id" IN ($1, $2) ORDER BY id \bind 1 2

-- Rails: eager_load
-- masks: t1_r1
SELECT "visits"."id" AS t0_r0, "visits"."department" AS t0_r1, "patients"."id" AS t1_r0, "patients"."name" AS t1_r1 FROM "visits" LEFT OUTER JOIN "patients" ON "patients"."id" = "visits"."patient_id" ORDER BY 1;

-- Rails: exists?
SELECT 1 AS one FROM "visits" WHERE "visits"."id" = $1 LIMIT $2 \bind 1 1

-- Rails: update
BEGIN; UPDATE "documents" SET "title" = 'x' WHERE "documents"."id" = 1; ROLLBACK;

-- Rails: create
BEGIN; INSERT INTO "documents" ("id", "title") VALUES (902, 'y') RETURNING "id"; ROLLBACK;

-- Rails: connection setup
SET client_min_messages TO 'warning'; SET standard_conforming_strings = on; SET SESSION timezone TO 'UTC'; SHOW max_identifier_length;

-- Rails: schema
SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod, c.collname, col_description(a.attrelid, a.attnum) AS comment, attidentity AS identity, attgenerated as attgenerated
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_type t ON a.atttypid = t.oid LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation
  WHERE a.attrelid = '"patients"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;

-- Rails: primary keys
SELECT a.attname FROM (SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx FROM pg_index WHERE indrelid = '"patients"'::regclass AND indisprimary) i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[i.idx] ORDER BY i.idx;

-- Rails: types
SELECT t.typname, t.typelem, t.typdelim, t.typinput::text, r.rngsubtype, t.typtype, t.typbasetype FROM pg_type as t LEFT JOIN pg_range as r ON oid = rngtypid WHERE t.typname IN ('int2', 'int4', 'text', 'bool') ORDER BY 1;

-- Rails: indexes
SELECT distinct i.relname, d.indisunique, d.indkey::text, pg_get_indexdef(d.indexrelid), pg_catalog.obj_description(i.oid, 'pg_class') AS comment, d.indisvalid
  FROM pg_class t INNER JOIN pg_index d ON t.oid = d.indrelid INNER JOIN pg_class i ON d.indexrelid = i.oid LEFT JOIN pg_namespace n ON n.oid = t.relnamespace WHERE i.relkind IN ('i', 'I') AND d.indisprimary = 'f' AND t.relname = 'visits' AND n.nspname = ANY (current_schemas(false)) ORDER BY i.relname;

-- Rails: advisory lock for migrations
SELECT pg_try_advisory_lock(123456789) AS got; SELECT pg_advisory_unlock(123456789);

-- Prisma: findMany
SELECT "public"."visits"."id", "public"."visits"."department" FROM "public"."visits" WHERE 1=1 ORDER BY "public"."visits"."id" ASC OFFSET 0;

-- Prisma: findUnique
-- masks: name
SELECT "public"."patients"."id", "public"."patients"."name" FROM "public"."patients" WHERE ("public"."patients"."id" = $1 AND 1=1) LIMIT $2 OFFSET $3 \bind 1 1 0

-- Prisma: relation load
SELECT "public"."claims"."id", "public"."claims"."visit_id" FROM "public"."claims" WHERE "public"."claims"."visit_id" IN ($1,$2,$3) ORDER BY 1 OFFSET $4 \bind 1 2 3 0

-- Prisma: relation joins with JSON
-- masks: patient
SELECT "t1"."id", "j"."__prisma_data__" AS "patient" FROM "public"."visits" AS "t1" LEFT JOIN LATERAL (SELECT JSONB_BUILD_OBJECT('id', "t2"."id", 'name', "t2"."name") AS "__prisma_data__" FROM (SELECT "t3".* FROM "public"."patients" AS "t3" WHERE "t1"."patient_id" = "t3"."id" LIMIT 1) AS "t2") AS "j" ON TRUE ORDER BY 1;

-- Prisma: aggregate
SELECT COUNT(*), SUM("amount") FROM (SELECT "public"."claims"."id", "public"."claims"."amount" FROM "public"."claims" WHERE 1=1 OFFSET 0) AS "sub";

-- Prisma: groupBy
SELECT COUNT("id"), "public"."visits"."department" FROM "public"."visits" WHERE 1=1 GROUP BY "public"."visits"."department" ORDER BY 2 OFFSET 0;

-- Prisma: create in a transaction
BEGIN; INSERT INTO "public"."documents" ("id","title") VALUES (903, 'z') RETURNING "public"."documents"."id", "public"."documents"."title"; ROLLBACK;

-- Prisma: upsert
BEGIN; INSERT INTO "public"."documents" ("id","title") VALUES (1, 'z') ON CONFLICT ("id") DO UPDATE SET "title" = 'z' WHERE ("public"."documents"."id" = 1 AND 1=1) RETURNING "public"."documents"."id", "public"."documents"."title"; ROLLBACK;

-- Prisma: introspection of schemas
SELECT schema_name FROM information_schema.schemata ORDER BY 1;

-- SQLAlchemy: select
SELECT visits.id, visits.department, visits.reason FROM visits WHERE visits.department = 'oncology' ORDER BY visits.id;

-- SQLAlchemy: aliased join
-- masks: name
SELECT patients_1.id, patients_1.name, visits.id AS visit FROM visits JOIN patients AS patients_1 ON patients_1.id = visits.patient_id ORDER BY visits.id;

-- SQLAlchemy: subquery and count
SELECT count(*) AS count_1 FROM (SELECT visits.id AS visits_id FROM visits WHERE visits.department IN ('oncology', 'cardiology')) AS anon_1;

-- SQLAlchemy: insertmanyvalues
BEGIN; INSERT INTO documents (id, title) SELECT p0::INTEGER, p1::VARCHAR FROM (VALUES (904, 'a', 0), (905, 'b', 1)) AS imp_sen(p0, p1, sen_counter) ORDER BY sen_counter RETURNING documents.id, documents.id AS id__1; ROLLBACK;

-- SQLAlchemy: on connect
select pg_catalog.version() like 'Postgre%'; select current_schema(); show standard_conforming_strings;

-- SQLAlchemy: has_table
SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace WHERE pg_catalog.pg_class.relname = 'patients' AND pg_catalog.pg_class.relkind = ANY (ARRAY['r', 'p', 'f', 'v', 'm']) AND pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid) AND pg_catalog.pg_namespace.nspname != 'pg_catalog';

-- SQLAlchemy: columns
SELECT pg_catalog.pg_attribute.attname AS name, pg_catalog.format_type(pg_catalog.pg_attribute.atttypid, pg_catalog.pg_attribute.atttypmod) AS format_type, (SELECT pg_catalog.pg_get_expr(pg_catalog.pg_attrdef.adbin, pg_catalog.pg_attrdef.adrelid) AS pg_get_expr_1 FROM pg_catalog.pg_attrdef WHERE pg_catalog.pg_attrdef.adrelid = pg_catalog.pg_attribute.attrelid AND pg_catalog.pg_attrdef.adnum = pg_catalog.pg_attribute.attnum AND pg_catalog.pg_attribute.atthasdef) AS "default", pg_catalog.pg_attribute.attnotnull AS not_null, pg_catalog.pg_class.relname AS table_name
  FROM pg_catalog.pg_class LEFT OUTER JOIN pg_catalog.pg_attribute ON pg_catalog.pg_class.oid = pg_catalog.pg_attribute.attrelid AND pg_catalog.pg_attribute.attnum > 0 AND NOT pg_catalog.pg_attribute.attisdropped WHERE pg_catalog.pg_class.relname IN ('visits') ORDER BY pg_catalog.pg_class.relname, pg_catalog.pg_attribute.attnum;

-- SQLAlchemy: foreign keys
SELECT r.conname, pg_catalog.pg_get_constraintdef(r.oid, true) AS condef, n.nspname AS conschema FROM pg_catalog.pg_constraint r, pg_namespace n, pg_class c WHERE r.conrelid = 'visits'::regclass AND r.contype = 'f' AND c.oid = confrelid AND n.oid = c.relnamespace ORDER BY 1;

-- Hibernate: paging
-- masks: p1_0_name
select p1_0.id, p1_0.name as p1_0_name, p1_0.sex from patients p1_0 where p1_0.id > $1 order by p1_0.id fetch first $2 rows only \bind 0 2

-- Hibernate: element collection
select c1_0.visit_id, c1_0.id, c1_0.status from claims c1_0 where c1_0.visit_id = any ($1) order by 2 \bind {1,2}

-- Hibernate: next of a sequence
select nextval('plain_sequence') is not null;

-- TypeORM: find
-- masks: Patient_name
SELECT "Patient"."id" AS "Patient_id", "Patient"."name" AS "Patient_name", "Patient"."sex" AS "Patient_sex" FROM "patients" "Patient" WHERE (("Patient"."id" = $1)) LIMIT 1 \bind 1

-- TypeORM: distinct ids for paging
SELECT DISTINCT "distinctAlias"."Visit_id" AS "ids_Visit_id" FROM (SELECT "Visit"."id" AS "Visit_id", "Visit"."department" AS "Visit_department" FROM "visits" "Visit") "distinctAlias" ORDER BY "Visit_id" ASC LIMIT 2;

-- Sequelize: findAndCountAll
SELECT count("Visit"."id") AS "count" FROM "visits" AS "Visit" WHERE "Visit"."department" = 'oncology'; SELECT "id", "department" FROM "visits" AS "Visit" WHERE "Visit"."department" = 'oncology' ORDER BY "id" LIMIT 10 OFFSET 0;

-- Sequelize: include
-- masks: patient.name
SELECT "Visit"."id", "patient"."id" AS "patient.id", "patient"."name" AS "patient.name" FROM "visits" AS "Visit" LEFT OUTER JOIN "patients" AS "patient" ON "Visit"."patient_id" = "patient"."id" ORDER BY 1;

-- Ecto: all
SELECT v0."id", v0."department" FROM "visits" AS v0 WHERE (v0."department" = $1) ORDER BY v0."id" \bind oncology

-- Drizzle: a relational query
-- masks: data
select "visits"."id", "visits_patient"."data" as "data" from "visits" left join lateral (select json_build_array("visits_patient"."id", "visits_patient"."name") as "data" from (select * from "patients" "visits_patient" where "visits_patient"."id" = "visits"."patient_id" limit 1) "visits_patient") "visits_patient" on true order by 1;

-- Knex: first
select "id", "department" from "visits" where "id" = 1 limit 1;

-- GORM: find with soft delete
SELECT * FROM "claims" WHERE "claims"."id" = 1 AND "claims"."status" IS NOT NULL ORDER BY "claims"."id" LIMIT 1;

-- sqlc: a batch of keys
SELECT id, payer FROM claims WHERE id = ANY($1::int[]) ORDER BY id \bind {1,2,3}

-- PostgREST: a page as JSON
WITH pgrst_source AS (SELECT "public"."visits"."id", "public"."visits"."department" FROM "public"."visits" ORDER BY 1 LIMIT 2) SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]') AS body FROM (SELECT * FROM pgrst_source) _postgrest_t;

-- PostgREST: a page as JSON over a class
-- masks: body
WITH pgrst_source AS (SELECT "public"."patients"."id", "public"."patients"."name" FROM "public"."patients" LIMIT 2) SELECT pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]') AS body FROM (SELECT * FROM pgrst_source) _postgrest_t;
