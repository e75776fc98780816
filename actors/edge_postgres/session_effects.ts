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

/**
 * **Invariant:** words of our own stand between messages of the server: those that come within one
 * wait for its end, and are not said when the session ends there.
 */
export class SessionEffects extends StepEffects<SessionWake, Write> {
  #isWithin = false;
  #waiting: Uint8Array[] = [];

  /** Bytes of the server; with `goesOn` their last message goes on in the next. */
  release(bytes: Uint8Array, drained: number, goesOn: boolean): void {
    this.push({ kind: "write", bytes, drained });
    this.#isWithin = goesOn;
    if (goesOn) return;
    for (const words of this.#waiting.splice(0)) this.say(words);
  }

  say(bytes: Uint8Array): void {
    if (this.#isWithin) this.#waiting.push(bytes);
    else this.push({ kind: "write", bytes, drained: null });
  }
}
