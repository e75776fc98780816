/**
 * What an outcome does to the session's state: which changes took effect, which are unknown.
 *
 * @module
 */
import type { Outcome } from "#schemas/frames.ts";
import { addVolume, noVolume } from "#schemas/volume.ts";
import { applyChange, applyRequest, freshSession, type SessionState } from "../analysis/session.ts";
import type { Understood } from "./request.ts";
import type { PostgresState } from "./state.ts";

/**
 * Applies an outcome, of a request that people approved or that policy alone did. A request of
 * which nothing ran changes nothing.
 */
export function settleSession(
  state: PostgresState,
  understood: Understood | null,
  outcome: Outcome,
  allowedBy: "approval" | "policy" = "policy",
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
  if (outcome.request > 0 && outcome.status !== "not_run") state.batchIsOpen = transaction === null;
  if (transaction !== null) {
    state.transaction = transaction;
    // Portals end with their transaction.
    if (transaction === "I") state.portals = new Map();
    // Of an aborted transaction the server itself takes nothing but its end.
    if (transaction !== "T") state.refused = false;
  }
  // The agent was told of an error, and what is open upstream is aborted as after a refusal.
  const cutLate = outcome.cut !== undefined && outcome.status === "executed";
  if (cutLate && state.transaction === "T") state.refused = true;
  countVolume(state, understood, outcome, allowedBy);
  if (outcome.catalogDigest !== null) state.needsCatalog = outcome.catalogDigest;
}

function countVolume(
  state: PostgresState,
  understood: Understood | null,
  { rows, bytes }: Outcome,
  allowedBy: "approval" | "policy",
): void {
  const given = { rows, bytes };
  const { plain, approved, fetched } = state.volume;
  const isOpen = state.session.cursors.size > 0 ||
    [...state.portals.values()].some(({ done }) => !done);
  const more = understood?.resumes === true ? addVolume(fetched, given) : fetched;
  state.volume = {
    plain: allowedBy === "policy" ? addVolume(plain, given) : plain,
    approved: allowedBy === "approval" ? addVolume(approved, given) : approved,
    // With nothing left open, what is read next is another statement.
    fetched: isOpen ? more : noVolume,
  };
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
