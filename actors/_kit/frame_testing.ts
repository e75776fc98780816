/** Stored frames of a session, for tests. @module */
import type { Frame, FrameKind } from "#actors/_kit/frame.ts";

/** A frame of request 0 in one part, without headers, but for what a test says. */
export function frameOf(kind: FrameKind, change: Partial<Frame> = {}): Frame {
  return {
    kind,
    key: { epoch: "2026_11", shard: 0, edge: "pg1", session: "s1" },
    request: 0,
    part: 0,
    more: false,
    sequence: 1,
    timeMs: 0,
    headers: new Map(),
    payload: new Uint8Array(0),
    ...change,
  };
}
