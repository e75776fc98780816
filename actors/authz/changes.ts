/**
 * What an outcome does to the session's state: which changes took effect, which are unknown.
 *
 * @module
 */
import type { Outcome } from "#schemas/frames.ts";
import { applyChange, applyRequest, freshSession, type SessionState } from "./analysis/session.ts";
import type { Understood } from "./request.ts";
import type { PostgresState } from "./postgres/state.ts";

/** Applies an outcome. A request of which nothing ran changes nothing. */
export function settleSession(
  state: PostgresState,
  understood: Understood | null,
  outcome: Outcome,
): void {
  const { transaction } = outcome;
  if (understood !== null && outcome.status !== "not_run") {
    const { changes } = understood;
    const succeeded = outcome.status === "executed";
    const completed = succeeded ? changes.length : Math.min(outcome.completed, changes.length);
    state.session = applyRequest(state.session, changes, completed);
    state.session = succeeded
      ? understood.protocolChanges.reduce(applyChange, state.session)
      : afterFailure(state.session, understood);
    state.portals = succeeded ? understood.portals : new Map();
  }
  // The opening changes nothing; anything else that ran and was not understood, everything.
  if (understood === null && outcome.request > 0 && outcome.status !== "not_run") {
    state.session = unknownSession(state.session, transaction ?? state.transaction);
    state.portals = new Map();
  }
  if (transaction !== null) {
    state.transaction = transaction;
    // Portals end with their transaction.
    if (transaction === "I") state.portals = new Map();
    // Of an aborted transaction the server itself takes nothing but its end.
    if (transaction !== "T") state.refused = false;
  }
  if (outcome.catalogDigest !== null) state.needsCatalog = outcome.catalogDigest;
}

/**
 * The session after something that was not understood: nothing that has a name is known any more,
 * neither now nor to what a ROLLBACK would put back.
 */
function unknownSession(session: SessionState, transaction: "I" | "T" | "E"): SessionState {
  const fresh = freshSession(null);
  const { defaultPath, names } = session;
  const unknown = { ...fresh, unsettled: true, defaultPath, names: names + 1 };
  return transaction === "I" ? unknown : applyChange(unknown, { kind: "begin" });
}

/**
 * Which Parse of a failed batch took effect is not known. A name that did not exist before means
 * the new statement or none; a name that was made twice, or the unnamed one, may mean either.
 */
function afterFailure(session: SessionState, understood: Understood): SessionState {
  const counts = new Map<string, number>();
  for (const name of understood.parsed) counts.set(name, (counts.get(name) ?? 0) + 1);
  const kept = understood.protocolChanges.filter((change) => {
    return change.kind !== "prepare" || change.name !== "" && counts.get(change.name) === 1;
  });
  const after = kept.reduce(applyChange, session);
  return applyChange(after, { kind: "deallocate", name: "" });
}
