/** COPY in text, CSV and binary, in any cut of messages and chunks. @module */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { copyCsv as csv, copyText as text } from "#schemas/copy_testing.ts";
import type { CopyFormat, ResultPlan } from "#schemas/mask_plan.ts";
import { backendBytes, type BackendMessage } from "#schemas/wire/postgres/backend.ts";
import {
  complete,
  detectors,
  feed,
  keep,
  masked,
  noCatalog,
  options,
  planOf,
  play,
  ready,
  redacted,
  requestOf,
  result,
} from "./testing.ts";
import { beginResponse, openRewriter } from "./rewrite.ts";
import type { RewriterOptions } from "./rewriter.ts";

const binary: CopyFormat = { ...text, format: "binary" };
const columns = [keep, redacted];

function copyOf(format: 0 | 1, count: number, ...parts: (string | Uint8Array)[]): BackendMessage[] {
  const columnFormats = Array.from({ length: count }, () => format);
  return [
    { kind: "copy_out_response", format, columnFormats },
    ...parts.map((part) => ({ kind: "copy_data", data: Buffer.from(part) } as const)),
    { kind: "copy_done" },
    complete("COPY 1"),
    ready,
  ];
}

function rowsOf(
  copy: CopyFormat | null,
  parts: (string | Uint8Array)[],
  more: Partial<ResultPlan> = {},
  settings: Partial<RewriterOptions> = {},
): string[] {
  const format = copy?.format === "binary" ? 1 : 0;
  const played = play(
    copyOf(format, 2, ...parts),
    planOf([result("query", { columns, copy, ...more })]),
    { options: settings },
  );
  ok(!played.bytes.includes("Zebulon"));
  return played.lines.filter((line) => line.startsWith("d ") || line.startsWith("S="))
    .map((line) => line.replace(/^d /, ""));
}

Deno.test("rewrite() masks COPY in text format", () => {
  const cases: [string, string[], string[]][] = [
    ["a row", ["1\tZebulon\n"], ["1\t[ssn]\n"]],
    ["null of an expression", ["1\t\\N\n"], ["1\t[ssn]\n"]],
    ["escapes", ["a\\tb\\\\\tZebu\\tlon\\nZebulon\n"], ["a\\tb\\\\\t[ssn]\n"]],
    ["rows in one message", ["1\tZebulon\n2\tZebulon\n"], ["1\t[ssn]\n", "2\t[ssn]\n"]],
    ["a row over messages", ["1\tZeb", "ul", "on\n"], ["1\t[ssn]\n"]],
    ["too many fields", ["1\tx\tZebulon\n"], ["\\N\t\\N\t\\N\n"]],
    ["too few fields", ["Zebulon\n"], ["\\N\n"]],
    ["an end mark", ["1\tx\n\\.\n"], ["1\t[ssn]\n", "\\.\n"]],
  ];
  for (const [name, parts, expected] of cases) deepStrictEqual(rowsOf(text, parts), expected, name);
});

Deno.test("rewrite() masks COPY in text format with any delimiter and null", () => {
  const copy = { ...text, delimiter: "[", null: "-", header: true };
  const parts = ["id[ssn\n", "1[Zebulon\n", "2[-\n"];
  deepStrictEqual(rowsOf(copy, parts), ["id[ssn\n", "1[\\[ssn]\n", "2[\\[ssn]\n"]);
  const commas = { ...text, delimiter: "," };
  deepStrictEqual(rowsOf(commas, ["a\\,b,Zebulon\n"]), ["a\\,b,[ssn]\n"]);
});

Deno.test("rewrite() masks COPY in CSV format", () => {
  const cases: [string, CopyFormat, string[], string[]][] = [
    ["a row", csv, ["1,Zebulon\n"], ["1,[ssn]\n"]],
    ["null and empty", csv, ["1,\n", '2,""\n'], ["1,[ssn]\n", "2,[ssn]\n"]],
    ["quotes", csv, ['"a,""b",",Zebulon\nZebulon"\n'], ['"a,""b",[ssn]\n']],
    ["a row over messages", csv, ['1,"Zebu', "\nlon", '"', "\n"], ["1,[ssn]\n"]],
    ["a header", { ...csv, header: true }, ["id,ssn\n1,Zebulon\n"], ["id,ssn\n", "1,[ssn]\n"]],
    ["another escape", { ...csv, escape: "\\" }, ['1,"a\\",Zebulon"\n'], ["1,[ssn]\n"]],
    ["quoted by need", { ...csv, delimiter: "[" }, ["1[Zebulon\n"], ['1["[ssn]"\n']],
    ["too many fields", csv, ["1,2,Zebulon\n"], [",,\n"]],
  ];
  for (const [name, copy, parts, expected] of cases) {
    deepStrictEqual(rowsOf(copy, parts), expected, name);
  }
});

