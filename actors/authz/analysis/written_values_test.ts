/** What a statement writes, and to which column; predicates write nothing. */
import { strictEqual } from "node:assert/strict";
import { type Column, named, plain } from "./lineage.ts";
import { parser } from "./testing.ts";
import { copiedColumns, writtenValues } from "./written_values.ts";

const columns: readonly Column[] = ["id", "ssn", "name"].map((name) => named(name, plain));
const earlier = new Map([["put", "update patients set ssn = $2 where id = $1"]]);

function treeOf(sql: string): unknown {
  const parsed = parser(sql);
  if (!parsed.ok) throw new Error(`${parsed.message}: ${sql}`);
  return parsed.tree;
}

/** `column=literal` or `column=$n`; `?` when no column is certain. */
function writtenIn(sql: string): string {
  const prepared = (name: string): unknown => {
    const text = earlier.get(name);
    if (text === undefined) return null;
    const [statement] = (treeOf(text) as { stmts: { stmt: unknown }[] }).stmts;
    return statement?.stmt;
  };
  return writtenValues(treeOf(sql), () => columns, prepared).map((one) => {
    const value = one.kind === "literal" ? one.text : `$${one.number}`;
    return `${one.destination?.name ?? "?"}=${value}`;
  }).join(" ");
}

Deno.test("writtenValues() names literals and the columns they go to", () => {
  const cases: [string, string][] = [
    ["insert into patients values (1, 'a', $1)", "ssn=a name=$1"],
    ["insert into patients (name, id) values ('a', 1), ('b', 2)", "name=a name=b"],
    ["insert into patients (ssn) select 'a' from visits where kind = 'x'", "ssn=a"],
    ["insert into patients select *, 'a' from visits", "?=a"],
    ["insert into patients (ssn) select v from (values ('a'), ($1)) as t(v)", "?=a ?=$1"],
    ["insert into patients (ssn) select 'a' union select 'b'", "?=a ?=b"],
    [
      "insert into patients (id) values (1) on conflict (id) do update set ssn = 'a' where 'x' = 'y'",
      "ssn=a",
    ],
    ["update patients set ssn = 'a', name = upper('b') where ssn = 'x'", "ssn=a name=b"],
    ["update patients set (ssn, name) = ('a', 'b')", "ssn=a name=b"],
    ["update patients set (ssn, name) = (select 'a', 'b' where 'x' = 'y')", "?=a ?=b"],
    ["update patients set ssn = 'a'::text || $1 collate \"C\"", "ssn=a ssn=$1"],
    ["update patients set ssn = case name when 'x' then 'a' else 'b' end", "ssn=a ssn=b"],
    ["update patients set ssn = coalesce(nullif(ssn, 'x'), 'a')", "ssn=a"],
    ["update patients set ssn = replace(ssn, 'x', 'a')", "ssn=a"],
    ["update patients set ssn = (select 'a' where exists (select 'x'))", "ssn=a"],
    ["update patients set name = (ssn = 'x' or ssn in ('y') or ssn like 'z')::text", ""],
    ["with v as (select 'a' as ssn) update patients p set ssn = v.ssn from v", "?=a"],
    ["with u as (update patients set ssn = 'a') select 'b'", "?=b ssn=a"],
    [
      `merge into patients p using (values ('a')) v(x) on p.ssn = 'x'
       when matched and p.name = 'y' then update set name = 'b'
       when not matched then insert (id, ssn) values (1, 'c')`,
      "name=b ssn=c ?=a",
    ],
    ["explain analyze insert into patients (ssn) values ('a')", "ssn=a"],
    ["copy (insert into patients (ssn) values ('a') returning id) to stdout", "ssn=a"],
    ["prepare p as insert into patients (ssn) values ('a')", "ssn=a"],
    ["select 1; update patients set ssn = e'\\x61'", "ssn=a"],
    ["update patients set ssn = U&'\\0061', name = $$b$$", "ssn=a name=b"],
  ];
  for (const [sql, expected] of cases) strictEqual(writtenIn(sql), expected, sql);
});

Deno.test("writtenValues() takes what only reads or removes for no writing", () => {
  const reading = [
    "select * from patients where ssn = 'x' and name like $1",
    "select 'x', replace(name, 'y', 'z') from patients",
    "delete from patients where ssn = 'x'",
    "declare c cursor for select 'x'",
    "execute unknown_name(1)",
  ];
  for (const sql of reading) strictEqual(writtenIn(sql), "", sql);
});

Deno.test("writtenValues() follows EXECUTE to the column of its parameter", () => {
  strictEqual(writtenIn("execute put('x', 'a')"), "ssn=a");
  strictEqual(writtenIn("explain analyze execute put('x', 'a')"), "ssn=a");
  strictEqual(writtenIn("execute unknown_name('a')"), "?=a", "what is not known may write it");
  const here = "prepare q(text) as select * from patients where ssn = $1; execute q('x')";
  strictEqual(writtenIn(here), "", "what was prepared in this string is known");
  const put = "prepare w(text) as insert into patients (name) values ($1); execute w('a')";
  strictEqual(writtenIn(put), "name=$1 name=a");
});

Deno.test("copiedColumns() are those listed, or all", () => {
  const names = (sql: string) =>
    copiedColumns(treeOf(sql), () => columns)?.map((column) => column?.name ?? "?").join(" ");
  strictEqual(names("copy patients from stdin"), "id ssn name");
  strictEqual(names("copy patients (name, nothing) from stdin"), "name ?");
  strictEqual(names("copy patients to stdout"), undefined);
  strictEqual(names("select 1"), undefined);
});
