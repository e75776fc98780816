/**
 * What the verifier remembers of one session, and of each of its requests.
 *
 * @module
 */
import type { Frame } from "#actors/_kit/frame.ts";
import type { Voter } from "#schemas/approval.ts";
import type { ApprovalNeed, PrincipalChain } from "#schemas/frames.ts";
import { type Operation, parseOperation } from "#schemas/operation.ts";
import type { VolumeLimit } from "#schemas/volume.ts";
import { createHash, type Hash } from "node:crypto";
import type { Find, Guarantee, VerifyLimits } from "./finding.ts";
import type { IdentityCheck } from "./identity_check.ts";

export type HoldRecord = {
  readonly id: string;
  readonly binding: string;
  readonly needs: readonly ApprovalNeed[];
  /** When the hold was stored. */
  readonly atMs: number;
};

export type RequestRecord = {
  readonly number: number;
  readonly operation: Operation;
  /** Parts seen; the running digest is gone once the request is complete. */
  parts: number;
  hash: Hash | null;
  /** SHA-256 of all parts; null until complete. */
  digest: string | null;
  hold: HoldRecord | null;
  /** Authz's question to the planner, and whether target has answered it. */
  explain: { readonly sequence: number; readonly statements: number; answered: boolean } | null;
  /** The allow or deny. */
  verdict: {
    readonly sequence: number;
    readonly allow: boolean;
    readonly digest: string;
    /** Null: nothing was limited. */
    readonly volume: VolumeLimit | null;
  } | null;
  /** Sequence of the outcome. */
  outcome: number | null;
};

export type ApprovalRecord = {
  readonly request: number;
  readonly binding: string;
  /** Its needs and expiry as they were asked. */
  readonly terms: string;
  readonly expiresAtMs: number;
  readonly approvals: Voter[];
  /** Of each that counts, who said what, as JSON. */
  readonly agreed: Set<string>;
  votes: number;
  granted: boolean;
  grantedAtMs: number;
  /** `denied`, `expired` or `withdrawn`, once it is. */
  ended: string | null;
  usedBy: number | null;
};

/** How much was released, and the SHA-256 of it. */
export type Released = { readonly parts: number; readonly bytes: number; readonly sha256: string };

export type Release = {
  parts: number;
  bytes: number;
  readonly hash: Hash;
  /** Bytes and running digest after each of the newest parts; part numbers may have a gap. */
  readonly prefixes: Released[];
  /** Parts that end the session across a gap, and what is released if the edge takes one. */
  readonly ends: { readonly parts: number; readonly payload: Uint8Array }[];
  readonly endings: Released[];
};

export type SessionRecord = {
  /** `<edge>/<session>`. */
  readonly id: string;
  /** Epoch and shard, which never change. */
  readonly place: string;
  principal: PrincipalChain | null;
  /** Why identity did not sign the principal; null when it did, or its keys are not given. */
  principalFault: string | null;
  readonly requests: Map<number, RequestRecord>;
  /** Numbers of settled requests, oldest first. */
  readonly settled: number[];
  /** Requests that were allowed and have no outcome yet. */
  unanswered: number;
  highest: number;
  readonly approvals: Map<string, ApprovalRecord>;
  readonly release: Release;
  closed: boolean;
  /** The close says nothing of what was released. */
  untold: boolean;
};

/** What each check is given besides the record. */
export type CheckContext = {
  readonly frame: Frame;
  readonly limits: VerifyLimits;
  /** Null: identity's signatures are not checked. */
  readonly identity: IdentityCheck | null;
  report(guarantee: Guarantee, message: string): void;
};

export function newSession(id: string, place: string): SessionRecord {
  return {
    id,
    place,
    principal: null,
    principalFault: null,
    requests: new Map(),
    settled: [],
    unanswered: 0,
    highest: 0,
    approvals: new Map(),
    release: {
      parts: 0,
      bytes: 0,
      hash: createHash("sha256"),
      ends: [],
      endings: [],
      prefixes: [{ parts: 0, bytes: 0, sha256: createHash("sha256").digest("hex") }],
    },
    closed: false,
    untold: false,
  };
}

export function newRequest(number: number, operation = parseOperation(undefined)): RequestRecord {
  const hash = createHash("sha256");
  const nothing = { digest: null, hold: null, explain: null, verdict: null, outcome: null };
  return { number, operation, parts: 0, hash, ...nothing };
}

export function contextOf(
  frame: Frame,
  session: string,
  limits: VerifyLimits,
  identity: IdentityCheck | null,
  find: Find,
): CheckContext {
  const report = (guarantee: Guarantee, message: string) =>
    find(guarantee, frame.sequence, session, `frame ${frame.sequence}: ${message}`);
  return { frame, limits, identity, report };
}

/** Keeps a settled request for what may still follow, and lets the oldest go. */
export function settleRequest(session: SessionRecord, number: number, settledMax: number): void {
  session.settled.push(number);
  if (session.settled.length <= settledMax) return;
  const oldest = session.settled.shift();
  if (oldest !== undefined) session.requests.delete(oldest);
}
