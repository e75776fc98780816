/** Target's sessions over SSH channels: what runs when, and what is recorded of it. */
import { createDefinitions } from "../definitions.ts";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Effect } from "#actors/_kit/actor.ts";
import type { FrameKind } from "#actors/_kit/frame.ts";
import { frameOf } from "#actors/_kit/frame_testing.ts";
import {
  endedHeader,
  limitedHeader,
  operationHeader,
  type Outcome,
  type Verdict,
} from "#schemas/frames.ts";
import { decodeControl, encodeControl } from "#schemas/frames.ts";
import { openOf, verdictOf } from "#schemas/frames_testing.ts";
import {
  ChannelFramer,
  type ChannelMessage,
  encodeChannelMessages,
} from "#schemas/wire/ssh/channel.ts";
import { target } from "../actor.ts";
import type { TargetCommand } from "../inputs.ts";
import { targetLimits } from "../limits.ts";
import { sha256 } from "../pending.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const exec: ChannelMessage = { kind: "exec", command: bytes("cat") };
const data = (text: string): ChannelMessage => ({ kind: "data", data: bytes(text) });

Deno.test("a dialled channel is settled with no bytes", () => {
  const session = started();
  deepStrictEqual(session.raw(), []);
  deepStrictEqual(session.outcomes(), [[0, "executed"]]);
});

Deno.test("a program's answers leave as they come; its end is the last part and the outcome", () => {
  const session = started();
  session.request(1, [exec]);
  deepStrictEqual(session.written(), [exec]);
  session.answer({ kind: "success" });
  session.at(50);
  session.answer(data("out"));
  // What follows at once is gathered for a moment.
  session.answer(data("put"));
  deepStrictEqual(session.raw().map(({ more }) => more), [true, true]);
  session.at(100);
  session.answer({ kind: "eof" }, { kind: "exit_status", code: 3 }, { kind: "close" });
  const last = session.raw().at(-1);
  ok(last !== undefined && !last.more);
  deepStrictEqual(last.messages.map(({ kind }) => kind), ["data", "eof", "exit_status", "close"]);
  const outcome = session.outcome(1);
  deepStrictEqual(
    [outcome?.status, outcome?.exit, outcome?.alive, outcome?.durationMs],
    ["executed", { status: 3, signal: null }, true, 100],
  );
});

Deno.test("while nobody waits for it, output is gathered into large parts, until it is drained", () => {
  const session = started();
  session.request(1, [exec]);
  const block: ChannelMessage = { kind: "data", data: new Uint8Array(32 * 1024) };
  const answer = (times: number) => {
    for (let i = 0; i < times; i++) session.answer(block);
  };
  // The first leaves at once, the others by four, until a MiB is on its way.
  answer(1 + 8 * 4);
  strictEqual(session.raw().length, 9);
  session.at(1000);
  answer(15);
  strictEqual(session.raw().length, 9);
  deepStrictEqual(session.wakes().at(-1), ["gather", targetLimits.gatherBusyMs]);
  answer(1);
  strictEqual(session.raw().length, 10);
  session.input({ kind: "credit", bytes: Number.MAX_SAFE_INTEGER });
  session.at(2000);
  session.answer(data("$ "));
  strictEqual(session.raw().length, 11);
});

Deno.test("input goes upstream beside the program, and is settled when the target took it", () => {
  const session = started();
  session.request(1, [exec]);
  session.request(2, [data("a")], {}, 1);
  session.request(3, [data("b"), { kind: "eof" }], {}, 1);
  deepStrictEqual(session.written(), [exec, data("a"), data("b"), { kind: "eof" }]);
  deepStrictEqual(session.outcomes(), [[0, "executed"]]);
  session.input({ kind: "written", request: 2 });
  session.input({ kind: "written", request: 3 });
  session.input({ kind: "written", request: 3 });
  deepStrictEqual(session.outcomes().slice(1), [[2, "executed"]]);
  session.input({ kind: "wake", name: "written" });
  deepStrictEqual(session.outcomes().slice(1), [[2, "executed"], [3, "executed"]]);
  deepStrictEqual([session.outcome(2)?.bytes, session.outcome(2)?.alive], [0, true]);
});

