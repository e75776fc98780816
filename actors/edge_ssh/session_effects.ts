/** What a session is given, and what it asks its channel, bus and clock to do. @module */
import type { EdgeSshLimits, SessionLimits } from "./limits.ts";
import type { ToAgent } from "./agent_channel.ts";

export type SessionPorts = {
  readonly limits: EdgeSshLimits;
  readonly session: SessionLimits;
  readonly nowMs: () => number;
};

export type SessionEffect =
  /** `drained` is the raw count that stands for all up to this message; null for our own words. */
  | { readonly kind: "send"; readonly message: ToAgent; readonly drained: number | null }
  | {
    readonly kind: "publish";
    readonly frame: "request" | "close";
    readonly place: { readonly request: number; readonly part: number; readonly more: boolean };
    readonly payload: Uint8Array;
    readonly headers: ReadonlyMap<string, string>;
  }
  | { readonly kind: "credit"; readonly bytes: number }
  | { readonly kind: "wake"; readonly name: SessionWake; readonly afterMs: number }
  | { readonly kind: "unwake"; readonly name: SessionWake }
  /** Reads what the stream holds of it: responses beyond `released`, the rest beyond `settled`. */
  | { readonly kind: "repair"; readonly settled: number; readonly released: number }
  /** Stops and resumes reading the agent's channel. */
  | { readonly kind: "pause" | "resume" }
  /** The session is over; what was sent still leaves. */
  | { readonly kind: "close" };
export type SessionWake = "verdict" | "idle" | "session" | "repair" | "response" | "echo";
