import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { frontendBytes } from "./frontend.ts";
import { statementTexts } from "./statement_texts.ts";

Deno.test("texts are found by the number of their message", () => {
  const bytes = frontendBytes(
    { kind: "parse", statement: "a", text: "select $1", parameterTypes: [23] },
    { kind: "describe", target: "statement", name: "a" },
    { kind: "parse", statement: "", text: "select 'ü'", parameterTypes: [] },
    { kind: "sync" },
    { kind: "query", text: "select 3" },
  );
  const expected = new Map([[0, "select $1"], [2, "select 'ü'"], [4, "select 3"]]);
  deepStrictEqual(statementTexts(bytes), expected);
  strictEqual(statementTexts(bytes.subarray(0, bytes.length - 1)), null);
  strictEqual(statementTexts(Uint8Array.of(0x51, 0, 0, 0, 2)), null);
});
