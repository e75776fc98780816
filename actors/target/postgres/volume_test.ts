/** Where a response reaches a limit of its verdict. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { emptyAnalysis, type StatementAnalysis } from "#schemas/analysis.ts";
import { joinBytes } from "#schemas/join_bytes.ts";
import type { VolumeLimit } from "#schemas/volume.ts";
import { backendBytes, type BackendMessage } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import type { FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { volumeExceeded } from "#schemas/wire/postgres/volume_exceeded.ts";
import { postgresConversation } from "./conversation.ts";

const limits = { messageBytesMax: 1 << 20, commandsMax: 8 };
const wide: VolumeLimit = {
  rowsMax: 1000,
  rowsOf: "request",
  bytesMax: 1 << 20,
  bytesOf: "session",
};
const query = frontendBytes({ kind: "query", text: "select" });
const row = (text: string): Uint8Array =>
  backendBytes({ kind: "data_row", values: [new TextEncoder().encode(text)] });
const done = (count: number): Uint8Array =>
  backendBytes({ kind: "command_complete", tag: `SELECT ${count}` });
const ready = (status: "idle" | "in_transaction" | "failed_transaction"): Uint8Array =>
  backendBytes({ kind: "ready_for_query", status });
const cancelled = backendBytes(
  errorResponse({ severity: "ERROR", sqlstate: "57014", message: "canceling statement" }),
);
const setting: BackendMessage = { kind: "parameter_status", name: "TimeZone", value: "UTC" };
const copyData = (text: string): Uint8Array =>
  backendBytes({ kind: "copy_data", data: new TextEncoder().encode(text) });

Deno.test("within its limit a response passes as it came, however it is cut", () => {
  const bytes = joinBytes([row("a"), row("b".repeat(200)), done(2), ready("idle")]);
  for (let size = 1; size <= bytes.length; size = size < 12 ? size + 1 : size * 2) {
    const { passed, outcome } = converse({ ...wide, rowsMax: 2 }, [bytes], { size });
    deepStrictEqual(passed, bytes, `in pieces of ${size}`);
    strictEqual(outcome.cut, undefined);
    strictEqual(outcome.rows, 2);
  }
});

Deno.test("at the limit of rows the server's answer ends with our words", () => {
  const volume = { ...wide, rowsMax: 2 };
  const answer = [row("a"), row("b"), row("c"), row("d"), cancelled, ready("idle")];
  const expected = joinBytes([
    row("a"),
    row("b"),
    volumeExceeded(volume, "rows", "cancelled"),
    ready("idle"),
  ]);
  for (const size of [1, 3, 7, 1000]) {
    const { passed, outcome, cutBefore } = converse(volume, answer, { size });
    deepStrictEqual(passed, expected);
    deepStrictEqual(outcome.cut, { by: "rows", of: "request" });
    deepStrictEqual([outcome.rows, outcome.status, outcome.sqlstate], [2, "cancelled", "57014"]);
    ok(cutBefore, "what still runs can be cancelled");
  }
});

Deno.test("a row larger than what is left is not begun", () => {
  const volume = { ...wide, bytesMax: 100 };
  const answer = [row("a"), row("b".repeat(5000)), cancelled, ready("idle")];
  for (const size of [1, 4, 1000, 10_000]) {
    const { passed, outcome } = converse(volume, answer, { size });
    const words = volumeExceeded(volume, "bytes", "cancelled");
    deepStrictEqual(passed, joinBytes([row("a"), words, ready("idle")]));
    deepStrictEqual(outcome.cut, { by: "bytes", of: "session" });
  }
});

Deno.test("notices count as bytes; settings and notifications pass all the same", () => {
  const volume = { ...wide, bytesMax: 60 };
  const notice = backendBytes({ kind: "notice_response", fields: [{ code: "M", value: "n" }] });
  const notices = Array.from({ length: 30 }, () => notice);
  const told = backendBytes(setting, {
    kind: "notification_response",
    processId: 1,
    channel: "c",
    payload: "",
  });
  const { passed } = converse(volume, [...notices, told, cancelled, ready("idle")]);
  const few = Math.floor(60 / notice.length);
  const words = volumeExceeded(volume, "bytes", "cancelled");
  const expected = [...notices.slice(0, few), told, words, ready("idle")];
  deepStrictEqual(passed, joinBytes(expected));
});

Deno.test("an error may not hold what rows may not", () => {
  const volume = { ...wide, bytesMax: 100 };
  const errorOf = (bytes: number) =>
    backendBytes(
      errorResponse({ severity: "ERROR", sqlstate: "22P02", message: "x".repeat(bytes) }),
    );
  const short = [row("a"), errorOf(500), ready("idle")];
  deepStrictEqual(converse(volume, short).passed, joinBytes(short), "it says what is wrong");
  for (const size of [1, 7, 100_000]) {
    const long = [row("a"), errorOf(9000), ready("idle")];
    const { passed, outcome } = converse(volume, long, { size });
    const words = volumeExceeded(volume, "bytes", "cancelled");
    deepStrictEqual(passed, joinBytes([row("a"), words, ready("idle")]));
    deepStrictEqual([outcome.status, outcome.sqlstate], ["failed", "22P02"]);
  }
  const whole = [row("a"), errorOf(9000), ready("idle")];
  deepStrictEqual(converse(wide, whole).passed, joinBytes(whole));
});

Deno.test("a request that had come to its end is said to stand, or to be aborted", () => {
  const volume = { ...wide, rowsMax: 1 };
  for (const status of ["idle", "in_transaction"] as const) {
    const { passed, outcome } = converse(volume, [row("a"), row("b"), done(2), ready(status)]);
    const fate = status === "idle" ? "completed" : "aborted";
    const told = status === "idle" ? "idle" : "failed_transaction";
    const words = volumeExceeded(volume, "rows", fate);
    deepStrictEqual(passed, joinBytes([row("a"), words, ready(told)]));
    deepStrictEqual(outcome.status, "executed");
    deepStrictEqual(outcome.transaction, status === "idle" ? "I" : "T");
  }
});

Deno.test("answers of one request count together", () => {
  const volume = { ...wide, rowsMax: 3 };
  const answer = [row("a"), row("b"), done(2), row("c"), row("d"), cancelled, ready("idle")];
  const words = volumeExceeded(volume, "rows", "cancelled");
  const { passed } = converse(volume, answer);
  const expected = [row("a"), row("b"), done(2), row("c"), words, ready("idle")];
  deepStrictEqual(passed, joinBytes(expected));
});

Deno.test("a batch without Sync has no ReadyForQuery, and the next request is whole", () => {
  const volume = { ...wide, rowsMax: 1 };
  const conversation = postgresConversation(limits);
  const batch: readonly FrontendMessage[] = [
    {
      kind: "bind",
      portal: "",
      statement: "",
      parameterFormats: [],
      parameters: [],
      resultFormats: [],
    },
    { kind: "execute", portal: "", rowsMax: 0 },
    { kind: "flush" },
  ];
  conversation.asks([frontendBytes(...batch)], { statements: [], volume });
  const bound = backendBytes({ kind: "bind_complete" });
  const taken = conversation.takes(joinBytes([bound, row("a"), row("b"), cancelled])) ?? [];
  const words = volumeExceeded(volume, "rows", "cancelled");
  deepStrictEqual(joinBytes([...taken]), joinBytes([bound, row("a"), words]));
  ok(conversation.settled);
  conversation.asks([frontendBytes({ kind: "sync" })], { statements: [], volume });
  deepStrictEqual(joinBytes([...conversation.takes(ready("idle")) ?? []]), ready("idle"));
  ok(!conversation.cut);
  strictEqual(conversation.answered().cut, undefined);
});

Deno.test("between two requests what the server says is part of neither", () => {
  const volume = { ...wide, rowsMax: 1 };
  const conversation = postgresConversation(limits);
  conversation.asks([query], { statements: [], volume });
  conversation.takes(joinBytes([row("a"), row("b"), cancelled, ready("idle")]));
  deepStrictEqual(joinBytes([...conversation.takes(cancelled) ?? []]), cancelled);
});

Deno.test("a server that ends the session behind the limit is heard", () => {
  const conversation = postgresConversation(limits);
  const ended = backendBytes(
    errorResponse({ severity: "FATAL", sqlstate: "57P01", message: "terminating connection" }),
  );
  conversation.asks([query], { statements: [], volume: { ...wide, rowsMax: 1 } });
  const passed = conversation.takes(joinBytes([row("a"), row("b"), ended])) ?? [];
  deepStrictEqual(joinBytes([...passed]), joinBytes([row("a"), ended]));
  ok(conversation.ending);
});

Deno.test("rows of COPY are counted without its header line and without its trailer", () => {
  const text = backendBytes({ kind: "copy_out_response", format: 0, columnFormats: [0] });
  const volume = { ...wide, rowsMax: 2 };
  const end = [backendBytes({ kind: "copy_done" }), done(2), ready("idle")];
  for (const header of [true, false]) {
    const lines = [...header ? ["id\n"] : [], "1\n", "2\n"].map(copyData);
    const statements = [statementOf({ format: header ? "csv" : "text", header })];
    const { passed, outcome } = converse(volume, [text, ...lines, ...end], { statements });
    deepStrictEqual(passed, joinBytes([text, ...lines, ...end]));
    strictEqual(outcome.rows, 2);
    const more = [text, ...lines, copyData("3\n"), cancelled, ready("idle")];
    const words = volumeExceeded(volume, "rows", "cancelled");
    const cut = converse(volume, more, { statements });
    deepStrictEqual(cut.passed, joinBytes([text, ...lines, words, ready("idle")]));
  }
  const binary = backendBytes({ kind: "copy_out_response", format: 1, columnFormats: [1] });
  const tuple = copyData("\0\x01\0\0\0\x01x");
  const trailer = backendBytes({ kind: "copy_data", data: Uint8Array.of(0xff, 0xff) });
  const { outcome } = converse(volume, [binary, tuple, tuple, trailer, ...end]);
  deepStrictEqual([outcome.rows, outcome.cut], [2, undefined]);
});

Deno.test("behind the limit no COPY from the agent can begin", () => {
  const conversation = postgresConversation(limits);
  conversation.asks([query], { statements: [], volume: { ...wide, rowsMax: 1 } });
  const copyIn = backendBytes({ kind: "copy_in_response", format: 0, columnFormats: [0] });
  strictEqual(conversation.takes(joinBytes([row("a"), row("b"), done(2), copyIn])), null);
});

/** One simple query, answered. */
function converse(
  volume: VolumeLimit,
  answer: readonly Uint8Array[],
  { size = 1 << 20, statements = [statementOf(null)] } = {},
) {
  const conversation = postgresConversation(limits);
  conversation.asks([query], { statements, volume });
  const bytes = joinBytes([...answer]);
  const passed: Uint8Array[] = [];
  let cutBefore = false;
  for (let at = 0; at < bytes.length; at += size) {
    ok(!conversation.settled);
    const taken = conversation.takes(bytes.slice(at, at + size));
    ok(taken !== null);
    passed.push(...taken);
    cutBefore ||= conversation.cut && !conversation.settled;
  }
  ok(conversation.settled);
  const { counted = Infinity } = conversation.answered();
  ok(counted <= Math.min(volume.bytesMax, joinBytes(passed).length), "no more than the limit");
  const whole = size >= bytes.length;
  return {
    passed: joinBytes(passed),
    outcome: conversation.answered(),
    cutBefore: whole || cutBefore,
  };
}

/** A statement that copies out, or one that does not. */
function statementOf(
  copy: { readonly format: "text" | "csv"; readonly header: boolean } | null,
): StatementAnalysis {
  const marks = { delimiter: ",", null: "", quote: '"', escape: '"' };
  return {
    ...emptyAnalysis,
    effects: ["read"],
    copy: copy === null ? null : { direction: "out", format: { ...marks, ...copy } },
  };
}
