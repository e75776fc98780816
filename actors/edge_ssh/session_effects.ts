/** What a session is given, and what it asks its channel, bus and clock to do. @module */
import { type EdgeEffect, StepEffects } from "#actors/_kit/edge/session_effects.ts";
import type { SessionLimits } from "#actors/_kit/edge/session_limits.ts";
import type { EdgeSshLimits } from "./limits.ts";
import type { ToAgent } from "./agent_channel.ts";

export type SessionPorts = {
  readonly limits: EdgeSshLimits;
  readonly session: SessionLimits;
  readonly nowMs: () => number;
};

/** `drained` is the raw count that stands for all up to this message; null for our own words. */
type Send = {
  readonly kind: "send";
  readonly message: ToAgent;
  readonly drained: number | null;
};
export type SessionEffect = EdgeEffect<SessionWake> | Send;
export type SessionWake = "verdict" | "idle" | "session" | "repair" | "response" | "echo";
export class SessionEffects extends StepEffects<SessionWake, Send> {}
