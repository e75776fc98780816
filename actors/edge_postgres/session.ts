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
import { type Judged, judgedOf } from "#actors/_kit/edge/judged.ts";
import { ReleasedParts } from "#actors/_kit/edge/released_parts.ts";
import { cancelFrame, closeFrame, requestFrames } from "#actors/_kit/edge/session_frames.ts";
import type { Frame } from "#actors/_kit/frame.ts";
import {
  decodeControl,
  endedHeader,
  endedTold,
  limitedHeader,
  rawBytesHeader,
} from "#schemas/frames.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";
import type { TransactionStatus } from "#schemas/wire/postgres/ready_for_query.ts";
import { abortCopy, abortTransaction } from "#schemas/wire/postgres/refused_transaction.ts";
import { type AgentRequest, type Gathered, Gatherer } from "./gather.ts";
import {
  type Asker,
  byAgent,
  byEdge,
  newOutstanding,
  type Outstanding,
  transactionOf,
} from "./outstanding.ts";
import { loneSync, RequestLine } from "./request_line.ts";
import type { SessionEffect, SessionPorts, SessionWake } from "./session_effects.ts";
import * as words from "./words.ts";

export class Session {
  readonly #ports: SessionPorts;
  readonly #gatherer: Gatherer;
  /** Requests that may not be published yet. */
  readonly #line = new RequestLine();
  readonly #outstanding: Outstanding[] = [];
  readonly #parts: ReleasedParts;
  readonly #effects: SessionEffect[] = [];
  #requests = 0;
  /** The server's own number of the session, once it is open. */
  #processId = 0;
  #credited = 0;
  /** Stream sequences below which nothing more is waited for: of responses, and of all else. */
  #releasedThrough = 0;
  #settledThrough = 0;
  #transaction: TransactionStatus = "idle";
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
    const opening = { bytes: nothing, end: "sync", copies: "no" } as const;
    this.#outstanding.push(newOutstanding(0, opening, byAgent));
    this.#wake("verdict", this.#ports.session.verdictMsMax);
    this.#wake("session", this.#ports.session.sessionMsMax);
    this.#wake("repair", this.#ports.limits.repairEveryMs);
    return this.#flush();
  }

  /** Bytes of the agent. */
  receive(chunk: Uint8Array): SessionEffect[] {
    if (this.#over) return [];
    for (const gathered of this.#gatherer.receive(chunk)) this.#gathered(gathered);
    if (this.#isBusy()) this.#pace("pause");
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
    this.#effects.push(cancelFrame(++this.#requests, first.request));
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
    if (name === "repair") this.#repair();
    else this.#end(words.overdue[name].reason, words.overdue[name].bytes);
    return this.#flush();
  }

  #repair(): void {
    this.#release(this.#parts.takeEndAcrossGap());
    if (this.#over) return;
    // A republished frame may be lost on its way; what is stored can always be read.
    if (this.#outstanding.length > 0) {
      const [settled, released] = [this.#settledThrough, this.#releasedThrough];
      this.#effects.push({ kind: "repair", settled, released });
      // Nor is credit certain to arrive; it counts from the start, so to say it again is safe.
      this.#effects.push({ kind: "credit", bytes: this.#credited });
    }
    this.#wake("repair", this.#ports.limits.repairEveryMs);
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
      case "too_large":
        return this.#end("too_large", words.tooLarge(gathered, this.#ports.session));
      case "protocol_error":
        return this.#end("protocol_error", words.protocolError(gathered.message));
      case "request":
        this.#line.put(gathered);
        return this.#askNext();
    }
  }

  /** Publishes the agent's requests that need wait for nothing before them. */
  #askNext(): void {
    for (;;) {
      const next = this.#line.take(this.#outstanding);
      if (next === null) return;
      this.#ask(next, byAgent);
    }
  }

  #isBusy(): boolean {
    const { outstandingMax, outstandingBytesMax } = this.#ports.limits;
    const bytes = this.#outstanding.reduce((sum, one) => sum + one.bytes, this.#line.bytes);
    const requests = this.#outstanding.length + this.#line.length;
    return bytes > outstandingBytesMax || requests >= outstandingMax;
  }

  #ask(asked: AgentRequest, asker: Asker): void {
    const request = ++this.#requests;
    this.#effects.push(...requestFrames(request, asked.bytes, this.#ports.limits.partBytes));
    if (this.#outstanding.length === 0) this.#wake("verdict", this.#ports.session.verdictMsMax);
    this.#outstanding.push(newOutstanding(request, asked, asker));
    this.#effects.push({ kind: "unwake", name: "idle" });
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
    const verdict = judgedOf(frame);
    if (verdict === null) return;
    waiting.sequence = Math.max(waiting.sequence, frame.sequence);
    if (verdict.decision === "hold") {
      if (waiting.held) return;
      waiting.held = true;
      waiting.why = verdict.reasons[0]?.detail ?? "";
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
    const bytes = words.held(approval.link, groups, approval.expiresAt, waiting.why);
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
    waiting.failed = outcome.status !== "executed";
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
      else if (first.refusal !== null) this.#gaveUp(first, first.refusal);
      this.#outstanding.shift();
      // What the next one waits for was stored behind this one's verdict.
      this.#settledThrough = Math.max(this.#settledThrough, first.sequence);
      const [next] = this.#outstanding;
      if (next !== undefined && next.verdict === null && !next.held) {
        this.#wake("verdict", this.#ports.session.verdictMsMax);
      }
    }
    if (!this.#over) this.#askNext();
    if (this.#over || this.#outstanding.length > 0) return;
    this.#pace("resume");
    this.#wake("idle", this.#ports.session.idleMsMax);
  }

  #refuse(first: Outstanding, verdict: Judged): void {
    // The transaction was over by then; a COPY is not.
    if (first.silent && first.refusal === null) return;
    if (first.request === 0 || first.silent) {
      return this.#end("denied", words.denied(verdict.reasons));
    }
    if (first.copies !== "no") return this.#giveUp(first, verdict);
    const bytes = words.refusal(verdict.reasons);
    this.#effects.push({ kind: "write", bytes, drained: null });
    this.#failed(first);
    if (first.end === "flush") return;
    const ready = words.readyForQuery(this.#transaction);
    this.#effects.push({ kind: "write", bytes: ready, drained: null });
  }

  /** The agent is told of an error that the server does not know of; it has what any error has. */
  #failed(first: Outstanding): void {
    if (this.#transaction === "in_transaction") {
      this.#transaction = "failed_transaction";
      this.#ask({ bytes: abortTransaction, end: "query", copies: "no" }, byEdge);
    }
    this.#line.passOver(first);
  }

  /** A part of a COPY was refused: the server is made to give it up, once. */
  #giveUp(first: Outstanding, { reasons }: Judged): void {
    if (this.#outstanding.some(({ refusal }) => refusal !== null)) return;
    const { copies } = first;
    const refusal = words.refusal(reasons);
    this.#ask({ bytes: abortCopy, end: "query", copies }, { silent: true, refusal });
    if (first.end === "sync") this.#ask(loneSync, byAgent);
    else this.#line.passOver(first);
  }

  /** The COPY is over; one that was over before had its error from the server. */
  #gaveUp({ failed, copies }: Outstanding, refusal: Uint8Array): void {
    const told = copies === "simple" ? [words.readyForQuery(this.#transaction)] : [];
    const said = failed ? [refusal, ...told] : [];
    for (const bytes of said) this.#effects.push({ kind: "write", bytes, drained: null });
  }

  #end(reason: string, bytes: Uint8Array | null): void {
    if (this.#over) return;
    this.#over = true;
    if (bytes !== null) this.#effects.push({ kind: "write", bytes, drained: null });
    const totals = this.#parts.totals();
    this.#effects.push(closeFrame(reason, this.#requests, totals, this.#ports.nowMs()));
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