Deno.test("the outcome of a lone key gives way to its echo, and is stored whatever comes next", () => {
  const outcomesAfter = (...next: Parameters<ReturnType<typeof started>["input"]>[0][]) => {
    const session = started();
    session.request(1, [exec]);
    session.request(2, [data("a")], {}, 1);
    session.input({ kind: "written", request: 2 });
    deepStrictEqual(session.outcomes().slice(1), []);
    deepStrictEqual(session.wakes().at(-1), ["written", targetLimits.writtenMs]);
    session.request(3, [data("b")], {}, 1);
    for (const input of next) session.input(input);
    return session.outcomes().slice(1);
  };
  deepStrictEqual(outcomesAfter({ kind: "wake", name: "written" }), [[2, "executed"]]);
  const both = [[2, "executed"], [3, "executed"]];
  deepStrictEqual(outcomesAfter({ kind: "written", request: 3 }), both);
  const lost = [[2, "executed"], [3, "unknown"], [1, "unknown"]];
  deepStrictEqual(outcomesAfter({ kind: "upstream_closed" }), lost);
  const closed = encodeChannelMessages([{ kind: "success" }, { kind: "close" }]);
  deepStrictEqual(outcomesAfter({ kind: "received", bytes: closed }), [
    [2, "executed"],
    [3, "unknown"],
    [1, "executed"],
  ]);
});

Deno.test("input that the driver would not send is not run, and the channel goes on", () => {
  const session = started();
  session.request(1, [{ kind: "subsystem", name: "sftp" }]);
  session.request(2, [data("open")], {}, 1);
  session.input({ kind: "refused", request: 2 });
  deepStrictEqual(session.outcomes().slice(1), [[2, "not_run"]]);
  ok(session.outcome(2)?.alive);
  ok(!session.ran("hang_up"));
});

Deno.test("input that is judged before its program runs follows it", () => {
  const session = newSession();
  session.open();
  session.request(1, [exec]);
  session.request(2, [data("a")], {}, 1);
  deepStrictEqual(session.written(), []);
  session.input({ kind: "dialled", bytes: new Uint8Array(0) });
  deepStrictEqual(session.written(), [exec, data("a")]);
});

Deno.test("input for what is over does not run; a second purpose ends the session", () => {
  const session = started();
  session.request(1, [exec]);
  session.answer({ kind: "success" }, { kind: "close" });
  session.request(2, [data("late")], {}, 1);
  deepStrictEqual(session.written(), [exec]);
  deepStrictEqual(session.outcomes().at(-1), [2, "not_run"]);
  ok(session.outcome(2)?.alive);
  session.request(3, [exec]);
  deepStrictEqual(session.outcomes().at(-1), [3, "not_run"]);
  ok(session.ran("hang_up"));
});

Deno.test("input that the target had not taken at its end is unknown", () => {
  const session = started();
  session.request(1, [exec]);
  session.request(2, [data("a")], {}, 1);
  session.answer({ kind: "success" }, { kind: "exit_status", code: 0 }, { kind: "close" });
  deepStrictEqual(session.outcomes().slice(1), [[2, "unknown"], [1, "executed"]]);
});

Deno.test("a connection that breaks leaves all that ran unknown, and says so", () => {
  const session = started();
  session.request(1, [exec]);
  session.request(2, [data("a")], {}, 1);
  session.answer({ kind: "success" }, { kind: "exit_status", code: 0 });
  session.input({ kind: "upstream_closed" });
  deepStrictEqual(session.outcomes().slice(1), [[2, "unknown"], [1, "unknown"]]);
  ok(session.raw().at(-1)?.ended);
});

