/**
 * A request's bytes as what they ask for: statements to run, plans for the answers, what becomes of
 * the session's prepared statements and portals.
 *
 * @module
 */
import type { Refusal, StatementAnalysis } from "#schemas/analysis.ts";
import { describeMalformed } from "#schemas/wire/cursor.ts";
import { Framer } from "#schemas/wire/postgres/frame.ts";
import { decodeFrontend } from "#schemas/wire/postgres/frontend.ts";
import type { SessionChange, SessionState } from "../analysis/session.ts";
import type { Position } from "../policy/plan.ts";
import { type Draft, newDraft, type PlannableText } from "./draft.ts";
import { type CopyStage, misplaced, stageBehind } from "./message_order.ts";
import type { Analyse, Portals } from "./portals.ts";
import type { Digest, Probed } from "./probes.ts";
import { type MessageLimits, refusalOf, takeMessage } from "./take_message.ts";

/** What a request asks for. */
export type Understood = {
  readonly kind: "understood";
  /** Statements that run, in order. */
  readonly executed: readonly StatementAnalysis[];
  /** Statements that are only prepared; policy must not refuse them outright. */
  readonly prepared: readonly StatementAnalysis[];
  /** Of each of both, what the planner may be asked. */
  readonly texts: Readonly<Record<"executed" | "prepared", readonly (PlannableText | null)[]>>;
  /** The answers that the server will give, in order. */
  readonly positions: readonly Position[];
  /** What each executed statement changes in the session when it succeeds, in order. */
  readonly changes: readonly (SessionChange | null)[];
  /** What becomes of prepared statements and portals when the whole request succeeds. */
  readonly protocolChanges: readonly SessionChange[];
  /** What of them the server plans, whatever becomes of the request. */
  readonly planned: readonly SessionChange[];
  readonly portals: Portals;
  /** Names given to Parse, in order; what a failure leaves unknown. */
  readonly parsed: readonly string[];
  /** Values that classes are compared with by what runs. */
  readonly probed: readonly Probed[];
  /** Texts of prepared statements that run here; part of what an approval is bound to. */
  readonly runsPrepared: readonly string[];
  /** The request ends the batch: ReadyForQuery follows. */
  readonly synced: boolean;
  /** What it binds may be read a while before names are looked up; see `analysis/late_names.ts`. */
  readonly bindsLate: boolean;
  readonly bindsParameters: boolean;
  /** It reads from a cursor or portal that earlier requests read from, or later ones may. */
  readonly resumes: boolean;
};
export type Misunderstood = { readonly kind: "refused"; readonly refusal: Refusal };

export type RequestLimits = MessageLimits & {
  /** Of one request. */
  readonly messagesMax: number;
};

/** Understands a request, or says why it cannot be judged. Values are digested by `digest`. */
export function understand(
  bytes: Uint8Array,
  session: SessionState,
  portals: Portals,
  analyse: Analyse,
  limits: RequestLimits,
  digest: Digest,
): Understood | Misunderstood {
  const draft = newDraft(session, portals, digest);
  const framer = new Framer({ messageBytesMax: Number.MAX_SAFE_INTEGER });
  framer.push(bytes);
  let stage: CopyStage = "none";
  for (let number = 0;; number++) {
    const frame = framer.next();
    if (frame.kind === "need") break;
    if (number >= limits.messagesMax) return refused("too_complex", "too many messages at once");
    // The edge has kept the protocol's order; each message is judged by its own contents.
    const message = frame.kind === "malformed" ? frame : decodeFrontend(frame, stateFor(frame.tag));
    if (message.kind === "malformed") {
      return refused("malformed_message", describeMalformed(message));
    }
    const refusal = misplaced(message, stage) ??
      takeMessage(message, number, draft, analyse, limits);
    if (refusal !== null) return { kind: "refused", refusal };
    stage = stageBehind(message, stage, draft.executed.at(-1));
  }
  if (framer.buffered > 0) return refused("malformed_message", "the request ends inside a message");
  if (!draft.synced && leavesOpen(session, draft)) {
    return refused(
      "unsupported_statement",
      "a statement that changes the session must end with Sync, or stand in a transaction block",
    );
  }
  return understoodOf(draft);
}

function understoodOf(draft: Draft): Understood {
  const { executedTexts, bound: _bound, digest: _digest, messages: _messages, ...rest } = draft;
  const prepared = [...draft.prepared.values()];
  return {
    kind: "understood",
    ...rest,
    prepared: prepared.map(({ analysis }) => analysis),
    texts: { executed: executedTexts, prepared: prepared.map(({ text }) => text) },
    resumes: draft.resumes || draft.executed.some(({ details }) => details.includes("fetch")),
  };
}

/**
 * Says whether a batch without Sync leaves changes in an implicit transaction: an error in a later
 * request would undo them, and names would mean one thing here and another there.
 */
function leavesOpen(before: SessionState, draft: Draft): boolean {
  if (before.transaction.kind === "block" || draft.session.transaction.kind === "block") {
    return false;
  }
  return draft.changes.some((made) => made !== null);
}

/** The edge lets no message pass that its own state forbids; here each stands alone. */
function stateFor(tag: string): "ready" | "copy_in" {
  return tag === "d" || tag === "c" || tag === "f" ? "copy_in" : "ready";
}

function refused(code: Refusal["code"], message: string): Misunderstood {
  return { kind: "refused", refusal: refusalOf(code, message) };
}
