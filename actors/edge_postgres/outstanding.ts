/** A published request that the agent still waits for. @module */
import type { Verdict } from "#schemas/frames.ts";
import type { TransactionStatus } from "#schemas/wire/postgres/ready_for_query.ts";
import type { RequestEnd } from "./gather.ts";

/** What the edge needs of a verdict. */
export type Judged = Pick<Verdict, "decision" | "reasons" | "approval">;
export const allowed: Judged = { decision: "allow", reasons: [], approval: null };

export type Outstanding = {
  readonly request: number;
  readonly end: RequestEnd;
  readonly bytes: number;
  verdict: Judged | null;
  /** Stream sequence of its newest verdict. */
  sequence: number;
  held: boolean;
  /** The agent was told that people are asked. */
  asked: boolean;
  outcome: boolean;
  /** False while response bytes are still to come. */
  released: boolean;
  /** The edge's own: the agent hears nothing of it. */
  readonly silent: boolean;
};

export function newOutstanding(
  request: number,
  end: RequestEnd,
  bytes: number,
  whose: "agent" | "edge",
): Outstanding {
  const flags = { held: false, asked: false, outcome: false, released: false };
  const silent = whose === "edge";
  return { request, end, bytes, verdict: null, sequence: 0, ...flags, silent };
}

/** The status of ReadyForQuery that an outcome tells. */
export function transactionOf(status: "I" | "T" | "E"): TransactionStatus {
  return status === "I" ? "idle" : status === "T" ? "in_transaction" : "failed_transaction";
}
