/** Whatever an agent says and in whatever order frames come, a session keeps to its few rules. */
import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { endedHeader } from "#schemas/frames.ts";
import type { AgentMessage, ChannelMessage } from "#schemas/wire/ssh/channel.ts";
import { pty, windowSize } from "#schemas/wire/ssh/testing.ts";
import type { FromAgent } from "./agent_channel.ts";
import { edgeSshLimits } from "./limits.ts";
import { purposeOf } from "./purpose.ts";
import { Session } from "./session.ts";
import type { SessionEffect } from "./session_effects.ts";
import { asked, messagesOf, outcome, response, verdict } from "./testing.ts";

const purposes: readonly (readonly AgentMessage[])[] = [
  [{ kind: "exec", command: Uint8Array.of(97) }],
  [pty, { kind: "shell" }],
  [{ kind: "shell" }],
  [{ kind: "subsystem", name: "sftp" }],
  [{ kind: "direct_tcpip", host: "h", port: 1, originatorAddress: "a", originatorPort: 1 }],
];

const data = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 20 }).map((text) => new TextEncoder().encode(text)),
  fc.constantFrom("ls\r", "\x1b[A", "\r\n\r", "\x1b", "a\tb", "\x1b[?1049h").map((text) =>
    new TextEncoder().encode(text)
  ),
);
const said: fc.Arbitrary<FromAgent> = fc.oneof(
  { weight: 6, arbitrary: data.map((bytes) => ({ kind: "data" as const, data: bytes })) },
  { weight: 1, arbitrary: fc.constant({ kind: "eof" as const }) },
  {
    weight: 1,
    arbitrary: fc.constant({ kind: "window_change" as const, ...windowSize, columns: 0 }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "signal" as const, name: "INT" }) },
);
const answer: fc.Arbitrary<ChannelMessage> = fc.oneof(
  data.map((bytes) => ({ kind: "data" as const, data: bytes })),
  data.map((bytes) => ({ kind: "extended_data" as const, type: 1, data: bytes })),
  fc.constantFrom<ChannelMessage>(
    { kind: "success" },
    { kind: "failure" },
    { kind: "open_confirmation" },
    { kind: "open_failure", reason: 1, description: "" },
    { kind: "eof" },
    { kind: "exit_status", code: 1 },
    { kind: "close" },
  ),
);

type Event = (session: Session) => SessionEffect[];
const event: fc.Arbitrary<Event> = fc.oneof(
  said.map((message): Event => (session) => session.receive(message)),
  fc.tuple(fc.nat(8), fc.constantFrom("allow", "allow", "deny", "hold"))
    .map(([request, decision]): Event => (session) => session.stored(verdict(request, decision))),
  fc.tuple(fc.nat(8), fc.constantFrom("executed", "failed", "unknown", "not_run"))
    .map(([request, status]): Event => (session) => session.stored(outcome(request, { status }))),
  fc.tuple(fc.nat(4), fc.array(answer, { maxLength: 3 }), fc.nat(9))
    .map(([part, messages, chance]): Event => (session) => {
      const headers: Record<string, string> = chance === 0 ? { [endedHeader]: "1" } : {};
      return session.stored(response(part, messages, { last: chance === 1, headers }));
    }),
  fc.nat(3).map((request): Event => (session) => session.stored(asked(request))),
  fc.constantFrom("idle", "repair", "echo", "response").map((name): Event => (session) =>
    session.woken(name)
  ),
  fc.nat(1_000_000).map((bytes): Event => (session) => session.drained(bytes)),
);

Deno.test("a session publishes in order, ends once, and says nothing behind its end", () => {
  fc.assert(
    fc.property(
      fc.nat(purposes.length - 1),
      fc.array(event, { maxLength: 40 }),
      (which, events) => {
        let nowMs = 0;
        const session = new Session({
          limits: { ...edgeSshLimits, outstandingMax: 3, continuationBytesMax: 16 },
          session: { requestBytesMax: 4096, verdictMsMax: 10, idleMsMax: 50, sessionMsMax: 900 },
          nowMs: () => nowMs += 7,
        }, purposeOf(purposes[which] ?? [], []));
        const effects = [session.start(), ...events.map((one) => one(session))].flat();
        const published = effects.flatMap((one) => one.kind === "publish" ? [one] : []);
        const requests = published.filter(({ frame }) => frame === "request");
        deepStrictEqual(
          requests.map(({ place }) => place.request),
          requests.map((_, index) => index + 1),
        );
        for (const { payload } of requests) ok(messagesOf(payload).length > 0);
        ok(published.filter(({ frame }) => frame === "close").length <= 1);
        const kinds = effects.map((one) => one.kind === "send" ? one.message.kind : one.kind);
        const end = effects.findIndex((one) => one.kind === "send" && one.message.kind === "close");
        const later = end < 0 ? [] : effects.slice(end + 1).filter(({ kind }) => kind === "send");
        deepStrictEqual(later, [], kinds.join(" "));
        const over = effects.findIndex(({ kind }) => kind === "close");
        const behind = over < 0 ? [] : effects.slice(over + 1);
        deepStrictEqual(behind.filter(({ kind }) => kind === "publish" || kind === "send"), []);
      },
    ),
    { numRuns: 2000 },
  );
});