const signature = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
function tuple(...values: (string | Uint8Array | null)[]): Buffer {
  const parts = values.map((value) => {
    if (value === null) return Buffer.from("ffffffff", "hex");
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return Buffer.concat([Buffer.of(0, values.length), ...parts]);
}
const trailer = Buffer.from("ffff", "hex");
const hex = (bytes: Uint8Array) => `\\x${Buffer.from(bytes).toString("hex")}`;

Deno.test("rewrite() masks COPY in binary format by the catalog's types, else to NULL", () => {
  const id = Buffer.of(0, 0, 0, 9);
  const parts = [signature, tuple(id, "Zebulon"), tuple(id, null), trailer];
  const header = hex(signature);
  const nulls = hex(tuple(id, null));
  deepStrictEqual(rowsOf(binary, parts), [header, nulls, nulls, hex(trailer)]);
  const origin = { relation: 7, attribute: 2 };
  const known = [keep, { ...redacted, origin }];
  const whole = Buffer.concat(parts);
  for (const data of [parts, [whole], [whole.subarray(0, 25), whole.subarray(25)]]) {
    const played = play(
      copyOf(1, 2, ...data),
      planOf([result("query", { columns: known, copy: binary })]),
      { request: { catalog: { ...noCatalog, typeOf: () => 25 } } },
    );
    const rows = played.lines.filter((line) => line.startsWith("d "));
    const masks = hex(tuple(id, "[ssn]"));
    deepStrictEqual(rows, [header, masks, nulls, hex(trailer)].map((line) => `d ${line}`));
    deepStrictEqual(played.masked, { ssn: 1 });
  }
});

Deno.test("rewrite() withholds COPY data that is not what the plan foresaw", () => {
  const one = ["1\tZebulon\n"];
  const tiny = { ...options.limits, copyRowBytesMax: 8 };
  const cases: [string, string[]][] = [
    ["no format", rowsOf(null, one)],
    ["a delimiter of several bytes", rowsOf({ ...text, delimiter: "é" }, one)],
    ["an open quote", rowsOf(csv, ['1,"Zebulon\n'])],
    ["a row without its end", rowsOf(text, ["1\tZebulon"])],
    ["a row too large", rowsOf(text, ["1\tZebulon Zebulon", "Zebulon\n"], {}, { limits: tiny })],
    ["no signature", rowsOf(binary, [tuple("Zebulon", "Zebulon"), trailer])],
    ["a describe", rowsOf(text, one, { answers: "describe" })],
  ];
  for (const [name, rows] of cases) {
    ok(rows.at(-1)?.startsWith("S=FATAL"), `${name}: ${rows.join("/")}`);
  }
  const plan = planOf([result("query", { columns, copy: text })]);
  const isBinary = play(copyOf(1, 2, signature), plan);
  equal(isBinary.failure, "copy_not_foreseen");
  const sjis = { kind: "parameter_status", name: "client_encoding", value: "SJIS" } as const;
  equal(play([sjis, ...copyOf(0, 2, ...one)], plan).failure, "copy_not_foreseen");
  for (const rest of ["Zebulon", tuple("a", "b"), trailer]) {
    const after = play(
      copyOf(1, 2, signature, trailer, rest),
      planOf([result("query", { columns, copy: binary })]),
    );
    equal(after.failure, "copy_malformed");
    equal(after.lines.length, 4);
  }
});

Deno.test("rewrite() masks COPY whole when the server's column count is not the plan's", () => {
  const played = play(
    copyOf(0, 3, "1\tZebulon\tx\n"),
    planOf([result("query", { columns, copy: text })]),
  );
  equal(played.lines[1], "d \\N\t\\N\t\\N\n");
  const fewer = play(
    copyOf(0, 3, "Zebulon\tx\n"),
    planOf([result("query", { columns, copy: text })]),
  );
  equal(fewer.lines[1], "d \\N\t\\N\n");
});

Deno.test("rewrite() finds identifiers in kept fields of COPY", () => {
  const kept = { columns: [keep, keep] };
  const found = rowsOf(text, ["1\tcall\\n415-555-2671\\tnow\n"], kept, { detectors });
  deepStrictEqual(found, ["1\tcall\\n[phone]\\tnow\n"]);
  const quoted = rowsOf(csv, ['1,"a ""b"", a@b.com"\n'], kept, { detectors });
  deepStrictEqual(quoted, ['1,"a ""b"", [email]"\n']);
});

Deno.test("rewrite() gives the same COPY data for any cut of its messages and chunks", () => {
  const field = fc.string({ maxLength: 8 });
  const rule = masked({ operator: "hash" });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(field, fc.option(field)), { maxLength: 5 }),
      fc.array(fc.nat(120), { maxLength: 4 }),
      fc.array(fc.nat(300), { maxLength: 4 }),
      (rows, dataCuts, chunkCuts) => {
        const data = Buffer.from(
          rows.map(([first, second]) => {
            const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
            return `${quoted(first)},${second === null ? "" : quoted(`Zebulon${second}`)}\n`;
          }).join(""),
        );
        const plan = planOf([result("query", { columns: [keep, rule], copy: csv })]);
        const run = (places: number[], cuts: number[]) => {
          const starts = [0, ...inside(places, data.length)];
          const parts = starts.map((start, index) => data.subarray(start, starts[index + 1]));
          const bytes = backendBytes(...copyOf(0, 2, ...parts));
          const rewriter = openRewriter(options, null);
          beginResponse(rewriter, requestOf(plan));
          return feed(rewriter, bytes, inside(cuts, bytes.length));
        };
        const whole = run([], []);
        deepStrictEqual(run(dataCuts, chunkCuts), whole);
        equal(whole.lines.filter((line) => line.startsWith("d ")).length, rows.length);
        ok(!whole.bytes.includes("Zebulon"));
      },
    ),
    { seed: 20_261_121 },
  );
});

function inside(cuts: readonly number[], length: number): number[] {
  return cuts.filter((cut) => cut > 0 && cut < length).sort((a, b) => a - b);
}
