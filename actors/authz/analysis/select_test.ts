/**
 * Lineage of SELECT: what each output column derives from. Each row was also run on PostgreSQL 18
 * with marked values to see that number, names and marks of its columns agree.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { analysisOf, columnsOf, effectsOf } from "./testing.ts";

const patients = "id mrn:mrn name:name ssn:ssn dob:birthdate zip:zip email:contact phone:contact";

const lineage: readonly (readonly [string, string])[] = [
  ["select * from patients", patients],
  ["table patients", patients],
  ["select p.id, ssn from public.patients p", "id ssn:ssn"],
  ["select public.patients.ssn, clinic.public.patients.name from patients", "ssn:ssn name:name"],
  ["select * from patients p(a, b, c)", patients.replace("id mrn:mrn name", "a b:mrn c")],
  // Whole rows.
  ["select p from patients p", "p:birthdate+contact+mrn+name+ssn+zip"],
  ["select (p).ssn, (p).id from patients p", "ssn:ssn id"],
  ["select (p).* from patients p", patients],
  ["select row_to_json(p) from patients p", "row_to_json:birthdate+contact+mrn+name+ssn+zip"],
  ["select p.row_to_json from patients p", "row_to_json:birthdate+contact+mrn+name+ssn+zip?"],
  ["select tableoid, ctid, xmin from patients", "tableoid ctid xmin"],
  // Expressions.
  ["select ssn || name from patients", "?column?:name+ssn"],
  ["select upper(ssn), length(name), md5(zip) from patients", "upper:ssn length:name md5:zip"],
  ["select case when ssn = 'x' then 1 else 2 end from patients", "case:ssn"],
  ["select case zip when '1' then name end from patients", "case:name+zip"],
  [
    "select coalesce(null, ssn), nullif(name, 'x'), greatest(1, id) from patients",
    "coalesce:ssn nullif:name greatest",
  ],
  ["select array[ssn], row(name, id) from patients", "array:ssn row:name"],
  [
    'select ssn::varchar(4), ssn collate "C", (array[zip])[1] from patients',
    "ssn:ssn ssn:ssn array:zip",
  ],
  [
    "select ssn is null, ssn in ('a'), not (name = 'x') from patients",
    "?column?:ssn ?column?:ssn ?column?:name",
  ],
  ["select ssn = any($1), id between 1 and 2 from patients", "?column?:ssn ?column?"],
  [
    "select current_date, current_user, 1, 'x', $1",
    "current_date current_user ?column? ?column? ?column?",
  ],
  [
    "select json_object('a': ssn), json_array(name) from patients",
    "json_object:ssn json_array:name",
  ],
  ["select json_objectagg(id: ssn) from patients", "json_objectagg:ssn"],
  [
    "select json_value(to_jsonb(p), '$.x') from patients p",
    "json_value:birthdate+contact+mrn+name+ssn+zip",
  ],
  [
    "select xmlelement(name a, ssn), xmlforest(name as n) from patients",
    "xmlelement:ssn xmlforest:name",
  ],
  // Aggregates and windows.
  ["select count(*), count(ssn), max(name) from patients", "count count max:name"],
  ["select array_agg(name order by ssn) from patients", "array_agg:name"],
  ["select mode() within group (order by ssn) from patients", "mode:ssn"],
  ["select lag(ssn) over (order by id), rank() over (order by ssn) from patients", "lag:ssn rank"],
  // Subqueries.
  ["select s.x from (select ssn || name as x from patients) s", "x:name+ssn"],
  ["select upper from (select upper(ssn) from patients) s", "upper:ssn"],
  ["select (select name) from patients", "name:name"],
  ["select (select max(ssn) from patients), id from claims", "max:ssn id"],
  ["select array(select ssn from patients)", "array:ssn"],
  ["select exists(select 1 from patients where ssn = 'x')", "exists:ssn"],
  ["select exists(select ssn from patients)", "exists"],
  ["select 'x' in (select ssn from patients)", "?column?:ssn"],
  ["select (id, 'x') = (select id, ssn from patients) from claims", "?column?:ssn"],
  ["select foo from (select (select * from (select ssn as foo from patients) z)) y", "foo:ssn"],
  ["select p.id, s.* from patients p, lateral (select p.ssn q) s", "id q:ssn"],
  // Joins.
  [
    "select * from patients natural join other.patients",
    "id name:name ssn:ssn mrn:mrn dob:birthdate zip:zip email:contact phone:contact",
  ],
  [
    "select j.* from (claims c join visits v using (id)) as j(a)",
    "a visit_id amount payer code patient_id visited_on department reason:note",
  ],
  ["select x.* from claims c join visits v using (id) as x", "id"],
  [
    "select code from (select ssn as code from patients) p join departments using (code)",
    "code:ssn",
  ],
  // Set operations, VALUES.
  ["select payer from claims union all select ssn from patients", "payer:ssn"],
  ["select ssn from patients except select payer from claims", "ssn:ssn"],
  ["values (1, 'a'), (2, (select ssn from patients limit 1))", "column1 column2:ssn"],
  ["select b from (values (1, (select ssn from patients limit 1))) v(a, b)", "b:ssn"],
  // Common table expressions.
  ["with c(a) as (select ssn from patients) select * from c", "a:ssn"],
  ["with patients as (select 1 as ssn) select * from patients", "ssn"],
  ["with patients as (select 1 as ssn) select id from public.patients", "id"],
  [
    "with recursive t(a, b) as (select 'x', 'y' union all select b, ssn from patients, t) select * from t",
    "a:ssn b:ssn",
  ],
  [
    "with recursive a as (select * from b), b as (select ssn from patients) select * from a",
    "ssn:ssn",
  ],
  [
    "with a as (select 1 x) select (with a as (select ssn x from patients) select x from a), x from a",
    "x:ssn x",
  ],
  // Functions in FROM.
  ["select * from generate_series(1, 3) g", "g"],
  [
    "select kv.value from patients p, jsonb_each_text(to_jsonb(p)) kv",
    "value:birthdate+contact+mrn+name+ssn+zip",
  ],
  ["select s from patients p, unnest(array[p.ssn::text]) s", "s:ssn"],
  ["select * from json_to_recordset('[]') as t(a int, b text)", "a b"],
  ["select * from unnest(array[1], array['b']) with ordinality", "unnest unnest ordinality"],
  [
    "select jt.* from patients p, json_table(to_jsonb(p.ssn), '$' columns (a text path '$')) jt",
    "a:ssn",
  ],
  [
    "select x.v from patients p, xmltable('/a' passing xmlelement(name a, p.ssn) columns v text path '.') x",
    "v:ssn",
  ],
  // Views, inheritance, generated columns.
  [
    "select * from v_patient_summary",
    "id patient:name birth_year:birthdate visits last_reason:note",
  ],
  ["select * from events_2026", "id ssn:ssn at"],
  ["select tail from cards", "tail:ssn"],
  // PostgreSQL's own relations.
  [
    "select c.relname from pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace",
    "relname",
  ],
  ["select pg_get_userbyid(nspowner), nspacl::text from pg_namespace", "pg_get_userbyid nspacl"],
  ["select table_name from information_schema.tables", "table_name"],
  ["select attname, attmissingval from pg_attribute", "attname attmissingval?"],
];

for (const [sql, expected] of lineage) {
  Deno.test(`lineage of ${sql}`, () => deepStrictEqual(columnsOf(sql), expected));
}

const filters: readonly (readonly [string, readonly string[]])[] = [
  ["select id from patients", []],
  ["select id from patients where ssn = 'x'", ["ssn"]],
  ["select id from patients where id = 1", []],
  ["select p.id from patients p join visits v on v.reason = p.name", ["name", "note"]],
  ["select id from patients natural join other.patients", ["name", "ssn"]],
  ["select id from patients order by ssn", ["ssn"]],
  ["select id, ssn from patients order by 2", ["ssn"]],
  ["select id as ssn from patients order by ssn", []],
  ["select upper(zip) as z from patients order by z", ["zip"]],
  ["select count(*) from patients group by zip", ["zip"]],
  ["select zip as q, count(*) from patients group by 1", ["zip"]],
  ["select zip as q, count(*) from patients group by q", ["zip"]],
  ["select count(*) from patients group by grouping sets ((zip), (name))", ["name", "zip"]],
  ["select department from visits group by 1 having max(reason) > 'a'", ["note"]],
  ["select distinct ssn from patients", ["ssn"]],
  ["select distinct on (ssn) id from patients", ["ssn"]],
  ["select rank() over (partition by zip order by ssn) from patients", ["ssn", "zip"]],
  ["select rank() over w from patients window w as (order by ssn)", ["ssn"]],
  ["select count(*) filter (where ssn like '1%') from patients", ["ssn"]],
  ["select ssn from patients union select payer from claims", ["ssn"]],
  ["select ssn from patients union all select payer from claims", []],
  ["select id from claims limit (select length(max(ssn)) from patients)", ["ssn"]],
  ["select id from claims where exists (select from patients where ssn = 'x')", ["ssn"]],
  ["select id from claims where visit_id in (select id from patients where ssn = 'x')", ["ssn"]],
  ["select id from (select id, ssn from patients) q where ssn = 'x'", ["ssn"]],
  ["select id from v_patient_summary where patient = 'x'", ["name"]],
  ["select id from visits where lookup(id) = 'x'", ["opaque"]],
  ["select id from patients p where p = row(1)", [
    "birthdate",
    "contact",
    "mrn",
    "name",
    "ssn",
    "zip",
  ]],
];

for (const [sql, expected] of filters) {
  Deno.test(`classes compared by ${sql}`, () => {
    const { classesFiltered, effects } = analysisOf(sql);
    deepStrictEqual(classesFiltered, expected);
    deepStrictEqual(effects.includes("filter_by"), expected.length > 0);
  });
}

Deno.test("origin is the bare column, of the view when read through one", () => {
  const origins = (sql: string) => analysisOf(sql).columns?.map(({ origin }) => origin);
  deepStrictEqual(origins("select ssn, ssn || '', id from patients"), [
    { relation: 1001, attribute: 4 },
    null,
    { relation: 1001, attribute: 1 },
  ]);
  deepStrictEqual(origins("select patient from v_patient_summary"), [
    { relation: 1005, attribute: 2 },
  ]);
  deepStrictEqual(origins("select id from patients union select id from claims"), [null]);
  deepStrictEqual(origins("select ctid from patients"), [null]);
});

Deno.test("relations and functions are named, through views to base tables", () => {
  const { relations, functions } = analysisOf("select upper(patient) from v_patient_summary");
  deepStrictEqual(relations, ["public.patients", "public.v_patient_summary", "public.visits"]);
  deepStrictEqual(functions, [
    "pg_catalog.count",
    "pg_catalog.date_part",
    "pg_catalog.max",
    "pg_catalog.upper",
  ]);
});

const rows: readonly (readonly [string, number])[] = [
  ["select * from patients", 5000],
  ["select * from patients limit 7", 7],
  ["select * from patients where id = 3", 1],
  ["select * from patients where mrn = $1 and zip = 'x'", 1],
  ["select * from patients where zip = 'x'", 1650],
  ["select * from patients where id in (1, 2, 3)", 3],
  ["select * from patients p where p.id = any (array[1, 2]) and zip = 'x'", 2],
  ["select * from patients where id in (1, 2) and mrn in ('a', 'b', 'c')", 2],
  ["select * from patients where id in (1, ssn::int)", 1650],
  ["select * from patients where id not in (1, 2)", 1650],
  ["select * from patients where id = 1 or id in (1, 2)", 1650],
  ["select count(*) from patients", 1],
  ["values (1), (2), (3)", 3],
  ["select * from patients, departments", 60_000],
  ["select * from patients p join visits v on v.patient_id = p.id", 5000],
  ["select payer from claims union all select ssn from patients", 10_000],
];

for (const [sql, expected] of rows) {
  Deno.test(`estimated rows of ${sql}`, () => {
    deepStrictEqual(analysisOf(sql).estimatedRows, expected);
  });
}

Deno.test("a column that surely does not exist is PostgreSQL's to refuse, and shows nothing", () => {
  for (const sql of ["select nope from patients", "select p.nope from patients p"]) {
    deepStrictEqual(effectsOf(sql), "read");
    ok(columnsOf(sql).endsWith("?"));
  }
  deepStrictEqual(effectsOf("select id from patients where nope = 1"), "read");
  // What may exist after all is judged as before.
  deepStrictEqual(effectsOf("select n.nope from patients p, lookup(1) n"), "read execute export");
  deepStrictEqual(effectsOf("select p.lookup from patients p"), "read execute export");
});

Deno.test("how many rows a class yields is a predicate on it", () => {
  for (
    const sql of [
      "select generate_series(1, ascii(ssn)) from patients limit 9",
      "select n from generate_series(1, (select ascii(ssn) from patients limit 1)) n limit 9",
      "select w from patients, regexp_split_to_table(ssn, '-') w limit 9",
      "select x.a from patients, xmltable('/a' passing (ssn::xml) columns a text) x limit 9",
    ]
  ) deepStrictEqual(analysisOf(sql).classesFiltered, ["ssn"], sql);
  deepStrictEqual(effectsOf("select upper(ssn) from patients limit 9"), "read");
});

Deno.test("many rows of a classified relation are an export, few or plain ones are not", () => {
  deepStrictEqual(effectsOf("select * from patients"), "read export");
  deepStrictEqual(effectsOf("select * from patients limit 5"), "read");
  deepStrictEqual(effectsOf("select * from claims"), "read");
  deepStrictEqual(effectsOf("select id from v_ids"), "read export");
});
