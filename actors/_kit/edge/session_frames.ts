/** The frames that an edge publishes of a session, whatever its protocol. @module */
import { type Close, encodeControl, operationHeader } from "#schemas/frames.ts";
import type { EdgeEffect } from "./session_effects.ts";

export type PublishedFrame = Extract<EdgeEffect<never>, { readonly kind: "publish" }>;

const none: ReadonlyMap<string, string> = new Map();

/** A request's frames, cut into parts. */
export function requestFrames(
  request: number,
  bytes: Uint8Array,
  partBytes: number,
  headers: ReadonlyMap<string, string> = none,
): PublishedFrame[] {
  const frames: PublishedFrame[] = [];
  for (let part = 0, start = 0; start < bytes.length; part++, start += partBytes) {
    const payload = bytes.subarray(start, start + partBytes);
    const more = start + partBytes < bytes.length;
    const place = { request, part, more };
    frames.push({ kind: "publish", frame: "request", place, payload, headers });
  }
  return frames;
}

/** The request by which another one is withdrawn; its bytes are ours. */
export function cancelFrame(request: number, cancelled: number): PublishedFrame {
  const headers = new Map([[operationHeader, `cancel:${cancelled}`]]);
  const payload = new TextEncoder().encode(`CancelRequest ${cancelled}`);
  const place = { request, part: 0, more: false };
  return { kind: "publish", frame: "request", place, payload, headers };
}

/** The last frame: why the session ended, and what was released. */
export function closeFrame(
  reason: string,
  requests: number,
  released: Close["released"],
  nowMs: number,
): PublishedFrame {
  const closedAt = new Date(nowMs).toISOString();
  const payload = encodeControl("close", { version: 1, reason, requests, released, closedAt });
  const place = { request: requests, part: 0, more: false };
  return { kind: "publish", frame: "close", place, payload, headers: none };
}
