import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { endedHeader, limitedHeader, operationHeader, requestOverCode } from "#schemas/frames.ts";
import type { AgentMessage } from "#schemas/wire/ssh/channel.ts";
import { pty, windowSize } from "#schemas/wire/ssh/testing.ts";
import { edgeSshLimits } from "./limits.ts";
import { purposeOf } from "./purpose.ts";
import { Session } from "./session.ts";
import type { SessionEffect } from "./session_effects.ts";
import { asked, messagesOf, outcome, response, verdict } from "./testing.ts";

const exec: AgentMessage = { kind: "exec", command: bytes("cat notes") };
const sftp: AgentMessage = { kind: "subsystem", name: "sftp" };
const tunnel: AgentMessage = {
  kind: "direct_tcpip",
  host: "db",
  port: 5432,
  originatorAddress: "::1",
  originatorPort: 1,
};

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
function open(messages: readonly AgentMessage[], more = {}) {
  const time = { ms: 1000 };
  const session = new Session({
    limits: { ...edgeSshLimits, ...more },
    session: { requestBytesMax: 1 << 20, verdictMsMax: 10, idleMsMax: 1000, sessionMsMax: 9000 },
    nowMs: () => time.ms,
  }, purposeOf(messages, []));
  return { session, time, started: session.start() };
}
/** A session whose purpose was allowed. */
function running(messages: readonly AgentMessage[], more = {}, bytesMax?: number) {
  const opened = open(messages, more);
  opened.session.stored(verdict(0, "allow"));
  opened.session.stored(outcome(0));
  opened.session.stored(verdict(1, "allow", undefined, bytesMax));
  return opened;
}
function requests(effects: readonly SessionEffect[]) {
  return effects.flatMap((effect) => {
    if (effect.kind !== "publish" || effect.frame !== "request") return [];
    const { place, payload, headers } = effect;
    return [{ request: place.request, headers, messages: messagesOf(payload) }];
  });
}
function sent(effects: readonly SessionEffect[]) {
  return effects.flatMap((effect) => effect.kind === "send" ? [effect.message] : []);
}
function said(effects: readonly SessionEffect[]): string {
  return sent(effects).map((message) =>
    "data" in message ? new TextDecoder().decode(message.data) : ""
  ).join("");
}
function closed(effects: readonly SessionEffect[]): string | undefined {
  const close = effects.find((one) => one.kind === "publish" && one.frame === "close");
  if (close?.kind !== "publish") return undefined;
  return JSON.parse(new TextDecoder().decode(close.payload)).reason;
}

Deno.test("a command is request 1, published with the opening", () => {
  const { started } = open([exec]);
  const [first] = requests(started);
  equal(first?.request, 1);
  equal(first.headers.size, 0);
  deepStrictEqual(first.messages, [exec]);
});

Deno.test("output, status and the end of a program are released, and its outcome closes", () => {
  const { session } = running([exec]);
  const data = bytes("hello");
  const output = session.stored(response(0, [{ kind: "success" }, { kind: "data", data }]));
  deepStrictEqual(sent(output), [{ kind: "data", data }]);
  const rest = [{ kind: "exit_status", code: 3 }, { kind: "eof" }, { kind: "close" }] as const;
  const end = session.stored(response(1, rest, { last: true }));
  deepStrictEqual(sent(end), rest);
  equal(closed(end), undefined);
  equal(closed(session.stored(outcome(1, { bytes: 10 }))), "closed");
});

Deno.test("a part that comes ahead waits for the one before it, and comes once", () => {
  const { session } = running([exec]);
  const [first, second] = ["a", "b"].map((text) => ({ kind: "data", data: bytes(text) } as const));
  if (first === undefined || second === undefined) throw new Error("two messages");
  const ahead = response(1, [second]);
  deepStrictEqual(sent(session.stored(ahead)), []);
  deepStrictEqual(said(session.stored(response(0, [first]))), "ab");
  deepStrictEqual(sent(session.stored(ahead)), []);
});

Deno.test("input continues the request, and waits while too much is under way", () => {
  const { session } = running([exec], { outstandingMax: 2, continuationBytesMax: 4 });
  const first = session.receive({ kind: "data", data: bytes("abcdefghij") });
  const [one] = requests(first);
  equal(one?.headers.get(operationHeader), "continues:1");
  deepStrictEqual(requests(first).map(({ request }) => request), [2, 3]);
  session.receive({ kind: "eof" });
  session.stored(verdict(2, "allow"));
  const next = session.stored(outcome(2));
  deepStrictEqual(requests(next).map(({ messages }) => messages[0]), [
    { kind: "data", data: bytes("ij") },
  ]);
  session.stored(verdict(3, "allow"));
  const last = session.stored(outcome(3));
  deepStrictEqual(requests(last).map(({ messages }) => messages[0]?.kind), ["eof"]);
});

