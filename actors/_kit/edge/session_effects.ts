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
