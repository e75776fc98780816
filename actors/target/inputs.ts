/** What the target's driver tells its actor, and what the actor asks of its driver. @module */

export type TargetInput =
  /** Login is complete; `bytes` are the ParameterStatus messages and ReadyForQuery of it. */
  | { readonly kind: "dialled"; readonly bytes: Uint8Array }
  | { readonly kind: "dial_failed"; readonly sqlstate: string; readonly words: Uint8Array }
  | { readonly kind: "received"; readonly bytes: Uint8Array }
  | { readonly kind: "upstream_closed" }
  /** The agent has drained this many raw bytes of the session. */
  | { readonly kind: "credit"; readonly bytes: number }
  | { readonly kind: "catalog_read"; readonly digest: string | null }
  /** The edge that holds the agent's socket has gone silent. */
  | { readonly kind: "edge_lost" };

export type TargetCommand =
  | {
    readonly kind: "dial";
    readonly connection: string;
    readonly parameters: Readonly<Record<string, string>>;
  }
  | { readonly kind: "write"; readonly bytes: Uint8Array }
  | { readonly kind: "cancel" }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "read_catalog"; readonly connection: string }
  | { readonly kind: "hang_up" };
