/** Frames of one SSH session, for the tests of the edge. @module */
import type { Frame, FrameKind } from "#actors/_kit/frame.ts";
import {
  type ControlPayload,
  decisionHeader,
  encodeControl,
  rawBytesHeader,
} from "#schemas/frames.ts";
import { maskWhole } from "#schemas/mask_plan.ts";
import {
  type ChannelMessage,
  decodeChannelMessage,
  encodeChannelMessages,
} from "#schemas/wire/ssh/channel.ts";

const key = { epoch: "2026_11", shard: 0, edge: "ssh1", session: "s1" };
const digest = "0".repeat(64);
const noRows = { rowsMax: 1, rowsOf: "request", bytesOf: "request" } as const;
let sequence = 0;

function frame(
  kind: FrameKind,
  request: number,
  payload: Uint8Array,
  more: Partial<Frame> = {},
): Frame {
  const headers = new Map<string, string>();
  const place = { request, part: 0, more: false };
  return { kind, key, sequence: ++sequence, timeMs: 0, headers, payload, ...place, ...more };
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
  const payload: ControlPayload<"verdict"> = {
    version: 1,
    request,
    digest,
    decision,
    policies: [],
    policyVersion: "",
    catalogDigest: null,
    reasons: decision === "deny" ? [reason] : [],
    statements: [],
    plan: maskWhole,
    parsed: null,
    durationMsMax: 1,
    ...(bytesMax === undefined ? {} : { volume: { ...noRows, bytesMax } }),
    approval: decision === "hold" ? { id: "a1", needs, binding: digest } : null,
    cancels: null,
  };
  const headers = new Map([[decisionHeader, decision]]);
  return frame("verdict", request, encodeControl("verdict", payload), { headers });
}

export function asked(request: number): Frame {
  const payload: ControlPayload<"approval"> = {
    version: 1,
    id: "a1",
    request,
    binding: digest,
    state: "asked",
    needs: [{ group: "compliance", quorum: 1, expiresMs: 60_000, policies: [] }],
    link: "https://console.example/a/a1",
    by: null,
    at: "2026-11-21T00:00:00Z",
    expiresAt: "2026-11-21T00:15:00Z",
  };
  return frame("approval", 0, encodeControl("approval", payload));
}

export function outcome(request: number, more: Partial<ControlPayload<"outcome">> = {}): Frame {
  const payload: ControlPayload<"outcome"> = {
    version: 1,
    request,
    digest,
    verdict: 1,
    status: "executed",
    durationMs: 1,
    bytes: 0,
    rows: 0,
    commands: [],
    sqlstate: null,
    transaction: null,
    completed: 1,
    alive: true,
    catalogDigest: null,
    ...more,
  };
  return frame("outcome", request, encodeControl("outcome", payload));
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
