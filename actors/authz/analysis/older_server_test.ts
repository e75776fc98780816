/**
 * What servers before 16 read otherwise than the parser: each row was run on a real server of the
 * version before the one named, which gave what is said here.
 *
 * @module
 */
import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { analyse, defaultLimits, indexCatalog } from "./analyse.ts";
import { clinicCatalog, clinicListing } from "./clinic.ts";
import { fresh, parser } from "./testing.ts";

const patients = (column: string) => `(select name as ${column} from patients) p`;

/** A subquery lacks the column, so the name means the outer one; the first version not so. */
const outer: readonly (readonly [until: number, sql: string])[] = [
  [15, `select (select "?column?" from (select true) s) from ${patients('"?column?"')}`],
  [15, `select (select "?column?" from (select (select false)) s) from ${patients('"?column?"')}`],
  [
    14,
    `select (select extract from (select extract(year from now())) s) from ${patients("extract")}`,
  ],
  [14, `select (select extract from extract(year from now())) from ${patients("extract")}`],
];

/** Read otherwise, and refused. */
const refused: readonly (readonly [until: number, sql: string])[] = [
  [17, "select json_value('1', '$')"],
  [17, "select json_scalar(1)"],
  [17, "select * from json_table('1', '$' columns (x text path '$'))"],
  [16, "select json_array(1)"],
  [16, "select json_objectagg('a' : 1)"],
  [16, `select system_user from ${patients("system_user")}`],
  [16, "select * from system_user"],
  [15, `select (select "?column?" from (select 0x1f) s) from ${patients('"?column?"')}`],
  [15, "select 1_000"],
  [15, "select - 0b1"],
  [15, "select -/* 5 */0x1f"],
  [15, "select 'é', -- 1\n 1_0"],
];

/** Read alike everywhere. */
const alike = [
  "select json_build_object('a', 1), '{}'::json, to_json(1)",
  "select json_object('{a,b}')",

  "select 'system_user', '0x1f', 'extract'",
  'select 1 as "0x1f"',
  "select -5, - 1.5e3",
];

Deno.test("names mean what they mean to the server, whatever its version", () => {
  for (const [until, sql] of outer) {
    strictEqual(classesOf(sql, until - 1), "name", `${until - 1}: ${sql}`);
    strictEqual(classesOf(sql, until), "", `${until}: ${sql}`);
  }
});

Deno.test("what an older server reads in a way that is not judged is refused", () => {
  for (const [until, sql] of refused) {
    strictEqual(classesOf(sql, until - 1), "syntax_error", `${until - 1}: ${sql}`);
    notStrictEqual(classesOf(sql, until), "syntax_error", `${until}: ${sql}`);
  }
  for (const sql of alike) deepStrictEqual(classesOf(sql, 13), classesOf(sql, 18), sql);
});

function classesOf(sql: string, major: number): string {
  const schema = indexCatalog({ ...clinicCatalog, serverVersion: major * 10_000 }, clinicListing);
  const analysed = analyse(sql, fresh, schema, parser, defaultLimits);
  if (analysed.kind === "refused") return analysed.refusal.code;
  const [statement] = analysed.statements;
  return (statement?.analysis.columns ?? []).flatMap(({ classes, opaque }) => {
    return opaque ? [...classes, "opaque"] : classes;
  }).join(" ");
}
