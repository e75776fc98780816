/** When the planner is asked how many rows there are, and what its answers are good for. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { rowsUnknown } from "#schemas/analysis.ts";
import { Config } from "#schemas/config.ts";
import type { Explain } from "#schemas/frames.ts";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { config as plain } from "../policy/testing.ts";
import { estimateLimits } from "./estimates.ts";
import { admitted, asked, executed } from "./testing.ts";

const config = Config.parse({ ...plain, classes: { ssn: { columns: ["public.patients.ssn"] } } });
const few = `
@id("few") @rows_max("1000") permit (principal, action, resource == Connection::"ehr")
  when { context.estimated_rows <= 1000 };
@id("many") @approval("compliance") @rows_max("9000")
permit (principal, action, resource == Connection::"ehr") when { context.estimated_rows > 1000 };`;
const bulk = `
@id("reads") permit (principal, action in [Action::"session", Action::"read", Action::"filter_by",
  Action::"write", Action::"execute"], resource == Connection::"ehr");
@id("bulk") @approval("compliance")
permit (principal, action == Action::"export", resource == Connection::"ehr");`;
/** The catalog counts 5,000 patients and visits. */
const joined = "select v.id from patients p join visits v on v.patient_id = p.id";
const view = "select id from v_ids";

Deno.test("what the planner says decides, where the catalog's guess is far off", () => {
  for (const [policy, sql] of [[few, joined], [bulk, joined], [bulk, view]] as const) {
    const session = opened(policy);
    deepStrictEqual(session.asks(sql), [{ message: 0, searchPath: ["public"] }], sql);
    session.plan(sql, 40);
    deepStrictEqual(session.asks(sql), [], "it is remembered");
    deepStrictEqual(session.told(sql), ["allow", 40, "planner"], sql);
    session.plan(sql, 1001);
    deepStrictEqual(session.told(sql), ["hold", 1001, "planner"], sql);
    ok(session.judge(sql).statements[0]?.effects.includes("export"), sql);
  }
});

Deno.test("without an answer the catalog's guess serves; where it has none, rows are without limit", () => {
  const session = opened(few);
  session.plan(joined, null);
  deepStrictEqual(session.told(joined), ["hold", 5000, "catalog"]);
  session.plan(view, null);
  deepStrictEqual(session.told(view), ["hold", rowsUnknown, "catalog"]);
  deepStrictEqual([session.asks(joined), session.asks(view)], [[], []], "it is not asked again");
  const bounded = `${view} limit 900`;
  session.plan(bounded, null);
  deepStrictEqual(session.told(bounded), ["allow", 900, "catalog"]);
});

Deno.test("what cannot be planned ahead is without limit, where the catalog counts nothing of it", () => {
  const session = opened(bulk.replace('Action::"write"', 'Action::"write", Action::"define"'));
  for (
    const sql of [
      `declare c cursor for ${view}`,
      `with shown as (${view}) select * from shown for update`,
      `prepare s as ${view}`,
      `select 1; ${view}`,
    ]
  ) {
    strictEqual(session.judge(sql).decision, "hold", sql);
  }
  strictEqual(session.judge(`declare c cursor for ${view} limit 100`).decision, "allow");
  strictEqual(session.judge(`select 1; select count(*) from v_ids`).decision, "allow");
});

Deno.test("nothing is asked where rows have no bearing", () => {
  const free = `@id("all") permit (principal, action, resource);`;
  deepStrictEqual(opened(free).asks(joined), []);
  const session = opened(bulk);
  strictEqual(session.judge("select id from visits").statements[0]?.estimatedBy, undefined);
  for (
    const sql of [
      "select id from visits",
      "select ssn from patients where id = 4",
      "select ssn from patients where id in (4, 5, 6)",
      "select ssn from patients limit 1000",
      "select count(*), max(ssn) from patients",
      "values (1), (2)",
    ]
  ) {
    deepStrictEqual(session.asks(sql), [], sql);
  }
  // Many rows of one, more than the limit says, more than the limit allows.
  for (
    const sql of [
      "select unnest(array_agg(ssn)) from patients",
      "select max(ssn), unnest(array[1, 2]) from patients",
      "select ssn from patients order by id fetch first 3 rows with ties",
      "select ssn from patients limit 1001",
      "select ssn from patients where id > 4",
    ]
  ) {
    deepStrictEqual(session.asks(sql).length, 1, sql);
  }
});

