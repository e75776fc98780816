/** Authz's limits, in one place. @module */
import type { AuthzLimits } from "./actor.ts";
import type { FrameKind } from "#schemas/subjects.ts";
import type { RequestLimits } from "./postgres/request.ts";

export const authzLimits: AuthzLimits = {
  catalogMsMax: 5000,
  estimateMsMax: 5000,
  waitingBytesMax: 64 * 1024 * 1024,
};
/** What a session's state is made of. */
export const judgedKinds: readonly FrameKind[] = [
  ...["open", "request", "explain", "estimate", "verdict"] as const,
  ...["approval", "outcome", "close"] as const,
];
export const portalsMax = 1024;
export const preparedMax = 4096;
export const messagesMax = 32_768;

export function requestLimits(parametersMax: number): RequestLimits {
  return { parametersMax, portalsMax, preparedMax, messagesMax };
}
