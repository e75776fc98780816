/** What target says of sessions that end. */
import { deepStrictEqual } from "node:assert/strict";
import type { Frame, FrameKind } from "#actors/_kit/frame.ts";
import { target } from "./actor.ts";
import { targetLimits } from "./limits.ts";

const key = { epoch: "2026_11", shard: 0, edge: "pg1", session: "s" };
const { initial, step } = target(targetLimits, () => 0);

Deno.test("a session that was refused gets no response", () => {
  let state = initial(key);
  [state] = step(state, { kind: "frame", frame: frame("open"), replayed: false });
  const [, effects] = step(state, { kind: "frame", frame: frame("close"), replayed: false });
  deepStrictEqual(effects.map(({ kind }) => kind), ["run", "end"]);
});

Deno.test("behind a session's close no response is sent; before it an edge that died has one", () => {
  for (const [input, sent] of [[frame("close"), []], [null, ["raw"]]] as const) {
    let state = initial(key);
    [state] = step(state, { kind: "frame", frame: frame("open"), replayed: false });
    state.phase = "ready";
    const given = input === null
      ? { kind: "edge_lost" } as const
      : { kind: "frame", frame: input, replayed: false } as const;
    const [, effects] = step(state, given);
    deepStrictEqual(effects.map(({ kind }) => kind), ["run", ...sent, "end"]);
  }
});

function frame(kind: FrameKind): Frame {
  const place = { request: 0, part: 0, more: false };
  const payload = new Uint8Array(0);
  return { kind, key, ...place, sequence: 1, timeMs: 0, headers: new Map(), payload };
}