Deno.test("nothing is planned of what is refused, held anyway, or not surely harmless to plan", () => {
  const refusing = `${bulk} @id("no") forbid (principal, action == Action::"filter_by", resource);`;
  deepStrictEqual(opened(refusing).asks("select id from patients where ssn > '1'"), []);
  const holding = `
    @id("session") permit (principal, action == Action::"session", resource);
    @id("held") @approval("compliance") permit (principal, action == Action::"read", resource);
    @id("bulk") @approval("others") permit (principal, action == Action::"export", resource);`;
  deepStrictEqual(opened(holding).asks(joined), []);
  const open = `@id("few") permit (principal, action, resource)
    when { context.estimated_rows <= 1000 };`;
  for (
    const sql of [
      "select lookup(ssn) from patients",
      "select pg_catalog.of_the_next_version(ssn) from patients",
      "select ssn from patients where lower(ssn) = 'a'",
      "select ssn from patients where ssn operator(public.=) 'a'",
      "select ssn from patients for update",
      "select set_config('work_mem', '1MB', false) from patients",
      "select pg_read_file('x') from patients",
      "select nextval('s') from patients",
      "with gone as (delete from visits returning id) select ssn from patients, gone",
      "select ssn into other.copied from patients",
      "update patients set zip = '1' returning ssn",
      "copy (select ssn from patients) to stdout",
      "explain select ssn from patients",
      "declare c cursor for select ssn from patients",
      "prepare s as select ssn from patients",
      "select 1; select ssn from patients",
      "select ssn from nowhere",
      "select nope from patients",
    ]
  ) {
    deepStrictEqual(opened(open).asks(sql), [], sql);
  }
  const session = opened(open);
  strictEqual(session.asks("select id from visits").length, 1);
  session.run("create temporary table mine (id int)");
  deepStrictEqual(session.asks("select id from visits"), []);
});

Deno.test("literals are another question, parameters are not", () => {
  const session = opened(bulk);
  const of = (id: number) => `select ssn from patients where id < ${id}`;
  session.plan(of(5), 4);
  strictEqual(session.told(of(5))[0], "allow");
  strictEqual(session.asks(of(99_999)).length, 1, "an answer of few rows serves for no other text");
  strictEqual(session.told(of(99_999))[0], "hold", "5,000 by the catalog, a third of them");
  const batch = (id: string) => frontendBytes(parse("", of(0).replace("0", "$1")), ...run("", id));
  deepStrictEqual(session.judgeBytes(batch("5")).explain, [{ message: 0, searchPath: ["public"] }]);
  session.planBytes(batch("5"), [1667]);
  const again = session.judgeBytes(batch("6"));
  deepStrictEqual([again.decision, again.explain], ["hold", []]);
});

Deno.test("a statement is asked about as it is prepared, for whenever it runs", () => {
  const session = opened(bulk);
  const prepared = frontendBytes(
    parse("s", joined),
    { kind: "describe", target: "statement", name: "s" },
    { kind: "sync" },
  );
  deepStrictEqual(session.judgeBytes(prepared).explain, [{ message: 0, searchPath: ["public"] }]);
  session.planBytes(prepared, [12]);
  session.settle(prepared);
  const runs = session.judgeBytes(frontendBytes(...run("s")));
  deepStrictEqual([runs.decision, runs.statements[0]?.estimatedBy], ["allow", "planner"]);
  session.later(estimateLimits.goodMs);
  const late = session.judgeBytes(frontendBytes(...run("s")));
  deepStrictEqual(
    [late.decision, late.explain],
    ["allow", []],
    "no text to ask about; still known",
  );
  strictEqual(session.asks(joined).length, 1, "a text that is here is asked about anew");
});

Deno.test("where names mean something else by now, an answer about what they meant is none", () => {
  const session = opened(bulk);
  const prepared = frontendBytes(parse("s", joined), { kind: "sync" });
  session.planBytes(prepared, [12]);
  session.settle(prepared);
  const runs = () => session.judgeBytes(frontendBytes(...run("s"))).statements[0]?.estimatedBy;
  strictEqual(runs(), "planner");
  session.run("set search_path = other, public");
  strictEqual(runs(), undefined);
});

