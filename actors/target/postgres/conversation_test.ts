import { deepStrictEqual } from "node:assert/strict";
import { emptyAnalysis, type StatementAnalysis } from "#schemas/analysis.ts";
import type { MaskPlan } from "#schemas/mask_plan.ts";
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { postgresConversation } from "./conversation.ts";

const limits = { messageBytesMax: 1 << 20, commandsMax: 8 };
const reads: StatementAnalysis = { ...emptyAnalysis, command: "SELECT", effects: ["read"] };
const defines: StatementAnalysis = { ...reads, command: "CREATE TABLE", effects: ["define"] };

Deno.test("the catalog is needed once a definition is committed, until it was read", () => {
  const conversation = postgresConversation(limits);
  const ask = (statement: StatementAnalysis, status: "idle" | "in_transaction") => {
    conversation.asks([frontendBytes({ kind: "query", text: "" })], { statements: [] });
    conversation.takes(backendBytes({ kind: "ready_for_query", status }));
    return conversation.ends([statement]);
  };
  deepStrictEqual(ask(reads, "idle"), "no");
  deepStrictEqual(ask(defines, "in_transaction"), "no");
  deepStrictEqual(ask(reads, "idle"), "first");
  deepStrictEqual(ask(reads, "idle"), "again", "nobody has read it");
  deepStrictEqual(ask(defines, "idle"), "first");
  conversation.catalogRead();
  deepStrictEqual(ask(reads, "idle"), "no");
});

Deno.test("of more statements than a verdict names, one may have changed definitions", () => {
  for (const [count, need] of [[63, "no"], [64, "first"]] as const) {
    const conversation = postgresConversation(limits);
    conversation.asks([frontendBytes({ kind: "query", text: "" })], { statements: [] });
    conversation.takes(backendBytes({ kind: "ready_for_query", status: "idle" }));
    deepStrictEqual(conversation.ends(Array.from({ length: count }, () => reads)), need);
  }
});

Deno.test("a server that ends the session says so; an error of a statement is no end", () => {
  for (const [severity, ending] of [["ERROR", false], ["FATAL", true], ["PANIC", true]] as const) {
    const conversation = postgresConversation(limits);
    conversation.asks([frontendBytes({ kind: "query", text: "" })], { statements: [] });
    const words = { severity, sqlstate: "57P01", message: "over" } as const;
    conversation.takes(backendBytes(errorResponse(words)));
    deepStrictEqual(conversation.ending, ending, severity);
    deepStrictEqual(conversation.answered().sqlstate, "57P01");
  }
});

Deno.test("the opening tells the server's number of the session", () => {
  const conversation = postgresConversation(limits);
  conversation.dials();
  const key = { kind: "backend_key_data", processId: -7, secretKey: new Uint8Array(4) } as const;
  conversation.takes(backendBytes(key, { kind: "ready_for_query", status: "idle" }));
  deepStrictEqual(conversation.answered().processId, -7);
  conversation.asks([frontendBytes({ kind: "sync" })], { statements: [] });
  deepStrictEqual(conversation.answered().processId, undefined);
});

Deno.test("nothing runs while the server reads statements otherwise than who judged them", () => {
  const settings = [
    ["standard_conforming_strings", "off", "on"],
    ["client_encoding", "SJIS", "LATIN1"],
    ["client_encoding", "GB18030", "UTF8"],
  ] as const;
  for (const [name, other, usual] of settings) {
    const conversation = postgresConversation(limits);
    const tells = (value: string) => {
      const setting = { kind: "parameter_status", name, value } as const;
      conversation.takes(backendBytes(setting, { kind: "ready_for_query", status: "idle" }));
    };
    const parts = [frontendBytes({ kind: "query", text: "" })];
    conversation.dials();
    tells(other);
    deepStrictEqual(conversation.asks(parts, { statements: [] }), null, name);
    const plan: MaskPlan = { results: [], errors: "keep", verbatim: true };
    deepStrictEqual(conversation.asks(parts, { statements: [], plan }), parts, "all is revealed");
    tells(usual);
    deepStrictEqual(conversation.asks(parts, { statements: [] }), parts, name);
  }
});
