import { match, strictEqual } from "node:assert/strict";
import { after, analysisOf, columnsOf, effectsOf, fresh } from "./testing.ts";

/** `ssn:equality+sort mrn:join`, or "-". */
function filtersOf(sql: string, session = fresh): string {
  const filters = analysisOf(sql, session).filters ?? [];
  return filters.map((one) => `${one.class}:${one.kinds.join("+")}`).join(" ") || "-";
}

function check(
  cases: Readonly<Record<string, string>>,
  from = "select id from patients where",
): void {
  for (const [condition, filters] of Object.entries(cases)) {
    const sql = `${from} ${condition}`;
    strictEqual(filtersOf(sql), filters, sql);
  }
}

Deno.test("a bare column that is compared by = with what the statement gives is an equality", () => {
  check({
    "ssn = '1'": "ssn:equality",
    "'1' = ssn": "ssn:equality",
    "p.ssn = $1": "ssn:equality",
    "ssn <> '1'": "ssn:equality",
    "ssn is distinct from '1'": "ssn:equality",
    "ssn in ('1', '2')": "ssn:equality",
    "ssn not in ('1', $2)": "ssn:equality",
    "ssn = any ('{1,2}')": "ssn:equality",
    "ssn <> all (array['1', $1])": "ssn:equality",
    "ssn::text = upper('a' || $1)": "ssn:equality",
    "(ssn, id) = ('1', '2')": "ssn:equality",
    "(ssn, mrn) in (('1', '2'), ('3', '4'))": "mrn:equality ssn:equality",
    "(ssn = '1') is not true": "ssn:equality",
    "not (ssn = '1' or id = '2') and mrn is null": "mrn:equality ssn:equality",
  }, "select id from patients p where");
});

Deno.test("order, and a function of a class, are no equality", () => {
  check({
    "ssn < '1'": "ssn:range",
    "ssn >= any (array['1'])": "ssn:range",
    "dob between '1950-01-01' and now()": "birthdate:range",
    "now() not between symmetric dob and dob": "birthdate:range",
    "(ssn, id) > ('1', '2')": "ssn:range",
    "ssn like '1%'": "ssn:pattern",
    "ssn ilike any (array['1%'])": "ssn:pattern",
    "ssn ~ '^1'": "ssn:pattern",
    "ssn similar to '1%'": "ssn:pattern",
    "to_tsvector(name) @@ to_tsquery('x')": "name:pattern",
    "left(ssn, 1) = '1'": "ssn:pattern",
    "ltrim(ssn) in ('1')": "ssn:pattern",
    "ssn::char(1) = '1'": "ssn:pattern",
    "ssn::text::\"char\" = '1'": "ssn:pattern",
    "ssn::int > 5": "ssn:pattern",
    "ssn || '' = '1'": "ssn:pattern",
    "length(ssn) between 1 and 2": "ssn:pattern",
    "ssn = reverse(ssn)": "ssn:pattern",
    "coalesce(ssn, '1') = '1'": "ssn:pattern",
    "case when ssn = '1' then true end": "ssn:pattern",
    "(ssn = '1') = (mrn = '2')": "mrn:pattern ssn:pattern",
    "nullif(ssn, '1') is null": "ssn:pattern",
    "row(ssn, mrn) is null": "mrn:pattern ssn:pattern",
    "patients = row('1')": "birthdate:pattern contact:pattern mrn:pattern name:pattern " +
      "ssn:pattern zip:pattern",
    "array[ssn] = array['1']": "ssn:pattern",
    "(ssn, id) = (select ssn, id from patients)": "ssn:pattern",
    "lookup(id) = '1'": "opaque:pattern",
    "starts_with(ssn, '1')": "ssn:pattern",
    "pg_sleep(ssn::float) is null": "ssn:pattern",
  });
  strictEqual(
    filtersOf("select x from (select left(ssn, 1) as x from patients) t where x = '1'"),
    "ssn:pattern",
  );
  strictEqual(
    filtersOf("select id from patients limit (select count(ssn || '') from patients)"),
    "ssn:pattern",
  );
});

Deno.test("what is compared with other rows is a join, wherever it stands", () => {
  for (
    const [sql, filters] of Object.entries({
      "select 1 from patients a join patients b on a.mrn = b.mrn": "mrn:join",
      "select 1 from patients a, other.patients b where a.ssn = b.ssn": "ssn:join",
      "select 1 from patients join other.patients b using (ssn)": "ssn:join",
      "select 1 from cards natural join other.patients": "ssn:join",
      "select 1 from patients a join departments d on d.code = a.zip": "zip:join",
      "select 1 from patients where ssn in (select code from departments)": "ssn:join",
      "select 1 from patients where ssn = any (select ssn from cards)": "ssn:join",
      "select 1 from patients where ssn > all (select code from departments)": "ssn:range",
      "select 1 from patients where ssn in (select left(ssn, 3) from cards)": "ssn:pattern",
      "select 1 from patients p where exists (select from cards c where c.ssn = p.ssn)": "ssn:join",
      "select 1 from patients where ssn = (select max(code) from departments)": "ssn:join",
      "select 1 from patients join (values ('1')) v (x) on v.x = ssn": "ssn:join",
      "select 1 from patients a join patients b on a.dob < b.dob": "birthdate:range",
      "delete from visits v using patients p where p.ssn = '1' and p.id = v.patient_id":
        "ssn:equality",
      "merge into claims c using patients on mrn = code when not matched and zip > '1' then do nothing":
        "mrn:join zip:range",
    })
  ) strictEqual(filtersOf(sql), filters, sql);
});

