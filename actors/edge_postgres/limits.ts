/** The edge's limits, in one place. @module */
import { type StopLimits, stopLimits } from "#actors/_kit/edge/open_sessions.ts";
import type { StartupLimits } from "#actors/_kit/edge/startups.ts";

export type EdgeLimits = StartupLimits & StopLimits & {
  /** From accept to the end of authentication. */
  readonly startupMsMax: number;
  /** Bytes a client may send before it is authenticated: a password message with a token. */
  readonly startupBytesMax: number;
  /** How long identity may take to exchange a token. */
  readonly exchangeMsMax: number;
  /** The payload of one frame. */
  readonly partBytes: number;
  /** Requests of one session that are published and not yet answered; then reading stops. */
  readonly outstandingMax: number;
  /** Their bytes; beyond it reading stops too. */
  readonly outstandingBytesMax: number;
  /** Drained bytes after which the target is granted more. */
  readonly creditEveryBytes: number;
  /** Silence in the middle of a request after which the stream is read for what was missed. */
  readonly repairEveryMs: number;
  /** How long the stream may take to be read for a verdict that was not heard of. */
  readonly lookMsMax: number;
  /** How long the next part of a response may take once its outcome is stored. */
  readonly responseMsMax: number;
  /** Response parts that may wait for an earlier one. */
  readonly partsAheadMax: number;
  readonly aliveEveryMs: number;
  /** How long after a close could not be stored it is tried again. */
  readonly closeRetryMs: number;
};

export const edgeLimits: EdgeLimits = {
  ...stopLimits,
  startupMsMax: 15_000,
  startupsMax: 200,
  startupsPerAddressMax: 50,
  startupKeptMs: 2_000,
  startupBytesMax: 70_000,
  exchangeMsMax: 5_000,
  partBytes: 192 * 1024,
  outstandingMax: 256,
  outstandingBytesMax: 4 * 1024 * 1024,
  creditEveryBytes: 512 * 1024,
  repairEveryMs: 2_000,
  lookMsMax: 1_000,
  responseMsMax: 15_000,
  partsAheadMax: 256,
  aliveEveryMs: 1_000,
  closeRetryMs: 1_000,
};
