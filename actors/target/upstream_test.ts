/** The book-keeping of one upstream connection. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { joinBytes } from "#schemas/join_bytes.ts";
import { tagged } from "#schemas/wire/postgres/testing.ts";
import { postgresConversation } from "./postgres/conversation.ts";
import { newUpstream, outcomeOf, startRequest, takeUpstream } from "./upstream.ts";

const limits = { messageBytesMax: 1024, commandsMax: 4 };
const terms = { statements: [] };
const ready = (status: string) => message("Z", status);

Deno.test("a request that ends with Flush says nothing of the transaction", () => {
  const upstream = newUpstream(postgresConversation(limits));
  startRequest(upstream, [message("Q", "select 1\0")], terms, 0);
  ok(takeUpstream(upstream, joinBytes([message("C", "SELECT 1\0"), ready("I")])));
  strictEqual(outcomeOf(upstream, 0).transaction, "I");
  // Bind, Execute, Flush: its portal lives on, so that it is not idle.
  startRequest(
    upstream,
    [joinBytes([message("B", "\0"), message("E", "\0"), message("H", "")])],
    terms,
    0,
  );
  ok(takeUpstream(upstream, joinBytes([message("2", ""), message("s", "")])));
  ok(upstream.conversation.settled);
  strictEqual(outcomeOf(upstream, 0).transaction, null);
  startRequest(upstream, [message("S", "")], terms, 0);
  ok(!upstream.conversation.settled);
  ok(takeUpstream(upstream, ready("T")));
  strictEqual(outcomeOf(upstream, 0).transaction, "T");
});

Deno.test("an outcome counts rows, bytes and commands of its own request", () => {
  const upstream = newUpstream(postgresConversation(limits));
  for (let round = 0; round < 2; round++) {
    startRequest(upstream, [message("Q", "select 1\0")], terms, 10);
    const bytes = joinBytes([message("D", "x"), message("C", "SELECT 1\0"), ready("I")]);
    ok(takeUpstream(upstream, bytes));
    const { rows, commands, completed, durationMs, status } = outcomeOf(upstream, 15);
    deepStrictEqual([rows, commands, completed, durationMs, status], [
      1,
      ["SELECT 1"],
      1,
      5,
      "executed",
    ]);
    strictEqual(outcomeOf(upstream, 15).bytes, bytes.length);
  }
});

Deno.test("bytes that are no messages are told", () => {
  const upstream = newUpstream(postgresConversation(limits));
  startRequest(upstream, [message("Q", "select 1\0")], terms, 0);
  ok(!takeUpstream(upstream, Uint8Array.of(0x44, 0, 0, 0, 1)));
});

function message(tag: string, body: string): Uint8Array {
  return tagged(tag, new TextEncoder().encode(body));
}
