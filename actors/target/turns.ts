/**
 * When a request's turn has come: what others define, and what depends on it, reaches the server in
 * an order in which every name means what it was judged by (`definitions.ts`).
 *
 * **Invariant:** a request that waits ends: it goes, or it is refused after `turnMsMax`.
 *
 * @module
 */
import type { Effect } from "#actors/_kit/actor.ts";
import type { Reason } from "#schemas/frames.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";
import type { Definitions } from "./definitions.ts";
import type { TargetCommand } from "./inputs.ts";
import { type Allowed, notRun, settle } from "./outcomes.ts";
import type { TargetLimits, TargetState } from "./state.ts";

type Out = Effect<TargetCommand>[];

export type Turns = {
  /** Whether a session's next request goes now. One that is refused here is settled. */
  take(state: TargetState, allowed: Allowed, out: Out): "go" | "wait" | "refused";
  /** It was cancelled before it went. */
  withdraw(state: TargetState, allowed: Allowed, out: Out): void;
  /** The time to wait is up, or it is time to see who is waited for. */
  woken(state: TargetState, out: Out): void;
  /** The running request has had its answer. @returns whether a catalog has to be read. */
  left(state: TargetState): boolean;
};

/** Over the definitions of each connection. */
export function turnsOf(
  definitionsOf: (connection: string) => Definitions,
  limits: TargetLimits,
  nowMs: () => number,
): Turns {
  return { take, withdraw, woken, left };

  function take(state: TargetState, allowed: Allowed, out: Out): "go" | "wait" | "refused" {
    const { connection, key } = state;
    const definitions = definitionsOf(connection);
    const turn = definitions.enter(key.session, allowed.verdict, transactionOf(state));
    if (turn === "wait") {
      const isFirst = state.waitsSinceMs === null;
      state.waitsSinceMs ??= nowMs();
      if (isFirst) out.push({ kind: "wake", name: "turn", afterMs: limits.wayMs });
      const { moves } = definitions;
      out.push({ kind: "run", command: { kind: "await_turn", connection, moves } });
      return "wait";
    }
    if (state.waitsSinceMs !== null) out.push({ kind: "unwake", name: "turn" });
    state.waitsSinceMs = null;
    if (turn === "go") return "go";
    refuse(state, allowed, turn === "stale" ? changed : elsewhere, out);
    return "refused";
  }

  function withdraw(state: TargetState, allowed: Allowed, out: Out): void {
    giveUp(state, allowed, cancelled, out);
  }

  function woken(state: TargetState, out: Out): void {
    const [allowed] = state.queue;
    const { connection, waitsSinceMs } = state;
    if (waitsSinceMs === null || allowed === undefined) return;
    if (nowMs() - waitsSinceMs >= limits.turnMsMax) return giveUp(state, allowed, awaited, out);
    out.push({ kind: "run", command: { kind: "clear_way", connection } });
    out.push({ kind: "wake", name: "turn", afterMs: limits.wayMs });
  }

  function giveUp(state: TargetState, allowed: Allowed, reason: Reason, out: Out): void {
    state.queue.splice(state.queue.indexOf(allowed), 1);
    state.waitsSinceMs = null;
    out.push({ kind: "unwake", name: "turn" });
    definitionsOf(state.connection).withdraw(state.key.session);
    refuse(state, allowed, reason, out);
  }

  function left(state: TargetState): boolean {
    const definitions = definitionsOf(state.connection);
    definitions.leave(state.key.session, state.upstream.conversation.answered().transaction);
    return definitions.unread.length > 0;
  }
}

function transactionOf({ upstream }: TargetState): "I" | "T" | "E" {
  return upstream.conversation.transaction ?? "I";
}

function refuse(state: TargetState, allowed: Allowed, refused: Reason, out: Out): void {
  state.pending.delete(allowed.verdict.request);
  settle(allowed, { ...notRun, alive: true, refused }, out);
}

/** Drivers know the state as one that is worth another try. */
const changed: Reason = {
  code: "definitions_changed",
  policy: null,
  message: "another session has just defined anew what the statement names",
  detail: "It was judged by what the names meant before, and did not run.",
  hint: "Run it again.",
  sqlstate: sqlstate.serializationFailure,
};
const awaited: Reason = {
  code: "definitions_awaited",
  policy: null,
  message: "what other sessions run and what they define did not come to an end in time",
  detail: "A definition and statements that read what it names wait for each other. " +
    "The statement did not run.",
  hint: "Run it again when they have ended.",
  sqlstate: sqlstate.lockNotAvailable,
};
const elsewhere: Reason = {
  code: "definitions_elsewhere",
  policy: null,
  message: "another process of the gateway serves this database, too",
  detail: "Something is defined only where one process alone serves a database. " +
    "The statement did not run.",
  hint: "Run it again when the sessions of the others have ended, or ask for a single target.",
  sqlstate: sqlstate.lockNotAvailable,
};
const cancelled: Reason = {
  code: "cancelled",
  policy: null,
  message: "the statement was cancelled before it ran",
  detail: "",
  hint: "",
  sqlstate: sqlstate.queryCanceled,
};