Deno.test("output that was cut at its limit ends in words and status 126, on the record", () => {
  const { session } = running([exec], {}, 512);
  const limited = { last: true, headers: { [limitedHeader]: "1" } };
  const ended = session.stored(response(0, [{ kind: "data", data: bytes("part") }], limited));
  match(said(ended), /^partsallyport: the output is over the limit of 512 bytes for one channel/);
  deepStrictEqual(sent(ended).slice(-2), [{ kind: "exit_status", code: 126 }, { kind: "close" }]);
  equal(closed(ended), undefined);
  const cut = { by: "bytes", of: "request" } as const;
  equal(closed(session.stored(outcome(1, { status: "cancelled", cut, bytes: 4 }))), "closed");
});

Deno.test("a flood of input stops the reading until it has been passed on", () => {
  const { session } = running([exec], { outstandingMax: 1, waitingBytesMax: 100 });
  session.receive({ kind: "data", data: bytes("x") });
  const paused = session.receive({ kind: "data", data: new Uint8Array(101) });
  ok(paused.some(({ kind }) => kind === "pause"));
  session.stored(verdict(2, "allow"));
  ok(session.stored(outcome(2)).some(({ kind }) => kind === "resume"));
});

Deno.test("a command that is denied ends in words and status 126", () => {
  const { session } = open([exec]);
  session.stored(verdict(0, "allow"));
  const denied = session.stored(verdict(1, "deny"));
  match(said(denied), /^sallyport: policy forbids it\nDETAIL: .*never-sudo.*\nHINT: Ask for less/);
  const [words, ...rest] = sent(denied);
  equal(words?.kind, "extended_data");
  deepStrictEqual(rest, [{ kind: "exit_status", code: 126 }, { kind: "close" }]);
  equal(closed(denied), "denied");
  deepStrictEqual(session.stored(response(0, [{ kind: "data", data: bytes("late") }])), []);
});

Deno.test("a program whose input is denied ends, for half of it would be another input", () => {
  const { session } = running([exec]);
  session.receive({ kind: "data", data: bytes("x") });
  equal(closed(session.stored(verdict(2, "deny"))), "denied");
});

Deno.test("input that comes after the end is no refusal: how the program ended is still told", () => {
  const { session } = running([exec]);
  session.receive({ kind: "data", data: bytes("late") });
  const late = session.stored(verdict(2, "deny", requestOverCode));
  equal(closed(late), undefined);
  deepStrictEqual(sent(late), []);
  const lost = session.stored(outcome(1, { status: "unknown", alive: false }));
  match(said(lost), /whether it took effect is not known/);
  equal(closed(lost), "target_lost");
});

Deno.test("a line that is denied is said on the terminal, and the shell goes on", () => {
  const { session } = running([pty, { kind: "shell" }]);
  const [line] = requests(session.receive({ kind: "data", data: bytes("sudo su\r") }));
  deepStrictEqual(line?.messages, [
    { kind: "line", screen: null, keys: "sudo su" },
    { kind: "data", data: bytes("sudo su\r") },
  ]);
  const denied = session.stored(verdict(2, "deny"));
  match(said(denied), /^\r\nsallyport: policy forbids it\r\n/);
  equal(closed(denied), undefined);
});

Deno.test("a line that is denied is taken back from the shell before what is typed behind it", () => {
  const { session, time } = running([pty, { kind: "shell" }]);
  session.stored(response(0, [{ kind: "data", data: bytes("$ ") }]));
  session.receive({ kind: "data", data: bytes("sudo su") });
  session.stored(response(1, [{ kind: "data", data: bytes("sudo su") }]));
  session.stored(verdict(2, "allow"));
  session.stored(outcome(2));
  time.ms += 500;
  const [entered] = requests(session.receive({ kind: "data", data: bytes("\r") }));
  deepStrictEqual(entered?.messages.at(-1), { kind: "data", data: bytes("\r") });
  const early = session.receive({ kind: "data", data: bytes("\r") });
  deepStrictEqual(requests(early), [], "the shell still has the line");
  const denied = requests(session.stored(verdict(3, "deny")));
  deepStrictEqual(denied.map(({ messages }) => messages.at(-1)), [
    { kind: "data", data: bytes("\x05\x15\x03") },
    { kind: "data", data: bytes("\r") },
  ]);
});