Deno.test("nothing of a request is planned of which a part is refused", () => {
  const session = opened(bulk);
  const batch = (other: string) =>
    frontendBytes(parse("s", joined), parse("", other), ...run("")).slice();
  strictEqual(session.judgeBytes(batch("select 1")).explain.length, 1);
  deepStrictEqual(session.judgeBytes(batch("drop table visits")).explain, []);
});

Deno.test("statements that run together are asked about together, each once", () => {
  const session = opened(few);
  const batch = frontendBytes(
    parse("a", joined),
    ...run("a").slice(0, 2),
    ...run("a").slice(0, 2),
    parse("b", view),
    ...run("b"),
  );
  const { explain } = session.judgeBytes(batch);
  deepStrictEqual(explain.map(({ message }) => message), [0, 5]);
  session.planBytes(batch, [400, 300]);
  const judged = session.judgeBytes(batch);
  deepStrictEqual(judged.statements.map((one) => one.estimatedRows), [400, 400, 300]);
  strictEqual(judged.decision, "hold", "1,100 rows together");
});

Deno.test("what was held is judged again by the rows that it was held for", () => {
  const session = opened(few);
  session.plan(joined, 2000);
  const { statements } = session.judge(joined);
  session.plan(joined, 3);
  const again = session.judgeBytes(query(joined), statements);
  deepStrictEqual([again.decision, again.statements[0]?.estimatedRows], ["hold", 2000]);
});

Deno.test("answers grow old, and of many the oldest is forgotten", () => {
  const session = opened(bulk);
  session.plan(joined, 7);
  session.plan(view, null);
  session.later(estimateLimits.silentMs);
  deepStrictEqual([session.asks(joined).length, session.asks(view).length], [0, 1]);
  for (let id = 0; id < estimateLimits.rememberedMax; id++) {
    session.plan(`select ssn from patients where id > ${id}`, 1);
  }
  strictEqual(session.asks(joined).length, 1);
  const long = `select ssn from patients where ssn <> '${"x".repeat(estimateLimits.textCharsMax)}'`;
  deepStrictEqual(session.asks(long), [], "a text that is not remembered is not asked about");
});

function opened(policy: string) {
  let nowMs = 0;
  const session = admitted(policy, { config, nowMs: () => nowMs });
  const judgeBytes = (
    bytes: Uint8Array,
    before?: Parameters<typeof session.request>[0]["before"],
  ) => session.request({ ...asked(bytes), ...(before === undefined ? {} : { before }) });
  const planBytes = (bytes: Uint8Array, rows: readonly (number | null)[]) => {
    const { catalogDigest, explain } = judgeBytes(bytes);
    const first = { message: 0, searchPath: ["public"] };
    const statements: Explain["statements"] = explain.length === 0 ? [first] : explain;
    const question = { version: 1, request: 1, digest: "", statements } as const;
    const place = { catalogDigest: catalogDigest ?? "" };
    session.estimated(asked(bytes), { ...question, ...place }, rows, nowMs);
  };
  const judge = (sql: string) => judgeBytes(query(sql));
  return {
    judge,
    judgeBytes,
    planBytes,
    plan: (sql: string, rows: number | null) => planBytes(query(sql), [rows]),
    asks: (sql: string) => judge(sql).explain,
    told(sql: string) {
      const { decision, statements } = judge(sql);
      return [decision, statements[0]?.estimatedRows, statements[0]?.estimatedBy];
    },
    settle: (bytes: Uint8Array) => judgeBytes(bytes).consequence.settled(executed),
    run: (sql: string) => judge(sql).consequence.settled(executed),
    later: (ms: number) => void (nowMs += ms),
  };
}

function query(text: string): Uint8Array {
  return frontendBytes({ kind: "query", text });
}

function parse(statement: string, text: string): FrontendMessage {
  return { kind: "parse", statement, text, parameterTypes: [] };
}

function run(statement: string, ...parameters: string[]): FrontendMessage[] {
  return [
    {
      kind: "bind",
      portal: "",
      statement,
      parameterFormats: [],
      parameters: parameters.map((text) => new TextEncoder().encode(text)),
      resultFormats: [],
    },
    { kind: "execute", portal: "", rowsMax: 0 },
    { kind: "sync" },
  ];
}
