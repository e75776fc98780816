import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import type { Frame } from "#actors/_kit/frame.ts";
import {
  type ControlPayload,
  encodeControl,
  endedHeader,
  endedTold,
  limitedHeader,
} from "#schemas/frames.ts";
import { cutHeader } from "#schemas/payload_coding.ts";
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { abortTransaction } from "#schemas/wire/postgres/refused_transaction.ts";
import { createHash } from "node:crypto";
import { edgeLimits } from "./limits.ts";
import { Session } from "./session.ts";
import type { SessionEffect } from "./session_effects.ts";
import {
  answer,
  answered,
  frame,
  has,
  opened,
  outcome,
  published,
  query,
  response,
  verdict,
  written,
} from "./testing.ts";

Deno.test("nothing of the server leaves before the opening's verdict is known", () => {
  const session = opened();
  ok(session);
  const early = new Session({
    limits: edgeLimits,
    session: { requestBytesMax: 1024, verdictMsMax: 1, idleMsMax: 1, sessionMsMax: 1 },
    nowMs: () => 0,
    secretKey: new Uint8Array(4),
  });
  early.start();
  equal(written(early.stored(response(0, 0, answer))), "");
});

Deno.test("the agent is told the server's number of its session, and cancels by it", () => {
  const session = new Session({
    limits: edgeLimits,
    session: { requestBytesMax: 1024, verdictMsMax: 1, idleMsMax: 1, sessionMsMax: 1 },
    nowMs: () => 0,
    secretKey: Uint8Array.of(1, 2, 3, 4),
  });
  session.start();
  session.stored(verdict(0, "allow"));
  equal(written(session.stored(response(0, 0, answer))), "", "the number is not known yet");
  const greeting = written(session.stored(outcome(0, { processId: 4711 })));
  const told = backendBytes(
    { kind: "authentication_ok" },
    { kind: "backend_key_data", processId: 4711, secretKey: Uint8Array.of(1, 2, 3, 4) },
  );
  equal(greeting, new TextDecoder("latin1").decode(Uint8Array.of(...told, ...answer)));
  session.receive(query);
  deepStrictEqual(session.cancel(4712), []);
  ok(has(session.cancel(4711), "publish"));
});

Deno.test("a query is published, and its stored response released as it stands", () => {
  const session = opened();
  const asked = session.receive(query);
  deepStrictEqual(published(asked), [query]);
  ok(!has(asked, "write"));
  session.stored(verdict(1, "allow"));
  equal(written(session.stored(response(1, 1, answer))), new TextDecoder("latin1").decode(answer));
});

Deno.test("parts leave in order, each once, whatever comes when", () => {
  const session = opened();
  session.receive(query);
  session.stored(verdict(1, "allow"));
  const part = (index: number) => new TextEncoder().encode(`part${index}.`);
  equal(written(session.stored(response(3, 1, part(3)))), "");
  equal(written(session.stored(response(2, 1, part(2)))), "");
  equal(written(session.stored(response(1, 1, part(1)))), "part1.part2.part3.");
  equal(written(session.stored(response(2, 1, part(2)))), "");
});

Deno.test("a response that stays away is not forgotten for an outcome that comes late", () => {
  const session = opened();
  session.receive(query);
  session.receive(query);
  for (const request of [1, 2]) session.stored(verdict(request, "allow"));
  const first = outcome(1);
  session.stored(response(1, 1, answer));
  const awaited = (effects: readonly SessionEffect[]) => {
    return effects.findLast((one) => "name" in one && one.name === "response")?.kind;
  };
  equal(awaited(session.stored(outcome(2))), "wake");
  equal(awaited(session.stored(first)), undefined);
  equal(awaited(session.stored(response(2, 2, answer))), "unwake");
});

Deno.test("an answer alone says that its request was allowed and has ended", () => {
  const session = opened();
  session.receive(query);
  session.receive(query);
  equal(written(session.stored(response(2, 2, answer))), "", "the first is answered first");
  const both = written(session.stored(response(1, 1, answer)));
  equal(both, new TextDecoder("latin1").decode(Uint8Array.of(...answer, ...answer)));
  ok(has(session.receive(query), "unwake"), "nothing is outstanding but this");
});

