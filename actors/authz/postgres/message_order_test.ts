import { equal, strictEqual } from "node:assert/strict";
import { emptyAnalysis, type StatementAnalysis } from "#schemas/analysis.ts";
import type { FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { type CopyStage, misplaced, stageBehind } from "./message_order.ts";

const format = { format: "text", delimiter: "\t", null: "", quote: '"', escape: '"' } as const;
const copy: StatementAnalysis["copy"] = { direction: "in", format: { ...format, header: false } };
const copies: StatementAnalysis = { ...emptyAnalysis, command: "COPY", copy };
const done: FrontendMessage = { kind: "copy_done" };
const fail: FrontendMessage = { kind: "copy_fail", reason: "" };
const sync: FrontendMessage = { kind: "sync" };
const flush: FrontendMessage = { kind: "flush" };
const data: FrontendMessage = { kind: "copy_data", data: new Uint8Array(1) };
const query: FrontendMessage = { kind: "query", text: "" };
const execute: FrontendMessage = { kind: "execute", portal: "", rowsMax: 0 };
const parse = (statement: string): FrontendMessage => {
  return { kind: "parse", statement, text: "", parameterTypes: [] };
};

/** The number of the first message that is refused; null when none is. */
function refusedAt(messages: readonly FrontendMessage[], executed = emptyAnalysis): number | null {
  let stage: CopyStage = "none";
  for (const [number, message] of messages.entries()) {
    if (misplaced(message, stage) !== null) return number;
    stage = stageBehind(message, stage, executed);
  }
  return null;
}

Deno.test("behind the end of a COPY stands nothing that has an answer", () => {
  const others: readonly FrontendMessage[] = [parse(""), execute, query, data];
  for (const end of [done, fail]) {
    strictEqual(refusedAt([end, sync]), null);
    strictEqual(refusedAt([end, flush]), null);
    strictEqual(refusedAt([data, end]), null);
    for (const other of others) equal(refusedAt([end, other]), 1);
  }
  equal(refusedAt([data, query]), 1);
});

Deno.test("behind what begins a COPY stands nothing but the COPY", () => {
  const own: readonly FrontendMessage[] = [sync, flush, done, fail, data];
  const others: readonly FrontendMessage[] = [parse(""), execute, query];
  for (const other of own) {
    strictEqual(refusedAt([execute, other], copies), null);
  }
  for (const other of others) equal(refusedAt([execute, other], copies), 1);
  strictEqual(refusedAt([execute, execute, parse(""), execute]), null);
});

Deno.test("a name that the server would cut is refused, wherever it stands", () => {
  strictEqual(refusedAt([parse("x".repeat(63))]), null);
  strictEqual(refusedAt([parse("é".repeat(15))]), null);
  const name = "x".repeat(64);
  const target = "statement";
  const bind = { parameterFormats: [], parameters: [], resultFormats: [] } as const;
  const all: readonly FrontendMessage[] = [
    parse(name),
    parse("é".repeat(16)),
    { kind: "bind", portal: name, statement: "", ...bind },
    { kind: "bind", portal: "", statement: name, ...bind },
    { kind: "describe", target, name },
    { kind: "close", target, name },
    { kind: "execute", portal: name, rowsMax: 0 },
  ];
  for (const message of all) equal(refusedAt([message]), 0, message.kind);
});
