/** What a session is given, and what it asks its sockets and clock to do. @module */
import type { EdgeLimits, SessionLimits } from "./limits.ts";

export type SessionPorts = {
  readonly limits: EdgeLimits;
  readonly session: SessionLimits;
  readonly nowMs: () => number;
  /** Of BackendKeyData, sent when the session opens: it cancels what runs here. */
  readonly secretKey: Uint8Array;
};

export type SessionEffect =
  | { readonly kind: "write"; readonly bytes: Uint8Array; readonly drained: number | null }
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
  /** Stops and resumes reading the agent's socket. */
  | { readonly kind: "pause" | "resume" }
  | { readonly kind: "close" };
export type SessionWake = "verdict" | "idle" | "session" | "repair" | "response";