Deno.test("within a message that came in pieces the edge says nothing of its own", () => {
  const cut = { [cutHeader]: "1" };
  for (const isEnded of [false, true]) {
    const session = opened();
    session.receive(Uint8Array.of(...query, ...query));
    session.stored(verdict(1, "allow"));
    session.stored({ ...response(1, 1, answer.subarray(0, 9), cut), more: true });
    equal(written(session.stored(verdict(2, "hold"))), "");
    equal(written(session.stored(asked(2))), "");
    if (isEnded) {
      const over = session.terminate("revoked", "access was revoked");
      deepStrictEqual([written(over), has(over, "close")], ["", true]);
      continue;
    }
    const rest = written(session.stored(response(2, 1, answer.subarray(9))));
    ok(rest.includes("Z\0\0\0\x05IN"), "the server's answer, then the notice");
    match(rest, /waits for approval by privacy/);
  }
});

Deno.test("a server that was lost behind its last answer ends the session", () => {
  const session = opened();
  session.receive(query);
  session.stored(response(1, 1, answer));
  match(written(session.stored(outcome(1, { alive: false }))), /08006/);
});

Deno.test("what ReadyForQuery says counts, over the borders of parts and not behind a Flush", () => {
  const end = answered("in_transaction");
  for (const at of [1, end.length - 6, end.length - 5, end.length - 1, end.length]) {
    const session = opened();
    session.receive(query);
    session.stored({ ...response(1, 1, end.subarray(0, at)), more: true });
    session.stored(response(2, 1, end.subarray(at)));
    session.receive(query);
    deepStrictEqual(
      published(session.stored(verdict(2, "deny"))),
      [abortTransaction],
      `cut at ${at}`,
    );
  }
  const batch = opened();
  batch.receive(frontendBytes({ kind: "flush" }));
  batch.stored(response(1, 1, end));
  batch.receive(query);
  const refused = batch.stored(verdict(2, "deny"));
  deepStrictEqual(published(refused), [abortTransaction], "the batch goes on behind a Flush");
});

Deno.test("a refusal is worded when it is its turn, and aborts an open transaction", () => {
  const session = opened();
  session.receive(query);
  session.receive(query);
  session.stored(verdict(1, "allow"));
  equal(written(session.stored(verdict(2, "deny"))), "");
  const words = written(session.stored(response(1, 1, answered("in_transaction"))));
  match(words, /42501/);
  match(words, /policy forbids it/);
  ok(words.endsWith("Z\0\0\0\x05E"), "ReadyForQuery tells of a failed transaction");
});

Deno.test("what a refusal aborts is aborted at the server too, and the agent hears nothing", () => {
  const session = opened();
  session.receive(query);
  session.stored(verdict(1, "allow"));
  session.stored(response(1, 1, answered("in_transaction")));
  session.receive(query);
  const refused = session.stored(verdict(2, "deny"));
  deepStrictEqual(published(refused), [abortTransaction]);
  session.receive(query);
  session.stored(verdict(3, "allow"));
  equal(written(session.stored(response(2, 3, answer))), "");
  session.stored(outcome(3, { status: "failed", transaction: "E" }));
  session.stored(verdict(4, "allow"));
  const heard = written(session.stored(response(3, 4, answer)));
  equal(heard, new TextDecoder("latin1").decode(answer));
});

Deno.test("what target refuses after all is worded as any refusal, even of what was allowed", () => {
  const refused = {
    code: "definitions_changed",
    policy: null,
    message: "defined anew",
    detail: "It did not run.",
    hint: "Run it again.",
    sqlstate: "40001",
  };
  const notRun = { status: "not_run", bytes: 0, transaction: null, alive: true, refused } as const;
  for (const known of [[], [verdict(1, "allow")]]) {
    const session = opened();
    session.receive(query);
    for (const frame of known) session.stored(frame);
    const words = written(session.stored(outcome(1, notRun)));
    match(words, /40001.*defined anew/s);
    ok(words.endsWith("Z\0\0\0\x05I"));
    session.receive(query);
    session.stored(response(1, 2, answered("in_transaction")));
    session.receive(query);
    deepStrictEqual(published(session.stored(outcome(3, notRun))), [abortTransaction]);
  }
});

