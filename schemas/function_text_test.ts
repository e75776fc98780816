import { deepStrictEqual } from "node:assert/strict";
import { functionWork } from "./function_text.ts";

const neither = { moves: false, reads: false, defines: false };
const reads = { moves: false, reads: true, defines: false };
const both = { moves: true, reads: true, defines: false };
const moves = { moves: true, reads: false, defines: false };
const all = { moves: true, reads: true, defines: true };

const rows: readonly (readonly [string, string, ReturnType<typeof functionWork>])[] = [
  ["plpgsql", "begin new.updated_at := now(); return new; end", neither],
  ["plpgsql", "begin return upper($1); end", neither],
  ["sql", "SELECT ssn FROM patients", reads],
  ["plpgsql", "declare s text; begin select ssn into s from patients; return s; end", reads],
  ["sql", "select ssn into kept from patients", all],
  ["plpgsql", "begin INSERT INTO log SELECT 1; end", both],
  ["plpgsql", "begin \"set_config\"('search_path', $1, false); end", moves],
  ["plpgsql", "begin perform pg_catalog.set_config('a.b', $1, false); end", both],
  ["plpgsql", "begin execute $1; end", all],
  ["plpgsql", "begin /* no update here */ return 1; end", moves],
  ["sql", "select lo_from_bytea(0, $1)", both],
  ["sql", 'select U&"s\\0065t_config"(1)', all],
  ["plpgsql", "begin perform nextval('s'); return 1; end", both],
  ["sql", "select pg_restore_relation_stats('relpages', $1)", both],
  ["plpgsql", "declare r refcursor := 'c'; begin close r; open r for select 1; end", both],
  ["sql", "select open, high, low from prices", reads],
  ["plpgsql", "begin perform dblink_exec('', 'x'); end", all],
  ["sql", "CREATE VIEW v AS SELECT 1", all],
  ["plpgsql", "begin call other(); end", { moves: true, reads: false, defines: true }],
  ["plpython3u", "return 1", all],
  ["c", "$libdir/citext", neither],
  ["internal", "textin", neither],
];

for (const [language, text, expected] of rows) {
  Deno.test(`functionWork() of ${language}: ${text}`, () => {
    deepStrictEqual(functionWork(language, text), expected);
  });
}
