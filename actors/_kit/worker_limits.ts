/** The limits of a session worker, in one place. @module */

export type WorkerLimits = {
  /** Sessions held in memory; the one idle longest is dropped, to be rebuilt when needed. */
  readonly sessionsMax: number;
  /** Inputs that wait in one mailbox while its session is being rebuilt. */
  readonly mailboxMax: number;
  /** How long a publish is tried again before the session's state is given up, milliseconds. */
  readonly publishRetryMsMax: number;
  /** Redelivery delay after a failure, milliseconds. */
  readonly retryDelayMs: number;
  /** How often a kept delivery is said to be at work; well below the consumer's `ack_wait`. */
  readonly keepEveryMs: number;
  /** How long the state of a session that is over is kept for a straggler, milliseconds. */
  readonly stragglerMs: number;
  /** How often sessions that were given nothing are looked up, whether they ended, milliseconds. */
  readonly sweepEveryMs: number;
};
export const workerLimits: WorkerLimits = {
  sessionsMax: 20_000,
  mailboxMax: 10_000,
  publishRetryMsMax: 20_000,
  retryDelayMs: 500,
  keepEveryMs: 1_500,
  stragglerMs: 10_000,
  sweepEveryMs: 60_000,
};
