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
  held: boolean;
  outcome: boolean;
  /** False while response bytes are still to come. */
  released: boolean;
};

export function newOutstanding(request: number, end: RequestEnd, bytes: number): Outstanding {
  return { request, end, bytes, verdict: null, held: false, outcome: false, released: false };
}

/** The status of ReadyForQuery that an outcome tells. */
export function transactionOf(status: "I" | "T" | "E"): TransactionStatus {
  return status === "I" ? "idle" : status === "T" ? "in_transaction" : "failed_transaction";
}
