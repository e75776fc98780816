import { ok, strictEqual } from "node:assert/strict";
import { after, analyseIn, analysisOf, fresh } from "./testing.ts";

/** The proven rows and the columns made of many rows: `11 count`; "-" when nothing is protected. */
function groupsOf(sql: string, session = fresh): string {
  const { aggregateRowsMin = "-", columns } = analysisOf(sql, session);
  const made = (columns ?? []).filter(({ aggregate }) => aggregate === true);
  return [aggregateRowsMin, ...made.map(({ name }) => name)].join(" ");
}

Deno.test("HAVING count(*) proves how many rows every group has", () => {
  for (
    const [having, groups] of Object.entries({
      "count(*) >= 11": "11 zip count",
      "count(*) > 10": "11 zip count",
      "11 <= count(*)": "11 zip count",
      "10 < pg_catalog.count(*)": "11 zip count",
      "count(*) = 5": "5 zip count",
      "count(*) >= 5 and (count(*) >= 11 and avg(id::int) > 3)": "11 zip count",
      "count(*) >= 11 or true": "0 zip count",
      "not (count(*) >= 11)": "0 zip count",
      "count(*) >= $1": "0 zip count",
      "count(*) >= 10 + 1": "0 zip count",
      "count(*) >= '11'": "0 zip count",
      "count(*) <= 11": "0 zip count",
      "count(*) <> 11": "0 zip count",
      "count(id) >= 11": "0 zip count",
      "count(*) filter (where id = '1') >= 11": "0 zip count",
      "count(*) over () >= 11": "0 zip count",
      "other.count(*) >= 11": "0 zip count",
      "count(*) operator(other.>=) 11": "0 zip count",
      "count(*) >= -1": "0 zip count",
    })
  ) {
    const sql = `select zip, count(*) from patients group by zip having ${having}`;
    strictEqual(groupsOf(sql), groups, sql);
  }
});

Deno.test("nothing is proven where rows multiply, or where single ones are picked", () => {
  const having = "having count(*) >= 11";
  for (
    const [sql, groups] of Object.entries({
      [`select count(*) from patients where zip = '1' ${having}`]: "11 count",
      [`select round(avg(dob), 1) + sum(zip), count(distinct id) from patients ${having}`]:
        "11 ?column? count",
      [`select left(zip, 3), count(*) from patients group by 1 ${having}`]: "11 left count",
      [`select count(*) from patients, generate_series(1, 11) where zip = '1' ${having}`]:
        "0 count",
      [`select count(*) from patients a join patients b on true where a.zip = '1' ${having}`]:
        "0 count",
      [`select count(*) from (select * from patients) p where zip = '1' ${having}`]: "0 count",
      [`select count(*) from v_patient_summary where patient = '1' ${having}`]: "0 count",
      [`with p as (table patients) select count(*) from p where zip = '1' ${having}`]: "0 count",
      [`select count(*) from patients tablesample system (10) where zip = '1' ${having}`]:
        "0 count",
      [`select count(*), max(id) from patients where zip = '1' ${having}`]: "0 count max",
      [`select array_agg(id) from patients where zip = '1' ${having}`]: "0 array_agg",
      [`select sum(case id when '7' then 1 end) from patients where zip = '1' ${having}`]: "0 sum",
      [`select count(*) filter (where id = '7') from patients where zip = '1' ${having}`]:
        "0 count",
      [`select count(*), generate_series(1, 11) from patients where zip = '1' ${having}`]:
        "0 count generate_series",
      [`select count(*) from patients group by zip, generate_series(1, 11) * 0 ${having}`]:
        "0 count",
      [`select count(*), (select id from patients limit 1) from patients ${having}`]: "0 count id",
      [`select count(*), count(*) over () from patients ${having}`]: "0 count count",
      [`select count(*) from patients where zip = '1' ${having} and bool_or(id = '7')`]: "0 count",
      [`select count(*) from patients group by zip ${having} order by max(id)`]: "0 count",
    })
  ) {
    strictEqual(groupsOf(sql), groups, sql);
  }
});

Deno.test("one level that takes rows one by one leaves nothing proven", () => {
  const proven = "select count(*) from patients where zip = '1' having count(*) >= 11";
  for (
    const [sql, groups] of Object.entries({
      [`select id from patients where zip = '1' union all ${proven}`]: "0 id",
      [`${proven} union all select count(*) from patients having count(*) >= 5`]: "5 count",
      [`select n from (${proven}) t (n)`]: "11 n",
      [`select sum(n) from (${proven}) t (n)`]: "11 sum",
      [`select count(*) from claims where id in (select id from patients where zip = '1')`]:
        "0 count",
      [`select (${proven})`]: "11 count",
      [`select array(select id from patients where zip = '1')`]: "0 array",
      [`with x as (delete from claims returning id) ${proven}`]: "0 count",
      "select count(*) from departments": "- count",
      "update claims set code = (select count(*) from patients where zip = '1')": "0",
    })
  ) strictEqual(groupsOf(sql), groups, sql);
});

Deno.test("what is proven is remembered with the literal, and of prepared statements", () => {
  const sql = "select count(*) from patients where zip = '1' having count(*) >= 11";
  const analysed = analyseIn(fresh, sql);
  ok(analysed.kind === "analysed" && !analysed.shapeIndependent);
  strictEqual(groupsOf("execute p", after(`prepare p as ${sql}`)), "11 count");
  const declared = after("begin", `declare c cursor for ${sql}`);
  strictEqual(groupsOf("fetch all from c", declared), "11 count");
});
