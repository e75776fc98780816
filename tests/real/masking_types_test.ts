/**
 * Masked values of every common type, given to a real PostgreSQL: in text and in binary they are
 * values of their type, and of one value text and binary are masked to the same.
 *
 * @module
 */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import postgres from "postgres";
import { maskingKey } from "#actors/masking/key.ts";
import { maskValue } from "#actors/masking/operators.ts";
import { startPostgres } from "#deploy/machine/postgres.ts";
import type { Operator } from "#schemas/mask_plan.ts";

const key = maskingKey(Buffer.alloc(32, 9), 2026);
const rules: readonly Operator[] = [
  { operator: "redact" },
  { operator: "hash" },
  { operator: "tokenise", scope: "default" },
  { operator: "partial", first: 1, last: 2 },
  { operator: "generalise", to: "year" },
  { operator: "generalise", to: "age90" },
  { operator: "generalise", to: "zip3" },
];

/** Type, its send function, a value. */
const samples: readonly (readonly [string, string, string])[] = [
  ["bool", "boolsend", "t"],
  ["int2", "int2send", "97"],
  ["int4", "int4send", "-97"],
  ["int8", "int8send", "9007199254740993"],
  ["float4", "float4send", "97.5"],
  ["float8", "float8send", "2139.25"],
  ["numeric", "numeric_send", "2139"],
  ["numeric", "numeric_send", "-12345678901234567890.0425"],
  ["numeric", "numeric_send", "0.00001200"],
  ["text", "textsend", "02139"],
  ["varchar", "varcharsend", "Zoë O'Neil"],
  ["bpchar", "bpcharsend", "ab  "],
  ["name", "namesend", "someone"],
  ['"char"', "charsend", "x"],
  ["date", "date_send", "1961-07-04"],
  ["date", "date_send", "0044-03-15 BC"],
  ["timestamp", "timestamp_send", "1961-07-04 10:11:12.345"],
  ["timestamptz", "timestamptz_send", "1961-12-31 22:11:12.345-05"],
  ["time", "time_send", "10:11:12"],
  ["timetz", "timetz_send", "10:11:12+02"],
  ["interval", "interval_send", "3 years 2 days"],
  ["uuid", "uuid_send", "6f9619ff-8b86-d011-b42d-00c04fc964ff"],
  ["json", "json_send", '{"a": [1, "x"]}'],
  ["jsonb", "jsonb_send", '{"a": [1, "x"]}'],
  ["xml", "xml_send", "<a>x</a>"],
  ["bytea", "byteasend", "\\x00ff41"],
  ["inet", "inet_send", "10.1.2.3"],
  ["cidr", "cidr_send", "10.1.2.0/24"],
  ["macaddr", "macaddr_send", "08:00:2b:01:02:03"],
  ["macaddr8", "macaddr8_send", "08:00:2b:01:02:03:04:05"],
  ["money", "cash_send", "12.34"],
  ["oid", "oidsend", "4000000000"],
  ["tsvector", "tsvectorsend", "'cat':1 'fat':2"],
  ["text[]", "array_send", '{a,"b c",NULL,"d\\"e\\\\f"}'],
  ["int4[]", "array_send", "[0:1][1:2]={{1,2},{3,NULL}}"],
  ["date[]", "array_send", "{1961-07-04,2000-01-01}"],
  ["jsonb[]", "array_send", '{"{\\"a\\": 1}"}'],
];
/** Their text is not what is keyed, so text and binary differ; each is valid by itself. */
const keyedApart: ReadonlySet<string> = new Set(["inet", "cidr"]);

Deno.test("masked values are values of their type to a real PostgreSQL", async () => {
  const directory = await Deno.makeTempDir();
  await using server = await startPostgres({ directory, say: () => {}, ephemeral: true });
  const sql = postgres({
    host: server.host,
    port: server.port,
    user: server.superuser,
    password: server.superuserPassword,
    database: "postgres",
    max: 1,
    onnotice: () => {},
  });
  try {
    await sql.unsafe("set timezone = 'America/New_York'");
    for (const [type, send, value] of samples) {
      const [source] = await sql.unsafe(
        `select $1::text::${type}::text as text, encode(${send}($1::text::${type}), 'hex') as hex,
           '${type}'::regtype::oid::int as oid`,
        [value],
      );
      ok(source !== undefined);
      await sql.unsafe(`drop table if exists masked; create temp table masked (v ${type})`);
      for (const rule of rules) {
        const name = `${type} ${JSON.stringify(rule)}`;
        const asText = maskValue(Buffer.from(source.text), 0, source.oid, rule, "ssn", key);
        const bytes = Buffer.from(source.hex, "hex");
        const asBinary = maskValue(bytes, 1, source.oid, rule, "ssn", key);
        ok(asText !== null && asBinary !== null, `${name}: NULL`);
        const text = Buffer.from(asText).toString();
        const [read] = await sql.unsafe(`select $1::text::${type}::text as text`, [text]);
        await copyIn(sql, asBinary);
        const [stored] = await sql.unsafe(`delete from masked returning v::text as text`);
        const isApart = keyedApart.has(type) && read?.text !== stored?.text;
        if (!isApart) equal(stored?.text, read?.text, name);
        if (/^(?:int|text|date|uuid|json|xml|name|mac|oid|numeric)/.test(type)) {
          deepStrictEqual(read?.text, canonical(text, type), name);
        }
      }
    }
  } finally {
    await sql.end();
  }
});

/** JSON in an array is quoted more than it must be; all else is written as the server writes it. */
function canonical(text: string, type: string): string {
  if (type === "text[]") return text.replace(/"(\[ssn\]|\*+)"/g, "$1");
  return text;
}

async function copyIn(sql: postgres.Sql, value: Uint8Array): Promise<void> {
  const length = Buffer.alloc(4);
  length.writeInt32BE(value.length);
  const writable = await sql`copy masked from stdin (format binary)`.writable();
  writable.write(Buffer.concat([
    Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1"),
    Buffer.of(0, 1),
    length,
    value,
    Buffer.of(0xff, 0xff),
  ]));
  writable.end();
  await once(writable, "finish");
}
