/**
 * How an approval moves: pure changes of state, the same live and in recovery.
 *
 * **Invariant:** what is settled stays as it is, but for a consumption that was stored in time.
 *
 * @module
 */
import { quorumMet } from "#schemas/approval.ts";
import type { Approval, Verdict } from "#schemas/frames.ts";
import { unreachable } from "#schemas/unreachable.ts";
import { type ApprovalState, type Held, isSettled, put, type Vote } from "./state.ts";

/** An allow that carries the approval uses it up, when it was stored in time. */
export function consume(state: ApprovalState, verdict: Verdict, timeMs: number): ApprovalState {
  const used = verdict.approval;
  const held = used === null ? undefined : state.held.get(used.id);
  if (used === null || held === undefined) return state;
  // Stored before its expiry, though we came to expire it before we saw that.
  const usable = held.state === "granted" || held.state === "expired";
  if (!usable || !held.facts.includes("granted") || timeMs >= held.expiresAtMs) return state;
  if (held.request !== verdict.request || held.binding !== used.binding) return state;
  return put(state, { ...held, state: "consumed" });
}

/** Withdraws what is not settled: of one request, or of all. */
export function withdrawAll(state: ApprovalState, request: number | null): ApprovalState {
  let next = state;
  for (const held of state.held.values()) {
    if (isSettled(held) || (request !== null && held.request !== request)) continue;
    next = put(next, { ...held, state: "withdrawn" });
  }
  return next;
}

/** A frame of our own, met again during recovery. */
export function onStored(state: ApprovalState, stored: Approval): ApprovalState {
  const held = state.held.get(stored.id);
  if (held === undefined) return state;
  const known: Held = { ...held, facts: [...held.facts, stored.state] };
  switch (stored.state) {
    case "asked":
      return put(state, known);
    case "voted":
      return put(state, stored.by === null ? known : withVote(known, stored.by));
    case "granted":
      // The session may have ended between the last vote and this.
      return put(state, { ...known, state: isSettled(held) ? held.state : "granted" });
    case "denied":
      return put(state, { ...known, state: "denied", denial: stored.by });
    case "expired":
    case "withdrawn":
      return put(state, { ...known, state: held.state === "consumed" ? "consumed" : stored.state });
    case "consumed":
      return put(state, { ...known, state: "consumed" });
    default:
      return unreachable(stored.state);
  }
}

/** Expires an approval whose time is over. */
export function expire(state: ApprovalState, id: string, atMs: number): ApprovalState {
  const held = state.held.get(id);
  if (held === undefined || isSettled(held) || atMs < held.expiresAtMs) return state;
  return put(state, { ...held, state: "expired" });
}

/** Counts an approving vote, and grants when every need is met. */
export function withVote(held: Held, by: Vote): Held {
  const votes = [...held.votes, by];
  const isGranted = held.state === "pending" && quorumMet(held.needs, votes);
  return { ...held, votes, state: isGranted ? "granted" : held.state };
}
