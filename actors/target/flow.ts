/**
 * What was read of the server on its way to the agent: gathered into parts, and read only so far
 * ahead of what the agent has taken.
 *
 * @module
 */
import type { Effect } from "#actors/_kit/actor.ts";
import type { TargetCommand } from "./inputs.ts";
import { gatheredParts } from "./raw_parts.ts";
import { answering, type TargetLimits, type TargetState } from "./state.ts";

type Out = Effect<TargetCommand>[];

export type Flow = {
  /** Sends on what was read, at once where somebody waits for it; else with what comes soon. */
  passOn(state: TargetState, urgency: "ends" | "goes on", out: Out): void;
  /** Sends on all that is gathered. */
  flush(state: TargetState, out: Out): void;
  /** The moment in which more was to be gathered is over. */
  woken(state: TargetState, out: Out): void;
  /** Stops reading and reads on, as the agent takes what was read. */
  pace(state: TargetState, out: Out): void;
  /** The agent has taken what so many raw bytes of the session became. */
  credit(state: TargetState, bytes: number, out: Out): void;
};

export function flowOf(limits: TargetLimits, nowMs: () => number): Flow {
  return { passOn, flush, woken, pace, credit };

  function passOn(state: TargetState, urgency: "ends" | "goes on", out: Out): void {
    const { upstream } = state;
    if (state.holdsEnd) return;
    const { prompt } = upstream.conversation;
    const isBusy = upstream.rawBytes - state.credited > limits.busyBytes;
    const quiet = !isBusy && prompt && nowMs() - upstream.flushedMs >= limits.gatherMs;
    // For the first rows the agent waits; for the others it has something to do.
    const isFirst = upstream.begins && upstream.gatheredBytes > 0;
    const isMuch = upstream.gatheredBytes >= (isBusy ? limits.chunkBusyBytes : limits.chunkBytes);
    if (urgency === "ends" || isFirst || isMuch) return flush(state, out);
    if (upstream.flushing) return;
    if (quiet) return flush(state, out);
    upstream.flushing = true;
    const afterMs = isBusy ? limits.gatherBusyMs : limits.gatherMs;
    out.push({ kind: "wake", name: "gather", afterMs });
  }

  function flush(state: TargetState, out: Out): void {
    const { upstream } = state;
    if (upstream.flushing) {
      upstream.flushing = false;
      out.push({ kind: "unwake", name: "gather" });
    }
    if (upstream.gatheredBytes > 0) upstream.flushedMs = nowMs();
    out.push(...gatheredParts(upstream, answering(state), limits.chunkBytesMax));
  }

  function woken(state: TargetState, out: Out): void {
    state.upstream.flushing = false;
    if (!state.holdsEnd) flush(state, out);
  }

  function pace(state: TargetState, out: Out): void {
    const paused = !state.upstream.conversation.cut && !mayRead(state, state.paused ? 0.5 : 1);
    if (paused === state.paused) return;
    state.paused = paused;
    out.push({ kind: "run", command: { kind: paused ? "pause" : "resume" } });
  }

  /** Whether no more than a share of what may be on its way to the agent is. */
  function mayRead({ upstream, credited }: TargetState, share: number): boolean {
    const { conversation, rawBytes, beganBytes } = upstream;
    const starts = conversation.startsSlowly && !conversation.settled && credited <= beganBytes;
    if (starts && rawBytes - beganBytes > limits.creditStartBytes * share) return false;
    return rawBytes - credited <= limits.creditBytes * share;
  }

  function credit(state: TargetState, bytes: number, out: Out): void {
    state.credited = Math.max(state.credited, Math.min(bytes, state.upstream.rawBytes));
    pace(state, out);
  }
}