Deno.test("an sftp operation that is denied is answered in its own protocol, between packets", () => {
  const { session } = running([sftp]);
  const stat = Uint8Array.of(0, 0, 0, 10, 17, 0, 0, 0, 7, 0, 0, 0, 1, 47);
  const [asked] = requests(session.receive({ kind: "data", data: stat }));
  deepStrictEqual(asked?.messages, [{ kind: "data", data: stat }]);
  // Half of another answer is out: the refusal waits for its end.
  const half = Uint8Array.of(0, 0, 0, 5, 101);
  session.stored(response(0, [{ kind: "data", data: half }]));
  deepStrictEqual(sent(session.stored(verdict(2, "deny"))), []);
  const rest = Uint8Array.of(0, 0, 0, 9);
  const [answer, refused] = sent(session.stored(response(1, [{ kind: "data", data: rest }])));
  deepStrictEqual(answer, { kind: "data", data: rest });
  ok(refused?.kind === "data");
  deepStrictEqual([...refused.data.subarray(4, 13)], [101, 0, 0, 0, 7, 0, 0, 0, 3]);
});

Deno.test("an sftp operation that target does not pass on is answered, too", () => {
  const { session } = running([sftp]);
  const stat = Uint8Array.of(0, 0, 0, 10, 17, 0, 0, 0, 9, 0, 0, 0, 1, 47);
  session.receive({ kind: "data", data: stat });
  session.stored(verdict(2, "allow"));
  const [answer] = sent(session.stored(outcome(2, { status: "not_run" })));
  ok(answer?.kind === "data");
  deepStrictEqual([...answer.data.subarray(4, 13)], [101, 0, 0, 0, 9, 0, 0, 0, 3]);
});

Deno.test("a tunnel opens when the target confirms, and is refused when it is denied", () => {
  const allowed = running([tunnel]).session.stored(response(0, [{ kind: "open_confirmation" }]));
  deepStrictEqual(sent(allowed), [{ kind: "open_confirmation" }]);
  const { session } = open([tunnel]);
  session.stored(verdict(0, "allow"));
  const description = "sallyport: policy forbids it";
  deepStrictEqual(sent(session.stored(verdict(1, "deny"))), [
    { kind: "open_failure", reason: 1, description },
  ]);
});

Deno.test("why a target cannot be reached is told where the agent's user reads it", () => {
  const { session } = open([exec]);
  session.stored(verdict(0, "allow"));
  const description = "sallyport: the target could not be reached: the host is silent";
  const failure = { kind: "open_failure", reason: 2, description } as const;
  const told = said(session.stored(response(0, [failure, { kind: "close" }])));
  match(told, /^sallyport: the target could not be reached: the host is silent\n/);
});

Deno.test("why a target cannot be reached is told also when it comes behind what did not run", () => {
  const { session } = open([exec]);
  session.stored(verdict(0, "allow"));
  session.stored(outcome(0, { status: "failed", bytes: 40, alive: false }));
  session.stored(verdict(1, "allow"));
  const unrun = session.stored(outcome(1, { status: "not_run", alive: false }));
  equal(closed(unrun), undefined);
  const description = "sallyport: the target could not be reached: the host is silent";
  const failure = { kind: "open_failure", reason: 2, description } as const;
  const headers = { [endedHeader]: "1" };
  const told = session.stored(response(0, [failure, { kind: "close" }], { headers }));
  equal(said(told), `${description}\n`);
  equal(closed(told), "upstream_ended");
});

Deno.test("a host that breaks off is told by the outcome, whichever is stored first", () => {
  const headers = { [endedHeader]: "1" };
  // What masking held back may leave with the end.
  const held = { kind: "data", data: bytes("12") } as const;
  for (const messages of [[], [held]]) {
    for (
      const [status, told] of [["unknown", /is not known/], ["not_run", /did not run/]] as const
    ) {
      const broken = outcome(1, { status, bytes: 10, alive: false });
      const first: Session = running([exec]).session;
      equal(closed(first.stored(response(0, messages, { headers }))), undefined);
      const behind = first.stored(broken);
      match(said(behind), told);
      equal(closed(behind), "target_lost");
      const second: Session = running([exec]).session;
      equal(closed(second.stored(broken)), undefined);
      const ended = second.stored(response(0, messages, { headers }));
      match(said(ended), told);
      equal(closed(ended), "upstream_ended");
      deepStrictEqual(sent(ended).slice(-2).map(({ kind }) => kind), ["exit_status", "close"]);
    }
  }
});