Deno.test("input whose bytes are not those judged ends the session unsent", () => {
  const session = started();
  session.request(1, [exec]);
  session.frame("request", 2, encodeChannelMessages([data("rm")]), "continues:1");
  session.verdict(2, sha256([encodeChannelMessages([data("ls")])]));
  deepStrictEqual(session.written(), [exec]);
  ok(session.ran("hang_up"));
  deepStrictEqual(session.outcomes().slice(1), [[2, "not_run"], [1, "unknown"]]);
});

Deno.test("what is no purpose, or no input, is not sent", () => {
  for (const messages of [[data("x")], [exec, exec], [{ kind: "close" } as const], []]) {
    const session = started();
    session.request(1, messages);
    deepStrictEqual(session.written(), []);
    deepStrictEqual(session.outcomes().at(-1), [1, "not_run"]);
  }
  const session = started();
  session.request(1, [exec]);
  session.request(2, [exec], {}, 1);
  deepStrictEqual(session.written(), [exec]);
  deepStrictEqual(session.outcomes().at(-1), [2, "not_run"]);
});

Deno.test("what is no channel message of a target ends the session", () => {
  for (const messages of [[exec], [{ kind: "close" } as const, data("behind the end")]]) {
    const session = started();
    session.request(1, [exec]);
    session.answer(...messages);
    ok(session.ran("hang_up"));
    strictEqual(session.outcome(1)?.status, "unknown");
  }
});

Deno.test("a host that cannot be reached is told in fixed words, and ends the session", () => {
  const session = newSession();
  session.open();
  const reason = "the host did not answer in time";
  session.input({ kind: "dial_failed", code: "dial_timeout", reason });
  deepStrictEqual(session.outcomes(), [[0, "failed"]]);
  const [part] = session.raw();
  ok(part?.ended);
  deepStrictEqual(part?.messages, [
    {
      kind: "open_failure",
      reason: 2,
      description: `sallyport: the target could not be reached: ${reason} [dial_timeout]`,
    },
    { kind: "close" },
  ]);
});

Deno.test("a process that takes over settles what ran as unknown, input too", () => {
  const session = newSession("replayed");
  session.open();
  session.request(1, [exec]);
  session.request(2, [data("a")], {}, 1);
  session.input({ kind: "resume" });
  deepStrictEqual(session.outcomes(), [[0, "unknown"], [1, "unknown"], [2, "unknown"]]);
  deepStrictEqual(session.written(), []);
});

Deno.test("at the limit of bytes a channel is cut off, and let go", () => {
  const session = started();
  session.request(1, [exec], { bytesMax: 10 });
  session.answer({ kind: "success" }, data("12345"));
  session.answer({ kind: "extended_data", type: 1, data: bytes("678") }, data("90ab"), data("cd"));
  const given = session.raw().filter(({ ended }) => !ended);
  deepStrictEqual(given.flatMap(({ messages }) => messages), [
    { kind: "success" },
    data("12345"),
    { kind: "extended_data", type: 1, data: bytes("678") },
    data("90"),
  ]);
  deepStrictEqual(given.map(({ limited, more }) => [limited, more]), [[false, true], [
    true,
    false,
  ]]);
  const { status, counted, cut, alive } = session.outcome(1) ?? {};
  deepStrictEqual([status, counted, alive], ["cancelled", 10, true]);
  deepStrictEqual(cut, { by: "bytes", of: "request" });
  ok(session.ran("hang_up"));
  session.answer(data("more"));
  strictEqual(session.raw().filter(({ ended }) => !ended).length, 2);
  session.request(2, [data("input")], {}, 1);
  deepStrictEqual(session.outcomes().at(-1), [2, "not_run"]);
});

Deno.test("what ends exactly at its limit is whole, and one byte more is told with a part", () => {
  const whole = started();
  whole.request(1, [exec], { bytesMax: 5 });
  whole.answer(data("12345"), { kind: "exit_status", code: 0 }, { kind: "close" });
  deepStrictEqual([whole.outcome(1)?.status, whole.outcome(1)?.cut], ["executed", undefined]);
  const over = started();
  over.request(1, [exec], { bytesMax: 5 });
  over.answer(data("12345"));
  over.answer(data("6"));
  deepStrictEqual(over.raw().map(({ limited }) => limited), [false, true, false]);
});

