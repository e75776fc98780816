/** What an agent sends ahead of an error: batches behind a Flush, data of a COPY. */
import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { abortCopy, abortTransaction } from "#schemas/wire/postgres/refused_transaction.ts";
import { joinBytes } from "#schemas/join_bytes.ts";
import { edgeLimits } from "./limits.ts";
import { transactionOf } from "./outstanding.ts";
import type { Session } from "./session.ts";
import { has, opened, outcome, published, query, response, verdict, written } from "./testing.ts";

const parse = { kind: "parse", statement: "", text: "select 1", parameterTypes: [] } as const;
const flush = { kind: "flush" } as const;
const syncs = { kind: "sync" } as const;
const sync = frontendBytes(syncs);
const flushed = frontendBytes(parse, flush);
const batch = frontendBytes(parse, syncs);
const done = { kind: "copy_done" } as const;
const data: FrontendMessage = { kind: "copy_data", data: new TextEncoder().encode("1\n") };
const nothing = new Uint8Array(0);
const ready = (status: "I" | "T") => {
  return backendBytes({ kind: "ready_for_query", status: transactionOf(status) });
};

/** The request runs, and is answered with these bytes in this part. */
function runs(session: Session, request: number, part: number, transaction: "I" | "T" | null) {
  return [
    ...session.stored(verdict(request, "allow")),
    ...session.stored(response(part, request, transaction === null ? nothing : ready(transaction))),
    ...session.stored(outcome(request, { transaction })),
  ];
}

Deno.test("what is sent behind a batch without Sync is asked once that has ended", () => {
  const session = opened();
  deepStrictEqual(published(session.receive(flushed)), [flushed]);
  deepStrictEqual(published(session.receive(Uint8Array.of(...batch, ...query))), []);
  // What ends the batch is waited for, too: it may be refused, and the batch with it.
  deepStrictEqual(published(runs(session, 1, 1, null)), [batch]);
  deepStrictEqual(published(runs(session, 2, 2, "I")), [query]);
});

Deno.test("a batch is given up when its end is refused and the server has run a part of it", () => {
  const isReady = new TextDecoder().decode(ready("I"));
  for (const [end, owed] of [[batch, isReady], [query, isReady], [flushed, ""]] as const) {
    for (const failed of [true, false]) {
      const session = opened();
      session.receive(flushed);
      runs(session, 1, 1, null);
      session.receive(Uint8Array.of(...end, ...batch));
      const refused = session.stored(verdict(2, "deny"));
      deepStrictEqual([published(refused)[0], written(refused)], [abortTransaction, ""]);
      session.stored(verdict(3, "allow"));
      session.stored(response(2, 3, ready("I")));
      const status = failed ? "failed" : "executed";
      const told = written(session.stored(outcome(3, { status, transaction: "I" })));
      // A batch that had failed before has its error from the server.
      match(told, failed ? /^E.*42501/s : /^(?!E)/);
      ok(told.endsWith(owed) && (failed || told === owed));
    }
  }
});

Deno.test("behind a batch that was refused all is passed over up to its own Sync", () => {
  const session = opened();
  session.receive(Uint8Array.of(...flushed, ...flushed, ...query, ...batch, ...batch));
  const refused = session.stored(verdict(1, "deny"));
  match(written(refused), /^E.*42501/s);
  deepStrictEqual(published(refused), [sync, batch]);
  deepStrictEqual(published(session.receive(query)), [query], "nothing more is passed over");
});

Deno.test("a batch that is refused in a transaction is aborted before its Sync is answered", () => {
  const session = opened();
  session.receive(query);
  runs(session, 1, 1, "T");
  session.receive(Uint8Array.of(...flushed, ...batch));
  deepStrictEqual(published(session.stored(verdict(2, "deny"))), [abortTransaction, sync]);
});

Deno.test("a Sync alone is answered behind what a refusal before it does to the transaction", () => {
  const session = opened();
  session.receive(query);
  runs(session, 1, 1, "T");
  deepStrictEqual(published(session.receive(Uint8Array.of(...batch, ...sync))), [batch]);
  deepStrictEqual(published(session.stored(verdict(2, "deny"))), [abortTransaction, sync]);
  // Behind a query it may be what ends a batch of which that is a part, and is not waited with.
  const other = opened();
  deepStrictEqual(published(other.receive(Uint8Array.of(...query, ...sync))), [query, sync]);
});

Deno.test("reading stops while too much waits behind a batch without Sync", () => {
  const session = opened();
  session.receive(flushed);
  const many = new Uint8Array(query.length * 300);
  for (let at = 0; at < many.length; at += query.length) many.set(query, at);
  ok(has(session.receive(many), "pause"));
  equal(published(runs(session, 1, 1, null)).length, 1);
  equal(published(runs(session, 2, 2, "I")).length, edgeLimits.outstandingMax);
});

