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
import type { SessionKey } from "#schemas/subjects.ts";
import { decodeControl, endedHeader, firstHeader, rawBytesHeader } from "#schemas/frames.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { TargetCommand, TargetInput } from "./inputs.ts";
import { type Allowed, type Facts, notRun, outcomeEffect } from "./outcomes.ts";
import { gather, type Pending, sha256 } from "./pending.ts";
import {
  newUpstream,
  outcomeOf,
  startRequest,
  takeUpstream,
  type Upstream,
  type UpstreamLimits,
} from "./upstream.ts";

export type TargetLimits = UpstreamLimits & {
  /** Raw bytes that may be on their way to the agent, undrained. */
  readonly creditBytes: number;
  /** Bytes of requests that wait for their verdict. */
  readonly pendingBytesMax: number;
  /** After a statement's time is up and it was cancelled, how long before the connection is cut. */
  readonly cancelGraceMs: number;
  /** How long small pieces of a response are gathered before they are sent on. */
  readonly gatherMs: number;
};

export type TargetState = {
  readonly key: SessionKey;
  connection: string;
  parameters: Readonly<Record<string, string>>;
  openDigest: string;
  phase: "new" | "dialling" | "ready" | "lost";
  readonly pending: Map<number, Pending>;
  /** Allow verdicts not yet carried out, in order. */
  readonly queue: Allowed[];
  /** Allow verdicts without an outcome, by request; what recovery must settle. */
  readonly open: Map<number, Allowed>;
  current: Allowed | null;
  upstream: Upstream;
  credited: number;
  paused: boolean;
  /** Uncommitted changes of definitions: the catalog is to be read when the transaction ends. */
  catalogDirty: boolean;
};

type State = TargetState;
type Out = Effect<TargetCommand>[];

