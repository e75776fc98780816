/**
 * The requests of an agent that it may have sent too early to be passed on: an error in what runs
 * before them makes the server pass them over.
 *
 * Theory of operation. Behind a batch that ends with Flush, behind what then ends that batch, and
 * behind the data of a COPY, requests wait until that is settled; only data follows data at once. A
 * Sync alone waits for the batch before it. After an error that the server does not know of, the
 * edge passes over what the server would: of a batch all up to Sync, of a COPY that a simple query
 * began the rest of its data.
 * https://www.postgresql.org/docs/current/protocol-flow.html
 *
 * @module
 */
import type { AgentRequest } from "./gather.ts";
import type { EdgeLimits } from "./limits.ts";
import type { Outstanding } from "./outstanding.ts";

export class RequestLine {
  readonly #waiting: AgentRequest[] = [];
  #bytes = 0;
  #over: "nothing" | "batch" | "copy" = "nothing";

  get length(): number {
    return this.#waiting.length;
  }
  get bytes(): number {
    return this.#bytes;
  }

  put(request: AgentRequest): void {
    this.#waiting.push(request);
    this.#bytes += request.bytes.length;
  }

  /** The agent is told of an error in this request that the server does not know of. */
  passOver({ end, copies }: Pick<AgentRequest, "end" | "copies">): void {
    if (end === "flush" || copies === "extended" && end !== "sync") this.#over = "batch";
    else if (copies === "simple") this.#over = "copy";
  }

  /** Takes the next request that may follow those that are outstanding, of which few enough are. */
  take(
    outstanding: readonly Outstanding[],
    { outstandingMax }: Pick<EdgeLimits, "outstandingMax">,
  ): AgentRequest | null {
    if (outstanding.length >= outstandingMax) return null;
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || mustWait(next, outstanding)) return null;
      this.#waiting.shift();
      this.#bytes -= next.bytes.length;
      const passed = this.#passed(next);
      if (passed !== null) return passed;
    }
  }

  #passed(request: AgentRequest): AgentRequest | null {
    if (this.#over === "batch") {
      if (request.end !== "sync") return null;
      this.#over = "nothing";
      // The batch that failed is over; the Sync alone is passed on, and the server answers it.
      return loneSync;
    }
    if (this.#over === "copy" && request.end === "copy") return null;
    this.#over = "nothing";
    return request;
  }
}

function mustWait(next: AgentRequest, outstanding: readonly Outstanding[]): boolean {
  // Behind what is waited for stands nothing else, but for what the edge asks by itself.
  const last = outstanding.findLast(({ silent, refusal }) => !silent || refusal !== null);
  if (last === undefined) return false;
  if (last.end === "flush" || last.inBatch && last.copies === "no") return true;
  // Nobody refuses it, and the server would say how the transaction was before a refusal.
  if (isLoneSync(next) && last.end === "sync") return true;
  return last.copies !== "no" && next.end !== "copy";
}

function isLoneSync({ bytes, end }: AgentRequest): boolean {
  return end === "sync" && bytes.length === loneSync.bytes.length;
}

/** The end of a batch of which nothing else is passed on. */
export const loneSync: AgentRequest = {
  bytes: Uint8Array.of(0x53, 0, 0, 0, 4),
  end: "sync",
  copies: "no",
};
