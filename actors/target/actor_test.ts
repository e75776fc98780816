/** What target says of sessions that end, and in which order it asks. */
import { deepStrictEqual } from "node:assert/strict";
import type { Frame, FrameKind } from "#actors/_kit/frame.ts";
import { encodeControl, type Verdict } from "#schemas/frames.ts";
import { joinBytes } from "#schemas/join_bytes.ts";
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { createHash } from "node:crypto";
import { target } from "./actor.ts";
import { targetLimits } from "./limits.ts";
import { postgresConversation } from "./postgres/conversation.ts";
import { newUpstream } from "./upstream.ts";

const key = { epoch: "2026_11", shard: 0, edge: "pg1", session: "s" };
const { initial, step } = target(targetLimits, () => 0);

Deno.test("a session that was refused gets no response", () => {
  let state = initial(key);
  [state] = step(state, { kind: "frame", frame: frame("open"), replayed: false });
  const [, effects] = step(state, { kind: "frame", frame: frame("close"), replayed: false });
  deepStrictEqual(effects.map(({ kind }) => kind), ["run", "end"]);
});

Deno.test("behind a session's close no response is sent; before it an edge that died has one", () => {
  for (const [input, sent] of [[frame("close"), []], [null, ["raw"]]] as const) {
    let state = initial(key);
    [state] = step(state, { kind: "frame", frame: frame("open"), replayed: false });
    state.phase = "ready";
    const given = input === null
      ? { kind: "edge_lost" } as const
      : { kind: "frame", frame: input, replayed: false } as const;
    const [, effects] = step(state, given);
    deepStrictEqual(effects.map(({ kind }) => kind), ["run", ...sent, "end"]);
  }
});

Deno.test("what comes behind a cancelled response begins once the cancel can hit nothing", () => {
  const query = frontendBytes({ kind: "query", text: "select" });
  const row = backendBytes({ kind: "data_row", values: [new Uint8Array(8)] });
  const ready = backendBytes({ kind: "ready_for_query", status: "idle" });
  const cancelled = backendBytes(
    errorResponse({ severity: "ERROR", sqlstate: "57014", message: "canceling statement" }),
  );
  let state = initial(key);
  [state] = step(state, { kind: "frame", frame: frame("open"), replayed: false });
  state.phase = "ready";
  state.upstream = newUpstream(postgresConversation(targetLimits));
  const commands: string[] = [];
  const take = (input: Parameters<typeof step>[1]) => {
    const [next, effects] = step(state, input);
    state = next;
    for (const one of effects) if (one.kind === "run") commands.push(one.command.kind);
  };
  for (const request of [1, 2]) {
    const asked = { ...frame("request"), request, payload: query };
    take({ kind: "frame", frame: asked, replayed: false });
    const payload = encodeControl("verdict", verdictOn(request, query));
    take({ kind: "frame", frame: { ...frame("verdict"), request, payload }, replayed: false });
  }
  take({ kind: "received", bytes: row });
  deepStrictEqual(commands.splice(0), ["write"]);
  take({ kind: "received", bytes: row });
  deepStrictEqual(commands.splice(0), ["cancel"], "one row is all that may leave");
  take({ kind: "received", bytes: joinBytes([row, cancelled, ready]) });
  deepStrictEqual(commands.splice(0), [], "it could still hit the second request");
  take({ kind: "cancel_over" });
  deepStrictEqual(commands.splice(0), ["write"]);
});

function verdictOn(request: number, bytes: Uint8Array): Verdict {
  return {
    version: 1,
    request,
    digest: createHash("sha256").update(bytes).digest("hex"),
    decision: "allow",
    policies: [],
    policyVersion: "",
    catalogDigest: null,
    reasons: [],
    statements: [],
    plan: { results: [], errors: "keep", verbatim: true },
    parsed: null,
    durationMsMax: 1000,
    volume: { rowsMax: 1, rowsOf: "request", bytesMax: 1000, bytesOf: "request" },
    approval: null,
    cancels: null,
  };
}

function frame(kind: FrameKind): Frame {
  const place = { request: 0, part: 0, more: false };
  const payload = new Uint8Array(0);
  return { kind, key, ...place, sequence: 1, timeMs: 0, headers: new Map(), payload };
}
