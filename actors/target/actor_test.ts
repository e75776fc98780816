/** What target says of sessions that end, and in which order it asks. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { frameOf } from "#actors/_kit/frame_testing.ts";
import { encodeControl, type Verdict } from "#schemas/frames.ts";
import { verdictOf } from "#schemas/frames_testing.ts";
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

const query = frontendBytes({ kind: "query", text: "select" });
const row = backendBytes({ kind: "data_row", values: [new Uint8Array(8)] });
const ready = backendBytes({ kind: "ready_for_query", status: "idle" });

type Input = Parameters<typeof step>[1];
type Effects = ReturnType<typeof step>[1];

/** A session whose upstream is ready; the commands to its driver. */
function serving(): { take(input: Input): Effects; readonly commands: string[] } {
  let state = initial(key);
  [state] = step(state, { kind: "frame", frame: frameOf("open", { key }), replayed: false });
  state.phase = "ready";
  state.upstream = newUpstream(postgresConversation(targetLimits));
  const commands: string[] = [];
  const take = (input: Input) => {
    const [next, effects] = step(state, input);
    state = next;
    for (const one of effects) if (one.kind === "run") commands.push(one.command.kind);
    return effects;
  };
  return { take, commands };
}

/** A query that was allowed to give out so many rows. */
function ask(
  take: (input: Input) => Effects,
  request: number,
  rowsMax = 1_000_000,
  bytes = query,
): void {
  take({
    kind: "frame",
    frame: frameOf("request", { key, request, payload: bytes }),
    replayed: false,
  });
  const payload = encodeControl("verdict", verdictOn(request, bytes, rowsMax));
  take({ kind: "frame", frame: frameOf("verdict", { key, request, payload }), replayed: false });
}

/** The bytes that each raw part stands for. */
function sent(effects: Effects): number[] {
  return effects.flatMap((one) => one.kind === "raw" ? [one.payload.length] : []);
}

function verdictOn(request: number, bytes: Uint8Array, rowsMax: number): Verdict {
  return verdictOf({
    request,
    digest: createHash("sha256").update(bytes).digest("hex"),
    plan: { results: [], errors: "keep", verbatim: true },
    volume: { rowsMax, rowsOf: "request", bytesMax: 2 ** 30, bytesOf: "request" },
  });
}
