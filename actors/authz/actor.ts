/**
 * Authz judges: one verdict for each request, two when people were asked in between.
 *
 * Theory of operation. Requests of a session are judged in order, one at a time: the next waits for
 * the outcome of the one before, because what it means may depend on what that one did. Only what
 * continues a request that runs (`continues:<n>`) waits for no outcome. A verdict is a function of
 * the session's state, so state is only changed by stored frames: `commit` takes a stored verdict,
 * `settle` an outcome. Live and replayed frames go through the same two. What a protocol's requests
 * mean stands behind `SessionJudge`.
 *
 * **Invariant:** what is not understood, not permitted or not in time is denied (G8). An allow
 * after a hold names the approval it uses up, and only if policy, catalog and session still bind to
 * the same bytes (G5).
 *
 * The state is owned by the worker; `step` reuses its memory.
 *
 * @module
 */
import type { Actor, Effect, KitInput, Step } from "#actors/_kit/actor.ts";
import type { Frame } from "#actors/_kit/frame.ts";
import {
  decisionHeader,
  decodeControl,
  encodeControl,
  operationHeader,
  type Outcome,
  type Reason,
  type Verdict,
} from "#schemas/frames.ts";
import { quorumMet } from "#schemas/approval.ts";
import { continuedBy, parseOperation } from "#schemas/operation.ts";
import { unreachable } from "#schemas/unreachable.ts";
import { createHash } from "node:crypto";
import {
  asksPlanner,
  awaitPlanner,
  awaitsPlanner,
  estimateWake,
  plannerAnswered,
  plannerAsked,
  plannerSilent,
} from "./estimating.ts";
import type { Judge } from "./judge.ts";
import { heard } from "./held.ts";
import { type Asked, type Consequence, type Judgement, noConsequence } from "./session_judge.ts";
import { type AuthzState, initialState, type Waiting } from "./state.ts";
import { undecided, verdictOf } from "./verdict_shape.ts";
import {
  notApproved,
  requestOver,
  tooManyAnswers,
  unknownOperation,
  verdictBytesMax,
  withdrawn,
} from "./verdicts.ts";
import { joinBytes } from "#schemas/join_bytes.ts";

export type AuthzLimits = {
  /** How long a session waits for the catalog that its own DDL made. */
  readonly catalogMsMax: number;
  /** How long a request waits for the planner's answer. */
  readonly estimateMsMax: number;
  /** Bytes of requests that wait to be judged. */
  readonly waitingBytesMax: number;
};

type State = AuthzState;
type Out = Effect<never>[];

