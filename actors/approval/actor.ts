/**
 * Approval runs the life of a held request's approval: asked, voted on, granted or denied, expired,
 * withdrawn, consumed.
 *
 * Theory of operation. Verdicts and the end of the session move an approval; so do decisions and
 * the passing of time. After each live input, and once after recovery, whatever the state amounts
 * to but the stream does not say yet is published. Replayed frames move the same state and publish
 * nothing, so a crash between two publishes is made good by the next `resume`.
 *
 * **Invariant:** an approval is granted only by votes that passed `approverRefusal`, cast before
 * its expiry for exactly its binding, by as many distinct people as every need asks; the first
 * denial ends it; a settled approval never changes, but for a consumption that was stored in time.
 *
 * @module
 */
import type { Actor, Effect, Step } from "#actors/_kit/actor.ts";
import type { Frame } from "#actors/_kit/frame.ts";
import type { IdentityKeys } from "#actors/_kit/identity_keys.ts";
import { verifyIdentityToken } from "#actors/_kit/identity_token.ts";
import {
  approverRefusal,
  type DecideErrorCode,
  type DecideReply,
  type DecideRequest,
  isJustified,
  voteDigest,
} from "#schemas/approval.ts";
import { decodeControl, encodeControl, type Verdict } from "#schemas/frames.ts";
import { unreachable } from "#schemas/unreachable.ts";
import { refusal } from "./refusals.ts";
import {
  type ApprovalFact,
  type ApprovalState,
  type Held,
  isSettled,
  missingFacts,
  put,
  type Vote,
  votesStored,
} from "./state.ts";
import { consume, expire, onStored, withdrawAll, withVote } from "./transitions.ts";

export type ApprovalInput =
  /** A person decided; `ticket` names the one who waits for the answer. */
  | {
    readonly kind: "decide";
    readonly ticket: string;
    readonly request: DecideRequest;
    readonly atMs: number;
  }
  /** Only brings the session into memory, so that its approvals expire in time. */
  | { readonly kind: "nudge" };

export type ApprovalCommand =
  | { readonly kind: "reply"; readonly ticket: string; readonly reply: DecideReply }
  /** An approval waits for people. */
  | { readonly kind: "pending"; readonly id: string }
  | { readonly kind: "settled"; readonly id: string };

export type ApprovalOptions = {
  /** `identityIssuer(config.organisation)`. */
  readonly issuer: string;
  readonly keys: IdentityKeys;
  /** Where people decide: `<consoleUrl>/approvals/<id>`. */
  readonly consoleUrl: string;
  readonly justificationCharactersMin: number;
  /** Approvals that one session may have pending; one more is withdrawn at once. */
  readonly sessionPendingMax: number;
  /** Settled approvals of a session that are remembered. */
  readonly sessionSettledMax: number;
  /** Says whether one more approval may wait, over all sessions. */
  readonly admits: () => boolean;
  readonly nowMs: () => number;
};

type ApprovalStep = Step<ApprovalState, ApprovalCommand>;

