/** What authz keeps of one session. @module */
import type { SessionKey } from "#schemas/subjects.ts";
import type { Explain, Open, Verdict } from "#schemas/frames.ts";
import type { Operation } from "#schemas/operation.ts";
import type { Voter } from "#schemas/approval.ts";
import type { Hash } from "node:crypto";
import type { Consequence, SessionJudge } from "./session_judge.ts";

/** A request that was published and is not yet settled. */
export type Waiting = {
  parts: Uint8Array[];
  bytes: number;
  hash: Hash | null;
  digest: string;
  complete: boolean;
  judged: boolean;
  operation: Operation;
  timeMs: number;
};

export type HeldRequest = {
  readonly verdict: Verdict;
  /** When its hold was judged, or is known to be stored; milliseconds since 1970. */
  readonly heldAtMs: number;
  answer: "granted" | "denied" | "expired" | "withdrawn" | null;
  /** Until when a granted approval may be used, milliseconds since 1970. */
  untilMs: number;
  readonly voters: Voter[];
};

export type AuthzState = {
  readonly key: SessionKey;
  open: Open | null;
  /** Made when the session opens. */
  judge: SessionJudge | null;
  /** Requests by number, until they are settled; those that continue another, until judged. */
  readonly waiting: Map<number, Waiting>;
  nextRequest: number;
  /** The allowed request whose outcome is awaited. */
  running: { readonly request: number; readonly consequence: Consequence } | null;
  held: HeldRequest | null;
  /** The question to the planner about the request that is judged next; `over`: wait no more. */
  estimating: { readonly question: Explain; over: boolean } | null;
};

export function initialState(key: SessionKey): AuthzState {
  return {
    key,
    open: null,
    judge: null,
    waiting: new Map(),
    nextRequest: 0,
    running: null,
    held: null,
    estimating: null,
  };
}
