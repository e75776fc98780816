/** Approval's limits for one session. @module */
export const approvalLimits = {
  /** Approvals that one session may have pending. */
  sessionPendingMax: 100,
  /** Settled approvals of one session that are remembered. */
  sessionSettledMax: 1_000,
} as const;
