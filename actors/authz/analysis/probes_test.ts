import { strictEqual } from "node:assert/strict";
import { createAnalyser } from "../postgres/analyser.ts";
import { defaultLimits } from "./analyse.ts";
import type { Given } from "./probes.ts";
import { after, fresh, parser, schema, statementsOf } from "./testing.ts";

/** `ssn=1 ssn=$2 mrn={$3}`; `ssn=?` for what nobody can count; pieces joined by `+`. */
function probesOf(sql: string, session = fresh): string {
  const { probes } = statementsOf(sql, session).at(-1) ?? { probes: [] };
  return probes.map(({ classes, given }) => `${classes.join()}=${written(given)}`).join(" ") || "-";
}

function written(given: Given | null): string {
  if (given === null) return "?";
  const pieces = given.pieces.map((piece) =>
    piece.kind === "literal" ? piece.text : piece.kind === "parameter" ? `$${piece.number}` : "f"
  );
  const text = pieces.join("+").replace(/(?:\bf\+)*f\b/g, "f");
  return given.array ? `{${text}}` : text;
}

function check(cases: Readonly<Record<string, string>>): void {
  for (const [sql, probes] of Object.entries(cases)) strictEqual(probesOf(sql), probes, sql);
}

Deno.test("constants and parameters that a class is compared with are its probes", () => {
  check({
    "select id from patients where ssn = '1'": "ssn=1",
    "select id from patients where '1' <> ssn and mrn = 5": "ssn=1 mrn=5",
    "select id from patients where ssn in ('1', $2, '3')": "ssn=1 ssn=$2 ssn=3",
    "select id from patients where (ssn, id) in (('1', '7'), ('2', '8'))": "ssn=1 ssn=2",
    "select id from patients where ssn = any ($1)": "ssn={$1}",
    "select id from patients where ssn = any ('{1,2}'::text[])": "ssn={{1,2}}",
    "select id from patients where ssn = any (array['1', $1])": "ssn=1 ssn=$1",
    "select id from patients where ssn > '5' or dob between $1 and '2000-01-01'":
      "ssn=5 birthdate=$1 birthdate=2000-01-01",
    "select id from patients where ltrim(name) like $1": "name=f+$1",
    "select id from patients where name ilike any (array['a%', 'b%'])": "name=a% name=b%",
    "select count(*) filter (where ssn = '1') from patients": "ssn=1",
    "select id from patients where id = '7' and zip is null order by ssn": "-",
    "delete from patients where ssn = '1'": "ssn=1",
    "explain select id from patients where ssn = '1'": "ssn=1",
    "select ssn = '1' from patients": "-",
  });
});

Deno.test("what constants make is one value of all of them; what varies by itself is none", () => {
  check({
    "select id from patients where ssn = ltrim('1' || $1)": "ssn=f+1+$1",
    "select id from patients where ssn = '12'::varchar(1)": "ssn=12+1",
    "select id from patients where dob = current_date": "birthdate=f",
    "select id from patients where ssn = random()::text": "ssn=?",
    "select id from patients where ssn = lookup('1')": "ssn,opaque=?",
    "select id from patients where ssn = any (string_to_array('1,2', ','))": "ssn=?",
    "select id from patients where ssn = any (array(select code from departments))": "ssn=?",
  });
});

Deno.test("rows of VALUES and of unnest are probes; rows of tables cannot be counted", () => {
  check({
    "select 1 from patients join (values ('1'), ('2')) v (x) on v.x = ssn": "ssn=1 ssn=2",
    "with v (x) as (values ('1'), ($1)) select 1 from patients, v where x = ssn": "ssn=1 ssn=$1",
    "select 1 from patients join (values ('1')) v (ssn) using (ssn)": "ssn=1",
    "select 1 from patients where ssn in (values ('1'), ('2'))": "ssn=1 ssn=2",
    "select 1 from patients join unnest($1::text[]) u on u = ssn": "ssn={$1}",
    "select 1 from patients join generate_series(1, 9) g on g = ssn": "ssn=?",
    "select 1 from patients where ssn in (select code from departments)": "ssn=?",
    "select 1 from patients join departments on code = zip": "zip=?",
    "select 1 from patients where ssn = (select max(code) from departments)": "ssn=?",
    "with recursive v (x) as (values ('1') union select x || '1' from v) select 1 from patients, v where x = ssn":
      "ssn=?",
    // Both sides are stored: nothing is of the agent's making.
    "select 1 from patients a join other.patients b on a.ssn = b.ssn": "-",
    "select 1 from patients where ssn in (select ssn from cards)": "-",
  });
  strictEqual(
    probesOf("select 1 from patients join t using (ssn)", after("create temp table t (ssn text)")),
    "ssn=?",
  );
});

