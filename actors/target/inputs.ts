/** What the target's driver tells its actor, and what the actor asks of its driver. @module */

import type { Asked } from "./explaining.ts";
import type { Planned } from "./reach.ts";

export type TargetInput =
  /** Login is complete; `bytes` are its answers that are the agent's to see. */
  | { readonly kind: "dialled"; readonly bytes: Uint8Array }
  /** A stable code, and fixed words of ours. */
  | { readonly kind: "dial_failed"; readonly code: string; readonly reason: string }
  | { readonly kind: "received"; readonly bytes: Uint8Array }
  /** The upstream's window has taken all that was written up to this request. */
  | { readonly kind: "written"; readonly request: number }
  /** Nothing of this request was sent upstream: it leads to another place than it says. */
  | { readonly kind: "refused"; readonly request: number }
  | { readonly kind: "upstream_closed" }
  /** The agent has drained this many raw bytes of the session. */
  | { readonly kind: "credit"; readonly bytes: number }
  /** A `cancel` is over: it can hit nothing that is asked from now on. */
  | { readonly kind: "cancel_over" }
  | { readonly kind: "catalog_read"; readonly digest: string | null }
  /** The planner's answer: rows of each statement that was asked about. */
  | {
    readonly kind: "estimated";
    readonly asked: Asked;
    readonly rows: readonly (number | null)[];
  }
  /** It may be this session's turn (`await_turn`). */
  | { readonly kind: "turn" }
  /** Another session's definition waits for what runs here. */
  | { readonly kind: "give_way" }
  /** The edge that holds the agent's socket has gone silent. */
  | { readonly kind: "edge_lost" };

export type TargetCommand =
  | {
    readonly kind: "dial";
    readonly connection: string;
    readonly parameters: Readonly<Record<string, string>>;
  }
  | { readonly kind: "write"; readonly bytes: Uint8Array }
  /** Asks for `written` or `refused` once the upstream has taken all that was written before. */
  | { readonly kind: "confirm"; readonly request: number }
  /** Answered by `cancel_over`. */
  | { readonly kind: "cancel" }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  /** Answered by `catalog_read`. */
  | { readonly kind: "read_catalog"; readonly connection: string }
  /** The catalog is to be read for others; who made it so does not wait. */
  | { readonly kind: "catalog_changed"; readonly connection: string }
  /** Answered by `estimated`; nothing is run. */
  | {
    readonly kind: "estimate";
    readonly connection: string;
    readonly asked: Asked;
    readonly statements: readonly Planned[];
  }
  /** Answered by `turn` once something moved since `moves`. */
  | { readonly kind: "await_turn"; readonly connection: string; readonly moves: number }
  /** Others are made to end for which this session waits, as far as they have to. */
  | { readonly kind: "clear_way"; readonly connection: string }
  | { readonly kind: "hang_up" };
