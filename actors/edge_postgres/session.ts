/**
 * One agent's session after its token was accepted: publishes requests, releases stored responses
 * in order, words refusals. Sans-IO.
 *
 * Theory of operation. Requests are numbered and wait in `outstanding`, oldest first. An allowed
 * one is complete when its outcome is stored and its last response part was released; a denied one
 * as soon as it is the oldest. So an agent that pipelines hears its answers in the order it asked.
 * Response parts are counted over the session; one that comes ahead of an earlier one waits, and
 * when none comes the stream itself is read.
 *
 * **Invariant (G2):** the only bytes of an upstream that leave are payloads of stored `response`
 * frames, each once, in order. **(G8):** no verdict in time ends the session.
 *
 * @module
 */
import { ReleasedParts } from "#actors/_kit/edge/released_parts.ts";
import type { Frame } from "#actors/_kit/frame.ts";
import {
  decisionHeader,
  decodeControl,
  encodeControl,
  endedHeader,
  endedTold,
  limitedHeader,
  operationHeader,
  rawBytesHeader,
} from "#schemas/frames.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";
import type { TransactionStatus } from "#schemas/wire/postgres/ready_for_query.ts";
import { abortTransaction } from "#schemas/wire/postgres/refused_transaction.ts";
import { type Gathered, Gatherer, type RequestEnd } from "./gather.ts";
import {
  allowed,
  type Judged,
  newOutstanding,
  type Outstanding,
  transactionOf,
} from "./outstanding.ts";
import type { SessionEffect, SessionPorts, SessionWake } from "./session_effects.ts";
import * as words from "./words.ts";

