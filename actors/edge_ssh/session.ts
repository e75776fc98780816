/**
 * One channel of an agent, after its connection was authenticated: publishes what the channel is
 * for and what continues it, releases stored responses in order, words refusals. Sans-IO.
 *
 * Theory of operation. Request 0 opens the session, request 1 is what the channel is for; both are
 * published at once, and so is the agent's input, cut into continuations that are judged each by
 * itself. All that the target answers belongs to request 1. When its last part has left, the
 * agent's channel is closed; when its outcome is stored, so is the session.
 *
 * **Invariant (G2):** the only bytes of an upstream that leave are payloads of stored `response`
 * frames, each once, in order. **(G8):** no verdict in time ends the session.
 *
 * @module
 */
import { judgedOf } from "#actors/_kit/edge/judged.ts";
import { ReleasedParts } from "#actors/_kit/edge/released_parts.ts";
import { closeFrame, requestFrames } from "#actors/_kit/edge/session_frames.ts";
import type { Frame } from "#actors/_kit/frame.ts";
import {
  decodeControl,
  endedHeader,
  limitedHeader,
  rawBytesHeader,
  requestOverCode,
} from "#schemas/frames.ts";
import {
  type AgentMessage,
  encodeChannelMessages,
  type SharedMessage,
} from "#schemas/wire/ssh/channel.ts";
import type { FromAgent } from "./agent_channel.ts";
import { Controls } from "./controls.ts";
import type { Continuation, InputCutter } from "./input.ts";
import { inputOf } from "./inputs.ts";
import {
  continuation,
  openingRequest,
  type Outstanding,
  OutstandingRequests,
  purposeRequest,
} from "./outstanding.ts";
import type { Purpose } from "./purpose.ts";
import { Release } from "./release.ts";
import { Terminal } from "./terminal.ts";
import {
  type SessionEffect,
  SessionEffects,
  type SessionPorts,
  type SessionWake,
} from "./session_effects.ts";
import { type Fate, UpstreamEnd } from "./upstream_end.ts";
import { SessionWaits } from "./session_waits.ts";
import * as words from "./words.ts";

export class Session {
  readonly #ports: SessionPorts;
  readonly #purpose: Purpose;
  readonly #outstanding = new OutstandingRequests();
  readonly #parts: ReleasedParts;
  readonly #release: Release;
  readonly #terminal: Terminal | null;
  readonly #input: InputCutter;
  readonly #controls: Controls;
  readonly #waits: SessionWaits;
  readonly #upstreamEnd = new UpstreamEnd();
  readonly #effects = new SessionEffects();
  #requests = 0;
  #credited = 0;
  #releasedThrough = 0;
  /** How much the channel may give out. */
  #bytesMax: number | null = null;
  #activeMs: number;
  /** The agent's end of input: asked for, then published. */
  #eof: "no" | "asked" | "published" = "no";
  /** The agent's channel was closed; the record waits for the outcome. */
  #finished = false;
  #over = false;

