/** Frames of one SSH session, for the tests of the edge. @module */
import type { Frame, FrameKind } from "#actors/_kit/frame.ts";
import { frameOf } from "#actors/_kit/frame_testing.ts";
import {
  type Approval,
  decisionHeader,
  encodeControl,
  type Outcome,
  rawBytesHeader,
} from "#schemas/frames.ts";
import { outcomeOf, verdictOf, zeroDigest } from "#schemas/frames_testing.ts";
import {
  type ChannelMessage,
  decodeChannelMessage,
  encodeChannelMessages,
} from "#schemas/wire/ssh/channel.ts";

const key = { epoch: "2026_11", shard: 0, edge: "ssh1", session: "s1" };
const noRows = { rowsMax: 1, rowsOf: "request", bytesOf: "request" } as const;
let sequence = 0;

function frame(
  kind: FrameKind,
  request: number,
  payload: Uint8Array,
  more: Partial<Frame> = {},
): Frame {
  return frameOf(kind, { key, request, payload, sequence: ++sequence, ...more });
}

/** A response part with whole messages; `more` while others follow. */
export function response(
  part: number,
  messages: readonly ChannelMessage[],
  options: { readonly last?: boolean; readonly headers?: Record<string, string> } = {},
): Frame {
  const headers = new Map([[rawBytesHeader, "10"], ...Object.entries(options.headers ?? {})]);
  const payload = encodeChannelMessages(messages);
  return frame("response", 1, payload, { part, headers, more: !(options.last ?? false) });
}

export function verdict(
  request: number,
  decision: "allow" | "deny" | "hold",
  code = "policy_forbids",
  bytesMax?: number,
): Frame {
  const reason = {
    code,
    policy: "never-sudo",
    message: "policy forbids it",
    detail: "It is forbidden by never-sudo.",
    hint: "Ask for less.",
    sqlstate: "42501",
  };
  const needs = [{ group: "compliance", quorum: 1, expiresMs: 60_000, policies: [] }];
  const payload = encodeControl(
    "verdict",
    verdictOf({
      request,
      decision,
      reasons: decision === "deny" ? [reason] : [],
      ...(bytesMax === undefined ? {} : { volume: { ...noRows, bytesMax } }),
      approval: decision === "hold" ? { id: "a1", needs, binding: zeroDigest } : null,
    }),
  );
  const headers = new Map([[decisionHeader, decision]]);
  return frame("verdict", request, payload, { headers });
}

export function asked(request: number): Frame {
  const payload: Approval = {
    version: 1,
    id: "a1",
    request,
    binding: zeroDigest,
    state: "asked",
    needs: [{ group: "compliance", quorum: 1, expiresMs: 60_000, policies: [] }],
    link: "https://console.example/a/a1",
    by: null,
    at: "2026-11-21T00:00:00Z",
    expiresAt: "2026-11-21T00:15:00Z",
  };
  return frame("approval", 0, encodeControl("approval", payload));
}

export function outcome(request: number, more: Partial<Outcome> = {}): Frame {
  return frame("outcome", request, encodeControl("outcome", outcomeOf({ request, ...more })));
}

/** The messages of a request's payload. */
export function messagesOf(payload: Uint8Array): ChannelMessage[] {
  const messages: ChannelMessage[] = [];
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  for (let at = 0; at < payload.length;) {
    const length = view.getUint32(at);
    const message = decodeChannelMessage(payload.subarray(at + 4, at + 4 + length));
    if (message.kind === "malformed") throw new Error(`malformed: ${message.field}`);
    messages.push(message);
    at += 4 + length;
  }
  return messages;
}
