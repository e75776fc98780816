/**
 * Input that continues the running request: what became of it, once the upstream took it.
 *
 * @module
 */
import type { Effect } from "#actors/_kit/actor.ts";
import type { TargetCommand } from "./inputs.ts";
import { notRun, settle } from "./outcomes.ts";
import type { TargetLimits, TargetState } from "./state.ts";

type State = TargetState;
type Out = Effect<TargetCommand>[];

/** The upstream took the input whole, or it was not passed on. */
export function written(
  state: State,
  request: number,
  status: "executed" | "not_run",
  limits: Pick<TargetLimits, "writtenMs">,
  out: Out,
): void {
  const allowed = state.continuing.get(request);
  if (allowed === undefined) return;
  state.continuing.delete(request);
  // Of a lone key somebody waits for the echo, and nobody for the outcome.
  const isLone = status === "executed" && state.continuing.size === 0 && state.written === null;
  if (isLone) {
    state.written = allowed;
    out.push({ kind: "wake", name: "written", afterMs: limits.writtenMs });
    return;
  }
  settleWritten(state, { alive: true }, out);
  settle(allowed, { ...notRun, status, alive: true }, out);
}

/** The outcome that waits is stored now. */
export function settleWritten(state: State, facts: { readonly alive: boolean }, out: Out): void {
  if (state.written === null) return;
  settle(state.written, { ...notRun, status: "executed", ...facts }, out);
  state.written = null;
  out.push({ kind: "unwake", name: "written" });
}

/** The request is over. How much of its input the program has read, nobody here can know. */
export function settleContinuing(state: State, facts: { readonly alive: boolean }, out: Out): void {
  settleWritten(state, facts, out);
  for (const allowed of state.continuing.values()) {
    settle(allowed, { ...notRun, status: "unknown", ...facts }, out);
  }
  state.continuing.clear();
}