  constructor(ports: SessionPorts, purpose: Purpose) {
    this.#ports = ports;
    this.#purpose = purpose;
    this.#parts = new ReleasedParts(ports.limits.partsAheadMax);
    const terminal = purpose.window === null ? null : new Terminal(purpose.window);
    this.#terminal = terminal;
    this.#release = new Release(purpose, terminal, (message, drained) => {
      this.#effects.push({ kind: "send", message, drained });
    });
    this.#controls = new Controls(ports.limits.controlsMax);
    this.#input = inputOf(purpose, terminal, ports);
    this.#waits = new SessionWaits(ports, this.#effects);
    this.#activeMs = ports.nowMs();
  }

  /** The `open` frame was published: request 0 awaits its verdict, and request 1 follows it. */
  start(): SessionEffect[] {
    this.#outstanding.add(openingRequest);
    this.#publish(this.#purpose.messages);
    this.#outstanding.add(purposeRequest);
    this.#waits.begin();
    this.#awaitVerdict();
    return this.#effects.take();
  }

  /** What the agent says on its channel. */
  receive(message: FromAgent): SessionEffect[] {
    if (this.#over || this.#finished) return [];
    this.#activeMs = this.#ports.nowMs();
    switch (message.kind) {
      case "data":
        // Ctrl-C takes back what waits for people.
        if (this.#outstanding.isHeld(purposeRequest) && message.data.includes(0x03)) {
          this.#end("withdrawn", [], words.refusedStatus);
        } else this.#input.push(message.data);
        break;
      case "eof":
        if (this.#eof === "no") this.#eof = "asked";
        break;
      case "window_change":
        this.#terminal?.resize(message);
        this.#controls.add(message);
        break;
      case "signal":
        if (this.#outstanding.isHeld(purposeRequest)) {
          this.#end("withdrawn", [], words.refusedStatus);
        } else this.#controls.add(message);
        break;
      case "close":
        this.#end("disconnected", [], null);
    }
    this.#pump();
    return this.#effects.take();
  }

  /** The stream cannot take what must be recorded, so nothing more is done. */
  unrecorded(code: string): SessionEffect[] {
    this.#end("audit_unavailable", words.unrecorded(code === "storage_full"), words.failedStatus);
    return this.#effects.take();
  }

  /** Somebody revoked the token or ended the session. */
  terminate(reason: string, message: string): SessionEffect[] {
    this.#end(reason, words.ended(message), words.failedStatus);
    return this.#effects.take();
  }

  /** The agent took what was sent; `drained` is the raw count it stands for. */
  drained(drained: number): SessionEffect[] {
    if (drained - this.#credited < this.#ports.limits.creditEveryBytes) return [];
    this.#credited = drained;
    return [{ kind: "credit", bytes: drained }];
  }

  woken(name: SessionWake): SessionEffect[] {
    if (this.#over) return [];
    switch (name) {
      case "verdict":
        this.#end("no_verdict", words.noVerdict(), words.failedStatus);
        break;
      case "idle": {
        const leftMs = this.#activeMs + this.#ports.session.idleMsMax - this.#ports.nowMs();
        if (leftMs > 0) this.#effects.wake("idle", leftMs);
        else this.#end("idle", words.idle(), words.failedStatus);
        break;
      }
      case "session":
        this.#end("session_limit", words.sessionLimit(), words.failedStatus);
        break;
      case "response":
        this.#end("response_lost", words.responseLost(), words.failedStatus);
        break;
      case "repair":
        this.#repair();
        break;
      case "echo":
        this.#pump();
    }
    return this.#effects.take();
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
    this.#outstanding.settle();
    this.#pump();
    return this.#effects.take();
  }

  /** Publishes input as long as few enough continuations are under way. */
  #pump(): void {
    const { outstandingMax, waitingBytesMax } = this.#ports.limits;
    while (!this.#over && !this.#finished) {
      if (this.#outstanding.continuations() >= outstandingMax) break;
      if (this.#outstanding.isAlone()) break;
      const next = this.#controls.next() ??
        this.#input.next(this.#outstanding.continuations() === 0);
      if ("error" in next) {
        return this.#end("protocol_error", words.ended(next.error), words.failedStatus);
      }
      if ("messages" in next) {
        this.#continue(next);
        continue;
      }
      if (next.wait === "echo") this.#effects.wake("echo", next.afterMs);
      // What waits behind the end is a part of something that will not come whole.
      if (next.wait === "bytes" && this.#eof === "asked") {
        this.#eof = "published";
        this.#continue({ messages: [{ kind: "eof" }] });
      }
      break;
    }
    const waiting = this.#input.waiting();
    if (waiting > waitingBytesMax) this.#effects.pace("pause");
    else if (waiting <= waitingBytesMax / 2) this.#effects.pace("resume");
  }

  #continue(next: Continuation): void {
    const request = this.#publish(next.messages, continuation);
    if (request !== null) this.#outstanding.add(request, next);
    this.#awaitVerdict();
  }

  #publish(
    messages: readonly (AgentMessage | SharedMessage)[],
    headers?: ReadonlyMap<string, string>,
  ): number | null {
    const bytes = encodeChannelMessages(messages);
    if (bytes.length > this.#ports.session.requestBytesMax) {
      const lines = words.tooLarge(bytes.length, this.#ports.session.requestBytesMax);
      this.#end("too_large", lines, words.failedStatus);
      return null;
    }
    const request = ++this.#requests;
    this.#effects.push(...requestFrames(request, bytes, this.#ports.limits.partBytes, headers));
    this.#waits.repairSoon();
    return request;
  }

  #response(frame: Frame): void {
    const next = this.#parts.take(frame);
    if (next === null && frame.part > 0) this.#waits.repairSoon();
    if (next !== null) this.#released(next);
    for (;;) {
      const held = this.#over || this.#finished ? null : this.#parts.takeHeld(() => true);
      if (held === null) return;
      this.#released(held);
    }
  }

  #released(frame: Frame): void {
    if (this.#finished) return;
    this.#activeMs = this.#ports.nowMs();
    this.#releasedThrough = Math.max(this.#releasedThrough, frame.sequence);
    const drained = Number(frame.headers.get(rawBytesHeader) ?? "0");
    const left = this.#release.take(frame.payload, drained);
    if (left === "malformed") {
      const lines = words.ended("the target's answer was not understood");
      return this.#end("response_malformed", lines, words.failedStatus);
    }
    if (frame.headers.has(endedHeader)) {
      if (left === "closed") return this.#end("upstream_ended", [], null);
      return this.#endLost("upstream_ended", this.#upstreamEnd.brokeOff(this.#outstanding));
    }
    if (frame.headers.has(limitedHeader)) {
      this.#release.say(words.overVolume(this.#bytesMax));
      this.#release.fail(words.refusedStatus);
    }
    if (left === "closed" || frame.request === purposeRequest && !frame.more) this.#finish();
  }

  /** The last part has left: the agent's channel is closed, the record waits for the outcome. */
  #finish(): void {
    this.#release.close();
    this.#finished = true;
    const purpose = this.#outstanding.find(purposeRequest);
    if (purpose?.outcome) this.#end("closed", [], null);
    else this.#waits.forEnd();
  }

  #verdict(frame: Frame): void {
    const waiting = this.#outstanding.find(frame.request);
    if (waiting === undefined) return;
    const verdict = judgedOf(frame);
    if (verdict === null) return;
    if (frame.request === purposeRequest) {
      this.#bytesMax = decodeControl("verdict", frame.payload)?.volume?.bytesMax ?? null;
    }
    waiting.sequence = Math.max(waiting.sequence, frame.sequence);
    if (verdict.decision === "hold") {
      if (waiting.heldMs !== null) return;
      const expiresMs = verdict.approval?.needs.map((need) => need.expiresMs) ?? [];
      waiting.heldMs = Math.max(0, ...expiresMs);
      this.#waits.held();
    } else if (waiting.verdict === null) {
      waiting.verdict = verdict;
      if (verdict.decision === "deny") this.#deny(waiting, verdict.reasons);
    }
    this.#awaitVerdict();
  }

  #deny(denied: Outstanding, reasons: Parameters<typeof words.refusal>[0]): void {
    const lines = words.refusal(reasons);
    if (denied.request > purposeRequest) {
      // It came too late; how its program ended is on its way, and is what the agent is told.
      if (reasons[0]?.code === requestOverCode) return this.#waits.forEnd();
      // A shell and an sftp server go on; a program that misses input would work on half of it.
      if (this.#purpose.input === "terminal") return this.#denyLine(denied, lines);
      if (this.#purpose.input === "sftp" && denied.sftpIds.length > 0) {
        return this.#release.denySftp(denied.sftpIds, lines[0] ?? "");
      }
    }
    this.#end("denied", lines, words.refusedStatus);
  }

  /** What the shell has of the line already is taken back before anything follows. */
  #denyLine({ alone }: Outstanding, lines: readonly string[]): void {
    const isNewest = alone || this.#outstanding.continuations() === 1;
    const back = isNewest ? this.#input.takeBack?.() ?? "nothing" : "nothing";
    if (back === "impossible") return this.#end("denied", lines, words.refusedStatus);
    this.#release.say(lines);
    if (back !== "nothing") this.#continue(back);
  }

  #approval(frame: Frame): void {
    const approval = decodeControl("approval", frame.payload);
    if (approval?.state !== "asked" || approval.link === null) return;
    const waiting = this.#outstanding.find(approval.request);
    if (waiting === undefined || waiting.asked) return;
    waiting.asked = true;
    this.#release.say(words.held(approval.link, approval.needs, approval.expiresAt));
  }

  #outcome(frame: Frame): void {
    const outcome = decodeControl("outcome", frame.payload);
    const waiting = outcome === null ? undefined : this.#outstanding.find(outcome.request);
    if (outcome === null || waiting === undefined || waiting.outcome) return;
    waiting.outcome = true;
    if (outcome.request > purposeRequest) {
      // The target passes no path on that leads elsewhere than was judged.
      const isUnsent = outcome.status === "not_run" && outcome.alive;
      if (isUnsent) this.#release.denySftp(waiting.sftpIds, words.leadsElsewhere()[0] ?? "");
      return;
    }
    if (outcome.request === openingRequest && outcome.alive) return;
    if (this.#finished) return this.#end("closed", [], null);
    this.#endLost("target_lost", this.#upstreamEnd.settled(outcome));
  }

  #endLost(reason: string, fate: Fate | null): void {
    if (fate === null) this.#waits.forEnd();
    else this.#end(reason, words.targetLost(fate), words.failedStatus);
  }

  #repair(): void {
    const ended = this.#parts.takeEndAcrossGap();
    if (ended !== null) this.#released(ended);
    if (this.#over) return;
    // A republished frame may be lost on its way; what is stored can always be read.
    const settled = this.#outstanding.settledThrough;
    this.#effects.push({ kind: "repair", settled, released: this.#releasedThrough });
    // Nor is credit certain to arrive; it counts from the start, so to say it again is safe.
    this.#effects.push({ kind: "credit", bytes: this.#credited });
    this.#waits.repaired();
  }

  #awaitVerdict(): void {
    this.#waits.forVerdict(this.#over ? undefined : this.#outstanding.unjudged());
  }

  /** `status`: how the agent is told that its program ended; null when it was told or is gone. */
  #end(reason: string, lines: readonly string[], status: number | null): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#finished) {
      this.#release.say(lines);
      this.#release.fail(status);
    }
    const totals = this.#parts.totals();
    this.#effects.push(closeFrame(reason, this.#requests, totals, this.#ports.nowMs()));
    this.#effects.push({ kind: "close" });
  }
}
