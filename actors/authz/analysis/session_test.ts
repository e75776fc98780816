/**
 * The session's memory: what names mean after settings, transactions, temporary relations, prepared
 * statements and cursors.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { applyRequest, settled } from "./session.ts";
import { after, analysisOf, columnsOf, effectsOf, refusalOf, statementsOf } from "./testing.ts";

const own = "select ssn from patients";
/** Which `patients` a session reads: that of public, of other, a temporary one, or not known. */
function meaning(...requests: readonly string[]): string {
  const session = after(...requests);
  const { columns, relations } = analysisOf("select * from patients", session);
  return columns?.some(({ opaque }) => opaque) === true ? "opaque" : relations.join();
}

const paths: readonly (readonly [readonly string[], string])[] = [
  [[], "public.patients"],
  [["set search_path = other"], "other.patients"],
  [["set search_path = nowhere, other"], "other.patients"],
  [["set search_path = ''"], "opaque"],
  [["set search_path = nowhere"], "opaque"],
  [["set search_path = other", "reset search_path"], "public.patients"],
  [["set search_path = other", "set search_path to default"], "public.patients"],
  [["set search_path = other", "reset all"], "public.patients"],
  [["set search_path = other", "discard all"], "public.patients"],
  [["select set_config('search_path', 'other, public', false)"], "other.patients"],
  [["select pg_catalog.set_config('search_path', '', false)"], "opaque"],
  // A name that PostgreSQL cuts, and one of which a blank is part, are of other schemas.
  [[`select set_config('search_path', '${"w".repeat(64)}, other', false)`], "opaque"],
  [[`set search_path = '${"é".repeat(32)}', other`], "opaque"],
  [[`set search_path = '${"é".repeat(31)}', other`], "other.patients"],
  [["select set_config('search_path', '\u00a0other', false)"], "opaque"],
  [["select set_config('search_path', '\u00a0', false)"], "opaque"],
  [["select set_config('search_path', ' other\t, public', false)"], "other.patients"],
  [["set local search_path = other"], "public.patients"],
  [["begin", "set local search_path = other"], "other.patients"],
  [["begin", "set local search_path = other", "commit"], "public.patients"],
  [["begin", "set search_path = other", "commit"], "other.patients"],
  [["begin", "set search_path = other", "rollback"], "public.patients"],
  [["begin", "set search_path = other", "commit and chain"], "other.patients"],
  [
    ["begin", "set search_path = other; set local search_path = public", "commit"],
    "other.patients",
  ],
  [["begin", "savepoint a", "set search_path = other", "rollback to a"], "public.patients"],
  [["begin", "set search_path = other", "savepoint a", "rollback to a"], "other.patients"],
  [["begin", "savepoint a", "set search_path = other", "release a", "commit"], "other.patients"],
  [["begin", "savepoint a", "set search_path = other", "release a", "rollback"], "public.patients"],
  [["set search_path = other; begin", "rollback"], "public.patients"],
  [["set search_path = other; commit; select 1"], "other.patients"],
  [["set search_path = other; rollback; select 1"], "public.patients"],
  [["begin; set local search_path = other; commit; select 1"], "public.patients"],
  // Another role's own schema stands in "$user", which the default path may hold.
  [["set role admin"], "opaque"],
  [["set session authorization admin"], "opaque"],
  [["set role admin", "set search_path = other"], "other.patients"],
  [["set role admin", 'set search_path = "$user", other'], "opaque"],
  [
    ["set role admin", "set search_path = other", 'set search_path = "$user", other'],
    "opaque",
  ],
  [["set role admin", "reset search_path"], "opaque"],
  [["select set_config('role', 'admin', false)"], "opaque"],
  [["select set_config('role', 'admin', false), 1"], "opaque"],
  [["set role admin", "discard all"], "public.patients"],
  [["begin", "set role admin", "rollback"], "public.patients"],
  [["begin", "set local role admin", "commit"], "public.patients"],
  [['set search_path = "$user", other'], "other.patients"],
  [["do $$begin end$$"], "opaque"],
  [["call refresh()"], "opaque"],
  [["call refresh()", "discard all"], "opaque"],
];
for (const [requests, expected] of paths) {
  Deno.test(`patients after: ${requests.join(" | ")}`, () => {
    deepStrictEqual(meaning(...requests), expected);
  });
}

