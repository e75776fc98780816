/**
 * One agent's session after its token was accepted: publishes requests, releases stored responses
 * in order, words refusals. Sans-IO.
 *
 * Theory of operation. Requests are numbered and wait in `outstanding`, oldest first. An allowed
 * one is complete when its last response part was released, or when its outcome says that none
 * comes; a denied one as soon as it is the oldest. So an agent that pipelines hears its answers in
 * the order it asked. Ordinarily nothing is heard but responses: of a verdict that does not allow
 * and of an outcome out of the ordinary their writers give notice, and then they are read.
 * Response parts are counted over the session; one that comes ahead of an earlier one waits, and
 * when none comes the stream itself is read.
 *
 * **Invariant (G2):** the only bytes of an upstream that leave are payloads of stored `response`
 * frames, each once, in order. **(G8):** no verdict in time ends the session.
 *
 * @module
 */
import { allowed, deniedFor, type Judged, judgedOf } from "#actors/_kit/edge/judged.ts";
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
import { cutHeader } from "#schemas/payload_coding.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";
import type { TransactionStatus } from "#schemas/wire/postgres/ready_for_query.ts";
import { abortTransaction } from "#schemas/wire/postgres/refused_transaction.ts";
import { Credit } from "./credit.ts";
import { type AgentRequest, type Gathered, Gatherer } from "./gather.ts";
import {
  type Asker,
  byAgent,
  byEdge,
  givingUp,
  newOutstanding,
  type Outstanding,
  OutstandingRequests,
  readyStatus,
  tailOf,
  transactionOf,
} from "./outstanding.ts";
import { loneSync, RequestLine } from "./request_line.ts";
import {
  type SessionEffect,
  SessionEffects,
  type SessionPorts,
  type SessionWake,
} from "./session_effects.ts";
import * as words from "./words.ts";

