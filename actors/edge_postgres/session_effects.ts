/** What a session is given, and what it asks its sockets and clock to do. @module */
import type { EdgeEffect } from "#actors/_kit/edge/session_effects.ts";
import type { SessionLimits } from "#actors/_kit/edge/session_limits.ts";
import type { EdgeLimits } from "./limits.ts";

export type SessionPorts = {
  readonly limits: EdgeLimits;
  readonly session: SessionLimits;
  readonly nowMs: () => number;
  /** Of BackendKeyData, sent when the session opens: it cancels what runs here. */
  readonly secretKey: Uint8Array;
};

export type SessionEffect =
  | EdgeEffect<SessionWake>
  | { readonly kind: "write"; readonly bytes: Uint8Array; readonly drained: number | null };
export type SessionWake = "verdict" | "idle" | "session" | "repair" | "response";
