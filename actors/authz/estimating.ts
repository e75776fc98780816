/**
 * A request that waits for the planner: how many rows it gives is asked by a stored `explain`, and
 * answered by a stored `estimate`.
 *
 * **Invariant:** a request is asked about once, and waits for a bounded time from when the question
 * is stored: a verdict never stands before it. The question and the answer are frames, so that a
 * session that is rebuilt knows what was asked, and judges alike.
 *
 * @module
 */
import type { Effect } from "#actors/_kit/actor.ts";
import type { Frame } from "#actors/_kit/frame.ts";
import { decodeControl, encodeControl } from "#schemas/frames.ts";
import type { Asked, Judgement } from "./session_judge.ts";
import type { AuthzState } from "./state.ts";

type Out = Effect<never>[];

/** The wake after which a request is judged without an answer. */
export const estimateWake = "estimate";

/** Whether the request is judged only once the planner has answered. */
export function awaitsPlanner({ estimating }: AuthzState, request: number): boolean {
  return estimating?.question.request === request && !estimating.over;
}

/** Asks the planner, unless there is nothing to ask, or the request was asked about before. */
export function asksPlanner(
  state: AuthzState,
  { request, digest }: Pick<Asked, "request" | "digest">,
  { explain, catalogDigest }: Judgement,
  out: Out,
): boolean {
  if (explain.length === 0 || catalogDigest === null) return false;
  if (state.estimating?.question.request === request) return false;
  const statements = [...explain];
  const question = { version: 1, request, digest, catalogDigest, statements } as const;
  state.estimating = { question, over: false };
  const place = { request, part: 0, more: false };
  const payload = encodeControl("explain", question);
  out.push({ kind: "publish", frame: "explain", place, payload });
  return true;
}

/** The question is stored: from now on it is waited for the answer. The same live and replayed. */
export function plannerAsked(
  state: AuthzState,
  frame: Frame,
  waitMs: number,
  out: Out,
): void {
  const question = decodeControl("explain", frame.payload);
  // One that comes again may be about what has its verdict.
  if (question === null || question.request < state.nextRequest || state.held !== null) return;
  if (state.estimating?.question.request !== question.request) {
    state.estimating = { question, over: false };
  }
  awaitPlanner(state, waitMs, out);
}

/** The planner's answer; one that nobody waits for any more changes nothing. */
export function plannerAnswered(
  state: AuthzState,
  frame: Frame,
  askedOf: (request: number) => Asked | null,
  out: Out,
): void {
  const estimate = decodeControl("estimate", frame.payload);
  const { estimating } = state;
  if (estimate === null || estimating === null || estimating.over) return;
  const { question } = estimating;
  if (estimate.request !== question.request || estimate.digest !== question.digest) return;
  learn(state, estimating, estimate.rows, askedOf, frame.timeMs);
  out.push({ kind: "unwake", name: estimateWake });
}

/** It was waited for long enough: the request is judged by what is known without an answer. */
export function plannerSilent(
  state: AuthzState,
  askedOf: (request: number) => Asked | null,
  nowMs: number,
): void {
  const { estimating } = state;
  if (estimating === null || estimating.over) return;
  learn(state, estimating, estimating.question.statements.map(() => null), askedOf, nowMs);
}

/** The wait is over: the judge is told what the planner answered, null where it has no answer. */
function learn(
  { judge }: AuthzState,
  estimating: NonNullable<AuthzState["estimating"]>,
  rows: readonly (number | null)[],
  askedOf: (request: number) => Asked | null,
  atMs: number,
): void {
  estimating.over = true;
  const asked = askedOf(estimating.question.request);
  if (asked !== null) judge?.estimated(asked, estimating.question, rows, atMs);
}

/** Waits, from now on, for an answer that has not come. */
export function awaitPlanner({ estimating }: AuthzState, afterMs: number, out: Out): void {
  if (estimating === null || estimating.over) return;
  out.push({ kind: "wake", name: estimateWake, afterMs });
}
