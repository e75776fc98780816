/**
 * Conversations with a PostgreSQL server, as clients hold them and as only a test would.
 *
 * @module
 */
import {
  ask,
  bind,
  close,
  type Conversation,
  describe,
  type Exchange,
  execute,
  flush,
  parse,
  query,
  run,
  sync,
  talk,
} from "./exchanges.ts";
import { copies, sessions } from "./state_conversations.ts";
import { type Beginning, usual } from "./wire_client.ts";

/** What the conversations find in their database. */
export const conversationTables = `
create table fruit (id int primary key, name text not null, price numeric(8, 2), picked date);
insert into fruit select n, 'fruit ' || n, n * 1.25, date '2026-01-01' + n
  from generate_series(1, 40) n;
create table basket (id int, note text);
create table stall (id int check (id > 0));
create function talk(text) returns text language plpgsql as $$
begin
  raise notice 'I was told %', $1 using detail = 'a detail', hint = 'a hint';
  raise warning sqlstate '01999' using message = 'careful';
  return upper($1);
end $$;
create function fail(text) returns void language plpgsql as $$
begin
  raise exception 'no: %', $1 using errcode = 'P0042', detail = 'why', hint = 'stop',
    schema = 's', table = 't', column = 'c', datatype = 'd', constraint = 'k';
end $$;
create view cheap as select id, name from fruit where price < 5;
`;

export function conversations(): Conversation[] {
  return [
    ...beginnings(),
    ...simple(),
    ...extended(),
    ...pipelines(),
    ...portals(),
    ...copies(),
    ...sessions(),
  ];
}

function beginnings(): Conversation[] {
  const one = [query("select 1 as one")];
  const begins = (name: string, more: Partial<Beginning>, exchanges: Exchange[] = one) => {
    return { name: `begins with ${name}`, beginning: { ...usual, ...more }, exchanges };
  };
  const odd = { "geqo": "off", "search_path": "pg_catalog, public", "DateStyle": "German" };
  return [
    begins("nothing but names", {}),
    begins("an application's name and settings", {
      parameters: { "application_name": "büro", "extra_float_digits": "3", ...odd },
    }, [query("select now()::date - now()::date, 1.1::float8; show search_path; show geqo")]),
    begins("options", {
      parameters: { options: "-c work_mem=1MB --enable-seqscan=off -c search_path=a,\\ b" },
    }, [query("show work_mem; show enable_seqscan; show search_path")]),
    begins("a role", { parameters: { role: "pg_monitor" } }, [query("select current_user")]),
    begins("another encoding", { parameters: { "client_encoding": "LATIN1" } }, [
      query("show client_encoding; select chr(228)"),
    ]),
    begins("protocol 3.2", { minor: 2 }),
    begins("a protocol to come", { minor: 9 }),
    begins("options of the protocol that nobody knows", {
      minor: 0,
      options: { "_pq_.later": "1", "_pq_.other": "x" },
    }),
    begins("TLS from the first byte", { tls: "direct" }),
    begins("replication=off", { parameters: { replication: "off" } }),
  ];
}