const temporaries: readonly (readonly [readonly string[], string])[] = [
  [["create temp table patients (id int)"], "pg_temp.patients"],
  [["create table pg_temp.patients (id int)"], "pg_temp.patients"],
  [["create temp table patients as select 1 id"], "pg_temp.patients"],
  [["select 1 as id into temp patients"], "pg_temp.patients"],
  [["create temp table patients (id int)", "discard temp"], "public.patients"],
  [["begin", "create temp table patients (id int)", "rollback"], "public.patients"],
  [["begin", "create temp table patients (id int)", "commit"], "pg_temp.patients"],
  [["create temp table patients (id int)", "drop table patients"], "opaque"],
  [["create temp table patients (id int)", "alter table patients rename to x"], "opaque"],
  [["create temp table patients (id int) on commit drop"], "opaque"],
  [["create temp table patients on commit drop as select 1 id"], "opaque"],
  [["create temp table if not exists patients (id int)"], "opaque"],
  [["create temp table patients (like other.patients)"], "opaque"],
  [["create temp view patients as select 1 as id"], "opaque"],
  [["set search_path = public, pg_temp", "create temp table patients (id int)"], "public.patients"],
  // Definitions that no catalog has shown yet.
  [["create table other.x (id int)"], "opaque"],
  [["begin", "alter table patients rename ssn to x", "rollback"], "public.patients"],
  [["begin", "alter table patients rename ssn to x", "commit"], "opaque"],
];
for (const [requests, expected] of temporaries) {
  Deno.test(`patients after: ${requests.join(" | ")}`, () => {
    deepStrictEqual(meaning(...requests), expected);
  });
}

Deno.test("a temporary table made from a query keeps the classes it was made from", () => {
  const session = after("create temp table t as select id, ssn as x from patients");
  deepStrictEqual(columnsOf("select * from t", session), "id x:ssn");
  deepStrictEqual(
    effectsOf("insert into t (id) select ssn from patients", session),
    "read write declassify",
  );
});

Deno.test("a catalog read after the definition settles names, but not inside a transaction", () => {
  const defined = after("alter table claims add column x text");
  deepStrictEqual(columnsOf(own, defined), "ssn:ssn?");
  deepStrictEqual(columnsOf(own, settled(defined)), "ssn:ssn");
  const inside = after("begin", "alter table claims add column x text");
  deepStrictEqual(columnsOf(own, settled(inside)), "ssn:ssn?");
});

Deno.test("a failed statement undoes the implicit transaction it stood in", () => {
  const session = after();
  const sql = "set search_path = other; select 1 / 0";
  const changes = statementsOf(sql, session).map(({ change }) => change);
  deepStrictEqual(applyRequest(session, changes, 1).searchPath, ["public"]);
  deepStrictEqual(applyRequest(session, changes, 2).searchPath, ["other"]);
  const kept = statementsOf("set search_path = other; commit; select 1 / 0", session);
  deepStrictEqual(applyRequest(session, kept.map(({ change }) => change), 2).searchPath, ["other"]);
});

Deno.test("a failed block ends in a rollback, whatever ends it", () => {
  const inside = after("begin", "set search_path = other");
  const failed = applyRequest(inside, [null], 0);
  const end = statementsOf("commit", failed).map(({ change }) => change);
  deepStrictEqual(applyRequest(failed, end, 1).searchPath, ["public"]);
  const saved = after("begin", "savepoint a", "set search_path = other");
  const broken = applyRequest(saved, [null], 0);
  const back = applyRequest(broken, [{ kind: "rollback_to", name: "a" }], 1);
  deepStrictEqual(applyRequest(back, end, 1).searchPath, ["public"]);
  ok(back.transaction.kind === "block" && !back.transaction.failed);
});