Deno.test("keys of sorts, groups and windows are said, and functions of classes in them", () => {
  for (
    const [sql, filters] of Object.entries({
      "select id from patients order by ssn": "ssn:sort",
      "select id, ssn as x from patients order by x, 2": "ssn:sort",
      "select id from patients order by left(ssn, 1)": "ssn:pattern+sort",
      "select left(ssn, 1) as x from patients order by 1": "ssn:pattern+sort",
      "select zip, count(*) from patients group by zip": "zip:group",
      "select count(*) from patients group by rollup (zip, left(mrn, 1))":
        "mrn:pattern+group zip:group",
      "select distinct ssn from patients": "ssn:group",
      "select distinct on (zip) id from patients order by zip, id": "zip:sort+group",
      "select ssn from patients union select ssn from cards": "ssn:group",
      "select left(ssn, 1) from patients except select '1'": "ssn:pattern+group",
      "select ssn from patients union all select ssn from cards": "-",
      "select count(*) from patients having max(ssn) > '1'": "ssn:pattern",
      "select count(zip) from patients": "zip:equality",
      "select count(*) filter (where ssn = '1') from patients": "ssn:equality",
      "select array_agg(id order by ssn) from patients": "ssn:sort",
      "select row_number() over (partition by zip order by dob) from patients":
        "birthdate:window zip:window",
      "select rank() over w from patients window w as (order by left(ssn, 1))":
        "ssn:pattern+window",
      "select id, ssn = '1', left(ssn, 1) from patients": "-",
    })
  ) strictEqual(filtersOf(sql), filters, sql);
});

Deno.test("a prepared statement or cursor filters as it did where it was made", () => {
  const prepared = after("prepare p as select id from patients where ssn = $1 order by zip");
  strictEqual(filtersOf("execute p ('1')", prepared), "ssn:equality zip:sort");
  const open = after("begin", "declare c cursor for select id from patients where ssn like '1%'");
  strictEqual(filtersOf("fetch 1 from c", open), "ssn:pattern");
  strictEqual(filtersOf("explain select id from patients where ssn < '1'"), "ssn:range");
});

Deno.test("rows that a statement makes and compares with a class are of the class", () => {
  const digits = "generate_series(0, 9) d";
  const parts = "select n, substr(ssn, n, 1) as x from patients, generate_series(1, 11) n";
  const likeIt = "select from patients where ssn like z || d || '%'";
  const spelling = "with recursive r (z) as (select '' union all " +
    `select z || d from r, ${digits} where exists (${likeIt}))`;
  const days = "generate_series('1900-01-01', now(), '1 day') d";
  for (
    const [sql, columns] of Object.entries({
      [`select d, p.id from patients p, ${days} where p.dob = d`]: "d:birthdate id",
      [`select d::text, 1 as one from patients p join ${days} on p.dob between d and d`]:
        "d:birthdate one:birthdate",
      [`select max(d) from ${days} where exists (select from patients where dob = d)`]:
        "max:birthdate",
      [`select m from (select max(d) as m from ${days}, patients where dob = d) t`]: "m:birthdate",
      [`select (select 1 from patients where dob = d and id = '1'), d from ${days}`]:
        "?column?:birthdate d:birthdate",
      "select n from patients, generate_series(1, 11) n where substr(ssn, n, 1) = '9'": "n:ssn",
      "select n from patients, generate_series(1, 11) n where starts_with(ssn, n::text)": "n:ssn",
      [`select n from (${parts}) t where x = '9'`]: "n:ssn",
      [`${spelling} select max(z) from r`]: "max:ssn",
      "select n from generate_series(1, 99) n limit (select ascii(ssn) from patients limit 1)":
        "n:ssn",
      "select n::text from generate_series(1, 9) n intersect select left(ssn, 1) from patients":
        "n:ssn",
      "select x from (values ('1'), ('2')) v (x), (values ('3')) w (y), patients where ssn = x || y":
        "x:ssn",
      "update claims set code = '1' from generate_series(1, 9) n, patients where ssn = n::text returning n":
        "n:ssn",
      // Constants ask one question each, and stored columns are what they are.
      "select x from (values ('1'), ('2')) v (x) join patients on ssn = x": "x",
      "select count(*), 1 as one from patients where ssn = '1'": "count one",
      "select v.department, count(*) from visits v join patients p on p.dob < v.visited_on group by 1":
        "department count",
      "select code, label from departments join patients on zip = code": "code:zip label",
      "select upper(d.code), d.label, p.id from departments d, patients p where left(p.zip, 1) = d.code":
        "upper:zip label id",
      "select code from departments where code in (select zip from patients)": "code:zip",
      "select c from (select code as c from departments) t where exists (select from patients where zip = c)":
        "c:zip",
      "with d as (table departments) select max(code) from d join patients on zip like code || '%'":
        "max:zip",
      "select departments.code from departments join patients on true where zip = any (array[code])":
        "code:zip",
      "delete from claims using departments d, patients p where p.zip = d.code returning d.code":
        "code:zip",
      "select d from generate_series(1, 9) d join visits on id = d": "d",
    })
  ) strictEqual(columnsOf(sql), columns, sql);
  const kept = `create temp table kept as select d from ${days}, patients where dob = d`;
  strictEqual(columnsOf("select d from kept", after(kept)), "d:birthdate");
  const moved = `insert into departments (code) select d from ${days}, patients where dob = d`;
  match(effectsOf(moved), /declassify/);
});
