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
  deepStrictEqual([...statementTexts(bytes) ?? []], [
    [0, { text: "select $1", parameterTypes: [23] }],
    [2, { text: "select 'ü'", parameterTypes: [] }],
    [4, { text: "select 3", parameterTypes: [] }],
  ]);
  strictEqual(statementTexts(bytes.subarray(0, bytes.length - 1)), null);
  strictEqual(statementTexts(Uint8Array.of(0x51, 0, 0, 0, 2)), null);
});