Deno.test("prepared statements are judged when made and when run", () => {
  deepStrictEqual(effectsOf("prepare q as delete from claims"), "write");
  const session = after("prepare q (int) as select ssn from patients where id = $1");
  deepStrictEqual(columnsOf("execute q (1)", session), "ssn:ssn");
  deepStrictEqual(refusalOf("execute nope", session), "unknown_prepared_statement");
  deepStrictEqual(
    refusalOf("execute q", after("prepare q as select 1", "deallocate q")),
    "unknown_prepared_statement",
  );
  deepStrictEqual(
    refusalOf("execute q", after("prepare q as select 1", "discard all")),
    "unknown_prepared_statement",
  );
  deepStrictEqual(columnsOf("prepare q as select ssn from patients; execute q"), "ssn:ssn");
  // A parameter may carry a class.
  deepStrictEqual(
    columnsOf("execute q ((select max(ssn) from patients))", after("prepare q as select $1")),
    "?column?:ssn",
  );
});

Deno.test("prepared statements outlive a rollback, as PostgreSQL keeps them", () => {
  const session = after(
    "prepare q as select id from claims",
    "begin",
    "deallocate q",
    "prepare q as select ssn from patients",
    "rollback",
  );
  deepStrictEqual(columnsOf("execute q", session), "ssn:ssn");
});

Deno.test("a prepared statement means what its names mean now, and what they meant", () => {
  const moved = after("prepare q as select name from codes", "set search_path = other");
  ok(columnsOf("execute q", moved).endsWith("?"));
  const shadowed = after(
    "prepare q as select id, ssn from patients",
    "create temp table patients as select 1 as id, 'x' as ssn",
  );
  deepStrictEqual(columnsOf("execute q", shadowed), "id ssn:ssn");
  const uncovered = after(
    "create temp table patients as select 1 as id, 'x' as ssn",
    "prepare q as select id, ssn from patients",
    "discard temp",
  );
  deepStrictEqual(columnsOf("execute q", uncovered), "id ssn:ssn");
  const back = after(
    "set search_path = other",
    "prepare q as select name from codes",
    "set search_path = public",
    "set search_path = other",
  );
  deepStrictEqual(columnsOf("execute q", back), "name");
});

Deno.test("PREPARE whose query cannot be told from its text is refused", () => {
  deepStrictEqual(refusalOf("prepare q /* a */ as select 1"), "unsupported_statement");
  deepStrictEqual(
    refusalOf(`prepare q as select '${"x".repeat(70_000)}'`),
    "unsupported_statement",
  );
  deepStrictEqual(
    refusalOf('/* a */ -- b\n prepare "q ()" (numeric(1,2), "t") as\n select 1'),
    null,
  );
});

Deno.test("cursors carry what they read until their transaction ends", () => {
  const begun = ["begin", "declare c cursor for select id, ssn from patients"] as const;
  deepStrictEqual(columnsOf("fetch all from c", after(...begun)), "id ssn:ssn");
  deepStrictEqual(columnsOf("move 5 in c", after(...begun)), "-");
  deepStrictEqual(refusalOf("fetch c", after(...begun, "commit")), "unknown_cursor");
  deepStrictEqual(refusalOf("fetch c", after(...begun, "close c")), "unknown_cursor");
  deepStrictEqual(refusalOf("fetch c", after(...begun, "close all")), "unknown_cursor");
  deepStrictEqual(refusalOf("fetch c", after(...begun, "rollback")), "unknown_cursor");
  const held = after("begin", "declare c cursor with hold for select ssn from patients", "commit");
  deepStrictEqual(columnsOf("fetch c", held), "ssn:ssn");
});

Deno.test("names a session may hold are bounded", () => {
  const many = after(Array.from({ length: 1000 }, (_, n) => `prepare q${n} as select 1`).join(";"));
  deepStrictEqual(refusalOf("prepare another as select 1", many), "too_complex");
  deepStrictEqual(refusalOf("prepare q1 as select 1", many), null);
});
