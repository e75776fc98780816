/**
 * What masks the responses of one session, whatever its protocol.
 *
 * @module
 */
import type { Verdict } from "#schemas/frames.ts";

/** What an allow verdict says of the response to its request. */
export type ResponsePlan = Pick<Verdict, "request" | "plan" | "parsed" | "volume">;

export type Masked = {
  /** Whole messages of the protocol; may be empty. */
  readonly bytes: Uint8Array;
  /** How many values were masked, by class. */
  readonly masked: ReadonlyMap<string, number>;
  /** The response is over with an error, which `bytes` end with; nothing comes after it. */
  readonly failed: boolean;
  /** Milliseconds after which `timePassed` is to be called; null: not because of this part. */
  readonly waitMs: number | null;
  /** Requests of the session must be read, and given to `requests`, before more can leave. */
  readonly wantsRequests: boolean;
};

export type RequestPart = { readonly payload: Uint8Array; readonly more: boolean };

/** Belongs to one session's mailbox, and is changed in place. */
export type SessionRewriter = {
  /** Whether a request has a response of its own; the plan of another is not kept. */
  answers(request: number): boolean;
  /** A response begins: the parts that follow are its. */
  begin(response: ResponsePlan): void;
  /** Masks the next part, which may be reused afterwards; with `rest` "none" it is the last. */
  rewrite(part: Uint8Array, rest: "more" | "none"): Masked;
  /** The time that was asked for is over. */
  timePassed(): Masked;
  /** Parts of the session's requests, those behind the ones that were given before. */
  requests(parts: readonly RequestPart[]): Masked;
  /** What the agent is told when a response can no longer be masked. */
  lost(): Uint8Array;
  /** Cuts masked bytes into pieces of at most `bytesMax`, where its protocol may be cut. */
  cut(bytes: Uint8Array, bytesMax: number): readonly Uint8Array[];
};
