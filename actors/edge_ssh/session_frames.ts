/** The frames that a session publishes. @module */
import { type Close, encodeControl, operationHeader } from "#schemas/frames.ts";
import { purposeRequest } from "./outstanding.ts";
import type { SessionEffect } from "./session_effects.ts";

const none: ReadonlyMap<string, string> = new Map();
/** Headers of what continues the channel's purpose. */
export const continuation: ReadonlyMap<string, string> = new Map([
  [operationHeader, `continues:${purposeRequest}`],
]);

/** A request's frames, cut into parts. */
export function requestFrames(
  request: number,
  bytes: Uint8Array,
  partBytes: number,
  headers: ReadonlyMap<string, string> = none,
): SessionEffect[] {
  const frames: SessionEffect[] = [];
  for (let part = 0, start = 0; start < bytes.length; part++, start += partBytes) {
    const payload = bytes.subarray(start, start + partBytes);
    const more = start + partBytes < bytes.length;
    const place = { request, part, more };
    frames.push({ kind: "publish", frame: "request", place, payload, headers });
  }
  return frames;
}

/** The last frame: why the session ended, and what was released. */
export function closeFrame(
  reason: string,
  requests: number,
  released: Close["released"],
  nowMs: number,
): SessionEffect {
  const closedAt = new Date(nowMs).toISOString();
  const payload = encodeControl("close", { version: 1, reason, requests, released, closedAt });
  const place = { request: requests, part: 0, more: false };
  return { kind: "publish", frame: "close", place, payload, headers: none };
}