Deno.test("a response that was ended at its limit waits for the outcome, and aborts as any error", () => {
  const cut = { by: "rows", of: "request" } as const;
  const limited = { [limitedHeader]: "1" };
  const session = opened();
  session.receive(query);
  session.stored(verdict(1, "allow"));
  equal(written(session.stored(response(1, 1, answer, limited))), "");
  const late = session.stored(outcome(1, { cut, transaction: "T" }));
  deepStrictEqual(
    published(late),
    [abortTransaction],
    "the server was done, and knows of no error",
  );
  equal(written(late), new TextDecoder("latin1").decode(answer));

  const early = opened();
  early.receive(query);
  early.stored(verdict(1, "allow"));
  early.stored(response(1, 1, answer, limited));
  const failed = { cut, status: "cancelled", sqlstate: "57014", transaction: "E" } as const;
  deepStrictEqual(published(early.stored(outcome(1, failed))), []);

  const batch = opened();
  batch.receive(frontendBytes({ kind: "flush" }));
  batch.stored(verdict(1, "allow"));
  batch.stored(response(1, 1, answer, limited));
  batch.stored(outcome(1, { cut, transaction: null }));
  const more = frontendBytes({ kind: "flush" });
  deepStrictEqual(published(batch.receive(more)), [], "up to Sync nothing is passed on");
  const sync = frontendBytes({ kind: "sync" });
  deepStrictEqual(published(batch.receive(sync)), [sync]);
});

Deno.test("a part that waits for its outcome is no gap: the end behind it waits, too", () => {
  const session = opened();
  session.receive(query);
  session.stored(verdict(1, "allow"));
  session.stored(response(1, 1, answer, { [limitedHeader]: "1" }));
  session.stored(response(2, 1, new Uint8Array(0), { [endedHeader]: "1" }));
  for (let times = 0; times < 3; times++) ok(!has(session.woken("repair"), "close"));
  const lost = session.stored(outcome(1, { status: "unknown", transaction: null, alive: false }));
  match(written(lost), /FATAL.*whether it took effect is not known/s);
  const close = lost.find((one) => one.kind === "publish" && one.frame === "close");
  const text = close?.kind === "publish" ? new TextDecoder().decode(close.payload) : "";
  ok(text.includes('"parts":1,'), "what did not leave is not counted");
});

Deno.test("a session that ends with what a refusal aborted ends with words", () => {
  const session = opened();
  session.receive(query);
  session.stored(verdict(1, "allow"));
  session.stored(response(1, 1, answered("in_transaction")));
  session.receive(query);
  session.stored(verdict(2, "deny"));
  session.stored(verdict(3, "allow"));
  const lost = session.stored(response(2, 3, answer, { [endedHeader]: "1" }));
  match(written(lost), /^E.*FATAL.*08006/s);
  ok(has(lost, "close"));
});

Deno.test("no verdict in time ends the session, on the record", () => {
  const session = opened();
  session.receive(query);
  session.recorded(1, 4711);
  const looks = session.woken("verdict");
  deepStrictEqual(looks.map((one) => one.kind), ["repair", "wake"], "the stream is read first");
  ok(looks.some((one) => one.kind === "repair" && one.settled === 4711));
  const effects = session.woken("verdict");
  match(written(effects), /57P03/);
  ok(effects.some((one) => one.kind === "publish" && one.frame === "close"));
  ok(has(effects, "close"));
  deepStrictEqual(session.receive(query), []);
});

Deno.test("a verdict that is heard again does not end the wait for one that is held", () => {
  const session = opened();
  for (const bytes of [query, query, query]) session.receive(bytes);
  const first = verdict(1, "allow");
  ok(!has(session.stored(verdict(3, "allow")), "unwake"), "the first is still awaited");
  ok(has(session.stored(first), "unwake"));
  ok(has(session.stored(verdict(2, "hold")), "wake"));
  ok(!has(session.stored(first), "unwake"));
});