export class Session {
  readonly #ports: SessionPorts;
  readonly #gatherer: Gatherer;
  readonly #outstanding: Outstanding[] = [];
  readonly #parts: ReleasedParts;
  readonly #effects: SessionEffect[] = [];
  #outstandingBytes = 0;
  #requests = 0;
  /** The server's own number of the session, once it is open. */
  #processId = 0;
  #credited = 0;
  /** Stream sequences below which nothing more is waited for: of responses, and of all else. */
  #releasedThrough = 0;
  #settledThrough = 0;
  #transaction: TransactionStatus = "idle";
  /** After a refusal in a batch that had no Sync, everything up to Sync is passed over. */
  #skipping = false;
  #pacing: "pause" | "resume" = "resume";
  #opened = false;
  #over = false;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#gatherer = new Gatherer(ports.session.requestBytesMax);
    this.#parts = new ReleasedParts(ports.limits.partsAheadMax);
  }

  /** The `open` frame was published: request 0 awaits its verdict. */
  start(): SessionEffect[] {
    this.#outstanding.push(newOutstanding(0, "sync", 0, "agent"));
    this.#wake("verdict", this.#ports.session.verdictMsMax);
    this.#wake("session", this.#ports.session.sessionMsMax);
    this.#wake("repair", this.#ports.limits.repairEveryMs);
    return this.#flush();
  }

  /** Bytes of the agent. */
  receive(chunk: Uint8Array): SessionEffect[] {
    if (this.#over) return [];
    for (const gathered of this.#gatherer.receive(chunk)) this.#gathered(gathered);
    return this.#flush();
  }

  /** The agent's socket is gone. */
  disconnected(reason: string): SessionEffect[] {
    this.#end(reason, null);
    return this.#flush();
  }

  /** The stream cannot take what must be recorded, so nothing more is done. */
  unrecorded(code: string): SessionEffect[] {
    this.#end("audit_unavailable", words.unrecorded(code === "storage_full"));
    return this.#flush();
  }

  /** Somebody revoked the token or ended the session. */
  terminate(reason: string, message: string): SessionEffect[] {
    this.#end(reason, words.fatal(sqlstate.adminShutdown, message));
    return this.#flush();
  }

  /** A CancelRequest with this session's secret key, for the process of this number. */
  cancel(processId: number): SessionEffect[] {
    const [first] = this.#outstanding;
    if (this.#over || processId !== this.#processId || first === undefined) return [];
    if (first.request === 0) return [];
    const headers = new Map([[operationHeader, `cancel:${first.request}`]]);
    const payload = new TextEncoder().encode(`CancelRequest ${first.request}`);
    const place = { request: ++this.#requests, part: 0, more: false };
    this.#effects.push({ kind: "publish", frame: "request", place, payload, headers });
    return this.#flush();
  }

  /** The socket took the bytes of a part; `drained` is the raw count it stands for. */
  drained(drained: number): SessionEffect[] {
    if (drained - this.#credited >= this.#ports.limits.creditEveryBytes) {
      this.#credited = drained;
      this.#effects.push({ kind: "credit", bytes: drained });
    }
    return this.#flush();
  }

  woken(name: SessionWake): SessionEffect[] {
    if (this.#over) return [];
    switch (name) {
      case "verdict":
        this.#end("no_verdict", words.noVerdict());
        break;
      case "idle":
        this.#end("idle", words.idle());
        break;
      case "session":
        this.#end("session_limit", words.sessionLimit());
        break;
      case "response":
        this.#end("response_lost", words.responseLost());
        break;
      case "repair":
        this.#release(this.#parts.takeEndAcrossGap());
        if (this.#over) break;
        // A republished frame may be lost on its way; what is stored can always be read.
        if (this.#outstanding.length > 0) {
          const [settled, released] = [this.#settledThrough, this.#releasedThrough];
          this.#effects.push({ kind: "repair", settled, released });
          // Nor is credit certain to arrive; it counts from the start, so to say it again is safe.
          this.#effects.push({ kind: "credit", bytes: this.#credited });
        }
        this.#wake("repair", this.#ports.limits.repairEveryMs);
    }
    return this.#flush();
  }

  /** A frame that the stream has stored; frames that were seen before change nothing. */
  stored(frame: Frame): SessionEffect[] {
    if (this.#over) return [];
    switch (frame.kind) {
      case "response":
        this.#response(frame);
        break;
      case "verdict":
        this.#verdict(frame);
        break;
      case "approval":
        this.#approval(frame);
        break;
      case "outcome":
        this.#outcome(frame);
    }
    this.#advance();
    return this.#flush();
  }

  #gathered(gathered: Gathered): void {
    switch (gathered.kind) {
      case "terminate":
        return this.#end("terminate", null);
      case "too_large": {
        const { requestBytesMax } = this.#ports.session;
        return this.#end("too_large", words.tooLarge(gathered.announced, requestBytesMax));
      }
      case "protocol_error":
        return this.#end("protocol_error", words.protocolError(gathered.message));
      case "request":
        return this.#request(gathered.bytes, gathered.end);
    }
  }

  #request(bytes: Uint8Array, end: RequestEnd): void {
    if (this.#skipping) {
      if (end !== "sync") return;
      this.#skipping = false;
      // The refused batch is over; the Sync alone is passed on, and the server answers it.
      bytes = Uint8Array.of(0x53, 0, 0, 0, 4);
    }
    this.#ask(bytes, end, "agent");
  }

  #ask(bytes: Uint8Array, end: RequestEnd, whose: "agent" | "edge"): void {
    const request = ++this.#requests;
    const { partBytes, outstandingMax, outstandingBytesMax } = this.#ports.limits;
    for (let part = 0, start = 0; start < bytes.length; part++, start += partBytes) {
      const payload = bytes.subarray(start, start + partBytes);
      const place = { request, part, more: start + partBytes < bytes.length };
      this.#effects.push({ kind: "publish", frame: "request", place, payload, headers: none });
    }
    if (this.#outstanding.length === 0) this.#wake("verdict", this.#ports.session.verdictMsMax);
    this.#outstanding.push(newOutstanding(request, end, bytes.length, whose));
    this.#effects.push({ kind: "unwake", name: "idle" });
    this.#outstandingBytes += bytes.length;
    const full = this.#outstandingBytes > outstandingBytesMax;
    if (full || this.#outstanding.length >= outstandingMax) this.#pace("pause");
  }

  #response(frame: Frame): void {
    if (this.#isEarly(frame)) return this.#parts.hold(frame);
    this.#release(this.#parts.take(frame));
  }

  /** An answer to what the agent asked later, or to an opening that is not judged yet. */
  #isEarly({ request, headers }: Frame): boolean {
    const [first] = this.#outstanding;
    if (first === undefined) return false;
    const needsOutcome = first.request === 0 || headers.has(limitedHeader);
    if (needsOutcome && (first.verdict === null || !first.outcome)) return true;
    return request > first.request;
  }

  #releaseHeld(): void {
    for (;;) {
      const next = this.#over ? null : this.#parts.takeHeld((frame) => !this.#isEarly(frame));
      if (next === null) return;
      this.#release(next);
    }
  }

  #release(frame: Frame | null): void {
    if (frame === null) return;
    this.#releasedThrough = Math.max(this.#releasedThrough, frame.sequence);
    const drained = Number(frame.headers.get(rawBytesHeader) ?? "0");
    if (!this.#opened && frame.request === 0) this.#open();
    const waiting = this.#outstanding.find(({ request }) => request === frame.request);
    // The beginning of a long message is masked when its end has come; it counts as drained.
    if (frame.payload.length > 0 || drained > this.#credited) {
      const bytes = waiting?.silent ? nothing : frame.payload;
      this.#effects.push({ kind: "write", bytes, drained });
    }
    const ended = frame.headers.get(endedHeader);
    if (ended !== undefined) {
      // What ends a request of the edge's own was not heard either.
      const unheard = waiting?.silent || frame.payload.length === 0 && ended !== endedTold;
      return this.#end("upstream_ended", unheard ? words.upstreamEnded : null);
    }
    if (waiting === undefined) return;
    if (!frame.more) waiting.released = true;
    if (waiting.outcome) this.#awaitRest();
  }

  /** The responses of statements that have ended are on their way, and may not stay there. */
  #awaitRest(): void {
    const awaited = this.#outstanding.some(({ outcome, released }) => outcome && !released);
    if (awaited) this.#wake("response", this.#ports.limits.responseMsMax);
    else this.#effects.push({ kind: "unwake", name: "response" });
  }

  /** What the server says of itself is preceded by our own word that the agent is in. */
  #open(): void {
    const [first] = this.#outstanding;
    if (first?.verdict?.decision !== "allow") return;
    this.#opened = true;
    const bytes = words.admitted(this.#processId, this.#ports.secretKey);
    this.#effects.push({ kind: "write", bytes, drained: null });
  }

  #verdict(frame: Frame): void {
    const waiting = this.#outstanding.find(({ request }) => request === frame.request);
    if (waiting === undefined) return;
    // Nearly every verdict allows, and of that no more needs to be known.
    const plain = frame.headers.get(decisionHeader) === "allow";
    const verdict = plain ? allowed : decodeControl("verdict", frame.payload);
    if (verdict === null) return;
    waiting.sequence = Math.max(waiting.sequence, frame.sequence);
    if (verdict.decision === "hold") {
      if (waiting.held) return;
      waiting.held = true;
      const expiresMs = verdict.approval?.needs.map((need) => need.expiresMs) ?? [];
      this.#wake("verdict", Math.max(0, ...expiresMs) + this.#ports.session.verdictMsMax);
      return;
    }
    waiting.verdict ??= verdict;
    const awaited = ({ verdict, held }: Outstanding, at: number) => !verdict && (held || at === 0);
    if (!this.#outstanding.some(awaited)) this.#effects.push({ kind: "unwake", name: "verdict" });
  }

  #approval(frame: Frame): void {
    const approval = decodeControl("approval", frame.payload);
    const waiting = this.#outstanding.find(({ request }) => request === approval?.request);
    if (approval?.state !== "asked" || approval.link === null) return;
    if (waiting === undefined || waiting.asked) return;
    waiting.asked = true;
    const groups = approval.needs.map(({ group }) => group);
    const bytes = words.held(approval.link, groups, approval.expiresAt);
    this.#effects.push({ kind: "write", bytes, drained: null });
  }

  #outcome(frame: Frame): void {
    const outcome = decodeControl("outcome", frame.payload);
    if (outcome === null) return;
    const waiting = this.#outstanding.find(({ request }) => request === outcome.request);
    if (waiting === undefined || waiting.outcome) return;
    if (outcome.transaction !== null) this.#transaction = transactionOf(outcome.transaction);
    // Ended at a limit of its verdict, and the server was done with it by then.
    if (outcome.cut !== undefined && outcome.status === "executed") this.#failed(waiting);
    waiting.outcome = true;
    this.#processId = outcome.processId ?? this.#processId;
    if (outcome.bytes === 0) waiting.released = true;
    this.#awaitRest();
    if (outcome.alive || outcome.status === "executed" && outcome.bytes > 0) return;
    const { status } = outcome;
    const lost = status === "not_run" || status === "unknown" && outcome.sqlstate === null;
    // Else a response comes, if only the server's last words, and behind them the end.
    if (!waiting.released && !lost) return;
    this.#end("target_lost", words.targetLost(status === "unknown" ? "unknown" : "not run"));
  }

  /** Takes what is complete off the front, and words what was refused. */
  #advance(): void {
    while (!this.#over) {
      this.#releaseHeld();
      const [first] = this.#outstanding;
      if (first === undefined) break;
      if (first.verdict?.decision === "deny") this.#refuse(first, first.verdict);
      else if (first.verdict === null || !first.outcome || !first.released) break;
      this.#outstanding.shift();
      // What the next one waits for was stored behind this one's verdict.
      this.#settledThrough = Math.max(this.#settledThrough, first.sequence);
      this.#outstandingBytes -= first.bytes;
      const [next] = this.#outstanding;
      if (next !== undefined && next.verdict === null && !next.held) {
        this.#wake("verdict", this.#ports.session.verdictMsMax);
      }
    }
    if (this.#over || this.#outstanding.length > 0) return;
    this.#pace("resume");
    this.#wake("idle", this.#ports.session.idleMsMax);
  }

  #refuse(first: Outstanding, verdict: Judged): void {
    // The transaction was over by then.
    if (first.silent) return;
    if (first.request === 0 || first.end === "copy") {
      return this.#end("denied", words.denied(verdict.reasons));
    }
    const bytes = words.refusal(verdict.reasons);
    this.#effects.push({ kind: "write", bytes, drained: null });
    this.#failed(first);
    if (first.end === "flush") return;
    const ready = words.readyForQuery(this.#transaction);
    this.#effects.push({ kind: "write", bytes: ready, drained: null });
  }

  /** The agent is told of an error that the server does not know of; it has what any error has. */
  #failed({ end }: Outstanding): void {
    if (this.#transaction === "in_transaction") {
      this.#transaction = "failed_transaction";
      this.#ask(abortTransaction, "query", "edge");
    }
    if (end === "flush") this.#skipping = true;
  }

  #end(reason: string, bytes: Uint8Array | null): void {
    if (this.#over) return;
    this.#over = true;
    if (bytes !== null) this.#effects.push({ kind: "write", bytes, drained: null });
    const released = this.#parts.totals();
    const closedAt = new Date(this.#ports.nowMs()).toISOString();
    const close = { version: 1, reason, requests: this.#requests, released, closedAt } as const;
    const payload = encodeControl("close", close);
    const place = { request: this.#requests, part: 0, more: false };
    this.#effects.push({ kind: "publish", frame: "close", place, payload, headers: none });
    this.#effects.push({ kind: "close" });
  }

  #pace(kind: "pause" | "resume"): void {
    if (this.#pacing === kind) return;
    this.#pacing = kind;
    this.#effects.push({ kind });
  }

  #wake(name: SessionWake, afterMs: number): void {
    this.#effects.push({ kind: "wake", name, afterMs });
  }

  #flush(): SessionEffect[] {
    return this.#effects.splice(0);
  }
}

const nothing = new Uint8Array(0);
const none: ReadonlyMap<string, string> = new Map();
