/** What authz keeps of one session. @module */
import type { SessionKey } from "#schemas/subjects.ts";
import type { Open, Verdict } from "#schemas/frames.ts";
import type { Voter } from "#schemas/approval.ts";
import type { Hash } from "node:crypto";
import { freshSession, type SessionState } from "./analysis/session.ts";
import type { Admission } from "./judge.ts";
import type { Portals, Understood } from "./request.ts";

/** A request that was published and is not yet settled. */
export type Waiting = {
  parts: Uint8Array[];
  bytes: number;
  hash: Hash | null;
  digest: string;
  complete: boolean;
  judged: boolean;
  operation: string;
  timeMs: number;
};

export type HeldRequest = {
  readonly verdict: Verdict;
  answer: "granted" | "denied" | "expired" | "withdrawn" | null;
  /** Until when a granted approval may be used, milliseconds since 1970. */
  untilMs: number;
  readonly voters: Voter[];
};

export type AuthzState = {
  readonly key: SessionKey;
  open: Open | null;
  admission: Admission | null;
  session: SessionState;
  portals: Portals;
  /** Requests by number, until they are settled. */
  readonly waiting: Map<number, Waiting>;
  nextRequest: number;
  /** The allowed request whose outcome is awaited. */
  running: { readonly request: number; readonly understood: Understood | null } | null;
  held: HeldRequest | null;
  transaction: "I" | "T" | "E";
  /** A statement of the open transaction was refused: only ROLLBACK may follow. */
  refused: boolean;
  /** The catalog that the session's own DDL made, until it is known here. */
  needsCatalog: string | null;
  catalogWaitOver: boolean;
};

export function initialState(key: SessionKey): AuthzState {
  return {
    key,
    open: null,
    admission: null,
    session: freshSession(null),
    portals: new Map(),
    waiting: new Map(),
    nextRequest: 0,
    running: null,
    held: null,
    transaction: "I",
    refused: false,
    needsCatalog: null,
    catalogWaitOver: false,
  };
}
