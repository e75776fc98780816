/** A published request that the agent still waits for. @module */
import type { Judged } from "#actors/_kit/edge/judged.ts";
import type { TransactionStatus } from "#schemas/wire/postgres/ready_for_query.ts";
import type { AgentRequest, Copies, RequestEnd } from "./gather.ts";

export type Outstanding = {
  readonly request: number;
  readonly end: RequestEnd;
  readonly bytes: number;
  verdict: Judged | null;
  /** Stream sequence of its newest verdict. */
  sequence: number;
  held: boolean;
  /** Why it is held, in the words of the verdict. */
  why: string;
  /** The agent was told that people are asked. */
  asked: boolean;
  outcome: boolean;
  /** False while response bytes are still to come. */
  released: boolean;
  /** It did not run, or not to its end. */
  failed: boolean;
  readonly copies: Copies;
  /** The edge's own: the agent hears nothing of it. */
  readonly silent: boolean;
  /** The edge's own that ends a COPY: what the agent is told instead, once that was given up. */
  readonly refusal: Uint8Array | null;
};

/** Whose request it is, and the words that the agent is told of its own instead. */
export type Asker = { readonly silent: boolean; readonly refusal: Uint8Array | null };
export const byAgent: Asker = { silent: false, refusal: null };
export const byEdge: Asker = { silent: true, refusal: null };

export function newOutstanding(
  request: number,
  { bytes, end, copies }: AgentRequest,
  asker: Asker,
): Outstanding {
  const flags = { held: false, asked: false, outcome: false, released: false, failed: false };
  const facts = { request, end, copies, bytes: bytes.length, ...asker };
  return { ...facts, ...flags, verdict: null, sequence: 0, why: "" };
}

/** The status of ReadyForQuery that an outcome tells. */
export function transactionOf(status: "I" | "T" | "E"): TransactionStatus {
  return status === "I" ? "idle" : status === "T" ? "in_transaction" : "failed_transaction";
}
