/** COPY from the agent: what goes upstream meanwhile, and whose the server's answers are. */
import { deepStrictEqual, equal, ok, strictEqual } from "node:assert/strict";
import { emptyAnalysis, type StatementAnalysis } from "#schemas/analysis.ts";
import { joinBytes } from "#schemas/join_bytes.ts";
import { backendBytes, type BackendMessage } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { postgresConversation } from "./conversation.ts";

const format = { format: "text", delimiter: "\t", null: "", quote: '"', escape: '"' } as const;
const copy: StatementAnalysis["copy"] = { direction: "in", format: { ...format, header: false } };
const copies: StatementAnalysis = { ...emptyAnalysis, command: "COPY", copy };
const execute: FrontendMessage = { kind: "execute", portal: "", rowsMax: 0 };
const sync: FrontendMessage = { kind: "sync" };
const flush: FrontendMessage = { kind: "flush" };
const query: FrontendMessage = { kind: "query", text: "select" };
const done: FrontendMessage = { kind: "copy_done" };
const data: FrontendMessage = { kind: "copy_data", data: new Uint8Array(3) };
const begins: BackendMessage = { kind: "copy_in_response", format: 0, columnFormats: [0] };
const ready: BackendMessage = { kind: "ready_for_query", status: "idle" };
const complete: BackendMessage = { kind: "command_complete", tag: "COPY 1" };
const row: BackendMessage = { kind: "data_row", values: [new Uint8Array(1)] };
const failure = errorResponse({ severity: "ERROR", sqlstate: "55000", message: "no" });

function converse() {
  const conversation = postgresConversation({ messageBytesMax: 1 << 20, commandsMax: 8 });
  return {
    /** The bytes that go upstream, null when none may; and what of them, as tags. */
    asks(statements: readonly StatementAnalysis[], ...messages: readonly FrontendMessage[]) {
      const bytes = frontendBytes(...messages);
      // In pieces, as requests come.
      const parts = [bytes.subarray(0, 3), bytes.subarray(3)];
      const sent = conversation.asks(parts, { statements: [...statements] });
      return sent === null ? null : joinBytes([...sent]);
    },
    hears(...messages: readonly BackendMessage[]): "passed" | "lost" {
      return conversation.takes(backendBytes(...messages)) === null ? "lost" : "passed";
    },
    late: () => conversation.takeLate(),
    get settled() {
      return conversation.settled;
    },
  };
}

Deno.test("in a COPY nothing but its own goes upstream", () => {
  const others: readonly (readonly FrontendMessage[])[] = [
    [query],
    [execute, sync],
    [execute, flush],
    [data, query],
  ];
  for (const begun of ["simple", "extended"] as const) {
    for (const other of others) {
      const server = converse();
      if (begun === "simple") server.asks([copies], query);
      else server.asks([copies], execute, flush);
      equal(server.hears(begins), "passed");
      ok(server.settled);
      strictEqual(server.asks([], ...other), null, `${begun}: ${other[0]?.kind}`);
    }
  }
});

Deno.test("data of a COPY that failed late is answered before what comes next", () => {
  const server = converse();
  server.asks([copies], query);
  server.hears(begins);
  server.asks([], data);
  ok(server.settled);
  equal(server.hears(failure), "passed");
  ok(!server.settled, "ReadyForQuery is owed");
  server.hears(ready);
  ok(server.settled);
  deepStrictEqual(server.asks([], done), frontendBytes(done));
  ok(server.settled, "the server passes over the end of what is over");
});

Deno.test("a Sync behind what begins a COPY goes upstream when that fails without data", () => {
  for (const before of [[], [begins]]) {
    const server = converse();
    deepStrictEqual(server.asks([copies], execute, sync), frontendBytes(execute));
    server.hears(...before);
    equal(server.settled, before.length > 0);
    equal(server.hears(failure), "passed");
    deepStrictEqual(server.late(), frontendBytes(sync));
    strictEqual(server.late(), null, "once");
    ok(!server.settled, "ReadyForQuery is owed");
    server.hears(ready);
    ok(server.settled);
    server.asks([], execute, flush);
    ok(!server.settled, "and nothing is passed over");
  }
});

Deno.test("a Sync behind what begins a COPY is passed over when data follows", () => {
  const server = converse();
  server.asks([copies], execute, sync);
  server.hears(begins);
  server.asks([], data);
  equal(server.hears(failure), "passed");
  strictEqual(server.late(), null);
  deepStrictEqual(server.asks([], done, sync), frontendBytes(done, sync));
  ok(!server.settled);
  server.hears(ready);
  ok(server.settled);
  server.asks([copies], execute, sync);
  server.hears(begins);
  deepStrictEqual(server.asks([], data), frontendBytes(data));
  server.asks([], done, sync);
  equal(server.hears(complete, ready), "passed");
  ok(server.settled);
});

Deno.test("a Sync by itself in a COPY is held back as well", () => {
  const server = converse();
  server.asks([copies], execute, flush);
  server.hears(begins);
  deepStrictEqual(server.asks([], sync), new Uint8Array(0));
  ok(server.settled);
  server.hears(failure);
  deepStrictEqual(server.late(), frontendBytes(sync));
});

Deno.test("a Sync is not held back behind an error that the server passes it over for", () => {
  const server = converse();
  server.asks([], execute, flush);
  server.hears(failure);
  deepStrictEqual(server.asks([copies], execute, sync), frontendBytes(execute, sync));
  ok(!server.settled);
  server.hears(ready);
  ok(server.settled);
});

Deno.test("an answer that is not owed ends the session", () => {
  const answers: readonly BackendMessage[] = [
    ready,
    row,
    complete,
    begins,
    { kind: "row_description", fields: [] },
    { kind: "parse_complete" },
    { kind: "bind_complete" },
    { kind: "no_data" },
    { kind: "portal_suspended" },
    { kind: "copy_data", data: new Uint8Array(1) },
    { kind: "copy_both_response", format: 0, columnFormats: [] },
    { kind: "function_call_response", value: null },
    { kind: "parameter_description", types: [] },
  ];
  for (const answer of answers) {
    const server = converse();
    server.asks([], query);
    server.hears(complete, ready);
    equal(server.hears(answer), "lost", answer.kind);
  }
  const batch = converse();
  batch.asks([], { kind: "parse", statement: "", text: "", parameterTypes: [] }, execute, sync);
  equal(batch.hears({ kind: "parse_complete" }), "passed");
  equal(batch.hears(row, complete), "passed");
  equal(batch.hears(row), "lost", "Sync has no rows");
  const server = converse();
  server.asks([copies], execute, execute, flush);
  equal(server.hears(begins), "lost", "the server took what is behind for COPY data");
});
