/** Masking's limits, in one place. @module */
import type { MaskingLimits } from "./actor.ts";
import type { RewriterLimits } from "./rewriter.ts";

export const maskingLimits: MaskingLimits = {
  verdictMsMax: 5000,
  waitingMax: 64,
  partBytesMax: 768 * 1024,
  plansMax: 1024,
};
export const rewriterLimits: RewriterLimits = {
  messageBytesMax: 256 * 1024 * 1024,
  copyRowBytesMax: 64 * 1024 * 1024,
  statementsMax: 4096,
  detectionsMax: 10_000,
};
