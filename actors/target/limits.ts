/** The target's limits, in one place. @module */
import type { TargetLimits } from "./actor.ts";
import type { DialLimits } from "./dial.ts";
import type { DriverLimits } from "./driver.ts";

type ProcessLimits = { readonly catalogEveryMs: number };

export const targetLimits: TargetLimits & DriverLimits & DialLimits & ProcessLimits = {
  messageBytesMax: 256 * 1024 * 1024,
  chunkBytes: 128 * 1024,
  commandsMax: 64,
  creditBytes: 2 * 1024 * 1024,
  pendingBytesMax: 64 * 1024 * 1024,
  cancelGraceMs: 5000,
  gatherMs: 2,
  iterationsMax: 1_000_000,
  dialMsMax: 10_000,
  edgeSilenceMsMax: 10_000,
  /** Changes made past the gateway are seen this late at most; masking checks origins meanwhile. */
  catalogEveryMs: 5000,
};
