/** The outcome of an allowed request, as a frame to be stored. @module */
import type { Effect, PublishEffect } from "#actors/_kit/actor.ts";
import { encodeControl, type Outcome, type Verdict } from "#schemas/frames.ts";

/** An allow verdict and its stream sequence. */
export type Allowed = { readonly verdict: Verdict; readonly sequence: number };
export type Facts = Omit<Outcome, "version" | "request" | "digest" | "verdict">;

/** The facts of a request of which no byte went upstream. */
export const notRun: Facts = {
  status: "not_run",
  durationMs: 0,
  bytes: 0,
  rows: 0,
  commands: [],
  sqlstate: null,
  transaction: null,
  completed: 0,
  alive: false,
  catalogDigest: null,
};

/** Stores what became of an allowed request; its verdict is done with. */
export function settle<C>(allowed: Allowed, facts: Facts, out: Effect<C>[]): void {
  out.push(outcomeEffect(allowed, facts));
  out.push({ kind: "release", name: String(allowed.verdict.request) });
}

function outcomeEffect(allowed: Allowed, facts: Facts): PublishEffect {
  const { request, digest } = allowed.verdict;
  const outcome = { version: 1, request, digest, verdict: allowed.sequence, ...facts } as const;
  const place = { request, part: 0, more: false };
  const payload = encodeControl("outcome", outcome);
  const tells = isOrdinary(outcome) ? [] : ["edge" as const];
  return { kind: "publish", frame: "outcome", place, payload, tells };
}

/** Says whether the end of its answer tells the agent's edge all that it needs to know. */
function isOrdinary({ request, status, alive, bytes, cut }: Outcome): boolean {
  return request > 0 && status === "executed" && alive && bytes > 0 && cut === undefined;
}
