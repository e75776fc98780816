/**
 * What a channel's session waits for, and how long: verdicts, the end of a response, frames that
 * were lost on their way.
 *
 * @module
 */
import type { Outstanding } from "./outstanding.ts";
import type { SessionEffects, SessionPorts } from "./session_effects.ts";

export class SessionWaits {
  readonly #ports: SessionPorts;
  readonly #effects: Pick<SessionEffects, "wake" | "unwake">;
  #repairMs: number;
  #verdictAwaited: Outstanding | undefined;

  constructor(ports: SessionPorts, effects: Pick<SessionEffects, "wake" | "unwake">) {
    this.#ports = ports;
    this.#effects = effects;
    this.#repairMs = ports.limits.repairEveryMs;
  }

  /** The session has begun. */
  begin(): void {
    this.#effects.wake("session", this.#ports.session.sessionMsMax);
    this.#effects.wake("idle", this.#ports.session.idleMsMax);
    this.#effects.wake("repair", this.#repairMs);
  }

  /** A verdict on the oldest request that is not judged; that of a held one comes when it may. */
  forVerdict(unjudged: Outstanding | undefined): void {
    if (unjudged === this.#verdictAwaited) return;
    this.#verdictAwaited = unjudged;
    const { verdictMsMax } = this.#ports.session;
    if (unjudged === undefined) this.#effects.unwake("verdict");
    else this.#effects.wake("verdict", (unjudged.heldMs ?? 0) + verdictMsMax);
  }

  /** A request was held: people decide, and its time begins anew. */
  held(): void {
    this.#verdictAwaited = undefined;
  }

  /** The end of the response is on its way, and may not stay there. */
  forEnd(): void {
    this.#effects.wake("response", this.#ports.limits.responseMsMax);
  }

  /** The stream was read for what was missed: the next time later. */
  repaired(): void {
    this.#repairMs = Math.min(this.#repairMs * 2, this.#ports.limits.repairEveryMsMax);
    this.#effects.wake("repair", this.#repairMs);
  }

  /** Something is under way, and might be missed. */
  repairSoon(): void {
    if (this.#repairMs === this.#ports.limits.repairEveryMs) return;
    this.#repairMs = this.#ports.limits.repairEveryMs;
    this.#effects.wake("repair", this.#repairMs);
  }
}
