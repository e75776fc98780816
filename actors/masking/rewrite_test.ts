/**
 * Responses played whole, byte by byte and in random cuts; planted values never come out.
 *
 * @module
 */
import { deepStrictEqual, equal, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { backendBytes, type BackendMessage } from "#schemas/wire/postgres/backend.ts";
import { errorResponse, noticeResponse } from "#schemas/wire/postgres/error_response.ts";
import {
  complete,
  describe,
  feed,
  keep,
  limits,
  masked,
  noCatalog,
  options,
  planOf,
  play,
  ready,
  redacted,
  requestOf,
  result,
  row,
} from "./testing.ts";
import { beginResponse, openRewriter, rewrite } from "./rewrite.ts";
import { snapshot } from "./statements.ts";

const query = result("query", { columns: [keep, redacted] });
const fatal = "S=FATAL V=FATAL C=XX000";

Deno.test("rewrite() masks the rows of a simple query by plan", () => {
  const played = play(
    [describe([23, 25]), row("1", "536-22-1234"), row("2", null), complete("SELECT 2"), ready],
    planOf([query]),
  );
  deepStrictEqual(played.lines, [
    "T 23|25",
    "D 1|[ssn]",
    // Whether an expression is NULL may be made to tell; of a bare column NULL stays NULL.
    "D 2|[ssn]",
    "C SELECT 2",
    "ready_for_query",
  ]);
  deepStrictEqual(played.masked, { ssn: 2 });
});

Deno.test("rewrite() passes a result without protected columns as it came", () => {
  const messages = [describe([23, 25]), row("1", "x"), complete("SELECT 1"), ready];
  const played = play(messages, planOf([result("query", { columns: [keep, keep] })]));
  ok(played.bytes.equals(backendBytes(...messages)));
});

Deno.test("rewrite() follows several statements of one simple query", () => {
  const played = play(
    [
      complete("BEGIN"),
      describe([25]),
      row("a"),
      complete("SELECT 1"),
      { kind: "empty_query_response" },
      describe([25]),
      row("b"),
      complete("SELECT 1"),
      ready,
    ],
    planOf([
      result("query", {}),
      result("query", { columns: [redacted] }),
      result("query", {}),
      result("query", { columns: [keep] }),
    ]),
  );
  deepStrictEqual(played.lines.filter((line) => line.startsWith("D")), ["D [ssn]", "D b"]);
});

Deno.test("rewrite() gives NULLs where the plan does not cover a row", () => {
  const secret = row("1", "536-22-1234");
  const rows = [describe([23, 25]), secret, complete("SELECT 1"), ready];
  const cases: [string, BackendMessage[], ReturnType<typeof planOf>][] = [
    ["no plan", rows, planOf([])],
    ["fewer columns", rows, planOf([result("query", { columns: [keep] })])],
    ["more columns", rows, planOf([result("query", { columns: [keep, keep, keep] })])],
    ["no description", [secret, ready], planOf([result("query", { columns: [keep, keep] })])],
    ["a describe", rows, planOf([result("describe", { columns: [keep, keep] })])],
    ["an execute", rows, planOf([result("execute", { columns: [keep, keep] })])],
    [
      "after an error",
      [
        { kind: "error_response", fields: [{ code: "C", value: "22012" }] },
        describe([23, 25]),
        secret,
      ],
      planOf([query, result("query", { columns: [keep, keep] })]),
    ],
    [
      "another count in the description",
      [describe([23]), secret],
      planOf([result("query", { columns: [keep, keep] })]),
    ],
    [
      "another count in the row",
      [describe([23]), secret],
      planOf([result("query", { columns: [keep] })]),
    ],
    [
      "after the end, with answers left",
      [complete("X"), ready, describe([23, 25]), secret],
      planOf([query, result("query", { columns: [keep, keep] })]),
    ],
    ["after the end", [complete("X"), ready, describe([23, 25]), secret], planOf([query])],
  ];
  for (const [name, messages, plan] of cases) {
    const played = play(messages, plan);
    const shown = played.lines.filter((line) => line.startsWith("D"));
    deepStrictEqual(shown, ["D NULL|NULL"], name);
    deepStrictEqual(played.masked, { opaque: 2 }, name);
  }
});

Deno.test("rewrite() covers nothing more once rows come before their description", () => {
  const columns = [keep];
  const played = play(
    [row("536-22-1234"), describe([25]), row("536-22-1234"), complete("SELECT 1")],
    planOf([result("describe", { columns }), result("execute", { columns })]),
  );
  deepStrictEqual(played.lines, ["D NULL", "T 25", "D NULL", "C SELECT 1"]);
});

Deno.test("rewrite() masks whole a column that is not the plan's by the server's word", () => {
  const origin = { relation: 100, attribute: 2 };
  const kept = { ...keep, origin };
  const catalog = {
    ...noCatalog,
    classesOf: (relation: number, attribute: number) =>
      relation === 100 && attribute === 3 ? ["ssn"] : undefined,
  };
  const cases: [string, typeof keep, readonly [number, number], string][] = [
    ["same column", kept, [100, 2], "D v"],
    ["server says nothing", kept, [0, 0], "D v"],
    ["other attribute", kept, [100, 4], "D NULL"],
    ["other relation", kept, [101, 2], "D NULL"],
    ["protected, kept as nothing", keep, [100, 3], "D NULL"],
    ["protected, revealed", { ...keep, classes: ["ssn"] }, [100, 3], "D v"],
    ["protected, masked", redacted, [100, 3], "D [ssn]"],
  ];
  for (const [name, column, table, expected] of cases) {
    const played = play(
      [describe([25], 0, [table]), row("v"), complete("SELECT 1"), ready],
      planOf([result("query", { columns: [column] })]),
      { request: { catalog } },
    );
    equal(played.lines[1], expected, name);
  }
});

Deno.test("rewrite() follows Describe and Execute of the extended protocol", () => {
  const id = Buffer.of(0, 0, 0, 42);
  const columns = [keep, masked({ operator: "redact" }, "mrn")];
  const played = play(
    [
      { kind: "parse_complete" },
      { kind: "parameter_description", types: [23] },
      describe([25, 23]),
      { kind: "bind_complete" },
      row("a", id),
      { kind: "portal_suspended" },
      row("b", id),
      complete("SELECT 2"),
      { kind: "close_complete" },
      ready,
    ],
    planOf([
      result("describe", { columns }),
      result("execute", { columns, formats: [0, 1] }),
      result("execute", { columns, formats: [0, 1] }),
    ]),
  );
  const rows = played.lines.filter((line) => line.startsWith("D"));
  deepStrictEqual(rows, ["D a|\\x00000000", "D b|\\x00000000"]);
});

Deno.test("rewrite() masks to NULL in a statement whose types nobody described", () => {
  const columns = [keep, masked({ operator: "hash" })];
  const played = play(
    [{ kind: "parse_complete" }, { kind: "bind_complete" }, row("a", "b"), complete("SELECT 1")],
    planOf([result("execute", { columns })]),
  );
  equal(played.lines[2], "D a|NULL");
  const catalog = { ...noCatalog, typeOf: () => 25 };
  const origin = { relation: 1, attribute: 1 };
  const known = play(
    [row("a", "b"), complete("SELECT 1")],
    planOf([result("execute", { columns: columns.map((column) => ({ ...column, origin })) })]),
    { request: { catalog } },
  );
  ok(known.lines[0]?.startsWith("D a|hmac:"));
});

Deno.test("rewrite() remembers a described statement over requests and restarts", () => {
  const columns = [redacted];
  const bytes = backendBytes({ kind: "parse_complete" }, describe([25]), ready);
  const execution = backendBytes({ kind: "bind_complete" }, row("x"), complete("SELECT 1"), ready);
  const execute = planOf([result("execute", { statement: "s1", columns })]);
  const first = openRewriter(options, null);
  const plan = planOf([result("describe", { statement: "s1", columns })]);
  beginResponse(first, requestOf(plan, { parsed: ["s1"] }));
  feed(first, bytes, []);
  const second = openRewriter(options, JSON.parse(JSON.stringify(snapshot(first))));
  for (const rewriter of [first, second]) {
    beginResponse(rewriter, requestOf(execute, { parsed: [] }));
    equal(feed(rewriter, execution, []).lines[1], "D [ssn]");
    // The statement is made anew, and nobody describes it.
    beginResponse(rewriter, requestOf(execute, { parsed: ["s1"] }));
    const again = Buffer.concat([backendBytes({ kind: "parse_complete" }), execution]);
    equal(feed(rewriter, again, []).lines[2], "D NULL");
  }
});

Deno.test("rewrite() remembers no more statements than its limit", () => {
  const rewriter = openRewriter(options, null);
  for (const name of ["a", "b", "c", "d"]) {
    const plan = planOf([result("describe", { statement: name, columns: [keep] })]);
    beginResponse(rewriter, requestOf(plan, { parsed: [] }));
    feed(rewriter, backendBytes(describe([25])), []);
  }
  deepStrictEqual(snapshot(rewriter).statements.map(({ name }) => name), ["b", "c", "d"]);
});

Deno.test("rewrite() ends a response that it does not understand with one FATAL error", () => {
  const head = backendBytes(describe([23, 25]), row("1", "a"));
  const tail = backendBytes(row("2", "536-22-1234"), complete("SELECT 2"), ready);
  const cases: [string, string, string][] = [
    ["an unknown tag", "7e00000004", "unexpected message"],
    ["an authentication request", "520000000800000000", "unexpected message"],
    ["CopyBothResponse", "5700000007000000", "unexpected message"],
    ["CopyData outside of COPY", "640000000568", "unexpected message"],
    ["CopyOutResponse unforeseen", "480000000900000100".padEnd(20, "0"), "copy not foreseen"],
    ["a length below four", "4400000003", "malformed message"],
    ["a message too large", "447fffffff", "malformed message"],
    ["a row cut short", "44000000080002000000".slice(0, 18), "malformed message"],
    ["a row with a tail", "44000000070000ff", "malformed message"],
    ["a status that is none", "5a0000000541", "malformed message"],
    ["a body where none is", "310000000541", "malformed message"],
  ];
  for (const [name, hex, reason] of cases) {
    const bytes = Buffer.concat([head, Buffer.from(hex, "hex"), tail]);
    const played = play(bytes, planOf([query]));
    deepStrictEqual(played.lines.slice(0, 2), ["T 23|25", "D 1|[ssn]"], name);
    equal(played.lines.length, 3, name);
    ok(played.lines[2]?.startsWith(fatal), name);
    ok(played.lines[2]?.includes(reason), `${name}: ${played.lines[2]}`);
    ok(!played.bytes.includes("536-22"), name);
  }
});

Deno.test("rewrite() ends when a request begins in the middle of a message", () => {
  const rewriter = openRewriter(options, null);
  beginResponse(rewriter, requestOf(planOf([query])));
  feed(rewriter, backendBytes(describe([23, 25])).subarray(0, 9), []);
  beginResponse(rewriter, requestOf(planOf([query])));
  const played = feed(rewriter, backendBytes(row("1", "2")), []);
  equal(played.failure, "incomplete_message");
  ok(played.lines[0]?.startsWith(fatal));
  equal(feed(rewriter, backendBytes(ready), []).bytes.length, 0);
});

Deno.test("rewrite() leaves nothing of asides that a value can stand in", () => {
  const asides: BackendMessage[] = [
    { kind: "parameter_status", name: "application_name", value: "536-22-1234" },
    { kind: "parameter_status", name: "TimeZone", value: "<536-22-1234>0" },
    { kind: "parameter_status", name: "TimeZone", value: "Europe/Berlin" },
    { kind: "parameter_status", name: "client_encoding", value: "UTF8" },
    { kind: "parameter_status", name: "my.setting", value: "536-22-1234" },
    { kind: "parameter_status", name: "536-22-1234", value: "" },
    { kind: "notification_response", processId: 1, channel: "c", payload: "536-22-1234" },
    { kind: "backend_key_data", processId: 1, secretKey: Buffer.of(1, 2, 3, 4) },
    { kind: "function_call_response", value: Buffer.from("536-22-1234") },
  ];
  const expected = [
    "S application_name=",
    "S TimeZone=",
    "S TimeZone=Europe/Berlin",
    "S client_encoding=UTF8",
    "S my.setting=",
    "S =",
    "A c:",
    "function_call_response",
  ];
  const played = play(asides, planOf([]));
  deepStrictEqual(played.lines, expected);
  ok(!played.bytes.includes("536-22"));
  const open = play(asides.slice(0, 1), planOf([], "keep"));
  deepStrictEqual(open.lines, ["S application_name=536-22-1234"]);
});

Deno.test("rewrite() gives the same bytes for any chunking, and never the planted value", () => {
  const columns = [keep, redacted, masked({ operator: "tokenise", scope: "s" }, "mrn")];
  const types = fc.tuple(fc.constant(25), ...[25, 23].map((oid) => fc.constant(oid)));
  fc.assert(
    fc.property(
      types,
      fc.array(fc.tuple(fc.string(), fc.boolean(), fc.option(fc.integer())), { maxLength: 6 }),
      fc.array(fc.nat(400), { maxLength: 8 }),
      (typeOids, rows, cuts) => {
        const messages = [
          describe(typeOids),
          ...rows.map(([text, isNull, id]) =>
            row(text.replaceAll("Zebulon", ""), isNull ? null : "Zebulon", id?.toString() ?? null)
          ),
          complete(`SELECT ${rows.length}`),
          ready,
        ];
        const bytes = backendBytes(...messages);
        const play = (places: readonly number[]) => {
          const rewriter = openRewriter(options, null);
          beginResponse(rewriter, requestOf(planOf([result("query", { columns })])));
          return feed(rewriter, bytes, places);
        };
        const whole = play([]);
        const sorted = cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b);
        deepStrictEqual(play(sorted), whole);
        ok(!whole.bytes.includes("Zebulon"));
        const counts = whole.lines.filter((line) => line.startsWith("D"));
        equal(counts.length, rows.length);
      },
    ),
    { seed: 20_261_121 },
  );
});

