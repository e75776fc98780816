/**
 * The judge of one session, behind which its protocol stands: what a request asks for, and what
 * earlier ones left behind in the session.
 *
 * **Invariant:** judging changes nothing; a session is changed by the consequence of a request that
 * was allowed, and by `denied`, the same whether a verdict is made now or replayed.
 *
 * @module
 */
import type { StatementAnalysis } from "#schemas/analysis.ts";
import type { ApprovalNeed, Explain, Outcome, Reason } from "#schemas/frames.ts";
import type { MaskPlan } from "#schemas/mask_plan.ts";
import type { VolumeLimit } from "#schemas/volume.ts";

/** A request whole, as it is judged. */
export type Asked = {
  readonly request: number;
  /** SHA-256 of its bytes, hex. */
  readonly digest: string;
  /** Null when it is larger than what is judged. */
  readonly bytes: Uint8Array | null;
  /** True for what belongs to a request that runs (`continues:<n>`). */
  readonly continues: boolean;
  /** Statements of the verdict that held it: what that expected of them is expected again. */
  readonly before?: readonly StatementAnalysis[];
};

/** What an allowed request does to the session. */
export type Consequence = {
  /** Its allow is said. */
  allowed(): void;
  /** It ran, or it is known that it did not. */
  settled(outcome: Outcome): void;
};

export type Judgement = {
  readonly decision: "allow" | "deny" | "hold";
  readonly policies: readonly string[];
  readonly policyVersion: string;
  readonly configDigest: string;
  readonly catalogDigest: string | null;
  readonly reasons: readonly Reason[];
  readonly needs: readonly ApprovalNeed[];
  readonly statements: readonly StatementAnalysis[];
  readonly plan: MaskPlan;
  readonly parsed: readonly string[] | null;
  /** As in the verdict. */
  readonly defines?: readonly string[] | null | undefined;
  readonly unsettled?: boolean;
  readonly prepares?: readonly string[] | null | undefined;
  readonly late?: boolean;
  readonly durationMsMax: number;
  /** How much of the response may leave; null of protocols without rows, and of an opening. */
  readonly volume: VolumeLimit | null;
  /** What of the session gives the bytes their meaning; an approval is bound to it. */
  readonly facts: readonly unknown[];
  readonly consequence: Consequence;
  /** What the target's planner is to be asked before this counts; empty: nothing. */
  readonly explain: Explain["statements"];
};

export type SessionJudge = {
  /** May the session open. */
  connect(): Judgement;
  request(asked: Asked): Judgement;
  /** What a request does that these policies allowed, for a verdict that is read again. */
  understand(asked: Asked, policies: readonly string[]): Consequence;
  /** The planner's answers to `explain`, or null where it gave none. */
  estimated(
    asked: Asked,
    question: Explain,
    rows: readonly (number | null)[],
    atMs: number,
  ): void;
  /** A request was refused; null when nothing of it is known. */
  denied(asked: Asked | null): void;
  /** False while something that an earlier request changed is not known here yet. */
  ready(): boolean;
  /** It was waited for long enough. */
  waitOver(): void;
};

export const noConsequence: Consequence = { allowed() {}, settled() {} };
