/** What target says of sessions that end, and in which order it asks. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { emptyAnalysis } from "#schemas/analysis.ts";
import { frameOf } from "#actors/_kit/frame_testing.ts";
import { decodeControl, encodeControl, operationHeader, type Verdict } from "#schemas/frames.ts";
import { openOf, verdictOf } from "#schemas/frames_testing.ts";
import { joinBytes } from "#schemas/join_bytes.ts";
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { createHash } from "node:crypto";
import { target } from "./actor.ts";
import { createDefinitions } from "./definitions.ts";
import { targetLimits } from "./limits.ts";
import { postgresConversation } from "./postgres/conversation.ts";
import { newUpstream } from "./upstream.ts";

const key = { epoch: "2026_11", shard: 0, edge: "pg1", session: "s" };
const actor = target(targetLimits, () => 0, createDefinitions({ settledMax: 4 }));
const { initial, step } = actor;

Deno.test("of two openings of a session the first says where it leads", () => {
  let state = initial(key);
  for (const connection of ["ehr", "lab"]) {
    const frame = frameOf("open", { key, payload: encodeControl("open", openOf({ connection })) });
    [state] = step(state, { kind: "frame", frame, replayed: false });
  }
  deepStrictEqual(state.connection, "ehr");
});

Deno.test("a session that was refused gets no response", () => {
  let state = initial(key);
  [state] = step(state, { kind: "frame", frame: frameOf("open", { key }), replayed: false });
  const [, effects] = step(state, {
    kind: "frame",
    frame: frameOf("close", { key }),
    replayed: false,
  });
  deepStrictEqual(effects.map(({ kind }) => kind), ["run", "end"]);
});

Deno.test("behind a session's close no response is sent; before it an edge that died has one", () => {
  for (const [input, sent] of [[frameOf("close", { key }), []], [null, ["raw"]]] as const) {
    let state = initial(key);
    [state] = step(state, { kind: "frame", frame: frameOf("open", { key }), replayed: false });
    state.phase = "ready";
    const given = input === null
      ? { kind: "edge_lost" } as const
      : { kind: "frame", frame: input, replayed: false } as const;
    const [, effects] = step(state, given);
    deepStrictEqual(effects.map(({ kind }) => kind), ["run", ...sent, "end"]);
  }
});

Deno.test("what comes behind a cancelled response begins once the cancel can hit nothing", () => {
  const cancelled = backendBytes(
    errorResponse({ severity: "ERROR", sqlstate: "57014", message: "canceling statement" }),
  );
  const { take, commands } = serving();
  for (const request of [1, 2]) ask(take, request, 1);
  take({ kind: "received", bytes: row });
  deepStrictEqual(commands.splice(0), ["write"]);
  take({ kind: "received", bytes: row });
  deepStrictEqual(commands.splice(0), ["cancel"], "one row is all that may leave");
  take({ kind: "received", bytes: joinBytes([row, cancelled, ready]) });
  deepStrictEqual(commands.splice(0), [], "it could still hit the second request");
  take({ kind: "cancel_over" });
  deepStrictEqual(commands.splice(0), ["write"]);
});

Deno.test("what is something else than statements does not run as statements, though it is allowed", () => {
  for (const operation of ["cancel:1", "cancel:x", "other"]) {
    const { take, commands, outcomes } = serving();
    const headers = new Map([[operationHeader, operation]]);
    const frame = frameOf("request", { key, request: 1, headers, payload: query });
    take({ kind: "frame", frame, replayed: false });
    const payload = encodeControl("verdict", verdictOn(1, query, 1));
    const verdict = frameOf("verdict", { key, request: 1, payload });
    take({ kind: "frame", frame: verdict, replayed: false });
    deepStrictEqual([commands, outcomes], [["hang_up"], ["1 not_run  false"]], operation);
  }
});

Deno.test("the first bytes of a response are sent on at once, the others are gathered", () => {
  const { take } = serving();
  ask(take, 1);
  deepStrictEqual(sent(take({ kind: "received", bytes: row })), [row.length]);
  deepStrictEqual(sent(take({ kind: "received", bytes: row })), []);
  deepStrictEqual(sent(take({ kind: "received", bytes: row })), []);
  deepStrictEqual(sent(take({ kind: "wake", name: "gather" })), [2 * row.length]);
});

Deno.test("data of a COPY is sent on as fast as the server takes it", () => {
  const { take, commands } = serving();
  const data = frontendBytes({ kind: "copy_data", data: new Uint8Array(10) });
  const begins = { kind: "copy_in_response", format: 0, columnFormats: [0] } as const;
  ask(take, 1);
  take({ kind: "received", bytes: backendBytes(begins) });
  for (const request of [2, 3]) ask(take, request, 1, data);
  deepStrictEqual(commands.splice(0), ["write", "write", "confirm"]);
  take({ kind: "written", request: 2 });
  deepStrictEqual(commands.splice(0), ["write", "confirm"]);
  const failed = errorResponse({ severity: "ERROR", sqlstate: "22P02", message: "no" });
  take({ kind: "received", bytes: joinBytes([backendBytes(failed), ready]) });
  ask(take, 4);
  deepStrictEqual(commands.splice(0), []);
  take({ kind: "written", request: 3 });
  deepStrictEqual(commands.splice(0), ["write"], "a server passes over the rest of what failed");
});

Deno.test("until the agent has the first part of a response, little of it is read", () => {
  const { chunkBytes, creditStartBytes, creditBytes } = targetLimits;
  const { take, commands } = serving();
  ok(creditStartBytes <= chunkBytes, "what follows the first rows is more than the agent is given");
  const much = backendBytes({ kind: "data_row", values: [new Uint8Array(chunkBytes)] });
  let before = 0;
  for (const request of [1, 2]) {
    ask(take, request);
    take({ kind: "received", bytes: row });
    deepStrictEqual(commands.splice(0), ["write"], "what was read before does not count");
    take({ kind: "received", bytes: much });
    deepStrictEqual(commands.splice(0), ["pause"]);
    take({ kind: "credit", bytes: before });
    deepStrictEqual(commands.splice(0), [], "nothing of this response was taken");
    take({ kind: "credit", bytes: before + row.length });
    deepStrictEqual(commands.splice(0), ["resume"]);
    let read = row.length + much.length;
    while (commands.length === 0) {
      take({ kind: "received", bytes: much });
      read += much.length;
    }
    deepStrictEqual(commands.splice(0), ["pause"]);
    ok(read - row.length > creditBytes && read - row.length <= creditBytes + 2 * much.length);
    before += read + ready.length;
    take({ kind: "received", bytes: ready });
    take({ kind: "credit", bytes: before });
    deepStrictEqual(commands.splice(0), ["resume"]);
  }
});

Deno.test("an agent that takes nothing is not read ahead for by asking again and again", () => {
  const { creditStartBytes, creditBytes } = targetLimits;
  const { take, commands } = serving();
  const some = backendBytes({ kind: "data_row", values: [new Uint8Array(creditStartBytes / 2)] });
  let read = 0;
  for (let request = 1; !commands.includes("pause"); request++) {
    ask(take, request);
    take({ kind: "received", bytes: some });
    take({ kind: "received", bytes: ready });
    read += some.length + ready.length;
    ok(read <= creditBytes + creditStartBytes);
  }
});

Deno.test("what was judged before another's definition waits for it, and does not run", () => {
  const { definitions, take, commands, outcomes } = between();
  definitions.enter("other", reading({ defines: ["t"] }), "I");
  ask(take, 1, reading({}));
  deepStrictEqual(commands.splice(0), ["await_turn"]);
  take({ kind: "wake", name: "turn" });
  deepStrictEqual(commands.splice(0), ["clear_way", "await_turn"]);
  definitions.leave("other", "I");
  definitions.readBegins();
  definitions.readEnds("new");
  take({ kind: "turn" });
  deepStrictEqual(commands.splice(0), []);
  deepStrictEqual(outcomes.splice(0), ["1 not_run 40001 true"]);
  ask(take, 2, reading({ catalogDigest: "new" }));
  deepStrictEqual(commands.splice(0), ["write"]);
});

Deno.test("who waits too long for a turn is refused, and who is cancelled then", () => {
  for (const how of ["late", "cancelled"]) {
    const { definitions, take, commands, outcomes, setNow } = between();
    definitions.enter("other", reading({ defines: ["t"] }), "I");
    ask(take, 1, reading({}));
    if (how === "late") {
      setNow(targetLimits.turnMsMax);
      take({ kind: "wake", name: "turn" });
      deepStrictEqual(outcomes.splice(0), ["1 not_run 55P03 true"]);
    } else {
      const payload = encodeControl("verdict", verdictOf({ request: 2, cancels: 1 }));
      take({
        kind: "frame",
        frame: frameOf("verdict", { key, request: 2, payload }),
        replayed: false,
      });
      deepStrictEqual(outcomes.splice(0), ["1 not_run 57014 true", "2 executed  true"]);
    }
    deepStrictEqual(commands.splice(0), ["await_turn"]);
    definitions.leave("other", "I");
    take({ kind: "turn" });
    deepStrictEqual(commands.splice(0), [], "nothing of it is left");
  }
});

Deno.test("a definition waits for what runs; who is told to give way is cancelled", () => {
  const { definitions, take, commands } = between();
  definitions.enter("other", reading({}), "I");
  ask(take, 1, reading({ defines: ["t"] }));
  deepStrictEqual(commands.splice(0), ["await_turn"]);
  definitions.leave("other", "I");
  take({ kind: "turn" });
  deepStrictEqual(commands.splice(0), ["write"]);
  take({ kind: "give_way" });
  deepStrictEqual(commands.splice(0), ["cancel"]);
});

Deno.test("the answer to a definition ends when it stands in a catalog", () => {
  const { take, commands, outcomes } = between();
  ask(take, 1, reading({ defines: ["t"], statements: [defining] }));
  const effects = take({ kind: "received", bytes: ready });
  deepStrictEqual(commands.splice(0), ["write", "read_catalog"]);
  deepStrictEqual(sent(effects), []);
  deepStrictEqual(sent(take({ kind: "wake", name: "gather" })), []);
  deepStrictEqual(outcomes, []);
  deepStrictEqual(sent(take({ kind: "catalog_read", digest: "new" })), [ready.length]);
  deepStrictEqual(outcomes.splice(0), ["1 executed  true"]);
});

const query = frontendBytes({ kind: "query", text: "select" });
const row = backendBytes({ kind: "data_row", values: [new Uint8Array(8)] });
const ready = backendBytes({ kind: "ready_for_query", status: "idle" });

type Input = Parameters<typeof step>[1];
type Effects = ReturnType<typeof step>[1];

/** What reads the relation `t`, by the catalog that was read first. */
function reading(change: Partial<Verdict>): Verdict {
  const statement = {
    ...emptyAnalysis,
    command: "SELECT",
    effects: ["read" as const],
    relations: ["public.t"],
  };
  const plan = { results: [], errors: "keep" as const };
  return verdictOf({ plan, catalogDigest: "old", statements: [statement], ...change });
}
const defining = { ...emptyAnalysis, command: "CREATE VIEW", effects: ["define" as const] };

