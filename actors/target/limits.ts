/** The target's limits, in one place. @module */
import type { CatalogLimits } from "./catalog_reader.ts";
import type { PlannerLimits } from "./postgres/planner.ts";
import type { PresenceLimits } from "./postgres/presence.ts";
import type { QueryLimits } from "./postgres/query_connection.ts";
import type { TargetLimits } from "./state.ts";
import type { DialLimits } from "./dial.ts";
import type { DriverLimits } from "./driver.ts";
import type { SshConnectionsLimits } from "./ssh/connections.ts";

type CatalogReading = QueryLimits & CatalogLimits & { readonly catalogEveryMs: number };

type Limits =
  & TargetLimits
  & DriverLimits
  & DialLimits
  & SshConnectionsLimits
  & CatalogReading
  & PresenceLimits;

export const targetLimits: Limits = {
  messageBytesMax: 256 * 1024 * 1024,
  channelMessageBytesMax: 1024 * 1024,
  chunkBytes: 128 * 1024,
  chunkBusyBytes: 512 * 1024,
  chunkBytesMax: 768 * 1024,
  commandsMax: 64,
  creditBytes: 4 * 1024 * 1024,
  creditStartBytes: 16 * 1024,
  pendingBytesMax: 64 * 1024 * 1024,
  cancelGraceMs: 5000,
  gatherMs: 2,
  gatherBusyMs: 20,
  busyBytes: 1024 * 1024,
  turnMsMax: 10_000,
  wayMs: 500,
  writtenMs: 5,
  iterationsMax: 1_000_000,
  greetingBytesMax: 256 * 1024,
  dialMsMax: 10_000,
  unsentBytesMax: 1024 * 1024,
  keepaliveMs: 15_000,
  keepalivesMax: 3,
  loginBytesMax: 256 * 1024,
  upstreamChannelsMax: 8,
  upstreamIdleMs: 10_000,
  upstreamsIdleMax: 32,
  pausedBytesMax: 16 * 1024 * 1024,
  edgeSilenceMsMax: 10_000,
  catalogDelayMsMax: 2000,
  busyEveryMs: 100,
  presenceLingerMs: 60_000,
  queryMsMax: 30_000,
  answerBytesMax: 256 * 1024 * 1024,
  lockMsMax: 500,
  /** Changes made past the gateway are seen this late at most; masking checks origins meanwhile. */
  catalogEveryMs: 5000,
};

/** Authz waits for `estimateMsMax` of its own and goes on without. */
export const plannerLimits: PlannerLimits & QueryLimits = {
  planMsMax: 2000,
  lockMsMax: 500,
  plannerWaitMsMax: 3000,
  plannerWaitingMax: 64,
  queryMsMax: 4000,
  answerBytesMax: 16 * 1024 * 1024,
};

/** How long a session waits for another process to have defined what it defines. */
export const presenceLimits: QueryLimits = { queryMsMax: 10_000, answerBytesMax: 64 * 1024 };

/** Definitions of a connection that are remembered one by one; older ones concern any name. */
export const definitionsSettledMax = 256;
