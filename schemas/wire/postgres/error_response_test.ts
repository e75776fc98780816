import { deepStrictEqual, equal } from "node:assert/strict";
import { backendBytes, decodeBackend } from "./backend.ts";
import { rowsOf } from "./command_complete.ts";
import { errorResponse, fieldCodes, fieldOf, noticeResponse } from "./error_response.ts";
import { formatOf } from "./format_code.ts";
import { frameOf } from "./testing.ts";

Deno.test("errorResponse() gives both severities, SQLSTATE, message and what else is told", () => {
  const words = { severity: "ERROR", sqlstate: "42501", message: "no", hint: "ask" } as const;
  deepStrictEqual(errorResponse({ ...words, detail: "", position: 3 }).fields, [
    { code: "S", value: "ERROR" },
    { code: "V", value: "ERROR" },
    { code: "C", value: "42501" },
    { code: "M", value: "no" },
    { code: "H", value: "ask" },
    { code: "P", value: "3" },
  ]);
});

Deno.test("a zero in a message's words adds no field", () => {
  const message = "x\0Cforged";
  const sent = errorResponse({ severity: "FATAL", sqlstate: "57P01", message });
  const read = decodeBackend(frameOf(backendBytes(sent)));
  if (read.kind !== "error_response") return equal(read.kind, "error_response");
  equal(read.fields.length, 4);
  equal(fieldOf(read, fieldCodes.sqlstate), "57P01");
  equal(fieldOf(read, fieldCodes.detail), null);
});

Deno.test("noticeResponse() is a notice", () => {
  const notice = noticeResponse({ severity: "NOTICE", sqlstate: "00000", message: "held" });
  deepStrictEqual(decodeBackend(frameOf(backendBytes(notice))), notice);
});

Deno.test("rowsOf() reads the count of a command tag", () => {
  const tags = ["SELECT 5", "INSERT 0 12", "COPY 0", "BEGIN", "CREATE TABLE", "SELECT x1", "7"];
  deepStrictEqual(tags.map(rowsOf), [5, 12, 0, null, null, null, null]);
});

Deno.test("formatOf() applies none, one for all, or one each", () => {
  deepStrictEqual([formatOf([], 3), formatOf([1], 3), formatOf([0, 1], 1)], [0, 1, 1]);
});
