/** Approval's limits for one session. @module */
export const approvalLimits = {
  /** Approvals that one session may have pending. */
  sessionPendingMax: 100,
  /** Settled approvals of one session that are remembered. */
  sessionSettledMax: 1_000,
} as const;

/**
 * How late approval may hear of a verdict, milliseconds, when the notice of one that concerns it
 * was lost: hardly any does.
 */
export const verdictsLateMs = 500;
