/** Statements and output as people read them, from the wire. @module */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { outputReader } from "./output.ts";
import { rowsOf } from "./samples_testing.ts";
import { statementReader } from "./statements.ts";

const limits = {
  messageBytesMax: 1 << 20,
  preparedMax: 2,
  statementCharsMax: 40,
  statementsMax: 3,
};
const outputLimits = { messageBytesMax: 1 << 20, rowsShownMax: 2, cellCharsMax: 5, blocksMax: 4 };
const sync: FrontendMessage = { kind: "sync" };
const parse = (statement: string, text: string): FrontendMessage => {
  return { kind: "parse", statement, text, parameterTypes: [] };
};
const bind = (portal: string, statement: string, count = 0): FrontendMessage => ({
  kind: "bind",
  portal,
  statement,
  parameterFormats: [],
  parameters: Array.from({ length: count }, () => new TextEncoder().encode("secret")),
  resultFormats: [],
});
const execute = (portal: string): FrontendMessage => ({ kind: "execute", portal, rowsMax: 0 });
const close = (name: string): FrontendMessage => ({ kind: "close", target: "statement", name });

Deno.test("a statement is shown where it runs, with its parameters counted", () => {
  const { take } = statementReader((text) => text, limits);
  deepStrictEqual(take(frontendBytes(parse("s", "select $1"), sync)), {
    ok: true,
    statements: [{ text: "select $1", parameters: null, cut: false }],
  });
  deepStrictEqual(take(frontendBytes(bind("", "s", 2), execute(""), sync)), {
    ok: true,
    statements: [{ text: "select $1", parameters: 2, cut: false }],
  });
  deepStrictEqual(take(frontendBytes(execute(""), sync)), {
    ok: true,
    statements: [{ text: "select $1", parameters: 2, cut: false }],
  });
});

Deno.test("a prepared statement that is replaced or closed is no longer what runs", () => {
  const { take } = statementReader((text) => text, limits);
  take(frontendBytes(parse("s", "select 1"), sync));
  take(frontendBytes(close("s"), parse("s", "drop table t"), sync));
  const shown = take(frontendBytes(bind("", "s"), execute(""), sync));
  ok(shown.ok);
  strictEqual(shown.statements[0]?.text, "drop table t");
  take(frontendBytes(close("s"), sync));
  deepStrictEqual(take(frontendBytes(bind("", "s"), execute(""), sync)), {
    ok: false,
    reason: "not_prepared",
  });
});

Deno.test("what cannot be read, masked or listed to its end is not shown in part", () => {
  const query: FrontendMessage = { kind: "query", text: "select 1" };
  const reason = (bytes: Uint8Array, mask: (text: string) => string | null = (text) => text) => {
    const shown = statementReader(mask, limits).take(bytes);
    return shown.ok ? "shown" : shown.reason;
  };
  strictEqual(reason(frontendBytes(query)), "shown");
  strictEqual(reason(frontendBytes(query).subarray(0, -1)), "malformed");
  strictEqual(reason(Uint8Array.of(0x51, 0, 0, 0, 4)), "malformed");
  strictEqual(reason(frontendBytes(query), () => null), "not_masked");
  strictEqual(reason(frontendBytes(query, query, query, query)), "too_many");
  strictEqual(reason(frontendBytes(parse("a", ""), parse("b", ""), parse("c", ""))), "too_many");
  const { take } = statementReader((text) => text, limits);
  const long = take(frontendBytes({ kind: "query", text: "x".repeat(41) }));
  ok(long.ok && long.statements[0]?.cut === true);
});

Deno.test("hostile bytes never throw, in either direction", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (chunks) => {
    const { take } = statementReader((text) => text, limits);
    const output = outputReader(outputLimits);
    for (const chunk of chunks) {
      take(chunk);
      output.take(1, chunk);
    }
    ok(output.of(1).length <= outputLimits.blocksMax + 1);
  }));
});

Deno.test("output is read across parts, and cut to what a page holds", () => {
  const bytes = rowsOf(["a"], [["one"], ["longer than five"], [null], ["x"]]);
  for (const at of [1, 7, 20, bytes.length - 1]) {
    const output = outputReader(outputLimits);
    output.take(1, bytes.subarray(0, at));
    output.take(1, bytes.subarray(at));
    deepStrictEqual(output.of(1), [
      {
        kind: "table",
        columns: ["a"],
        rows: [["one"], ["longe… (16 bytes)"]],
        omitted: 2,
      },
      { kind: "command", tag: "SELECT 4" },
    ]);
  }
});

Deno.test("rows that were described before, binary values and COPY are named", () => {
  const output = outputReader(outputLimits);
  const field = { name: "n", tableOid: 0, attribute: 0, typeOid: 23, typeSize: 4 };
  output.take(
    1,
    backendBytes(
      { kind: "row_description", fields: [{ ...field, typeModifier: -1, format: 1 }] },
      { kind: "data_row", values: [Uint8Array.of(0, 0, 0, 7)] },
    ),
  );
  output.take(2, backendBytes({ kind: "data_row", values: [null] }));
  const data = new Uint8Array(10);
  output.take(3, backendBytes({ kind: "copy_data", data }, { kind: "copy_data", data }));
  deepStrictEqual(output.of(1), [
    { kind: "table", columns: ["n"], rows: [["binary, 4 bytes"]], omitted: 0 },
  ]);
  deepStrictEqual(output.of(2), [{ kind: "table", columns: [], rows: [[null]], omitted: 0 }]);
  deepStrictEqual(output.of(3), [{ kind: "copy", messages: 2, bytes: 20 }]);
});