function started() {
  const session = newSession();
  session.open();
  session.input({ kind: "dialled", bytes: new Uint8Array(0) });
  return session;
}

function newSession(history: "live" | "replayed" = "live") {
  const key = { epoch: "2026_11", shard: 0, edge: "ssh1", session: "s" };
  let nowMs = 0;
  const { initial, step } = target(targetLimits, () => nowMs, createDefinitions({ settledMax: 4 }));
  let state = initial(key);
  let sequence = 0;
  const effects: Effect<TargetCommand>[] = [];
  const replayed = history === "replayed";
  return {
    open,
    frame,
    verdict,
    input,
    request(
      request: number,
      messages: readonly ChannelMessage[],
      { bytesMax }: { readonly bytesMax?: number } = {},
      continues?: number,
    ) {
      const payload = encodeChannelMessages(messages);
      frame("request", request, payload, continues === undefined ? "" : `continues:${continues}`);
      const limits = { rowsMax: 1, rowsOf: "request", bytesOf: "request" } as const;
      const volume = bytesMax === undefined ? {} : { volume: { ...limits, bytesMax } };
      verdict(request, sha256([payload]), volume);
    },
    answer: (...messages: readonly ChannelMessage[]) =>
      input({ kind: "received", bytes: encodeChannelMessages(messages) }),
    at: (ms: number) => void (nowMs = ms),
    wakes: () =>
      effects.flatMap((effect) => effect.kind === "wake" ? [[effect.name, effect.afterMs]] : []),
    ran: (kind: string) => commands().some((command) => command.kind === kind),
    written: () =>
      commands().flatMap((command) => command.kind === "write" ? messagesOf(command.bytes) : []),
    raw: () =>
      effects.flatMap((effect) => {
        if (effect.kind !== "raw") return [];
        const ended = effect.headers?.has(endedHeader) ?? false;
        const limited = effect.headers?.has(limitedHeader) ?? false;
        return [{ ...effect.place, ended, limited, messages: messagesOf(effect.payload) }];
      }),
    outcomes: () => outcomes().map(({ request, status }) => [request, status]),
    outcome: (request: number) => outcomes().find((one) => one.request === request),
  };

  function open(): void {
    const payload = encodeControl("open", openOf({ connection: "lab", protocol: "ssh" }));
    frame("open", 0, payload);
    verdict(0, sha256([payload]));
  }

  function verdict(request: number, digest: string, more: Pick<Verdict, "volume"> = {}): void {
    const payload = encodeControl("verdict", verdictOf({ request, digest, parsed: [], ...more }));
    frame("verdict", request, payload);
  }

  function frame(kind: FrameKind, request: number, payload: Uint8Array, operation = ""): void {
    sequence++;
    const headers = new Map(operation === "" ? [] : [[operationHeader, operation]]);
    const frame = frameOf(kind, { key, request, sequence, headers, payload });
    take({ kind: "frame", frame, replayed });
  }

  function input(given: Parameters<typeof step>[1]): void {
    take(given);
  }

  function take(given: Parameters<typeof step>[1]): void {
    const [next, made] = step(state, given);
    state = next;
    effects.push(...made);
  }

  function commands(): TargetCommand[] {
    return effects.flatMap((effect) => effect.kind === "run" ? [effect.command] : []);
  }

  function outcomes(): Outcome[] {
    return effects.flatMap((effect) => {
      if (effect.kind !== "publish" || effect.frame !== "outcome") return [];
      const outcome = decodeControl("outcome", effect.payload);
      return outcome === null ? [] : [outcome];
    });
  }
}

function messagesOf(payload: Uint8Array): ChannelMessage[] {
  const framer = new ChannelFramer({ messageBytesMax: 1024 });
  framer.push(payload);
  const messages: ChannelMessage[] = [];
  for (let message = framer.next();; message = framer.next()) {
    if (message.kind === "need" || message.kind === "malformed") return messages;
    messages.push(message);
  }
}
