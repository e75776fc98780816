/** What a pure session of an edge asks for, whatever its protocol. @module */
import type { EdgeFramePlace } from "./session_record.ts";

/** `Wake` names its timers. */
export type EdgeEffect<Wake extends string> =
  | {
    readonly kind: "publish";
    readonly frame: "request" | "close";
    readonly place: EdgeFramePlace;
    readonly payload: Uint8Array;
    readonly headers: ReadonlyMap<string, string>;
  }
  | { readonly kind: "credit"; readonly bytes: number }
  | { readonly kind: "wake"; readonly name: Wake; readonly afterMs: number }
  | { readonly kind: "unwake"; readonly name: Wake }
  /** Reads what the stream holds of it: responses beyond `released`, the rest beyond `settled`. */
  | { readonly kind: "repair"; readonly settled: number; readonly released: number }
  /** Stops and resumes reading from the agent. */
  | { readonly kind: "pause" | "resume" }
  /** The session is over; what was sent still leaves. */
  | { readonly kind: "close" };

/** What a session asks for within one step; `Own` are the effects of its protocol. */
export class StepEffects<Wake extends string, Own> {
  readonly #asked: (EdgeEffect<Wake> | Own)[] = [];
  #pacing: "pause" | "resume" = "resume";

  push(...effects: readonly (EdgeEffect<Wake> | Own)[]): void {
    this.#asked.push(...effects);
  }

  wake(name: Wake, afterMs: number): void {
    this.#asked.push({ kind: "wake", name, afterMs });
  }

  unwake(name: Wake): void {
    this.#asked.push({ kind: "unwake", name });
  }

  /** Stops or resumes reading from the agent, unless that is how it is. */
  pace(kind: "pause" | "resume"): void {
    if (this.#pacing !== kind) this.#asked.push({ kind });
    this.#pacing = kind;
  }

  /** All of it, at the end of the step. */
  take(): (EdgeEffect<Wake> | Own)[] {
    return this.#asked.splice(0);
  }
}
