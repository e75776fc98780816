/** Approval's limits for one session. @module */
export const approvalLimits = {
  /** Approvals that one session may have pending. */
  sessionPendingMax: 100,
  /** Settled approvals of one session that are remembered. */
  sessionSettledMax: 1_000,
} as const;

/** How late a hold may reach people, milliseconds: hardly any verdict is one. */
export const holdsLateMs = 50;
