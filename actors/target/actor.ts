/**
 * Target: executes allowed requests on one upstream connection for each session.
 *
 * **Invariant (G1):** bytes go upstream only when their SHA-256 stands in an allow verdict that was
 * delivered from the stream, and once for each verdict. **(G7):** what a process that died may have
 * executed is recorded as `unknown` and never run again; an upstream connection does not outlive
 * the process that dialled it, so neither does its session.
 *
 * The state is owned by the worker; `step` reuses its memory.
 *
 * @module
 */
import type { Actor, Effect, Step } from "#actors/_kit/actor.ts";
import type { Frame } from "#actors/_kit/frame.ts";
import { decodeControl } from "#schemas/frames.ts";
import { continuedBy } from "#schemas/operation.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { Definitions } from "./definitions.ts";
import type { TargetCommand, TargetInput } from "./inputs.ts";
import { settleContinuing, settleWritten, written } from "./continuing.ts";
import { conversationOf } from "./conversations.ts";
import { estimated, explain } from "./explaining.ts";
import { flowOf } from "./flow.ts";
import { type Allowed, notRun, settle } from "./outcomes.ts";
import { gather, sha256 } from "./pending.ts";
import { endedPart, refusedPart } from "./raw_parts.ts";
import { answering, newTargetState, type TargetLimits, type TargetState } from "./state.ts";
import { turnsOf } from "./turns.ts";
import { newUpstream, outcomeOf, startDial, startRequest, takeUpstream } from "./upstream.ts";

type State = TargetState;
type Out = Effect<TargetCommand>[];

/**
 * Creates the actor. `nowMs` is the clock by which durations are measured; `definitionsOf` gives
 * those of a connection, which all its sessions share.
 */
