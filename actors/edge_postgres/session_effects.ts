/** What a session asks its sockets and clock to do. @module */

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
  /** Reads what the stream holds for this session: responses beyond `released`, the rest `settled`. */
  | { readonly kind: "repair"; readonly settled: number; readonly released: number }
  /** Stops and resumes reading the agent's socket. */
  | { readonly kind: "pause" | "resume" }
  | { readonly kind: "close" };
export type SessionWake = "verdict" | "idle" | "session" | "repair" | "response";