Deno.test("who waits for approval is told once, and takes it back with Ctrl-C", () => {
  const { session } = open([pty, exec]);
  session.stored(verdict(0, "allow"));
  const held = session.stored(verdict(1, "hold"));
  ok(held.some((one) => one.kind === "wake" && one.name === "verdict" && one.afterMs === 60_010));
  match(said(session.stored(asked(1))), /waits for approval by compliance: https:/);
  deepStrictEqual(sent(session.stored(asked(1))), []);
  equal(closed(session.receive({ kind: "data", data: Uint8Array.of(3) })), "withdrawn");
});

Deno.test("no verdict, no record, silence and a lost target end the session", () => {
  equal(closed(open([exec]).session.woken("verdict")), "no_verdict");
  equal(closed(open([exec]).session.unrecorded("storage_full")), "audit_unavailable");
  const { session, time } = running([exec]);
  equal(closed(session.woken("idle")), undefined);
  time.ms += 1001;
  equal(closed(session.woken("idle")), "idle");
  const lost = running([exec]).session.stored(outcome(1, { status: "unknown", alive: false }));
  match(said(lost), /whether it took effect is not known/);
  equal(closed(lost), "target_lost");
  const unjudged = open([exec]).session;
  unjudged.stored(verdict(0, "allow"));
  const ended = unjudged.stored(response(0, [], { headers: { [endedHeader]: "1" } }));
  match(said(ended), /the request did not run/);
  equal(closed(ended), "upstream_ended");
});

Deno.test("an answer that is not whole messages never leaves", () => {
  const { session } = running([exec]);
  const whole = response(0, [{ kind: "data", data: bytes("secret") }]);
  const cut = session.stored({ ...whole, payload: whole.payload.subarray(0, -1) });
  ok(!said(cut).includes("secret"));
  equal(closed(cut), "response_malformed");
  const { session: other } = running([exec]);
  equal(closed(other.stored(response(0, [{ kind: "shell" }]))), "response_malformed");
});

Deno.test("a window's size and signals are continuations; a channel that closes ends it", () => {
  const { session } = running([pty, { kind: "shell" }]);
  const [resized] = requests(
    session.receive({ kind: "window_change", ...windowSize, columns: 132 }),
  );
  equal(resized?.messages[0]?.kind, "window_change");
  const [signal] = requests(session.receive({ kind: "signal", name: "INT" }));
  deepStrictEqual(signal?.messages, [{ kind: "signal", name: "INT" }]);
  const end = session.receive({ kind: "close" });
  equal(closed(end), "disconnected");
});

Deno.test("signals overtake what waits, sizes give way to newer ones, and too many end it", () => {
  const { session } = running([pty, exec], { outstandingMax: 1, controlsMax: 3 });
  session.receive({ kind: "data", data: bytes("a") });
  session.receive({ kind: "data", data: bytes("b") });
  for (const columns of [90, 100]) {
    session.receive({ kind: "window_change", ...windowSize, columns });
  }
  session.stored(verdict(2, "allow"));
  const [next] = requests(session.stored(outcome(2)));
  deepStrictEqual(next?.messages, [{ kind: "window_change", ...windowSize, columns: 100 }]);
  for (let sent = 0; sent < 6; sent++) session.receive({ kind: "signal", name: "INT" });
  session.stored(verdict(3, "allow"));
  equal(closed(session.stored(outcome(3))), "protocol_error");
});

Deno.test("signals and sizes pass behind the end of input", () => {
  const { session } = running([exec]);
  session.receive({ kind: "eof" });
  const [signal] = requests(session.receive({ kind: "signal", name: "TERM" }));
  equal(signal?.messages[0]?.kind, "signal");
});

Deno.test("variables are taken by the connection's list alone", () => {
  const env = (name: string): AgentMessage => ({ kind: "env", name, value: "x" });
  const asks = [env("LANG"), env("LC_ALL"), env("LD_PRELOAD"), exec];
  const { messages } = purposeOf(asks, ["LANG", "LC_*"]);
  deepStrictEqual(messages, [env("LANG"), env("LC_ALL"), exec]);
});