export function target(
  limits: TargetLimits,
  nowMs: () => number,
  definitionsOf: (connection: string) => Definitions,
): Actor<State, TargetInput, TargetCommand> {
  const turns = turnsOf(definitionsOf, limits, nowMs);
  const flow = flowOf(limits, nowMs);
  return { name: "target", initial: newTargetState, step };

  function step(
    state: State,
    input: TargetInput | Parameters<Actor<State, TargetInput>["step"]>[1],
  ): Step<State, TargetCommand> {
    const out: Out = [];
    switch (input.kind) {
      case "frame":
        if (input.replayed) replay(state, input.frame);
        else onFrame(state, input.frame, input.redelivered ?? false, out);
        break;
      case "resume":
        settleLost(state, out);
        break;
      case "dialled":
        state.phase = "ready";
        received(state, input.bytes, out);
        break;
      case "dial_failed":
        dialFailed(state, input.code, input.reason, out);
        break;
      case "received":
        received(state, input.bytes, out);
        break;
      case "written":
        if (input.request !== state.current?.verdict.request) {
          written(state, input.request, "executed", limits, out);
        } else if (state.upstream.conversation.settled) complete(state, out);
        break;
      case "refused":
        written(state, input.request, "not_run", limits, out);
        break;
      case "upstream_closed":
        lost(state, out);
        break;
      case "credit":
        flow.credit(state, input.bytes, out);
        break;
      case "catalog_read":
        finish(state, input.digest, out);
        break;
      case "cancel_over":
        state.cancelling = Math.max(0, state.cancelling - 1);
        runNext(state, out);
        break;
      case "turn":
        runNext(state, out);
        break;
      case "give_way":
        if (state.current !== null) overdue(state, out);
        break;
      case "estimated":
        estimated(input.asked, input.rows, out);
        break;
      case "edge_lost":
        hangUp(state, out);
        break;
      case "wake":
        woken(state, input.name, out);
        break;
      case "raw":
        break;
      default:
        return unreachable(input);
    }
    return [state, out];
  }

  function onFrame(state: State, frame: Frame, redelivered: boolean, out: Out): void {
    switch (frame.kind) {
      case "open":
        return remember(state, frame);
      case "request":
        return gather(state.pending, frame, limits.pendingBytesMax);
      case "explain":
        return explain(state, frame, redelivered, out);
      case "verdict":
        return judged(state, frame, redelivered, out);
      case "close":
        return hangUp(state, out, "nobody");
      default:
        return;
    }
  }

  /** The session's history: everything it had upstream died with the process that dialled it. */
  function replay(state: State, frame: Frame): void {
    state.phase = "lost";
    if (frame.kind === "open") remember(state, frame);
    if (frame.kind === "verdict") {
      const verdict = decodeControl("verdict", frame.payload);
      if (verdict?.decision !== "allow") return;
      state.open.set(verdict.request, { verdict, sequence: frame.sequence });
    }
    if (frame.kind === "outcome") {
      const outcome = decodeControl("outcome", frame.payload);
      if (outcome !== null) state.open.delete(outcome.request);
    }
  }

  function settleLost(state: State, out: Out): void {
    for (const allowed of state.open.values()) {
      settle(allowed, { ...notRun, status: "unknown" }, out);
    }
    state.open.clear();
  }

  function remember(state: State, frame: Frame): void {
    // Of two openings the first says where the session leads.
    const open = state.connection === "" ? decodeControl("open", frame.payload) : null;
    if (open === null) return;
    state.connection = open.connection;
    state.parameters = open.parameters;
    state.openDigest = sha256([frame.payload]);
    state.upstream = newUpstream(conversationOf(open.protocol, limits));
  }

  function judged(state: State, frame: Frame, redelivered: boolean, out: Out): void {
    const verdict = decodeControl("verdict", frame.payload);
    if (verdict === null) return;
    if (verdict.decision === "deny") state.pending.delete(verdict.request);
    if (verdict.decision !== "allow") return;
    const allowed = { verdict, sequence: frame.sequence };
    if (state.phase === "lost") {
      state.pending.delete(verdict.request);
      // Whoever was given it before may have carried it out.
      settle(allowed, redelivered ? { ...notRun, status: "unknown" } : notRun, out);
      return;
    }
    if (verdict.cancels !== null) return cancel(state, allowed, verdict.cancels, out);
    // Acknowledged once its outcome is stored: whoever takes over meets it again, and settles it.
    out.push({ kind: "keep", name: String(verdict.request) });
    if (verdict.request === 0) return dial(state, allowed, out);
    const continued = continuedBy(state.pending.get(verdict.request)?.operation);
    if (continued !== null && continued === state.current?.verdict.request) {
      return carryOn(state, allowed, out);
    }
    state.queue.push(allowed);
    runNext(state, out);
  }

  function dial(state: State, allowed: Allowed, out: Out): void {
    if (state.phase !== "new" || allowed.verdict.digest !== state.openDigest) {
      settle(allowed, notRun, out);
      return;
    }
    state.phase = "dialling";
    state.current = allowed;
    startDial(state.upstream, nowMs());
    const { connection, parameters } = state;
    out.push({ kind: "run", command: { kind: "dial", connection, parameters } });
  }

  function cancel(state: State, allowed: Allowed, request: number, out: Out): void {
    state.pending.delete(allowed.verdict.request);
    const running = state.current?.verdict.request === request;
    if (running) cancelRunning(state, out);
    const [next] = state.queue;
    const waits = next?.verdict.request === request && state.waitsSinceMs !== null;
    if (waits) turns.withdraw(state, next, out);
    const status = running || waits ? "executed" : "not_run";
    settle(allowed, { ...notRun, status, alive: true, transaction: null }, out);
    if (waits) runNext(state, out);
  }

  function cancelRunning(state: State, out: Out): void {
    state.cancelling++;
    out.push({ kind: "run", command: { kind: "cancel" } });
  }

  function runNext(state: State, out: Out): void {
    if (state.current !== null || state.phase !== "ready" || state.cancelling > 0) return;
    // Behind a COPY that failed between two requests the server still has something to say.
    const allowed = state.upstream.conversation.settled ? state.queue[0] : undefined;
    if (allowed === undefined) return;
    const { request, durationMsMax } = allowed.verdict;
    const pending = state.pending.get(request);
    if (continuedBy(pending?.operation) !== null) {
      // What it was meant for is over, or never ran.
      state.queue.shift();
      state.pending.delete(request);
      settle(allowed, { ...notRun, alive: true }, out);
      return runNext(state, out);
    }
    const turn = turns.take(state, allowed, out);
    if (turn === "wait") return;
    state.queue.shift();
    if (turn === "refused") return runNext(state, out);
    const judged = takeJudged(state, allowed);
    const parts = judged && startRequest(state.upstream, judged, allowed.verdict, nowMs());
    if (parts === null) {
      settle(allowed, notRun, out);
      out.push({ kind: "run", command: { kind: "hang_up" } });
      return lost(state, out);
    }
    state.current = allowed;
    for (const bytes of parts) out.push({ kind: "run", command: { kind: "write", bytes } });
    flow.pace(state, out);
    out.push({ kind: "wake", name: "duration", afterMs: durationMsMax });
    if (state.upstream.conversation.settled) {
      if (!state.upstream.conversation.feeds) return complete(state, out);
      return void out.push({ kind: "run", command: { kind: "confirm", request } });
    }
    const continuations = state.queue.filter(({ verdict }) => {
      return continuedBy(state.pending.get(verdict.request)?.operation) === request;
    });
    for (const one of continuations) {
      state.queue.splice(state.queue.indexOf(one), 1);
      carryOn(state, one, out);
    }
  }

  /** Input for the running request: beside it, not behind it. */
  function carryOn(state: State, allowed: Allowed, out: Out): void {
    if (state.phase !== "ready") return settle(allowed, notRun, out);
    const parts = takeJudged(state, allowed);
    if (parts === null) {
      settle(allowed, notRun, out);
      out.push({ kind: "run", command: { kind: "hang_up" } });
      return lost(state, out);
    }
    if (!state.upstream.conversation.continues(parts)) {
      return settle(allowed, { ...notRun, alive: true }, out);
    }
    const { request } = allowed.verdict;
    state.continuing.set(request, allowed);
    for (const bytes of parts) out.push({ kind: "run", command: { kind: "write", bytes } });
    out.push({ kind: "run", command: { kind: "confirm", request } });
  }

  /** G1: the bytes at hand are the bytes that were judged, or nothing runs. */
  function takeJudged(state: State, { verdict }: Allowed): readonly Uint8Array[] | null {
    const pending = state.pending.get(verdict.request);
    state.pending.delete(verdict.request);
    if (pending === undefined || !pending.complete) return null;
    const { kind } = pending.operation;
    if (kind !== "statements" && kind !== "continues") return null;
    return sha256(pending.parts) === verdict.digest ? pending.parts : null;
  }

  function received(state: State, bytes: Uint8Array, out: Out): void {
    const { upstream } = state;
    const { conversation } = upstream;
    const { settled: was, cut } = conversation;
    if (!takeUpstream(upstream, bytes)) {
      // The server's framing is lost; nothing of it can be understood any more.
      out.push({ kind: "run", command: { kind: "hang_up" } });
      return lost(state, out);
    }
    const late = conversation.takeLate();
    if (late !== null) out.push({ kind: "run", command: { kind: "write", bytes: late } });
    const settledNow = !was && conversation.settled && state.current !== null;
    if (!settledNow) flow.passOn(state, was ? "ends" : "goes on", out);
    // Nothing more of the response passes: the server is to stop, and heard until it does.
    if (conversation.cut && !cut && !conversation.settled) cancelRunning(state, out);
    flow.pace(state, out);
    if (settledNow) complete(state, out);
    else runNext(state, out);
    if (!conversation.spent) return;
    out.push({ kind: "run", command: { kind: "hang_up" } });
    lost(state, out);
  }

  function complete(state: State, out: Out): void {
    out.push({ kind: "unwake", name: "duration" }, { kind: "unwake", name: "cut" });
    const { connection, current } = state;
    const unread = turns.left(state);
    const need = state.upstream.conversation.ends(current?.verdict.statements ?? []);
    // Nothing depends on what names mean to who may see everything: they are not kept waiting.
    const waits = need !== "no" && !current?.verdict.plan.verbatim;
    if (waits) {
      state.holdsEnd = true;
      out.push({ kind: "run", command: { kind: "read_catalog", connection } });
      return;
    }
    if (need === "first" || need === "no" && unread) {
      out.push({ kind: "run", command: { kind: "catalog_changed", connection } });
    }
    finish(state, null, out);
  }

  function finish(state: State, catalogDigest: string | null, out: Out): void {
    const { current, upstream } = state;
    if (current === null) return;
    if (catalogDigest !== null) upstream.conversation.catalogRead();
    state.holdsEnd = false;
    flow.passOn(state, "ends", out);
    const alive = state.phase === "ready" || state.phase === "dialling";
    settleContinuing(state, { alive }, out);
    settle(current, { ...outcomeOf(upstream, nowMs()), alive, catalogDigest }, out);
    upstream.lastRequest = current.verdict.request;
    state.current = null;
    runNext(state, out);
  }

  function dialFailed(state: State, code: string, reason: string, out: Out): void {
    state.phase = "lost";
    const { current, upstream } = state;
    if (current === null) return;
    state.current = null;
    const { words, sqlstate } = upstream.conversation.refusal(code, reason);
    out.push(refusedPart(upstream, words));
    settle(current, { ...notRun, status: "failed", sqlstate, bytes: words.length }, out);
  }

  /** A session that is closed has nobody left to be told, and nothing is stored behind its end. */
  function lost(state: State, out: Out, listens: "agent" | "nobody" = "agent"): void {
    if (state.phase === "lost") return;
    const { phase } = state;
    state.holdsEnd = false;
    const dialling = phase === "dialling";
    state.phase = "lost";
    // A session that was refused never had an upstream, and nothing of it may be answered.
    if (phase !== "new" && listens === "agent") {
      flow.flush(state, out);
      out.push(endedPart(state.upstream, answering(state)));
    }
    const { current, queue } = state;
    state.current = null;
    settleContinuing(state, { alive: false }, out);
    if (current !== null) {
      // The server may have committed before the connection went; nobody here can know.
      const status = dialling ? "not_run" : "unknown";
      settle(current, { ...outcomeOf(state.upstream, nowMs()), status }, out);
    }
    for (const allowed of queue.splice(0)) settle(allowed, notRun, out);
  }

  function hangUp(state: State, out: Out, listens: "agent" | "nobody" = "agent"): void {
    out.push({ kind: "run", command: { kind: "hang_up" } });
    lost(state, out, listens);
    out.push({ kind: "end" });
  }

  function woken(state: State, name: string, out: Out): void {
    if (name === "gather") return flow.woken(state, out);
    if (name === "written") return settleWritten(state, { alive: true }, out);
    if (name === "turn") {
      turns.woken(state, out);
      return runNext(state, out);
    }
    if (state.current === null) return;
    if (name === "duration") overdue(state, out);
    if (name === "cut") {
      out.push({ kind: "run", command: { kind: "hang_up" } });
      lost(state, out);
    }
  }

  /** What runs is cancelled, and cut off if that does not end it. */
  function overdue(state: State, out: Out): void {
    cancelRunning(state, out);
    out.push({ kind: "wake", name: "cut", afterMs: limits.cancelGraceMs });
  }
}