Deno.test("what is asked of a part counts with the part; what rows ask cannot be counted", () => {
  check({
    "select id from patients where left(ssn, 1) = '9'": "ssn=f+1+9",
    "select id from patients where left(ssn, 2) = '9'": "ssn=f+2+9",
    "select id from patients where starts_with(ssn, '9')": "ssn=f+9",
    "select id from patients where coalesce(ssn = '1', false)": "ssn=f+1+false",
    "select id from patients where nullif(left(ssn, 1), '9') is null": "ssn=f+1+9",
    "select id from patients where ssn = reverse(ssn)": "ssn=f",
    "select id from patients order by left(ssn, 1), zip": "ssn=f+1",
    "select left(zip, 3), count(*) from patients group by 1": "zip=f+3",
    "select n from patients, generate_series(1, 11) n where substr(ssn, n::int, 1) = '9'": "ssn=?",
    "select n from (select n, substr(ssn, n, 1) as x from patients, generate_series(1, 11) n) t where x = '9'":
      "ssn=?",
    "select n from patients, generate_series(1, 99) n where ssn like n || '%'": "ssn=?",
    "select n from patients, generate_series(1, 99) n where starts_with(ssn, n::text)": "ssn=?",
    "select d from patients, generate_series('1900-01-01', now(), '1 day') d where dob between d and d":
      "birthdate=? birthdate=?",
    "select n from generate_series(1, 9) n where exists (select from patients where ssn like n || '%')":
      "ssn=?",
    "select n from generate_series(1, 9) n order by (select left(ssn, n) from patients limit 1)":
      "ssn=?",
    "select n from generate_series(1, 99) n limit (select ascii(ssn) from patients limit 1)":
      "ssn=?",
    "select generate_series(1, ascii(ssn)) from patients": "ssn=?",
    "select ssn from patients intersect values ('1'), ('2')": "ssn=1 ssn=2",
    "select ssn from patients except select code from departments": "ssn=?",
    "select left(ssn, 1) from patients union select '9'": "ssn=? ssn=?",
    "select ssn from patients union select ssn from cards": "-",
    "select 1 from patients having max(ssn) > '5'": "ssn=?",
    "select 1 from patients where left(ssn, 1) in (select code from departments)": "ssn=?",
  });
});

Deno.test("what is prepared probes when it runs, with its arguments", () => {
  const prepare = "prepare p as select id from patients where ssn in ($1, '2') and mrn = $2";
  strictEqual(probesOf(prepare), "-");
  const session = after(prepare);
  strictEqual(probesOf("execute p ('1', 5)", session), "ssn=1 ssn=2 mrn=5");
  strictEqual(
    probesOf("execute p ((select code from departments), 5)", session),
    "ssn=? ssn=2 mrn=5",
  );
  strictEqual(probesOf("execute p ('1')", session), "ssn=1 ssn=2 mrn=?");
  strictEqual(
    probesOf("declare c cursor for select id from patients where ssn = '1'", after("begin")),
    "ssn=1",
  );
});

Deno.test("a remembered shape probes with the literals of each text", () => {
  const analyser = createAnalyser(parser, defaultLimits);
  const probes = (sql: string) => {
    const analysed = analyser.analyse(sql, fresh, schema);
    const [one] = analysed.kind === "analysed" ? analysed.statements : [];
    return [one?.analysis, one?.probes.map(({ given }) => written(given)).join(" ")] as const;
  };
  const text = (ssn: string, mrn: number) =>
    `select id from patients where id = 'x' and ssn in ('${ssn}', 'b''s') and mrn = ${mrn} limit 3`;
  const [first, values] = probes(text("one", 1));
  strictEqual(values, "one b's 1");
  const [second, others] = probes(text("it''s", 22));
  strictEqual(others, "it's b's 22");
  strictEqual(first, second, "the analysis itself is remembered");
  strictEqual(probes("select id from patients where mrn = -5")[1], "-5");
  strictEqual(probes("select id from patients where mrn = -6")[1], "-6");
});