/** A session among others of its connection, whose catalog was read once. */
function between() {
  const definitionsOf = createDefinitions({ settledMax: 4 });
  const definitions = definitionsOf("ehr");
  definitions.readBegins();
  definitions.readEnds("old");
  let now = 0;
  const one = serving(target(targetLimits, () => now, definitionsOf));
  const setNow = (ms: number) => {
    now = ms;
  };
  return { ...one, definitions, setNow };
}

/** A session whose upstream is ready; the commands to its driver, and its outcomes. */
function serving({ initial, step } = actor): {
  take(input: Input): Effects;
  readonly commands: string[];
  readonly outcomes: string[];
} {
  let state = initial(key);
  [state] = step(state, { kind: "frame", frame: frameOf("open", { key }), replayed: false });
  state.phase = "ready";
  state.upstream = newUpstream(postgresConversation(targetLimits));
  state.connection = "ehr";
  const commands: string[] = [];
  const outcomes: string[] = [];
  const take = (input: Input) => {
    const [next, effects] = step(state, input);
    state = next;
    for (const one of effects) {
      if (one.kind === "run") commands.push(one.command.kind);
      if (one.kind !== "publish" || one.frame !== "outcome") continue;
      const outcome = decodeControl("outcome", one.payload);
      if (outcome === null) throw new Error("no outcome");
      const { request, status, refused, alive } = outcome;
      outcomes.push(`${request} ${status} ${refused?.sqlstate ?? ""} ${alive}`);
    }
    return effects;
  };
  return { take, commands, outcomes };
}

/** A query that was allowed, to give out so many rows or as the verdict says. */
function ask(
  take: (input: Input) => Effects,
  request: number,
  allowed: number | Verdict = 1_000_000,
  bytes = query,
): void {
  take({
    kind: "frame",
    frame: frameOf("request", { key, request, payload: bytes }),
    replayed: false,
  });
  const payload = encodeControl("verdict", verdictOn(request, bytes, allowed));
  take({ kind: "frame", frame: frameOf("verdict", { key, request, payload }), replayed: false });
}

/** The bytes that each raw part stands for. */
function sent(effects: Effects): number[] {
  return effects.flatMap((one) => one.kind === "raw" ? [one.payload.length] : []);
}

function verdictOn(request: number, bytes: Uint8Array, allowed: number | Verdict): Verdict {
  const digest = createHash("sha256").update(bytes).digest("hex");
  if (typeof allowed !== "number") return { ...allowed, request, digest };
  return verdictOf({
    request,
    digest,
    plan: { results: [], errors: "keep", verbatim: true },
    volume: { rowsMax: allowed, rowsOf: "request", bytesMax: 2 ** 30, bytesOf: "request" },
  });
}
