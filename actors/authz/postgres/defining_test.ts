/** What a verdict says that its request defines for others. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { permitAll } from "../policy/testing.ts";
import { asked, executed, judgeOf } from "./testing.ts";

const none = undefined;
const any = null;

const rows: readonly (readonly [string, readonly string[] | null | undefined])[] = [
  ["select 1", none],
  ["begin", none],
  ["insert into departments (code) values ('a')", none],
  ["create temp table t (a int)", none],
  ["create view v as select 1 as a", ["v"]],
  ["create table other.t (a int); alter table departments add column x text", ["t", "departments"]],
  ["drop view v_patient_summary", ["v_patient_summary"]],
  ["create index i on departments (code)", ["i"]],
  ["comment on table departments is 'x'", none],
  ["create schema s", any],
  ["create function f() returns text language sql as 'select 1'", any],
  ["create view v as select 1; create schema s", any],
  ["do $$ begin perform 1; end $$", none],
  ["do $$ begin insert into departments (code) values ('a'); end $$", none],
  ["do $$ begin create view v as select 1; end $$", any],
  ["do $$ begin execute 'select 1'; end $$", any],
  ["do language plpython3u $$ pass $$", any],
  ["prepare p as select 1", none],
  ["commit prepared 'x'", any],
];

Deno.test("what a request defines for others stands in its verdict", () => {
  const judge = judgeOf(`${permitAll}
    @id("nothing-shown") forbid (principal, action == Action::"reveal", resource);`);
  const session = judge.admit();
  for (const [text, expected] of rows) {
    const judged = session.request(asked(frontendBytes({ kind: "query", text })));
    deepStrictEqual(judged.decision, "allow", text);
    deepStrictEqual(judged.defines, expected, text);
  }
});

Deno.test("what nobody understands may define anything", () => {
  const session = judgeOf(permitAll).admit();
  const judged = session.request(asked(frontendBytes({ kind: "query", text: "select from from" })));
  deepStrictEqual([judged.decision, judged.defines], ["allow", any]);
});

Deno.test("after its own definition a session waits for the catalog as it came then", () => {
  const judge = judgeOf(permitAll);
  const session = judge.admit();
  for (const digest of ["without", "with"]) judge.catalogRead(digest);
  const text = "drop view v_patient_summary";
  const judged = session.request(asked(frontendBytes({ kind: "query", text })));
  judged.consequence.allowed();
  judged.consequence.settled({ ...executed, completed: 1, catalogDigest: "without" });
  ok(!session.ready(), "it was here before, and is not what is known now");
  judge.catalogRead("without");
  judge.catalogRead("another session's");
  ok(session.ready());

  // What defines nothing that the catalog shows has it read all the same.
  const temporary = session.request(
    asked(frontendBytes({ kind: "query", text: "create temp view t as select 1" })),
  );
  temporary.consequence.allowed();
  const same = { ...executed, completed: 1, catalogDigest: "another session's" };
  temporary.consequence.settled(same);
  judge.catalogRead("newer");
  ok(session.ready(), "it is the one by which it was judged");
});
