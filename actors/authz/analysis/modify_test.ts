/**
 * Writing: effects, classes written, values moved out of their class, and what RETURNING gives.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { analysisOf, columnsOf, effectsOf } from "./testing.ts";

const effects: readonly (readonly [string, string])[] = [
  ["insert into claims (id, payer) values (1, 'x')", "write"],
  ["insert into patients (ssn) values ('x')", "write"],
  ["insert into claims (id, payer) values (1, 'x') returning id", "read write"],
  ["insert into departments select code, label, floor from departments", "read write"],
  ["insert into departments (code) select ssn from patients", "read write declassify"],
  ["insert into departments (code) select upper(ssn) from patients", "read write declassify"],
  ["insert into cards (ssn) select ssn from patients", "read write"],
  ["insert into patients (name) select ssn from patients", "read write declassify"],
  [
    "insert into departments (code) values ((select max(ssn) from patients))",
    "read write declassify",
  ],
  ["insert into departments (code) values (lookup(1))", "write execute declassify"],
  ["insert into departments select * from nope", "read write declassify"],
  ["update visits set department = 'x'", "write"],
  ["update visits set reason = 'x' where id = 1", "write"],
  ["update visits set department = reason", "write declassify"],
  ["update visits set (department, reason) = ('a', reason)", "write"],
  ["update visits set (department, reason) = (reason, 'a')", "write declassify"],
  [
    "update visits set (department, visited_on) = (select 'a', ssn from patients limit 1)",
    "read write declassify",
  ],
  [
    "update visits v set department = 'x' from patients p where p.name = v.reason",
    "read write filter_by",
  ],
  ["delete from visits", "write"],
  // Which rows of its own making a statement writes, or counts in, tells what chose them.
  [
    "insert into visits (department) select d.label from departments d, generate_series(1, 9) n " +
    "where n < (select length(ssn) from patients limit 1)",
    "read write filter_by declassify",
  ],
  [
    "select nextval('s') from generate_series(1, 9) n where n in (select id from patients " +
    "where ssn = n::text)",
    "read write filter_by declassify",
  ],
  [
    "select setval('s', n) from generate_series(1, 9) n join patients p on p.mrn = n::text",
    "read write export filter_by declassify",
  ],
  [
    "select pg_advisory_lock(n) from generate_series(1, 9) n join patients p on p.mrn = n::text",
    "read export filter_by declassify",
  ],
  // A conflict tells that a value is there.
  [
    "insert into patients (id, mrn) values (1, 'a') on conflict (mrn) do nothing",
    "write filter_by",
  ],
  [
    "insert into patients (id, mrn) select n, n::text from generate_series(1, 9) n " +
    "on conflict (mrn) do nothing",
    "write filter_by declassify",
  ],
  [
    "insert into patients (id, mrn) values (1, 'a') on conflict (id) do update set mrn = excluded.mrn",
    "write",
  ],
  ["delete from patients where ssn = 'x'", "write filter_by"],
  ["delete from visits v using patients p where v.patient_id = p.id", "read write"],
  ["with x as (delete from visits returning id) select 1", "read write"],
  [
    "with x as (insert into departments (code) select ssn from patients) select 1",
    "read write declassify",
  ],
  [
    "insert into departments (code) values ('a') on conflict (code) do update set label = excluded.code",
    "write",
  ],
  [
    "insert into patients (id, ssn) values (1, 'a') on conflict (id) do update set name = excluded.ssn",
    "write declassify",
  ],
  [
    "insert into patients (id) values (1) on conflict (id) do update set name = 'x' where patients.ssn = 'y'",
    "write filter_by",
  ],
  [
    "merge into departments d using patients p on d.code = p.ssn when matched then delete",
    "read write filter_by",
  ],
  [
    "merge into departments d using patients p on d.code = p.zip when not matched then insert (code) values (p.name)",
    "read write filter_by declassify",
  ],
  [
    "merge into departments d using (select 'a' k) s on d.code = s.k when matched then update set label = s.k",
    "write",
  ],
  ["truncate patients", "write"],
];

for (const [sql, expected] of effects) {
  Deno.test(`effects of ${sql}`, () => deepStrictEqual(effectsOf(sql), expected));
}

const returned: readonly (readonly [string, string])[] = [
  ["delete from visits", "-"],
  ["delete from visits returning *", "id patient_id visited_on department reason:note"],
  ["update patients set zip = 'x' returning id, ssn s", "id s:ssn"],
  [
    "update patients set zip = 'x' returning old.zip, new.ssn, old",
    "zip:zip ssn:ssn old:birthdate+contact+mrn+name+ssn+zip",
  ],
  ["update patients set zip = 'x' returning with (old as o) o.ssn", "ssn:ssn"],
  [
    "update visits v set department = 'x' from departments d where d.code = v.department returning *",
    "id patient_id visited_on department reason:note code label floor",
  ],
  // What was just written comes back, whatever the column is.
  [
    "insert into departments (code) select ssn from patients returning code, label",
    "code:ssn label",
  ],
  ["update visits set department = reason returning department", "department:note"],
  [
    "insert into patients (id, ssn) values (1, 'a') on conflict (id) do update set zip = excluded.ssn returning zip",
    "zip:ssn+zip",
  ],
  [
    "merge into departments d using (select 'a' k) s on code = k when matched then delete returning merge_action(), *",
    "merge_action k code label floor",
  ],
  ["with x as (delete from patients returning ssn) select * from x", "ssn:ssn"],
];

for (const [sql, expected] of returned) {
  Deno.test(`rows returned by ${sql}`, () => deepStrictEqual(columnsOf(sql), expected));
}

Deno.test("classes of written columns are named", () => {
  const written = (sql: string) => analysisOf(sql).classesWritten;
  deepStrictEqual(written("update patients set name = 'x', zip = 'y'"), ["name", "zip"]);
  deepStrictEqual(written("insert into notes (body) values ('x')"), ["note"]);
  deepStrictEqual(written("insert into claims (payer) values ('x')"), []);
  deepStrictEqual(written("update v_patient_summary set patient = 'x'"), ["name"]);
  deepStrictEqual(written("copy patients (id, ssn) from stdin"), ["ssn"]);
});

Deno.test("classes are named of which something made of them is written", () => {
  const reshaped = (sql: string) => analysisOf(sql).classesReshaped ?? [];
  deepStrictEqual(reshaped("update patients set ssn = nullif(ssn, '9')"), ["ssn"]);
  deepStrictEqual(reshaped("update patients set ssn = left(ssn, 1), name = reverse(name)"), [
    "name",
    "ssn",
  ]);
  deepStrictEqual(reshaped("insert into patients (ssn) select ssn || '' from patients"), ["ssn"]);
  deepStrictEqual(reshaped("insert into patients (ssn) values ((select max(ssn) from patients))"), [
    "ssn",
  ]);
  const whole = [
    "update patients set name = upper(btrim(name)), ssn = coalesce(ssn, ''), zip = 'x'",
    "update patients set name = case when id = 1 then 'x' else name end",
    "update patients p set ssn = (select q.ssn from patients q where q.id = p.id)",
    "update patients set (ssn, zip) = (select ssn, zip from patients where id = 1)",
    "insert into patients (ssn) select s from (select ssn as s from patients) t",
    "insert into patients (id, ssn) values (1, 'a') on conflict (id) do update set ssn = excluded.ssn",
    "merge into patients p using patients q on p.id = q.id when matched then update set ssn = q.ssn",
  ];
  for (const sql of whole) deepStrictEqual(reshaped(sql), [], sql);
  const made = "update patients set name = case when ssn = '1' then name end";
  deepStrictEqual(reshaped(made), ["name", "ssn"]);
});