/** Creates the actor over the judge; `newId` gives an unguessable approval id. */
export function authz(
  judge: Judge,
  newId: () => string,
  limits: AuthzLimits,
  nowMs: () => number,
): Actor<State, never> {
  return { name: "authz", initial: initialState, step };

  function step(state: State, input: KitInput): Step<State, never> {
    const out: Out = [];
    switch (input.kind) {
      case "frame":
        take(state, input.frame, out);
        if (input.replayed) return [state, []];
        break;
      case "wake":
        if (input.name === "catalog") state.judge?.waitOver();
        if (input.name === estimateWake) plannerSilent(state, (n) => askedIn(state, n), nowMs());
        break;
      case "resume":
        awaitPlanner(state, limits.estimateMsMax, out);
        break;
      case "raw":
        break;
      default:
        return unreachable(input);
    }
    proceed(state, out);
    return [state, out];
  }

  /** Takes one stored frame into the state; the same live and replayed. */
  function take(state: State, frame: Frame, out: Out): void {
    switch (frame.kind) {
      case "open":
        return opened(state, frame);
      case "request":
        return gather(state, frame);
      case "explain":
        return plannerAsked(state, frame, limits.estimateMsMax, out);
      case "estimate":
        return plannerAnswered(state, frame, (request) => askedIn(state, request), out);
      case "verdict": {
        // Only on replay: live verdicts are committed as they are made.
        const verdict = decodeControl("verdict", frame.payload);
        if (verdict !== null) commit(state, verdict, frame.timeMs);
        return;
      }
      case "approval": {
        const approval = decodeControl("approval", frame.payload);
        if (approval !== null) heard(state, approval, frame.timeMs, judge.identity);
        return;
      }
      case "outcome": {
        const outcome = decodeControl("outcome", frame.payload);
        if (outcome !== null) settle(state, outcome);
        return;
      }
      case "close":
        out.push({ kind: "end" });
        return;
      default:
        return;
    }
  }

  /** Of two openings the first counts: nobody becomes somebody else in a session. */
  function opened(state: State, frame: Frame): void {
    if (state.judge !== null) return;
    const open = decodeControl("open", frame.payload);
    state.open = open;
    const digest = sha256([frame.payload]);
    state.waiting.set(0, { ...emptyWaiting, digest, complete: true, timeMs: frame.timeMs });
    state.judge = judge.open(open, frame.key, frame.timeMs);
  }

  function gather(state: State, frame: Frame): void {
    const operation = parseOperation(frame.headers.get(operationHeader));
    const known = state.waiting.get(frame.request);
    const waiting = known ?? { ...emptyWaiting, parts: [], operation, timeMs: frame.timeMs };
    state.waiting.set(frame.request, waiting);
    if (waiting.complete || waiting.parts.length !== frame.part) return;
    waiting.bytes += frame.payload.length;
    waiting.hash ??= createHash("sha256");
    waiting.hash.update(frame.payload);
    // Beyond the limit only the digest is kept: the request is refused, and says so.
    waiting.parts.push(waiting.bytes > limits.waitingBytesMax ? nothing : frame.payload);
    waiting.complete = !frame.more;
    if (waiting.complete) waiting.digest = waiting.hash.digest("hex");
  }

  /** Judges whatever can be judged now. */
  function proceed(state: State, out: Out): void {
    cancels(state, out);
    if (state.held !== null) answerHeld(state, out);
    while (state.held === null) {
      const request = state.nextRequest;
      const waiting = state.waiting.get(request);
      if (waiting === undefined || !waiting.complete) return;
      if (waiting.operation.kind === "cancel") {
        state.nextRequest++;
        continue;
      }
      if (waiting.operation.kind === "unknown") {
        deny(state, request, unknownOperation, out);
        continue;
      }
      const continued = continuedBy(waiting.operation);
      if (continued !== null && continued !== state.running?.request) {
        deny(state, request, requestOver, out);
        continue;
      }
      if (continued === null && state.running !== null) return;
      if (state.judge?.ready() === false) {
        return void out.push({ kind: "wake", name: "catalog", afterMs: limits.catalogMsMax });
      }
      if (!decide(state, request, waiting, out)) return;
    }
  }

  /** A cancellation is judged at once: what it cancels may be what everything else waits for. */
  function cancels(state: State, out: Out): void {
    for (const [request, waiting] of state.waiting) {
      if (waiting.operation.kind !== "cancel" || waiting.judged || !waiting.complete) continue;
      const cancelled = waiting.operation.request;
      if (state.held?.verdict.request === cancelled) deny(state, cancelled, withdrawn, out);
      const verdict = {
        ...undecided(request, waiting),
        decision: "allow",
        cancels: cancelled,
      } as const;
      publish(state, verdict, out);
    }
  }

  function decide(state: State, request: number, waiting: Waiting, out: Out): boolean {
    if (state.judge === null || awaitsPlanner(state, request)) return false;
    const asked = askedOf(request, waiting, limits.waitingBytesMax);
    const judgement = request === 0 ? state.judge.connect() : state.judge.request(asked);
    if (asksPlanner(state, asked, judgement, out)) return false;
    const verdict = { ...undecided(request, waiting), ...verdictOf(judgement) };
    if (judgement.decision !== "hold") {
      publish(state, verdict, out, judgement.consequence);
      return true;
    }
    const binding = bindingOf(state, waiting.digest, judgement);
    const approval = { id: newId(), needs: [...judgement.needs], binding };
    publish(state, { ...verdict, approval }, out);
    return true;
  }

  /** The approval actor has spoken about what is held. */
  function answerHeld(state: State, out: Out): void {
    const { held } = state;
    if (held === null) return;
    const { verdict } = held;
    const continued = continuedBy(state.waiting.get(verdict.request)?.operation);
    if (continued !== null && continued !== state.running?.request) {
      return deny(state, verdict.request, requestOver, out);
    }
    if (held.answer === null) return;
    const answer = held.answer === "granted" && nowMs() > held.untilMs ? "expired" : held.answer;
    const waiting = state.waiting.get(verdict.request);
    if (answer !== "granted" || waiting === undefined || state.judge === null) {
      const why = answer === "granted" ? "stale" : answer;
      return deny(state, verdict.request, notApproved(why), out);
    }
    if (verdict.approval === null) return;
    const asked = askedOf(verdict.request, waiting, limits.waitingBytesMax);
    const judgement = state.judge.request({ ...asked, before: verdict.statements });
    const same = bindingOf(state, waiting.digest, judgement) === verdict.approval.binding;
    const willing = judgement.decision !== "deny" && quorumMet(verdict.approval.needs, held.voters);
    if (!same || !willing) return deny(state, verdict.request, notApproved("stale"), out);
    const granted = { ...undecided(verdict.request, waiting), ...verdictOf(judgement) };
    const allowed = { ...granted, decision: "allow", approval: verdict.approval } as const;
    publish(state, allowed, out, judgement.consequence);
  }

  function deny(state: State, request: number, reason: Reason, out: Out): void {
    const waiting = state.waiting.get(request);
    if (waiting === undefined) return;
    const approval = state.held?.verdict.request === request ? state.held.verdict.approval : null;
    publish(
      state,
      { ...undecided(request, waiting), decision: "deny", reasons: [reason], approval },
      out,
    );
  }

  function publish(
    state: State,
    verdict: Verdict,
    out: Out,
    consequence: Consequence | null = null,
  ): void {
    const payload = encodeControl("verdict", verdict);
    if (payload.length > verdictBytesMax) return deny(state, verdict.request, tooManyAnswers, out);
    commit(state, verdict, nowMs(), consequence);
    const suffix = verdict.approval === null ? "" : "+approval";
    const headers = new Map([[decisionHeader, `${verdict.decision}${suffix}`]]);
    const place = { request: verdict.request, part: 0, more: false };
    const told = ["edge" as const, ...(verdict.approval === null ? [] : ["approval" as const])];
    const plain = verdict.decision === "allow" && verdict.approval === null;
    const tells = plain ? [] : told;
    out.push({ kind: "publish", frame: "verdict", place, payload, headers, tells });
  }

  /**
   * A verdict that is (about to be) stored moves the state; the same live and replayed. Replayed,
   * what the request asks for is understood anew.
   */
  function commit(
    state: State,
    verdict: Verdict,
    atMs: number,
    known: Consequence | null = null,
  ): void {
    const { request, decision } = verdict;
    const waiting = state.waiting.get(request);
    if (waiting !== undefined) waiting.judged = true;
    if (verdict.cancels !== null) {
      waiting?.parts.splice(0);
      return;
    }
    state.estimating = null;
    if (decision === "hold") {
      state.held = { verdict, heldAtMs: atMs, answer: null, untilMs: 0, voters: [] };
      return;
    }
    state.held = null;
    state.nextRequest = Math.max(state.nextRequest, request + 1);
    if (decision === "deny") {
      const asked = askedIn(state, request);
      state.waiting.delete(request);
      state.judge?.denied(asked);
      return;
    }
    const consequence = known ?? understoodOf(state, verdict);
    consequence.allowed();
    if (continuedBy(waiting?.operation) === null) state.running = { request, consequence };
    else state.waiting.delete(request);
  }

  function understoodOf(state: State, { request, policies }: Verdict): Consequence {
    const asked = askedIn(state, request);
    if (asked === null || state.judge === null) return noConsequence;
    return state.judge.understand(asked, policies);
  }

  function askedIn(state: State, request: number): Asked | null {
    const waiting = state.waiting.get(request);
    return waiting === undefined ? null : askedOf(request, waiting, limits.waitingBytesMax);
  }

  function settle(state: State, outcome: Outcome): void {
    const { running } = state;
    if (running === null || outcome.request !== running.request) return;
    const refused = outcome.refused === undefined ? null : askedIn(state, outcome.request);
    state.running = null;
    state.waiting.delete(outcome.request);
    running.consequence.settled(outcome);
    if (outcome.refused !== undefined) state.judge?.denied(refused);
  }
}

function askedOf(request: number, waiting: Waiting, bytesMax: number): Asked {
  const bytes = waiting.bytes > bytesMax ? null : joinBytes(waiting.parts);
  return {
    request,
    digest: waiting.digest,
    bytes,
    continues: continuedBy(waiting.operation) !== null,
  };
}

/** What an approval stands for: exact bytes, and everything that gives them their meaning. */
function bindingOf(state: State, digest: string, judgement: Judgement): string {
  const { principal, connection, parameters } = state.open ?? {};
  const facts = [
    "sallyport approval 1",
    digest,
    judgement.facts,
    principal,
    connection,
    parameters,
    judgement.policyVersion,
    judgement.configDigest,
    judgement.catalogDigest,
    judgement.plan,
  ];
  return sha256([new TextEncoder().encode(JSON.stringify(facts))]);
}

const nothing = new Uint8Array(0);
const emptyWaiting: Waiting = {
  parts: [],
  bytes: 0,
  hash: null,
  digest: "",
  complete: false,
  judged: false,
  operation: parseOperation(undefined),
  timeMs: 0,
};

function sha256(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