function simple(): Conversation[] {
  return [
    talk("rows", query("select * from fruit order by id limit 3"), query("table cheap")),
    talk("no statement", query(""), query(";;"), query(" -- only a comment\n")),
    talk("several statements", query("select 1; select 2, 'x'; update basket set id = 1; select")),
    talk(
      "errors of every stage",
      query("selekt 1"),
      query("select 'ä' as ü, nope from fruit"),
      query("select 1/0"),
      query("select 'x'::int"),
      query("insert into fruit (id, name) values (1, 'again')"),
      query("select fail('so')"),
      query("select 1; select 1/0; select 2"),
      query("select ((((1"),
      query("select U&'\\00e4', E'\\x41', $$ dollar $$, 'it''s'"),
    ),
    talk("notices", query("select talk('hello'); select talk(null)"), query("rollback")),
    talk(
      "many types",
      query(`select 1::int2, 2::int8, 1.5::float4, 'NaN'::numeric, true, 'a'::"char", 'b'::char(4),
        '{1,2,NULL}'::int[], '{"a":1}'::jsonb, '<a/>'::xml, '\\x00ff'::bytea, date '2026-11-21',
        time '10:00', interval '1 day 2 hours', '10.0.0.1/8'::inet, point(1, 2), int4range(1, 5),
        row(1, 'x'), null, 'a b'::tsvector, uuid '00000000-0000-0000-0000-000000000001'`),
    ),
    talk(
      "a wide and a long result",
      query("select repeat('äx', 200000), n from generate_series(1, 5) n"),
    ),
    talk("ten thousand rows", query("select n, md5(n::text) from generate_series(1, 10000) n")),
    talk("a long statement", query(`select length('${"x".repeat(300_000)}')`)),
    talk(
      "definitions",
      query("create temp table t (id int generated always as identity, b text)"),
      query("insert into t (b) values ('x'), ('y') returning id + 0; table nope"),
      query("alter table t add c int default 7; select c + 0 from t; drop table t; drop table t"),
      query("create temp table if not exists t2 (); create temp table if not exists t2 ()"),
      query("insert into stall values (0)"),
      query("do $$ begin perform 1/0; exception when others then raise notice 'caught'; end $$"),
      query("explain (costs off) select * from fruit where id = 3"),
      query("vacuum basket; analyze basket; lock table basket"),
    ),
    talk(
      "a call of a function by its number",
      functionCall(177, [2, 40]),
      functionCall(154, [1, 0]),
      functionCall(1, []),
      query("select 1"),
    ),
  ];
}

/** FunctionCall with int4 arguments in binary. */
function functionCall(functionOid: number, numbers: readonly number[]): Exchange {
  const values = numbers.map((number) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, number);
    return bytes;
  });
  const message = {
    kind: "function_call",
    functionOid,
    argumentFormats: [1],
    arguments: values,
    resultFormat: 1,
  } as const;
  return ask([message]);
}

function extended(): Conversation[] {
  const one = "select id, name from fruit where id = $1";
  return [
    talk("a statement with a parameter", ask([...run(one, "3"), sync])),
    talk(
      "results in binary",
      ask([parse(one), bind(["3"], { formats: [1] }), describe("portal"), execute(), sync]),
      ask([parse(one), bind(["3"], { formats: [1, 0] }), execute(), sync]),
      ask([parse(one), bind([Uint8Array.of(0, 0, 0, 4)], { given: [1] }), execute(), sync]),
    ),
    talk(
      "a statement with a name",
      ask([parse(one, "s"), describe("statement", "s"), sync]),
      ask([
        bind(["1"], { statement: "s" }),
        execute(),
        bind(["2"], { statement: "s" }),
        execute(),
        sync,
      ]),
      ask([parse(one, "s"), sync]),
      query("execute s(5)"),
      query("deallocate s"),
      ask([bind(["1"], { statement: "s" }), execute(), sync]),
      ask([close("statement", "s"), close("portal", "none"), sync]),
    ),
    talk(
      "a statement made by SQL, run by the protocol",
      query("prepare p (int) as select $1 + 1 as next"),
      ask([describe("statement", "p"), bind(["41"], { statement: "p" }), execute(), sync]),
      query("deallocate all"),
    ),
    talk(
      "statements without rows",
      ask([...run("insert into basket values ($1, $2)", "1", "x"), sync]),
      ask([parse(""), describe("statement"), bind(), describe("portal"), execute(), sync]),
      ask([...run("set application_name = 'other'"), sync]),
      ask([...run("update basket set note = 'y' where id = $1 returning note", "1"), sync]),
      ask([...run("delete from basket"), sync]),
    ),
    talk(
      "errors of each message",
      ask([parse("selekt"), bind(), execute(), sync]),
      ask([parse("select 1; select 2"), sync]),
      ask([parse(one), bind([]), execute(), sync]),
      ask([parse(one), bind(["x"]), execute(), sync]),
      ask([parse(one), bind(["1"]), execute(0, "nowhere"), sync]),
      ask([parse(one), bind(["1"], { statement: "nothing" }), sync]),
      ask([describe("statement", "nothing"), sync]),
      ask([describe("portal", "nowhere"), sync]),
      ask([...run("select 1/$1::int", "0"), sync]),
      ask([...run("select 1"), sync]),
    ),
    talk(
      "parameters of unknown type, null and long",
      ask([
        ...run("select $1::text, $2::int, $3", null, "7", "x".repeat(100_000)),
        sync,
      ]),
    ),
    talk(
      "flush instead of sync",
      ask([parse("select 1"), flush], "1"),
      ask([bind(), flush], "2"),
      ask([execute(), flush], "C"),
      ask([sync]),
    ),
    talk(
      "a query behind messages that nothing ends",
      ask([parse("select 1"), bind(), execute(), { kind: "query", text: "select 2" }]),
      ask([...run("select 3"), sync]),
    ),
    talk(
      "an error behind a flush",
      ask([parse("select 1"), bind(), execute(), flush], "C"),
      ask([parse("selekt"), flush], "E"),
      ask([parse("select 2"), bind(), execute(), sync]),
    ),
  ];
}