export class Session {
  readonly #ports: SessionPorts;
  readonly #gatherer: Gatherer;
  /** Requests that may not be published yet. */
  readonly #line = new RequestLine();
  readonly #outstanding = new OutstandingRequests();
  readonly #parts: ReleasedParts;
  readonly #credit: Credit;
  readonly #effects = new SessionEffects();
  #requests = 0;
  /** The server's own number of the session, once it is open. */
  #processId = 0;
  /** Stream sequence below which no response is waited for. */
  #releasedThrough = 0;
  #transaction: TransactionStatus = "idle";
  #opened = false;
  #over = false;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#credit = new Credit(ports.limits.creditEveryBytes);
    this.#gatherer = new Gatherer(ports.session.requestBytesMax);
    this.#parts = new ReleasedParts(ports.limits.partsAheadMax);
  }

  /** The `open` frame was published: request 0 awaits its verdict. */
  start(): SessionEffect[] {
    const opening = { bytes: nothing, end: "sync", copies: "no" } as const;
    this.#outstanding.add(newOutstanding(0, opening, byAgent));
    this.#effects.wake("verdict", this.#ports.session.verdictMsMax);
    this.#effects.wake("session", this.#ports.session.sessionMsMax);
    this.#effects.wake("repair", this.#ports.limits.repairEveryMs);
    return this.#effects.take();
  }

  /** Bytes of the agent. */
  receive(chunk: Uint8Array): SessionEffect[] {
    if (this.#over) return [];
    for (const gathered of this.#gatherer.receive(chunk)) this.#gathered(gathered);
    if (this.#outstanding.isBusy(this.#line, this.#ports.limits)) this.#effects.pace("pause");
    return this.#effects.take();
  }

  /** A request of this number is stored: what becomes of it is stored behind it. */
  recorded(request: number, sequence: number): void {
    this.#outstanding.recorded(request, sequence);
  }

  /** Nothing is under way that an end would break off. */
  get isAtRest(): boolean {
    return this.#outstanding.isAtRest && this.#transaction === "idle";
  }

  /** The agent's socket is gone. */
  disconnected(reason: string): SessionEffect[] {
    this.#end(reason, null);
    return this.#effects.take();
  }

  /** The stream cannot take what must be recorded, so nothing more is done. */
  unrecorded(code: string): SessionEffect[] {
    this.#end("audit_unavailable", words.unrecorded(code === "storage_full"));
    return this.#effects.take();
  }

  /** Somebody revoked the token or ended the session. */
  terminate(reason: string, message: string): SessionEffect[] {
    this.#end(reason, words.fatal(sqlstate.adminShutdown, message));
    return this.#effects.take();
  }

  /** A CancelRequest with this session's secret key, for the process of this number. */
  cancel(processId: number): SessionEffect[] {
    const { first } = this.#outstanding;
    if (this.#over || processId !== this.#processId || !first?.request) return [];
    this.#effects.push(cancelFrame(++this.#requests, first.request));
    return this.#effects.take();
  }

  /** The socket took the bytes of a part; `drained` is the raw count it stands for. */
  drained(drained: number): SessionEffect[] {
    if (this.#credit.drained(drained)) this.#effects.push({ kind: "credit", bytes: drained });
    return this.#effects.take();
  }

  woken(name: SessionWake): SessionEffect[] {
    if (this.#over) return [];
    if (name === "repair") this.#repair();
    else if (name === "verdict" && this.#outstanding.looksFirst()) {
      this.#look();
      this.#effects.wake("verdict", this.#ports.limits.lookMsMax);
    } else this.#end(words.overdue[name].reason, words.overdue[name].bytes);
    return this.#effects.take();
  }

  #repair(): void {
    this.#release(this.#parts.takeEndAcrossGap());
    if (this.#over) return;
    // A republished frame may be lost on its way; what is stored can always be read.
    if (this.#outstanding.length > 0) {
      this.#look();
      // Nor is credit certain to arrive; it counts from the start, so to say it again is safe.
      this.#effects.push({ kind: "credit", bytes: this.#credit.granted });
    }
    this.#effects.wake("repair", this.#ports.limits.repairEveryMs);
  }

  #look(): void {
    const settled = this.#outstanding.settledThrough();
    this.#effects.push({ kind: "repair", settled, released: this.#releasedThrough });
  }

  /** A frame that the stream has stored; frames that were seen before change nothing. */
  stored(frame: Frame): SessionEffect[] {
    if (this.#over) return [];
    if (frame.kind === "response") this.#response(frame);
    else if (frame.kind === "verdict") this.#verdict(frame);
    else if (frame.kind === "approval") this.#approval(frame);
    else if (frame.kind === "outcome") this.#outcome(frame);
    this.#advance();
    return this.#effects.take();
  }

  #gathered(gathered: Gathered): void {
    if (gathered.kind !== "request") {
      return this.#end(gathered.kind, words.ended(gathered, this.#ports.session));
    }
    this.#line.put(gathered);
    this.#askNext();
  }

  /** Publishes the agent's requests that need wait for nothing before them. */
  #askNext(): void {
    const take = () => this.#line.take(this.#outstanding.all, this.#ports.limits);
    for (let next = take(); next !== null; next = take()) this.#ask(next, byAgent);
  }

  #ask(asked: AgentRequest, asker: Asker): void {
    const request = ++this.#requests;
    this.#effects.push(...requestFrames(request, asked.bytes, this.#ports.limits.partBytes));
    if (this.#outstanding.length === 0) {
      this.#effects.wake("verdict", this.#ports.session.verdictMsMax);
    }
    this.#outstanding.add(newOutstanding(request, asked, asker));
    this.#effects.unwake("idle");
  }

  #response(frame: Frame): void {
    if (this.#isEarly(frame)) return this.#parts.hold(frame);
    this.#release(this.#parts.take(frame));
  }

  /** An answer to what the agent asked later, or to an opening that is not judged yet. */
  #isEarly({ request, headers }: Frame): boolean {
    const { first } = this.#outstanding;
    if (first === undefined) return false;
    const needsOutcome = first.request === 0 || headers.has(limitedHeader);
    if (needsOutcome && (first.verdict === null || !first.outcome)) return true;
    return request > first.request;
  }

  #releaseHeld(): void {
    const take = () => this.#over ? null : this.#parts.takeHeld((frame) => !this.#isEarly(frame));
    for (let next = take(); next !== null; next = take()) this.#release(next);
  }

  #release(frame: Frame | null): void {
    if (frame === null) return;
    this.#releasedThrough = Math.max(this.#releasedThrough, frame.sequence);
    const drained = Number(frame.headers.get(rawBytesHeader) ?? "0");
    if (!this.#opened && frame.request === 0) this.#open();
    const waiting = this.#outstanding.of(frame.request);
    // The beginning of a long message is masked when its end has come; it counts as drained.
    if (frame.payload.length > 0 || drained > this.#credit.granted) {
      this.#credit.gives(frame, drained);
      const bytes = waiting?.silent ? nothing : frame.payload;
      this.#effects.release(bytes, drained, frame.headers.has(cutHeader));
    }
    const ended = frame.headers.get(endedHeader);
    if (ended !== undefined) {
      // What ends a request of the edge's own was not heard either.
      const unheard = waiting?.silent || frame.payload.length === 0 && ended !== endedTold;
      return this.#end("upstream_ended", unheard ? words.upstreamEnded : null);
    }
    if (waiting === undefined) return;
    waiting.tail = tailOf(waiting.tail, frame.payload);
    if (!frame.more) this.#answered(waiting);
    if (waiting.outcome) this.#awaitRest();
  }

  /** There is an answer only to what was allowed, and it ends when what ran has ended. */
  #answered(waiting: Outstanding): void {
    waiting.released = true;
    // Whether a COPY was given up its outcome alone says.
    if (waiting.refusal !== null) return this.#look();
    waiting.verdict ??= allowed;
    waiting.outcome = true;
    this.#transaction = readyStatus(waiting) ?? this.#transaction;
  }

  /** The responses of statements that have ended are on their way, and may not stay there. */
  #awaitRest(): void {
    if (this.#outstanding.awaitsRest()) {
      this.#effects.wake("response", this.#ports.limits.responseMsMax);
    } else this.#effects.unwake("response");
  }

  /** What the server says of itself is preceded by our own word that the agent is in. */
  #open(): void {
    if (this.#outstanding.first?.verdict?.decision !== "allow") return;
    this.#opened = true;
    this.#effects.say(words.admitted(this.#processId, this.#ports.secretKey));
  }

  #verdict(frame: Frame): void {
    const waiting = this.#outstanding.of(frame.request);
    const verdict = judgedOf(frame);
    if (waiting === undefined || verdict === null) return;
    if (verdict.decision === "hold") {
      if (waiting.held) return;
      waiting.held = true;
      waiting.why = verdict.reasons[0]?.detail ?? "";
      const expiresMs = verdict.approval?.needs.map((need) => need.expiresMs) ?? [];
      this.#effects.wake("verdict", Math.max(0, ...expiresMs) + this.#ports.session.verdictMsMax);
      return this.#tellHeld(waiting);
    }
    waiting.verdict ??= verdict;
    if (!this.#outstanding.awaitsVerdict()) this.#effects.unwake("verdict");
  }

  #approval(frame: Frame): void {
    const approval = decodeControl("approval", frame.payload);
    if (approval?.state !== "asked" || approval.link === null) return;
    const waiting = this.#outstanding.of(approval.request);
    if (waiting === undefined || waiting.asked) return;
    waiting.approval = { ...approval, link: approval.link };
    this.#tellHeld(waiting);
  }

  /** Once, when it is known both why people are asked and where. */
  #tellHeld(waiting: Outstanding): void {
    if (waiting.asked || !waiting.held || waiting.approval === null) return;
    waiting.asked = true;
    this.#effects.say(words.held(waiting.approval, waiting.why));
  }

  #outcome(frame: Frame): void {
    const outcome = decodeControl("outcome", frame.payload);
    if (outcome === null) return;
    const waiting = this.#outstanding.of(outcome.request);
    if (this.#outstanding.isNewestComplete(outcome.request) && !outcome.alive) {
      return this.#end("target_lost", words.targetLost(outcome.status));
    }
    if (waiting === undefined || waiting.outcome) return;
    if (outcome.refused !== undefined) {
      waiting.verdict = deniedFor(outcome.refused);
      if (!this.#outstanding.awaitsVerdict()) this.#effects.unwake("verdict");
      return;
    }
    waiting.verdict ??= allowed;
    if (outcome.transaction !== null) this.#transaction = transactionOf(outcome.transaction);
    // Ended at a limit of its verdict, and the server was done with it by then.
    if (outcome.cut !== undefined && outcome.status === "executed") this.#failed(waiting);
    waiting.outcome = true;
    waiting.failed = outcome.status !== "executed";
    this.#processId = outcome.processId ?? this.#processId;
    if (outcome.bytes === 0) waiting.released = true;
    this.#awaitRest();
    if (outcome.alive || outcome.status === "executed" && outcome.bytes > 0) return;
    // A response comes, if only the server's last words, and behind them the end.
    if (!waiting.released && outcome.status !== "not_run" && outcome.sqlstate !== null) return;
    this.#end("target_lost", words.targetLost(outcome.status));
  }

  /** Takes what is complete off the front, and words what was refused. */
  #advance(): void {
    while (!this.#over) {
      this.#releaseHeld();
      const { first } = this.#outstanding;
      if (first === undefined) break;
      if (first.verdict?.decision === "deny") this.#refuse(first, first.verdict);
      else if (first.verdict === null || !first.outcome || !first.released) break;
      else if (first.refusal !== null) this.#gaveUp(first, first.refusal);
      const next = this.#outstanding.complete();
      if (next !== undefined && next.verdict === null && !next.held) {
        this.#effects.wake("verdict", this.#ports.session.verdictMsMax);
      }
    }
    if (!this.#over) this.#askNext();
    if (this.#over || this.#outstanding.length > 0) return;
    this.#effects.unwake("verdict");
    this.#effects.pace("resume");
    this.#effects.wake("idle", this.#ports.session.idleMsMax);
  }

  #refuse(first: Outstanding, verdict: Judged): void {
    // The transaction was over by then; a COPY is not.
    if (first.silent && first.refusal === null) return;
    if (first.request === 0 || first.silent) {
      return this.#end("denied", words.denied(verdict.reasons));
    }
    if (first.copies !== "no" || this.#outstanding.batchIsOpen) return this.#giveUp(first, verdict);
    this.#effects.say(words.refusal(verdict.reasons));
    this.#failed(first);
    if (first.end !== "flush") this.#effects.say(words.readyForQuery(this.#transaction));
  }

  /** The agent is told of an error that the server does not know of; it has what any error has. */
  #failed(first: Outstanding): void {
    if (this.#transaction === "in_transaction") {
      this.#transaction = "failed_transaction";
      this.#ask({ bytes: abortTransaction, end: "query", copies: "no" }, byEdge);
    }
    this.#line.passOver(first);
  }

  /** A part of a COPY or of a batch was refused: the server is made to give it up, once. */
  #giveUp(first: Outstanding, { reasons }: Judged): void {
    if (this.#outstanding.all.some(({ refusal }) => refusal !== null)) return;
    this.#ask(...givingUp(first, words.refusal(reasons)));
    if (first.copies !== "no" && first.end === "sync") this.#ask(loneSync, byAgent);
    else this.#line.passOver(first);
  }

  /** The COPY or batch is over; one that was over before had its error from the server. */
  #gaveUp({ failed, copies, owesReady }: Outstanding, refusal: Uint8Array): void {
    if (failed) this.#effects.say(refusal);
    const ended = failed || copies === "no";
    if (owesReady && ended) this.#effects.say(words.readyForQuery(this.#transaction));
  }

  #end(reason: string, bytes: Uint8Array | null): void {
    if (this.#over) return;
    this.#over = true;
    if (bytes !== null) this.#effects.say(bytes);
    const totals = this.#parts.totals();
    this.#effects.push(closeFrame(reason, this.#requests, totals, this.#ports.nowMs()));
    this.#effects.push({ kind: "close" });
  }
}

const nothing = new Uint8Array(0);
