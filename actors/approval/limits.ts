/** Approval's limits for one session. @module */
export const approvalLimits = {
  /** Approvals that one session may have pending. */
  sessionPendingMax: 100,
  /** Settled approvals of one session that are remembered. */
  sessionSettledMax: 1_000,
} as const;
/** People take longer than this to look: what waits to be read comes together. */
export const approvalReading = { lateMs: 250 } as const;
