import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { backendBytes, type BackendMessage } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import type { DialEvents } from "../reach.ts";
import { queryConnection } from "./query_connection.ts";

const ready: BackendMessage = { kind: "ready_for_query", status: "idle" };
const greeting = backendBytes({ kind: "parameter_status", name: "a", value: "b" }, ready);
const failure = errorResponse({ severity: "ERROR", sqlstate: "55P03", message: "locked: PHI" });

Deno.test("a query dials, has its rows, and leaves the connection open for the next", async () => {
  const { connection, dials, written, events } = connectionTo();
  const first = connection.query("select 1");
  ok(!connection.isOpen, "it is still on its way");
  strictEqual(written.length, 0);
  events().ready(upstream(written, dials), greeting);
  deepStrictEqual(written, [frontendBytes({ kind: "query", text: "select 1" })]);
  const answer = backendBytes(row("1", null), row("2", "ü"), ready);
  for (const byte of answer) events().received(Uint8Array.of(byte));
  deepStrictEqual(await first, [["1", null], ["2", "ü"]]);
  const second = connection.query("select 2");
  events().received(backendBytes(ready));
  deepStrictEqual(await second, []);
  strictEqual(dials.count, 1);
  ok(connection.isOpen);
  // A server that closes between two queries is dialled for the next.
  events().received(backendBytes(failure));
  events().closed();
  ok(!connection.isOpen);
  const third = connection.query("select 3");
  events().ready(upstream(written, dials), greeting);
  events().received(backendBytes(row("3"), ready));
  deepStrictEqual([await third, dials.count], [[["3"]], 2]);
});

Deno.test("a failure is a code without words, and closes the connection", async () => {
  const failures: [string, (events: DialEvents) => void][] = [
    ["55P03", (events) => events.received(backendBytes(failure, ready))],
    ["closed", (events) => events.closed()],
    ["too_large", (events) => {
      events.received(backendBytes(row("x".repeat(60)), row("x".repeat(60))));
    }],
    ["malformed", (events) => events.received(Uint8Array.of(0x44, 0, 0, 0, 0))],
    ["malformed", (events) => events.received(Uint8Array.of(0x44, 0, 0, 0, 6, 0, 9))],
  ];
  for (const [code, happens] of failures) {
    const { connection, dials, written, events } = connectionTo();
    const asked = connection.query("select 1");
    events().ready(upstream(written, dials), greeting);
    happens(events());
    await rejects(asked, { name: "QueryError", code, message: `The query failed (${code})` });
    ok(!connection.isOpen, code);
    strictEqual(dials.abandoned, 1, code);
    const again = connection.query("select 2");
    strictEqual(dials.count, 2, code);
    events().failed("08001", "refused");
    await rejects(again, { code: "08001" });
  }
});

Deno.test("a statement is prepared by the protocol, and has so many parameters", async () => {
  const { connection, dials, written, events } = connectionTo();
  const prepared = connection.prepare("p", "select $1, $2", [0, 25]);
  events().ready(upstream(written, dials), greeting);
  deepStrictEqual(written, [frontendBytes(
    { kind: "parse", statement: "p", text: "select $1, $2", parameterTypes: [0, 25] },
    { kind: "describe", target: "statement", name: "p" },
    { kind: "sync" },
  )]);
  const description = { kind: "parameter_description", types: [23, 25] } as const;
  events().received(
    backendBytes({ kind: "parse_complete" }, description, { kind: "no_data" }, ready),
  );
  deepStrictEqual(await prepared, 2);
  const wrong = connection.prepare("p", "select 1; select 2", []);
  events().received(backendBytes(failure, ready));
  await rejects(wrong, { code: "55P03" });
});

Deno.test("a query that takes too long is cancelled, and its late answer is nobody's", async () => {
  const { connection, dials, written, events, timers } = connectionTo();
  const asked = connection.query("select pg_sleep(60)");
  const late = events();
  late.ready(upstream(written, dials), greeting);
  timers[0]?.();
  await rejects(asked, { code: "timeout" });
  deepStrictEqual([dials.cancelled, dials.abandoned], [1, 1]);
  const next = connection.query("select 1");
  late.received(backendBytes(row("stale"), ready));
  late.closed();
  events().ready(upstream(written, dials), greeting);
  events().received(backendBytes(row("fresh"), ready));
  deepStrictEqual(await next, [["fresh"]]);
});

Deno.test("one query at a time, and none survives a close", async () => {
  const { connection, dials, events } = connectionTo();
  const asked = connection.query("select 1");
  await rejects(connection.query("select 2"), { code: "busy" });
  connection.close();
  await rejects(asked, { code: "closed" });
  events().ready(upstream([], dials), greeting);
  ok(!connection.isOpen, "the dial that was given up opens nothing");
});

type Dials = { count: number; abandoned: number; cancelled: number };

function connectionTo() {
  const dials: Dials = { count: 0, abandoned: 0, cancelled: 0 };
  const written: Uint8Array[] = [];
  const timers: (() => void)[] = [];
  const opened: DialEvents[] = [];
  const clock = {
    nowMs: () => 0,
    after(_ms: number, run: () => void) {
      timers.push(run);
      return () => {};
    },
  };
  const connection = queryConnection(
    (events) => {
      dials.count++;
      opened.push(events);
      return { abandon: () => void dials.abandoned++ };
    },
    clock,
    { queryMsMax: 1000, answerBytesMax: 100 },
  );
  const events = (): DialEvents => {
    const last = opened.at(-1);
    if (last === undefined) throw new Error("nothing was dialled");
    return last;
  };
  return { connection, dials, written, timers, events };
}

function upstream(written: Uint8Array[], dials: Dials) {
  return {
    write: (bytes: Uint8Array) => void written.push(bytes),
    whenWritten() {},
    pause() {},
    resume() {},
    cancel: () => void dials.cancelled++,
    processId: null,
    hangUp() {},
  };
}

function row(...values: (string | null)[]): BackendMessage {
  const encoder = new TextEncoder();
  return {
    kind: "data_row",
    values: values.map((value) => value === null ? null : encoder.encode(value)),
  };
}
