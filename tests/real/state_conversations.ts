/**
 * Conversations in which a session keeps something: COPY, settings, transactions, notifications.
 *
 * @module
 */
import type { FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import {
  ask,
  type Conversation,
  describe,
  flush,
  parse,
  query,
  run,
  sync,
  talk,
} from "./exchanges.ts";

export function copies(): Conversation[] {
  const data = (text: string): FrontendMessage => {
    return { kind: "copy_data", data: new TextEncoder().encode(text) };
  };
  const done: FrontendMessage = { kind: "copy_done" };
  const stop: FrontendMessage = { kind: "copy_fail", reason: "I changed my mind" };
  const into = "copy basket from stdin";
  const begin = (text: string) => ask([{ kind: "query", text }], "G");
  const signature = "PGCOPY\n\xff\r\n\0";
  const binary = Uint8Array.from([
    ...[...signature].map((character) => character.charCodeAt(0)),
    ...[0, 0, 0, 0, 0, 0, 0, 0],
    ...[0, 2, 0, 0, 0, 4, 0, 0, 0, 7, 0, 0, 0, 1, 0x78],
    ...[255, 255],
  ]);
  return [
    talk(
      "COPY out in every format",
      query("copy (select * from fruit order by id limit 4) to stdout"),
      query("copy (select * from fruit order by id limit 4) to stdout (format csv, header)"),
      query("copy (select * from fruit order by id limit 4) to stdout (format binary)"),
      query("copy (select 1/(5 - n) from generate_series(1, 9) n) to stdout"),
      query("select 1; copy fruit to stdout; select 2"),
      ask([...run("copy cheap to stdout"), sync]),
      ask([...run("copy (table cheap) to stdout"), sync]),
    ),
    talk(
      "COPY in, in every format",
      begin(into),
      ask([data("1\ta\n2\t"), data("b\\N\n3\t\\N\n"), done]),
      begin(`${into} (format csv, header, quote '''')`),
      ask([data("id,note\n4,'x, y'\n"), done]),
      begin(`${into} (format binary)`),
      ask([{ kind: "copy_data", data: binary }, done]),
      query("select * from basket order by id; truncate basket"),
    ),
    talk(
      "COPY in that fails",
      begin(into),
      ask([data("1\ta\n"), stop]),
      begin(into),
      ask([data("x\ta\n"), done]),
      begin(into),
      ask([data("1\ta\tb\n"), data("2\tb\n"), done]),
      begin(into),
      ask([done]),
      query("select * from basket"),
    ),
    talk(
      "COPY in by the extended protocol",
      ask([...run(into), sync], "G"),
      ask([data("5\te\n"), done, sync]),
      ask([...run(into), flush], "G"),
      ask([data("6\tf\n"), stop, sync]),
      query("delete from basket"),
    ),
    talk(
      "COPY in by the extended protocol that fails, at once and late",
      ask([...run(`${into} (freeze)`), sync]),
      ask([...run(into), sync], "G"),
      ask([data("x\n"), done, sync]),
      ask([...run(into), flush], "G"),
      ask([data("x\n")], "E"),
      ask([sync]),
      query("select count(*) from basket"),
    ),
    talk(
      "COPY in between other statements",
      begin("select 1; copy basket from stdin; select 2; copy basket from stdin; select 3"),
      ask([data("1\ta\n"), done], "G"),
      ask([data("2\tb\n"), done]),
      query("delete from basket"),
    ),
    talk(
      "COPY in a transaction",
      query("begin"),
      begin(into),
      ask([data("oops\n"), done]),
      query("select 1"),
      query("commit"),
    ),
  ];
}

export function sessions(): Conversation[] {
  return [
    talk(
      "settings",
      query(
        "set application_name = 'one'; set datestyle = 'SQL, DMY'; set timezone = 'Asia/Tokyo'",
      ),
      query("set intervalstyle = iso_8601; set standard_conforming_strings = off; select 'a\\\\b'"),
      query("set client_encoding = 'LATIN1'; reset client_encoding; set search_path = pg_catalog"),
      query("begin; set local timezone = 'UTC'; commit; show all"),
      query("select set_config('application_name', 'two', true), current_setting('timezone')"),
      query(
        "set role pg_monitor; select current_user; reset role; set session authorization default",
      ),
      query("set nonsense = 1; set custom.thing = 'x'; show custom.thing"),
      query("reset all; discard all"),
    ),
    talk(
      "transactions",
      query("begin; select 1/0"),
      query("select 1"),
      query("commit"),
      query("begin; savepoint a; insert into basket values (1); savepoint b"),
      query("select nope"),
      query("rollback to b; release b; rollback to a"),
      query("commit and chain; select 1; rollback and no chain"),
      query(
        "begin isolation level serializable read only deferrable; insert into basket values (1)",
      ),
      query("rollback; rollback; commit; begin; begin; end"),
      query("start transaction; prepare transaction 'x'"),
      query("rollback"),
    ),
    talk(
      "temporary objects",
      query(
        "create temp table fruit (odd text); insert into fruit values ('shadow'); select upper(odd) from fruit",
      ),
      query("drop table pg_temp.fruit; select count(*) from fruit"),
      query(
        "begin; create temp table gone on commit drop as select 1 as x; select x + 0 from gone; commit",
      ),
      query("table gone; discard temp"),
    ),
    talk(
      "notifications of the session's own",
      query("listen news; notify news, 'first'"),
      query(
        "begin; notify news, 'second'; notify other; select pg_notify('news', 'third'); commit",
      ),
      query("unlisten *; notify news, 'unheard'"),
    ),
    talk(
      "advisory locks",
      query("select pg_advisory_lock(42), pg_try_advisory_lock(42)"),
      query("select pg_advisory_unlock(42), pg_advisory_unlock(42), pg_advisory_unlock(42)"),
    ),
    talk(
      "everything is thrown away",
      ask([parse("select 1", "kept"), sync]),
      query("declare c cursor with hold for select 1; discard all"),
      ask([describe("statement", "kept"), sync]),
    ),
  ];
}
