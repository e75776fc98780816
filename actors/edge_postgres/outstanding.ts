/** The published requests that the agent still waits for. @module */
import type { Judged } from "#actors/_kit/edge/judged.ts";
import type { ControlPayload } from "#schemas/frames.ts";
import { joinBytes } from "#schemas/join_bytes.ts";
import type { TransactionStatus } from "#schemas/wire/postgres/ready_for_query.ts";
import { abortCopy, abortTransaction } from "#schemas/wire/postgres/refused_transaction.ts";
import type { AgentRequest, Copies, RequestEnd } from "./gather.ts";

/** An approval that waits for people. */
export type Asking = Pick<ControlPayload<"approval">, "needs" | "expiresAt"> & {
  readonly link: string;
};

export type Outstanding = {
  readonly request: number;
  readonly end: RequestEnd;
  readonly bytes: number;
  verdict: Judged | null;
  /** Stream sequence of its last part, once that is stored. */
  sequence: number;
  /** The last bytes of its answer so far. */
  tail: Uint8Array;
  held: boolean;
  /** Why it is held, in the words of the verdict. */
  why: string;
  /** Where people are asked. */
  approval: Asking | null;
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
  /** The edge's own that ends a COPY or a batch: what the agent is told once that was given up. */
  readonly refusal: Uint8Array | null;
  /** Behind its refusal the agent is owed a ReadyForQuery. */
  readonly owesReady: boolean;
  /** The server has run a part of the batch that it belongs to. */
  inBatch: boolean;
};

/** Whose request it is, and the words that the agent is told of its own instead. */
export type Asker = Pick<Outstanding, "silent" | "refusal" | "owesReady">;
export const byAgent: Asker = { silent: false, refusal: null, owesReady: false };
export const byEdge: Asker = { silent: true, refusal: null, owesReady: false };

/** What makes the server give up the COPY or batch of which a part was refused. */
export function givingUp(
  { copies, end }: Pick<Outstanding, "copies" | "end">,
  refusal: Uint8Array,
): [asked: AgentRequest, asker: Asker] {
  const isBatch = copies === "no";
  const owesReady = isBatch ? end !== "flush" : copies === "simple";
  const bytes = isBatch ? abortTransaction : abortCopy;
  return [{ bytes, end: "query", copies }, { silent: true, refusal, owesReady }];
}

export function newOutstanding(
  request: number,
  { bytes, end, copies }: AgentRequest,
  asker: Asker,
): Outstanding {
  const flags = { held: false, asked: false, outcome: false, released: false, failed: false };
  const facts = { request, end, copies, bytes: bytes.length, ...asker };
  const unknown = { verdict: null, sequence: 0, tail: empty, why: "", approval: null };
  return { ...facts, ...flags, ...unknown, inBatch: false };
}

/** All of a session, oldest first. */
export class OutstandingRequests {
  readonly #all: Outstanding[] = [];
  #settledThrough = 0;
  #newestComplete = -1;
  #lookedFor = -1;
  #batchIsOpen = false;

  get all(): readonly Outstanding[] {
    return this.#all;
  }
  get length(): number {
    return this.#all.length;
  }
  get first(): Outstanding | undefined {
    return this.#all[0];
  }
  of(request: number): Outstanding | undefined {
    return this.#all.find((one) => one.request === request);
  }
  add(request: Outstanding): void {
    request.inBatch = this.#batchIsOpen;
    this.#all.push(request);
  }

  /** The server has run something behind which it has not said that it is ready. */
  get batchIsOpen(): boolean {
    return this.#batchIsOpen;
  }

  /** Nothing is asked, and nothing that was asked is half done. */
  get isAtRest(): boolean {
    return this.length === 0 && !this.#batchIsOpen;
  }

  /** A part of it is stored; what becomes of it is stored behind that. */
  recorded(request: number, sequence: number): void {
    const waiting = this.of(request);
    if (waiting !== undefined) waiting.sequence = Math.max(waiting.sequence, sequence);
  }

  /** The first is complete; the one that is first now. */
  complete(): Outstanding | undefined {
    const first = this.#all.shift();
    if (first === undefined) return undefined;
    const ran = first.verdict?.decision === "allow";
    if (ran && first.request > 0) this.#batchIsOpen = readyStatus(first) === null;
    this.#newestComplete = first.request;
    this.#settledThrough = Math.max(this.#settledThrough, first.sequence);
    return this.first;
  }
  isNewestComplete(request: number): boolean {
    return request === this.#newestComplete;
  }

  /** The stream sequence behind which everything is that is waited for, but responses. */
  settledThrough(): number {
    return Math.max(this.#settledThrough, this.first?.sequence ?? 0);
  }

  /** Nothing is heard of a verdict that allows: true when the first's was not looked for yet. */
  looksFirst(): boolean {
    const request = this.first?.request ?? this.#lookedFor;
    const looks = request !== this.#lookedFor;
    this.#lookedFor = request;
    return looks;
  }

  /** Says whether reading should stop, given what waits in line too. */
  isBusy(
    line: { readonly bytes: number; readonly length: number },
    limits: { readonly outstandingMax: number; readonly outstandingBytesMax: number },
  ): boolean {
    const bytes = this.#all.reduce((sum, one) => sum + one.bytes, line.bytes);
    const requests = this.#all.length + line.length;
    return bytes > limits.outstandingBytesMax || requests >= limits.outstandingMax;
  }

  /** Says whether something ran whose response is not here. */
  awaitsRest(): boolean {
    return this.#all.some(({ outcome, released }) => outcome && !released);
  }
  awaitsVerdict(): boolean {
    return this.#all.some(({ verdict, held }, at) => !verdict && (held || at === 0));
  }
}

const empty = new Uint8Array(0);
/** Bytes of ReadyForQuery: type, length, status. */
const readyBytes = 6;

/** The last bytes of an answer that goes on with `part`. */
export function tailOf(before: Uint8Array, part: Uint8Array): Uint8Array {
  if (part.length >= readyBytes) return part.subarray(-readyBytes);
  return part.length === 0 ? before : joinBytes([before, part]).subarray(-readyBytes);
}

/** What the ReadyForQuery says that an answer ends with; null when it ends with none. */
export function readyStatus({ tail, end }: Outstanding): TransactionStatus | null {
  const head = tail.length === readyBytes ? tail.subarray(0, -1).toHex() : "";
  if (end === "flush" || head !== "5a00000005") return null;
  const status = String.fromCharCode(tail.at(-1) ?? 0);
  return status === "I" || status === "T" || status === "E" ? transactionOf(status) : null;
}

/** The status of ReadyForQuery that an outcome tells. */
export function transactionOf(status: "I" | "T" | "E"): TransactionStatus {
  return status === "I" ? "idle" : status === "T" ? "in_transaction" : "failed_transaction";
}