Deno.test("of what comes at once only so many requests are asked at once, and in order", () => {
  const session = opened();
  const { outstandingMax } = edgeLimits;
  const all = Array.from({ length: outstandingMax + 10 }, (_, index) => {
    return frontendBytes({ kind: "query", text: `select ${index}` });
  });
  const asked = published(session.receive(joinBytes(all)));
  equal(asked.length, outstandingMax);
  asked.push(...published(runs(session, 1, 1, "I")), ...published(runs(session, 2, 2, "I")));
  deepStrictEqual(asked, all.slice(0, outstandingMax + 2));
});

Deno.test("a COPY of which a part is refused is given up, and the session goes on", () => {
  const session = opened();
  session.receive(query);
  runs(session, 1, 1, null);
  const piece = frontendBytes(data);
  deepStrictEqual(published(session.receive(piece)), [piece]);
  deepStrictEqual(published(session.receive(piece)), [piece], "data follows data");
  const refused = session.stored(verdict(2, "deny"));
  deepStrictEqual(published(refused), [abortCopy]);
  equal(written(refused), "", "nothing is said before the server has given it up");
  deepStrictEqual(published(session.receive(frontendBytes(data, done))), []);
  deepStrictEqual(published(session.receive(query)), [], "what follows the COPY waits for it");
  equal(written(session.stored(verdict(3, "deny"))), "", "the rest of it is ignored");
  session.stored(verdict(4, "allow"));
  equal(written(session.stored(response(2, 4, new TextEncoder().encode("E of the server")))), "");
  const told = session.stored(outcome(4, { status: "cancelled", transaction: "I" }));
  match(written(told), /^E.*42501/s);
  ok(written(told).endsWith("Z\0\0\0\x05I"));
  deepStrictEqual(published(told), [query]);
});

Deno.test("a COPY in a transaction takes it along", () => {
  const session = opened();
  session.receive(query);
  runs(session, 1, 1, "T");
  session.receive(query);
  runs(session, 2, 2, null);
  session.receive(frontendBytes(data, done));
  deepStrictEqual(published(session.stored(verdict(3, "deny"))), [abortCopy]);
  session.stored(verdict(4, "allow"));
  session.stored(response(3, 4, nothing));
  const told = session.stored(outcome(4, { status: "cancelled", transaction: "E" }));
  match(written(told), /^E.*42501/s);
  ok(written(told).endsWith("Z\0\0\0\x05E"));
});

Deno.test("an extended COPY that is refused is passed over up to its Sync", () => {
  const ahead = frontendBytes(data);
  const end = frontendBytes(done, syncs);
  for (const refusedAt of ["data", "end"]) {
    const session = opened();
    session.receive(Uint8Array.of(...flushed));
    runs(session, 1, 1, null);
    session.receive(ahead);
    let refused = 2;
    if (refusedAt === "end") {
      runs(session, 2, 2, null);
      session.receive(end);
      refused = 3;
    } else deepStrictEqual(published(session.receive(end)), []);
    const asked = published(session.stored(verdict(refused, "deny")));
    const at = refused + 1;
    session.stored(verdict(at, "allow"));
    session.stored(response(refused, at, nothing));
    const told = session.stored(outcome(at, { status: "cancelled", transaction: null }));
    deepStrictEqual([...asked, ...published(told)], [abortCopy, sync]);
    match(written(told), /^E.*42501/s);
    ok(!written(told).includes("Z\0\0\0\x05"), "the server answers the Sync itself");
    runs(session, at + 1, at, "I");
    deepStrictEqual(published(session.receive(query)), [query]);
  }
});

Deno.test("a COPY that was over when a part was refused had its error from the server", () => {
  const session = opened();
  session.receive(query);
  runs(session, 1, 1, null);
  session.receive(frontendBytes(data));
  session.stored(verdict(2, "deny"));
  session.stored(verdict(3, "allow"));
  const told = session.stored(outcome(3, { status: "executed", bytes: 0, transaction: null }));
  equal(written(told), "");
});

Deno.test("a COPY that cannot be given up ends with its session", () => {
  const session = opened();
  session.receive(query);
  runs(session, 1, 1, null);
  session.receive(frontendBytes(data));
  session.stored(verdict(2, "deny"));
  const ended = session.stored(verdict(3, "deny"));
  match(written(ended), /^E.*FATAL.*42501/s);
  ok(has(ended, "close"));
});
