/**
 * The parser is PostgreSQL 18's; of a server before 17 some texts mean something else, and what
 * they mean there decides which column an outer query names, or whose function is called. Here a
 * tree becomes what the server's own parser would have made, or the text is refused.
 *
 * | before | text                | there                                                  |
 * | ------ | ------------------- | ------------------------------------------------------ |
 * | 17     | `json_value(…)`     | a function of users' own, as `json_array(…)` before 16 |
 * | 16     | `system_user`       | a column or a table of that name                       |
 * | 15     | `true`              | `'t'::bool`, so a column of it is called `bool`        |
 * | 15     | `0x1f`, `1_000`     | `0 AS x1f`, `1 AS _000`                                |
 * | 14     | `extract(a from b)` | `date_part('a', b)`, and called so                     |
 *
 * What 18 refuses and an older server takes (postfix operators, `123abc`) is refused here, too.
 *
 * @module
 */
import type { Parsed, Parser } from "./parser.ts";
import { bodyOf, fields, number, stringsOf } from "./tree.ts";

/** A parser that reads as a server of this `server_version_num` does. */
export function parserFor(parser: Parser, serverVersion: number): Parser {
  if (serverVersion >= 170_000) return parser;
  return (sql) => {
    const parsed = parser(sql);
    if (!parsed.ok || !suspicious.test(sql)) return parsed;
    return asOlder(parsed.tree, sql, serverVersion) ? parsed : otherwise;
  };
}

/** Words and signs without which every server reads a text alike. */
const suspicious = /json|merge_action|system_user|true|false|extract|[0-9][xXoObB_]/i;

/** Nodes that stand for what would be a call of users' code, and the versions that have them. */
const newNodes: ReadonlyMap<string, number> = new Map([
  ...["JsonObjectConstructor", "JsonArrayConstructor", "JsonArrayQueryConstructor"].map(since(16)),
  ...["JsonObjectAgg", "JsonArrayAgg"].map(since(16)),
  ...["JsonFuncExpr", "JsonParseExpr", "JsonScalarExpr", "JsonSerializeExpr"].map(since(17)),
  ...["JsonTable", "MergeSupportFunc"].map(since(17)),
]);

function since(major: number) {
  return (tag: string) => [tag, major * 10_000] as const;
}

const otherwise: Parsed = {
  ok: false,
  code: "syntax_error",
  message: "A server of this version reads the statement otherwise; put names in quotes",
  position: null,
};

/** Changes the tree in place; false when the text cannot be judged for such a server. */
function asOlder(tree: unknown, sql: string, serverVersion: number): boolean {
  const bytes = new TextEncoder().encode(sql);
  const waiting: unknown[] = [tree];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (!isHolder(next)) continue;
    for (const [key, value] of Object.entries(next)) {
      if (serverVersion < (newNodes.get(key) ?? 0)) return false;
      const constant = bodyOf(value, "A_Const");
      const call = bodyOf(value, "FuncCall");
      if (constant !== null && serverVersion < 150_000) {
        if (isJoined(bytes, number(constant["location"]))) return false;
        const truth = fields(constant["boolval"])["boolval"] === true;
        if (constant["boolval"] !== undefined) next[key] = olderTruth(truth, constant["location"]);
        continue;
      }
      if (call !== null && call["funcformat"] === "COERCE_SQL_SYNTAX") {
        const name = stringsOf(call["funcname"])?.at(-1);
        if (name === "system_user" && serverVersion < 160_000) return false;
        if (name === "extract" && serverVersion < 140_000) {
          next[key] = { "FuncCall": { ...call, funcname: named("date_part") } };
        }
      }
      waiting.push(next[key]);
    }
  }
  return true;
}

function olderTruth(truth: boolean, location: unknown): unknown {
  const arg = { "A_Const": { sval: { sval: truth ? "t" : "f" }, location } };
  const typeName = { names: named("bool"), typemod: -1, location: -1 };
  return { "TypeCast": { arg, typeName, location: -1 } };
}

function named(name: string): unknown[] {
  return ["pg_catalog", name].map((sval) => ({ "String": { sval } }));
}

/** Whether a number that stands here goes on in letters, for a scanner that ends it at them. */
function isJoined(bytes: Uint8Array, location: number): boolean {
  const text = new TextDecoder().decode(bytes.subarray(location, location + signedBytesMax));
  const unsigned = text.replace(/^[-+]\s*/, "");
  // Between a sign and its number anything may stand; where it is no number it cannot be told.
  if (unsigned !== text && !/^[.0-9]/.test(unsigned)) return true;
  return /^(?:0[xXoObB]|[.0-9]+_)/.test(unsigned);
}

/** Of a sign, white space and the beginning of a number. */
const signedBytesMax = 64;

function isHolder(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object";
}