/** People are asked about this request. */
function asked(request: number): Frame {
  const approval: ControlPayload<"approval"> = {
    version: 1,
    id: "a1",
    request,
    binding: "0".repeat(64),
    state: "asked",
    needs: [{ group: "privacy", quorum: 1, expiresMs: 60_000, policies: ["bulk"] }],
    link: "https://console/approvals/a1",
    by: null,
    at: "2026-11-21T00:00:00.000Z",
    expiresAt: "2026-11-21T00:01:00.000Z",
  };
  return frame("approval", request, encodeControl("approval", approval));
}

Deno.test("an agent is told once where people are asked, whichever is heard first", () => {
  const approval = asked(1);
  for (const order of [[verdict(1, "hold"), approval], [approval, verdict(1, "hold")]]) {
    const session = opened();
    session.receive(query);
    const said = [...order, ...order].map((one) => written(session.stored(one)));
    match(said.join(""), /approvals\/a1/);
    deepStrictEqual(said.map((text) => text !== ""), [false, true, false, false]);
  }
});

Deno.test("a target that was lost ends the session and says whether the statement ran", () => {
  const unknown = opened();
  unknown.receive(query);
  unknown.stored(verdict(1, "allow"));
  match(written(unknown.stored(outcome(1, { status: "unknown", alive: false }))), /not known/);
});

Deno.test("a server that ends the session says so itself, and nothing is added to it", () => {
  const words = backendBytes(errorResponse({
    severity: "FATAL",
    sqlstate: "57P01",
    message: "terminating connection due to administrator command",
  }));
  const heard = (idle: boolean) => {
    const session = opened();
    const request = idle ? 0 : 1;
    const effects: SessionEffect[] = [];
    if (!idle) {
      session.receive(query);
      session.stored(verdict(1, "allow"));
      const unknown = { status: "unknown", sqlstate: "57P01", transaction: null, alive: false };
      effects.push(...session.stored(outcome(1, unknown as Partial<ControlPayload<"outcome">>)));
    }
    const more = frame("response", request, words, { part: 1, more: true });
    effects.push(...session.stored(more));
    const ended = { [endedHeader]: endedTold };
    effects.push(...session.stored(response(2, request, new Uint8Array(0), ended)));
    ok(has(effects, "close"));
    return written(effects);
  };
  for (const idle of [true, false]) equal(heard(idle), new TextDecoder("latin1").decode(words));
});

Deno.test("the close counts and hashes what was released", () => {
  const session = opened();
  session.receive(query);
  session.stored(verdict(1, "allow"));
  const last = session.stored(response(1, 1, answer, { [endedHeader]: "1" }));
  const close = last.find((one) => one.kind === "publish" && one.frame === "close");
  const text = close?.kind === "publish" ? new TextDecoder().decode(close.payload) : "";
  const first = backendBytes({ kind: "ready_for_query", status: "idle" });
  const sha256 = createHash("sha256").update(first).update(answer).digest("hex");
  ok(text.includes(`"parts":2,"bytes":${first.length + answer.length},"sha256":"${sha256}"`));
});

Deno.test("after a refused batch without Sync all is passed over up to Sync", () => {
  const session = opened();
  const parse = { kind: "parse", statement: "", text: "drop table t", parameterTypes: [] } as const;
  session.receive(frontendBytes(parse, { kind: "flush" }));
  session.stored(verdict(1, "deny"));
  ok(!has(session.receive(frontendBytes(parse, { kind: "flush" })), "publish"));
  const sync = frontendBytes({ kind: "sync" });
  const effects = session.receive(frontendBytes(parse, { kind: "sync" }));
  deepStrictEqual(published(effects), [sync]);
});

Deno.test("reading stops while too much is unanswered", () => {
  const session = opened();
  const many = new Uint8Array(query.length * edgeLimits.outstandingMax);
  for (let at = 0; at < many.length; at += query.length) many.set(query, at);
  ok(has(session.receive(many), "pause"));
});
