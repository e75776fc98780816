/** What a session is given, and what it asks its sockets and clock to do. @module */
import { type EdgeEffect, StepEffects } from "#actors/_kit/edge/session_effects.ts";
import type { SessionLimits } from "#actors/_kit/edge/session_limits.ts";
import type { EdgeLimits } from "./limits.ts";

export type SessionPorts = {
  readonly limits: EdgeLimits;
  readonly session: SessionLimits;
  readonly nowMs: () => number;
  /** Of BackendKeyData, sent when the session opens: it cancels what runs here. */
  readonly secretKey: Uint8Array;
};

/** `drained` is the raw count that stands for all up to these bytes; null for our own words. */
type Write = {
  readonly kind: "write";
  readonly bytes: Uint8Array;
  readonly drained: number | null;
};
export type SessionEffect = EdgeEffect<SessionWake> | Write;
export type SessionWake = "verdict" | "idle" | "session" | "repair" | "response";
export class SessionEffects extends StepEffects<SessionWake, Write> {}
