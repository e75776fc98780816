/** Masked values are not written back, in whatever form of the protocol they come. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { Config } from "#schemas/config.ts";
import { joinBytes } from "#schemas/join_bytes.ts";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { abortCopy } from "#schemas/wire/postgres/refused_transaction.ts";
import { config as plainConfig, permitAll } from "../policy/testing.ts";
import { copyRowBytesMax } from "./copied_rows.ts";
import { admitted, asked, executed } from "./testing.ts";

const config = Config.parse({
  ...plainConfig,
  classes: {
    ssn: { columns: ["*.patients.ssn"], detectors: ["ssn"] },
    mrn: { columns: ["*.patients.mrn"], mask: { operator: "tokenise" } },
    name: { columns: ["*.patients.name"], mask: { operator: "partial", first: 1, last: 1 } },
    birthdate: { columns: ["*.patients.dob"] },
  },
});
const hides = `${permitAll}
  @id("hides") forbid (principal, action == Action::"reveal", resource)
    unless { resource.name == "mrn" };`;
const token = `tok_mrn_${"abcdefghijklmnopqrstuvwx"}`;

Deno.test("a masked value among the literals of a statement is not written", () => {
  const refused: [string, string][] = [
    ["update patients set ssn = '[ssn]' where id = '7'", '"ssn" (ssn)'],
    ["update patients set ssn = e'\\x5bssn]'", '"ssn" (ssn)'],
    ["update patients set ssn = U&'\\005bssn]'", '"ssn" (ssn)'],
    ["update patients set name = 'J***n'", '"name" (name)'],
    ["update patients set dob = '0001-01-01'", '"dob" (birthdate)'],
    [`update patients set ssn = '${token}'`, '"ssn" (ssn)'],
    ["insert into notes (id, body) values ('1', 'has [ssn], see there')", '"body"'],
    ["insert into notes (body) select 'a' union select '[ssn]'", ""],
    ["select 1; update patients set ssn = '[ssn]'", '"ssn" (ssn)'],
    ["with v as (select '[ssn]'::text s) update patients set ssn = v.s from v", ""],
    ["prepare p as update patients set ssn = '[ssn]'", '"ssn" (ssn)'],
    [
      "prepare p(text) as update patients set ssn = $1; execute p('[ssn]')",
      '"ssn" (ssn)',
    ],
  ];
  for (const [text, column] of refused) {
    const { decision, reasons: [reason] } = open().request([{ kind: "query", text }]);
    strictEqual(decision, "deny", text);
    strictEqual(reason?.code, "write_back", text);
    strictEqual(reason?.sqlstate, "42501");
    strictEqual(reason?.detail, column === "" ? "" : `It would be written to ${column}.`, text);
    ok(!JSON.stringify(reason).includes("[ssn]"), "no value stands in the reason");
  }
});

Deno.test("what only compares, removes or resembles is let through", () => {
  const allowed = [
    `select id from patients where mrn = '${token}'`,
    `update visits set reason = 'called' where patient_id = '${token}'`,
    `delete from patients where ssn = '[ssn]'`,
    "update visits set reason = 'see [note]', department = 'J***n'",
    "update visits set visited_on = '0001-01-01'",
    "update patients set ssn = '536-22-1234', name = 'Jo Ann'",
    `update patients set mrn = mrn where mrn = '${token}'`,
  ];
  for (const text of allowed) {
    const { decision, reasons } = open().request([{ kind: "query", text }]);
    deepStrictEqual([decision, reasons], ["allow", []], text);
  }
});

Deno.test("who sees a class may write what looks like its mask", () => {
  const seen = { kind: "query", text: "update patients set mrn = '0001-01-01'" } as const;
  strictEqual(open().request([seen]).decision, "allow");
  const text = "update patients set ssn = '[ssn]'";
  strictEqual(open().request([{ kind: "query", text }]).decision, "deny");
  strictEqual(open(permitAll).request([{ kind: "query", text }]).decision, "allow");
});

Deno.test("a masked value among parameters is not written, in text or binary", () => {
  const put = "insert into patients (id, ssn) values ($1, $2)";
  const array = Uint8Array.fromHex(
    "000000010000000000000019000000010000000100000005",
  ) as Uint8Array;
  const values: [Uint8Array, 0 | 1, string][] = [
    [bytes("[ssn]"), 0, put],
    [bytes("[ssn]"), 1, put],
    [bytes('\x01{"ssn": "[ssn]"}'), 1, "update notes set body = $2::jsonb::text where id = $1"],
    [joinBytes([array, bytes("[ssn]")]), 1, "update notes set body = ($2::text[])[1]"],
    [bytes("{[ssn]}"), 0, "update notes set body = b.x from unnest($2::text[]) as b(x)"],
  ];
  for (const [value, format, sql] of values) {
    strictEqual(bound(sql, value, format).reasons[0]?.code, "write_back", sql);
  }
  strictEqual(
    bound("select id from patients where id = $1 and ssn = $2", bytes("[ssn]"), 0)
      .decision,
    "allow",
  );
  strictEqual(
    bound("update visits set id = $1 where id = $2", bytes("[ssn]"), 0).decision,
    "allow",
  );
  strictEqual(bound(put, bytes("536-22-1234"), 0).decision, "allow");
});

Deno.test("a masked value is not written by a statement that was prepared before", () => {
  const session = open();
  session.ran([{
    kind: "query",
    text: "prepare put(text) as update patients set ssn = $1; prepare get(text) as " +
      "select id from patients where ssn = $1",
  }]);
  const said = (text: string) => session.request([{ kind: "query", text }]);
  strictEqual(
    said("execute put('[ssn]')").reasons[0]?.detail,
    'It would be written to "ssn" (ssn).',
  );
  strictEqual(said("execute get('[ssn]')").decision, "allow");
  session.ran([{
    kind: "parse",
    statement: "s",
    text: "update patients set ssn = '[ssn]'",
    parameterTypes: [],
  }, sync]);
  const run = session.request([
    bind("", "s", []),
    { kind: "execute", portal: "", rowsMax: 0 },
    sync,
  ]);
  strictEqual(run.reasons[0]?.code, "write_back");
});

const into = "copy patients (id, name, ssn) from stdin";
const copies: [string, string, Uint8Array, string][] = [
  ["text", into, bytes("1\tAnn\t\\N\n2\tJ***n\tx\n"), '"name" (name)'],
  ["escaped text", into, bytes("1\tAnn\t\\133ssn]\n"), '"ssn" (ssn)'],
  ["text without its last line feed", into, bytes("1\tAnn\t[ssn]"), '"ssn" (ssn)'],
  ["text, its row long after it", into, bytes(`1\tJ***n\t${"x".repeat(400)}\n`), '"name" (name)'],
  ["text of Windows", into, bytes("1\tAnn\t[ssn]\r\n2\tBo\tx\r\n"), '"ssn" (ssn)'],
  ["csv", `${into} with (format csv)`, bytes('1,"a\n,b",x\n2,"J***n",y\n'), '"name" (name)'],
  ["csv with a header", `${into} csv header`, bytes('[ssn],b,c\n1,b,"[ssn]"\n'), '"ssn" (ssn)'],
  ["csv, all columns", "copy notes from stdin csv", bytes('1,2,"see [ssn]"\n'), '"body"'],
  ["binary", `${into} with (format binary)`, binary(["1", "Ann", "[ssn]"]), '"ssn" (ssn)'],
];

for (const [what, statement, data, column] of copies) {
  Deno.test(`a masked value among rows of COPY is not passed on: ${what}, however it is cut`, () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: data.length }), { maxLength: 4 }), (cuts) => {
        const session = open();
        session.ran([{ kind: "query", text: statement }]);
        const ends = [...new Set([0, ...cuts, data.length])].sort((a, b) => a - b);
        const pieces = ends.slice(1).map((end, at) => data.subarray(ends[at], end));
        let refused: string | undefined;
        for (const piece of pieces) {
          const judged = session.ran([{ kind: "copy_data", data: piece }]);
          refused ??= judged.reasons[0]?.code === "write_back"
            ? judged.reasons[0].detail
            : undefined;
        }
        refused ??= session.request([{ kind: "copy_done" }]).reasons[0]?.detail;
        strictEqual(refused, `It would be written to ${column}.`);
      }),
      { numRuns: 25 },
    );
  });
}

Deno.test("after a part of a COPY was refused nothing of it, nor after it, runs", () => {
  const session = open();
  session.ran([{ kind: "query", text: into }]);
  strictEqual(session.ran([copyData("1\tAnn\t[ssn]\n")]).decision, "deny");
  strictEqual(session.ran([copyData("2\tBo\tx\n")]).reasons[0]?.code, "copy_refused");
  strictEqual(session.ran([{ kind: "copy_done" }]).reasons[0]?.code, "copy_refused");
  strictEqual(session.ran([sync]).reasons[0]?.code, "copy_refused");
});

Deno.test("once the server gave up a COPY that was refused, the session goes on", () => {
  const parts: [FrontendMessage[], FrontendMessage[]][] = [
    [[{ kind: "query", text: into }], [copyData("1\tAnn\t[ssn]\n")]],
    // What is masked is found at the end alone.
    [[{ kind: "query", text: into }], [copyData("1\tAnn\t[ssn]"), { kind: "copy_done" }]],
    [[{ kind: "query", text: `begin; ${into}` }], [copyData("1\tAnn\t[ssn]\n")]],
  ];
  for (const [begun, data] of parts) {
    for (const transaction of ["I", "E", null] as const) {
      const session = open();
      session.ran(begun, transaction === "I" ? "I" : "T");
      for (const one of data) session.ran([one]);
      strictEqual(session.ran([{ kind: "query", text: "select 1" }]).decision, "deny");
      const given = session.request(abortCopy);
      strictEqual(given.decision, "allow");
      given.consequence.settled({ ...executed, status: "cancelled", transaction });
      strictEqual(session.request([sync]).decision, "allow");
    }
  }
});

Deno.test("a part of a COPY that cannot be judged leaves none of it behind", () => {
  const session = open(permitAll);
  session.ran([{ kind: "query", text: into }]);
  session.denied({ ...asked(frontendBytes(copyData("x"))), bytes: null });
  strictEqual(session.request([{ kind: "copy_done" }]).reasons[0]?.code, "copy_refused");
});

Deno.test("rows of COPY that hold nothing masked pass, and so does what follows", () => {
  const session = open();
  session.ran([{ kind: "query", text: into }]);
  strictEqual(session.ran([copyData("1\tAnn\t536-22-1234\n2\tB")]).decision, "allow");
  strictEqual(session.ran([copyData("o\t[see]\n")]).decision, "allow");
  strictEqual(session.ran([{ kind: "copy_done" }]).decision, "allow");
  strictEqual(session.request([{ kind: "query", text: "select 1" }]).decision, "allow");
});

Deno.test("data outside of a COPY is the server's to ignore", () => {
  strictEqual(open().request([copyData("1\t[ssn]\n")]).decision, "allow");
});

Deno.test("rows that cannot be cut, or are too long, are refused to who may not see all", () => {
  const long = `1\t${"x".repeat(copyRowBytesMax)}`;
  const cases: [string, Uint8Array][] = [
    [`${into} with (format binary)`, bytes("no header of COPY at all")],
    [into, bytes(long)],
  ];
  for (const [statement, data] of cases) {
    for (const [policy, expected] of [[hides, "too_complex"], [permitAll, undefined]] as const) {
      const session = open(policy);
      session.ran([{ kind: "query", text: statement }]);
      strictEqual(session.ran([{ kind: "copy_data", data }]).reasons[0]?.code, expected);
    }
  }
});

const sync = { kind: "sync" } as const;

function bind(portal: string, statement: string, parameters: Uint8Array[], format: 0 | 1 = 0) {
  const parameterFormats = [format];
  return {
    kind: "bind",
    portal,
    statement,
    parameterFormats,
    parameters,
    resultFormats: [],
  } as const;
}

function bound(text: string, value: Uint8Array, format: 0 | 1) {
  return open().request([
    { kind: "parse", statement: "", text, parameterTypes: [] },
    bind("", "", [bytes("1"), value], format),
    { kind: "execute", portal: "", rowsMax: 0 },
    sync,
  ]);
}

function copyData(text: string): FrontendMessage {
  return { kind: "copy_data", data: bytes(text) };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** One tuple of text in COPY's binary format. */
function binary(fields: readonly string[]): Uint8Array {
  const header = Uint8Array.fromHex("5047434f50590aff0d0a000000000000000000");
  const int = (value: number, size: number) =>
    Uint8Array.from({ length: size }, (_, at) => value >> (size - 1 - at) * 8 & 0xff);
  const parts = fields.flatMap((field) => [int(field.length, 4), bytes(field)]);
  return joinBytes([header, int(fields.length, 2), ...parts, Uint8Array.of(0xff, 0xff)]);
}

/** A session under a policy; `ran` also lets what is allowed run, and tells it what is denied. */
function open(policyText = hides) {
  const session = admitted(policyText, { config });
  const { denied } = session;
  const sent = (messages: readonly FrontendMessage[] | Uint8Array) =>
    asked(messages instanceof Uint8Array ? messages : frontendBytes(...messages));
  const request = (messages: readonly FrontendMessage[] | Uint8Array) =>
    session.request(sent(messages));
  const ran = (messages: readonly FrontendMessage[], transaction: "I" | "T" = "I") => {
    const judged = request(messages);
    if (judged.decision === "allow") judged.consequence.settled({ ...executed, transaction });
    else denied(sent(messages));
    return judged;
  };
  return { request, ran, denied };
}
