/** The SSH edge's limits, in one place. @module */
import { type StopLimits, stopLimits } from "#actors/_kit/edge/open_sessions.ts";
import type { StartupLimits } from "#actors/_kit/edge/startups.ts";

export type EdgeSshLimits = StartupLimits & StopLimits & {
  /** From accept to the end of authentication. */
  readonly startupMsMax: number;
  /** Attempts to authenticate on one connection. */
  readonly attemptsMax: number;
  /** How much later each refused attempt is answered than the one before it. */
  readonly attemptDelayMs: number;
  /** How long identity may take to exchange a token or a key. */
  readonly exchangeMsMax: number;
  /** The payload of one frame. */
  readonly partBytes: number;
  /** The payload of one continuation. */
  readonly continuationBytesMax: number;
  /** Continuations that are published and not yet carried out; then input waits at the edge. */
  readonly outstandingMax: number;
  /** Signals that wait at the edge. */
  readonly controlsMax: number;
  /** Input that waits at the edge; beyond it the agent's window is not opened again. */
  readonly waitingBytesMax: number;
  /** Connections within one connection (`ssh -J`). */
  readonly jumpsMax: number;
  /** Variables an agent may set on one channel, and the bytes of all. */
  readonly variablesMax: number;
  readonly variableBytesMax: number;
  /** One sftp packet of a client: OpenSSH's limit. */
  readonly sftpPacketBytesMax: number;
  /** How long an Enter key may wait for the echo of what was typed before it. */
  readonly echoMsMax: number;
  /** Bytes of one line that is rebuilt. */
  readonly lineBytesMax: number;
  /** Released bytes that the network has not taken; beyond it nothing counts as drained. */
  readonly socketBytesMax: number;
  /** Drained bytes after which the target is granted more. */
  readonly creditEveryBytes: number;
  /** Silence after which the stream is read for what was missed; doubled up to the maximum. */
  readonly repairEveryMs: number;
  readonly repairEveryMsMax: number;
  /** How long the next part of a response may take once its outcome is stored. */
  readonly responseMsMax: number;
  /** Response parts that may wait for an earlier one. */
  readonly partsAheadMax: number;
  /** Channels of one connection that the agent has not closed. */
  readonly channelsOpenMax: number;
  /** Keys are exchanged anew after these bytes or this time (RFC 4253 section 9). */
  readonly rekeyBytes: number;
  readonly rekeyMs: number;
  /** How often that is looked at. */
  readonly rekeyCheckMs: number;
  readonly aliveEveryMs: number;
  /** How long after a close could not be stored it is tried again. */
  readonly closeRetryMs: number;
};

export const edgeSshLimits: EdgeSshLimits = {
  ...stopLimits,
  startupMsMax: 60_000,
  startupsMax: 200,
  startupsPerAddressMax: 50,
  startupKeptMs: 2_000,
  attemptsMax: 10,
  attemptDelayMs: 250,
  exchangeMsMax: 5_000,
  partBytes: 192 * 1024,
  continuationBytesMax: 256 * 1024,
  outstandingMax: 8,
  controlsMax: 64,
  waitingBytesMax: 1024 * 1024,
  jumpsMax: 16,
  variablesMax: 64,
  variableBytesMax: 32 * 1024,
  sftpPacketBytesMax: 256 * 1024 + 1024,
  echoMsMax: 150,
  lineBytesMax: 16 * 1024,
  socketBytesMax: 1024 * 1024,
  creditEveryBytes: 512 * 1024,
  repairEveryMs: 2_000,
  repairEveryMsMax: 60_000,
  responseMsMax: 15_000,
  partsAheadMax: 256,
  channelsOpenMax: 2_000,
  rekeyBytes: 1024 ** 3,
  rekeyMs: 3_600_000,
  rekeyCheckMs: 5_000,
  aliveEveryMs: 1_000,
  closeRetryMs: 1_000,
};