/** Creates the actor. */
export function approval(
  options: ApprovalOptions,
): Actor<ApprovalState, ApprovalInput, ApprovalCommand> {
  const { nowMs, sessionSettledMax: settledMax } = options;
  return {
    name: "approval",
    initial: (key) => ({ key, open: null, held: new Map(), closed: false, settledMax }),
    step(state, input) {
      switch (input.kind) {
        case "frame": {
          const moved = onFrame(state, input.frame, input.replayed);
          return input.replayed ? [moved, []] : leave(settle(moved, state));
        }
        case "decide":
          return leave(onDecide(state, input.request, input.ticket, input.atMs));
        case "wake":
          return leave(onWake(state, input.name));
        case "resume": {
          const [next, effects] = resume(state);
          // What this session was read for is yet to come.
          const later = { kind: "wake", name: "leave", afterMs: leaveMs } as const;
          return [next, waits(next) ? effects : [...effects, later]];
        }
        case "nudge":
          return leave([state, []]);
        case "raw":
          return [state, []];
        default:
          return unreachable(input);
      }
    },
  };

  /**
   * What waits for nobody is let go of. A process that stands by is asked to decide too, and is
   * told of no session's end.
   */
  function leave([state, effects]: ApprovalStep): ApprovalStep {
    return [state, waits(state) ? effects : [...effects, { kind: "end" }]];
  }

  function onFrame(state: ApprovalState, frame: Frame, replayed: boolean): ApprovalState {
    switch (frame.kind) {
      case "open":
        // Of two openings the first says who asked.
        return { ...state, open: state.open ?? decodeControl("open", frame.payload) };
      case "verdict": {
        const verdict = decodeControl("verdict", frame.payload);
        return verdict === null ? state : onVerdict(state, verdict, frame.timeMs, replayed);
      }
      case "approval": {
        // Live, what we published is in the state already.
        const stored = replayed ? decodeControl("approval", frame.payload) : null;
        return stored === null ? state : onStored(state, stored);
      }
      case "close":
        return { ...withdrawAll(state, null), closed: true };
      default:
        return state;
    }
  }

  function onVerdict(
    state: ApprovalState,
    verdict: Verdict,
    timeMs: number,
    replayed: boolean,
  ): ApprovalState {
    switch (verdict.decision) {
      case "hold":
        return ask(state, verdict, timeMs, replayed);
      case "deny":
        return withdrawAll(state, verdict.request);
      case "allow":
        return consume(state, verdict, timeMs);
      default:
        return unreachable(verdict.decision);
    }
  }

  function ask(
    state: ApprovalState,
    verdict: Verdict,
    timeMs: number,
    replayed: boolean,
  ): ApprovalState {
    const { approval: asked, request } = verdict;
    if (asked === null || state.open === null || state.closed) return state;
    // A frame that is delivered again asks for nothing new; an id that comes twice is not trusted.
    if (state.held.has(asked.id)) return state;
    const pending = [...state.held.values()].filter((held) => !isSettled(held));
    // Replayed, the stream says what became of it.
    const admitted = replayed || (pending.length < options.sessionPendingMax && options.admits());
    const held: Held = {
      id: asked.id,
      request,
      binding: asked.binding,
      needs: asked.needs,
      expiresAtMs: timeMs + Math.min(waitMsMax, ...asked.needs.map((need) => need.expiresMs)),
      state: admitted && asked.needs.length > 0 ? "pending" : "withdrawn",
      votes: [],
      denial: null,
      facts: [],
    };
    return put(state, held);
  }

  function onDecide(
    state: ApprovalState,
    request: DecideRequest,
    ticket: string,
    atMs: number,
  ): ApprovalStep {
    const overdue = expire(state, request.approval, atMs);
    const held = overdue.held.get(request.approval);
    const by = judge(overdue, held, request, atMs);
    if (held === undefined || typeof by === "string") {
      const code = typeof by === "string" ? by : "approval_unknown";
      const [next, effects] = settle(overdue, state);
      return [next, [...effects, reply(ticket, refusal(code))]];
    }
    const voted = by.decision === "deny"
      ? { ...held, state: "denied" as const, denial: by }
      : withVote(held, by);
    const [next, effects] = settle(put(overdue, voted), state);
    const outcome = by.decision === "deny"
      ? "denied"
      : voted.state === "granted"
      ? "granted"
      : "voted";
    return [next, [...effects, reply(ticket, { ok: true, state: outcome })]];
  }

  /** The vote that a request amounts to, or why it is none. */
  function judge(
    state: ApprovalState,
    held: Held | undefined,
    request: DecideRequest,
    atMs: number,
  ): Vote | DecideErrorCode {
    const { issuer: ours, keys } = options;
    const { approval, token } = request;
    const vote = voteDigest(request);
    const expected = { issuer: ours, audience: "approval", approval, vote } as const;
    const verified = verifyIdentityToken(token, keys, expected, Math.floor(atMs / 1000));
    if (!verified.ok) return verified.code;
    if (held === undefined || state.open === null) return "approval_unknown";
    if (held.state === "expired") return "approval_expired";
    if (held.state !== "pending") return "approval_not_pending";
    if (request.binding !== held.binding) return "binding_mismatch";
    const { principal } = verified;
    const refused = approverRefusal(principal, state.open.principal, held.needs, held.votes);
    if (refused !== null) return refused;
    if (!isJustified(request.justification, options.justificationCharactersMin)) {
      return "justification_missing";
    }
    const { issuer, person, name, groups } = principal;
    const { decision, justification } = request;
    return { issuer, person, name, groups, token, decision, justification };
  }

  function onWake(state: ApprovalState, name: string): ApprovalStep {
    const id = name.startsWith(wakePrefix) ? name.slice(wakePrefix.length) : "";
    const next = expire(state, id, nowMs());
    const held = next.held.get(id);
    // Timers may be early.
    if (held !== undefined && !isSettled(held)) return [next, wakes(held, undefined)];
    return settle(next, state);
  }

  /** Takes up after recovery: publishes what is missing, waits for what is pending. */
  function resume(state: ApprovalState): ApprovalStep {
    let overdue = state;
    for (const id of state.held.keys()) overdue = expire(overdue, id, nowMs());
    return settle(overdue, { ...state, held: new Map() });
  }

  /** Publishes what the state amounts to and the stream does not say; sets and forgets wakes. */
  function settle(state: ApprovalState, before: ApprovalState): ApprovalStep {
    const effects: Effect<ApprovalCommand>[] = [];
    const all = new Map(state.held);
    for (const held of state.held.values()) {
      const was = before.held.get(held.id);
      if (was === held) continue;
      const added = held.votes.slice(votesStored(held));
      for (const by of added) effects.push(publish(held, "voted", by));
      const facts: ApprovalFact[] = [...held.facts, ...added.map(() => "voted" as const)];
      for (const fact of missingFacts(held)) {
        effects.push(publish(held, fact, deciderOf(held, fact)));
        facts.push(fact);
      }
      all.set(held.id, { ...held, facts });
      effects.push(...wakes(held, was));
    }
    return [{ ...state, held: all }, effects];
  }

  function wakes(held: Held, was: Held | undefined): readonly Effect<ApprovalCommand>[] {
    const name = `${wakePrefix}${held.id}`;
    if (isSettled(held)) {
      if (was !== undefined && isSettled(was)) return [];
      return [{ kind: "unwake", name }, run({ kind: "settled", id: held.id })];
    }
    // A wake of the same name replaces the one before.
    const afterMs = Math.max(0, held.expiresAtMs - nowMs());
    return [{ kind: "wake", name, afterMs }, run({ kind: "pending", id: held.id })];
  }

  function publish(held: Held, fact: ApprovalFact, by: Vote | null): Effect<ApprovalCommand> {
    const payload = encodeControl("approval", {
      version: 1,
      id: held.id,
      request: held.request,
      binding: held.binding,
      state: fact,
      needs: [...held.needs],
      link: fact === "asked" ? `${options.consoleUrl}/approvals/${held.id}` : null,
      by,
      at: new Date(nowMs()).toISOString(),
      expiresAt: new Date(held.expiresAtMs).toISOString(),
    });
    const place = { request: held.request, part: 0, more: false };
    return { kind: "publish", frame: "approval", place, payload };
  }
}

/** Says whether anybody is still waited for. */
function waits(state: ApprovalState): boolean {
  return !state.closed && [...state.held.values()].some((held) => !isSettled(held));
}

const leaveMs = 1000;
const wakePrefix = "expiry:";
/** However long a policy lets a request wait: seven days. */
const waitMsMax = 604_800_000;

function deciderOf(held: Held, fact: ApprovalFact): Vote | null {
  if (fact === "denied") return held.denial;
  return fact === "granted" ? held.votes.at(-1) ?? null : null;
}

function run(command: ApprovalCommand): Effect<ApprovalCommand> {
  return { kind: "run", command };
}
function reply(ticket: string, answer: DecideReply): Effect<ApprovalCommand> {
  return run({ kind: "reply", ticket, reply: answer });
}