function pipelines(): Conversation[] {
  const statements = ["select 1", "select 'two'", "select 1/0", "select 4"];
  const all = statements.flatMap((text) => run(text));
  return [
    talk("a pipeline with an error in the middle", ask([...all, sync])),
    talk(
      "several syncs sent at once",
      ask(statements.flatMap((text) => [...run(text), sync]), "Z", 4),
    ),
    talk(
      "an error undoes what stands before it up to the last sync",
      ask([...run("insert into basket values (9, 'undone')"), ...run("select 1/0"), sync]),
      query("select * from basket"),
    ),
    talk(
      "pipelined simple queries",
      {
        ...ask([{ kind: "query", text: "select 1" }, { kind: "query", text: "select 1/0" }, {
          kind: "query",
          text: "select 2",
        }]),
        times: 3,
      },
    ),
    talk(
      "a transaction in a pipeline",
      ask([
        ...run("begin"),
        ...run("insert into basket values (1, 'kept')"),
        ...run("commit"),
        ...run("delete from basket"),
        sync,
      ]),
    ),
    talk(
      "two hundred statements at once",
      ask([
        ...Array.from({ length: 200 }, (_, n) => run("select $1::int * 2", String(n))).flat(),
        sync,
      ]),
    ),
  ];
}

function portals(): Conversation[] {
  const text = "select id from fruit order by id limit 5";
  return [
    talk(
      "a row limit, and the rest",
      ask([parse(text), bind(), execute(2), execute(2), execute(2), execute(2), sync]),
    ),
    talk(
      "a named portal over several batches of a transaction",
      query("begin"),
      ask([parse(text), bind([], { portal: "c" }), execute(2, "c"), sync]),
      ask([execute(2, "c"), describe("portal", "c"), sync]),
      query("fetch 1 from c"),
      query("select name from pg_cursors"),
      ask([bind([], { portal: "c" }), sync]),
      query("rollback"),
      ask([execute(1, "c"), sync]),
    ),
    talk(
      "cursors by SQL",
      query("begin; declare d scroll cursor with hold for select id, name from fruit order by id"),
      query("fetch 2 from d; fetch backward 1 from d; move 5 in d; fetch absolute 3 from d"),
      ask([describe("portal", "d"), execute(2, "d"), sync]),
      query("commit"),
      query("fetch 1 from d; close d; fetch 1 from d"),
    ),
    talk(
      "a portal that its transaction's end closes",
      ask(
        [
          parse(text),
          bind([], { portal: "x" }),
          execute(1, "x"),
          sync,
          execute(1, "x"),
          sync,
        ],
        "Z",
        2,
      ),
    ),
  ];
}