/** Creates the actor. `nowMs` is the clock by which durations are measured. */
export function target(
  limits: TargetLimits,
  nowMs: () => number,
): Actor<State, TargetInput, TargetCommand> {
  return { name: "target", initial, step };

  function initial(key: SessionKey): State {
    return {
      key,
      connection: "",
      parameters: {},
      openDigest: "",
      phase: "new",
      pending: new Map(),
      queue: [],
      open: new Map(),
      current: null,
      upstream: newUpstream(limits),
      credited: 0,
      paused: false,
      catalogDirty: false,
    };
  }

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
        dialFailed(state, input.sqlstate, input.words, out);
        break;
      case "received":
        received(state, input.bytes, out);
        break;
      case "upstream_closed":
        lost(state, out);
        break;
      case "credit":
        credit(state, input.bytes, out);
        break;
      case "catalog_read":
        finish(state, input.digest, out);
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
      case "verdict":
        return judged(state, frame, redelivered, out);
      case "close":
        return hangUp(state, out);
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
    const open = decodeControl("open", frame.payload);
    if (open === null) return;
    state.connection = open.connection;
    state.parameters = open.parameters;
    state.openDigest = sha256([frame.payload]);
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
    startRequest(state.upstream, [], nowMs());
    const { connection, parameters } = state;
    out.push({ kind: "run", command: { kind: "dial", connection, parameters } });
  }

  function cancel(state: State, allowed: Allowed, request: number, out: Out): void {
    state.pending.delete(allowed.verdict.request);
    const running = state.current?.verdict.request === request;
    if (running) out.push({ kind: "run", command: { kind: "cancel" } });
    const status = running ? "executed" : "not_run";
    settle(allowed, { ...notRun, status, alive: true, transaction: null }, out);
  }

  function runNext(state: State, out: Out): void {
    if (state.current !== null || state.phase !== "ready") return;
    const allowed = state.queue.shift();
    if (allowed === undefined) return;
    const { request, digest, durationMsMax } = allowed.verdict;
    const pending = state.pending.get(request);
    state.pending.delete(request);
    // G1: the bytes at hand are the bytes that were judged, or nothing runs.
    if (pending === undefined || !pending.complete || sha256(pending.parts) !== digest) {
      settle(allowed, notRun, out);
      out.push({ kind: "run", command: { kind: "hang_up" } });
      return lost(state, out);
    }
    state.current = allowed;
    startRequest(state.upstream, pending.parts, nowMs());
    for (const bytes of pending.parts) {
      out.push({ kind: "run", command: { kind: "write", bytes } });
    }
    out.push({ kind: "wake", name: "duration", afterMs: durationMsMax });
    if (state.upstream.settled) complete(state, out);
  }

  function received(state: State, bytes: Uint8Array, out: Out): void {
    const was = state.upstream.settled;
    if (!takeUpstream(state.upstream, bytes)) {
      // The server's framing is lost; nothing of it can be understood any more.
      out.push({ kind: "run", command: { kind: "hang_up" } });
      return lost(state, out);
    }
    const settledNow = !was && state.upstream.settled && state.current !== null;
    if (settledNow || was) flush(state, out);
    else if (state.upstream.gatheredBytes >= limits.chunkBytes) flush(state, out);
    else if (!state.upstream.flushing) {
      state.upstream.flushing = true;
      out.push({ kind: "wake", name: "gather", afterMs: limits.gatherMs });
    }
    const undrained = state.upstream.rawBytes - state.credited;
    if (!state.paused && undrained > limits.creditBytes) {
      state.paused = true;
      out.push({ kind: "run", command: { kind: "pause" } });
    }
    if (settledNow) complete(state, out);
  }

  function flush(state: State, out: Out): void {
    const { upstream } = state;
    if (upstream.flushing) {
      upstream.flushing = false;
      out.push({ kind: "unwake", name: "gather" });
    }
    const request = state.current?.verdict.request ?? upstream.lastRequest;
    const last = upstream.settled;
    const pieces = upstream.takeGathered(limits.chunkBytes);
    pieces.forEach((payload, index) => {
      const more = !(last && index === pieces.length - 1);
      upstream.rawBytes += payload.length;
      const headers = new Map([[rawBytesHeader, String(upstream.rawBytes)]]);
      if (upstream.begins) headers.set(firstHeader, "1");
      upstream.begins = false;
      out.push({ kind: "raw", place: { request, part: upstream.part++, more }, payload, headers });
    });
  }

  function complete(state: State, out: Out): void {
    out.push({ kind: "unwake", name: "duration" }, { kind: "unwake", name: "cut" });
    const { statements } = state.current?.verdict ?? { statements: [] };
    const changes = statements.some(({ effects }) => {
      return effects.includes("define") || effects.includes("execute");
    });
    state.catalogDirty ||= changes;
    if (state.catalogDirty && state.upstream.transaction === "I") {
      const { connection } = state;
      out.push({ kind: "run", command: { kind: "read_catalog", connection } });
      return;
    }
    finish(state, null, out);
  }

  function finish(state: State, catalogDigest: string | null, out: Out): void {
    const { current, upstream } = state;
    if (current === null) return;
    if (catalogDigest !== null) state.catalogDirty = false;
    const alive = state.phase === "ready" || state.phase === "dialling";
    settle(current, { ...outcomeOf(upstream, nowMs()), alive, catalogDigest }, out);
    upstream.lastRequest = current.verdict.request;
    state.current = null;
    runNext(state, out);
  }

  function dialFailed(state: State, sqlstate: string, words: Uint8Array, out: Out): void {
    state.phase = "lost";
    const { current, upstream } = state;
    if (current === null) return;
    state.current = null;
    const place = { request: 0, part: upstream.part++, more: false };
    const headers = new Map([
      [rawBytesHeader, String(words.length)],
      [firstHeader, "1"],
      [endedHeader, "1"],
    ]);
    out.push({ kind: "raw", place, payload: words, headers });
    settle(current, { ...notRun, status: "failed", sqlstate, bytes: words.length }, out);
  }

  function lost(state: State, out: Out): void {
    if (state.phase === "lost") return;
    const { phase } = state;
    const dialling = phase === "dialling";
    state.phase = "lost";
    // A session that was refused never had an upstream, and nothing of it may be answered.
    if (phase !== "new") {
      flush(state, out);
      sayEnded(state, out);
    }
    const { current, queue } = state;
    state.current = null;
    if (current !== null) {
      // The server may have committed before the connection went; nobody here can know.
      const status = dialling ? "not_run" : "unknown";
      settle(current, { ...outcomeOf(state.upstream, nowMs()), status }, out);
    }
    for (const allowed of queue.splice(0)) settle(allowed, notRun, out);
  }

  /** The agent is told even when nothing of its runs. */
  function sayEnded(state: State, out: Out): void {
    const { upstream } = state;
    const request = state.current?.verdict.request ?? upstream.lastRequest;
    const place = { request, part: upstream.part++, more: false };
    const headers = new Map([[rawBytesHeader, String(upstream.rawBytes)], [endedHeader, "1"]]);
    out.push({ kind: "raw", place, payload: new Uint8Array(0), headers });
  }

  function hangUp(state: State, out: Out): void {
    out.push({ kind: "run", command: { kind: "hang_up" } });
    lost(state, out);
    out.push({ kind: "end" });
  }

  function credit(state: State, bytes: number, out: Out): void {
    state.credited = Math.max(state.credited, Math.min(bytes, state.upstream.rawBytes));
    if (state.paused && state.upstream.rawBytes - state.credited <= limits.creditBytes / 2) {
      state.paused = false;
      out.push({ kind: "run", command: { kind: "resume" } });
    }
  }

  function woken(state: State, name: string, out: Out): void {
    if (name === "gather") {
      state.upstream.flushing = false;
      return flush(state, out);
    }
    if (state.current === null) return;
    if (name === "duration") {
      out.push({ kind: "run", command: { kind: "cancel" } });
      out.push({ kind: "wake", name: "cut", afterMs: limits.cancelGraceMs });
    }
    if (name === "cut") {
      out.push({ kind: "run", command: { kind: "hang_up" } });
      lost(state, out);
    }
  }
}

function settle(allowed: Allowed, facts: Facts, out: Out): void {
  out.push(outcomeEffect(allowed, facts));
  out.push({ kind: "release", name: String(allowed.verdict.request) });
}