Deno.test("rewrite() never throws, and after hostile bytes gives valid messages", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.constantFrom(..."DdTHcCIsn123ENZSAVtGKRW"), fc.uint8Array({ maxLength: 30 })),
        { maxLength: 8 },
      ),
      fc.constantFrom("query" as const, "execute" as const, "describe" as const),
      (frames, answers) => {
        const bytes = Buffer.concat(frames.map(([tag, body]) => {
          const frame = Buffer.concat([Buffer.from(`${tag}0000`), body]);
          frame.writeInt32BE(body.length + 4, 1);
          return frame;
        }));
        const rewriter = openRewriter({ ...options, limits }, null);
        beginResponse(rewriter, requestOf(planOf([result(answers, { columns: [redacted] })])));
        ok(feed(rewriter, bytes, []).bytes.length <= bytes.length + 400);
      },
    ),
    { seed: 20_261_121 },
  );
});

Deno.test("rewrite() passes everything to who may see everything, but the server's key", () => {
  const notification = {
    kind: "notification_response",
    processId: 7,
    channel: "c",
    payload: "536-22-1234",
  } as const;
  const messages: BackendMessage[] = [
    { kind: "parameter_status", name: "application_name", value: "536-22-1234" },
    notification,
    errorResponse({ severity: "ERROR", sqlstate: "22P02", message: "not a number: 536-22-1234" }),
    describe([25]),
    row("536-22-1234"),
    complete("SELECT 1"),
    ready,
  ];
  const key = { kind: "backend_key_data", processId: 1, secretKey: new Uint8Array(4) } as const;
  const rewriter = openRewriter({ ...options, detectors: { ssn: "ssn" } }, null);
  beginResponse(rewriter, requestOf({ ...planOf([]), verbatim: true }));
  const { bytes, failure } = rewrite(rewriter, backendBytes(key, ...messages));
  strictEqual(failure, null);
  deepStrictEqual(Buffer.from(bytes), Buffer.from(backendBytes(...messages)));

  beginResponse(rewriter, requestOf(planOf([])));
  const later = rewrite(rewriter, backendBytes(...messages.slice(3)));
  ok(!Buffer.from(later.bytes).includes("536-22-1234"), "the next plan counts for itself");
});

Deno.test("rewrite() tells a greeting's settings, and no words of a login trigger", () => {
  const greeting: BackendMessage[] = [
    { kind: "parameter_status", name: "application_name", value: "report" },
    noticeResponse({ severity: "NOTICE", sqlstate: "00000", message: "536-22-1234" }),
    ready,
  ];
  const rewriter = openRewriter(options, null);
  beginResponse(rewriter, requestOf(planOf([], "keep"), { greets: true }));
  const text = Buffer.from(rewrite(rewriter, backendBytes(...greeting)).bytes).toString("latin1");
  ok(text.includes("report") && text.includes("notice withheld"));
  ok(!text.includes("536-22-1234"));
});
