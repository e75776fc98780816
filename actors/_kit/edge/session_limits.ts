/** The limits that the configuration sets for every session of an edge. @module */
import type { Config } from "#schemas/config.ts";

export type SessionLimits = {
  readonly requestBytesMax: number;
  readonly verdictMsMax: number;
  readonly idleMsMax: number;
  readonly sessionMsMax: number;
};

export function sessionLimits({ limits }: Pick<Config, "limits">): SessionLimits {
  return {
    requestBytesMax: limits.request_bytes_max,
    verdictMsMax: limits.verdict_ms_max,
    idleMsMax: limits.idle_ms_max,
    sessionMsMax: limits.session_ms_max,
  };
}
