/** The shapes of the API's answers. @module */
import { type ApprovalEntry, type SessionEntry, stateAt } from "./ledger.ts";
import type { ApprovalRecording, SessionRecording } from "./recording.ts";

export function approvalSummaryJson(entry: ApprovalEntry, nowMs: number) {
  const { id, key, request, binding, needs, principal, connection, summary } = entry;
  return {
    id,
    state: stateAt(entry, nowMs),
    session: key.session,
    request,
    connection,
    principal,
    needs,
    binding,
    ...summary,
    askedAt: iso(entry.askedAtMs),
    expiresAt: iso(entry.expiresAtMs),
    votes: entry.votes.map(({ atMs, ...vote }) => ({ ...vote, at: iso(atMs) })),
  };
}

export function approvalJson(entry: ApprovalEntry, recording: ApprovalRecording, nowMs: number) {
  const { verdict, shown } = recording;
  return {
    ...approvalSummaryJson(entry, nowMs),
    digest: verdict?.digest ?? null,
    policies: verdict?.policies ?? [],
    reasons: verdict?.reasons ?? [],
    effects: [...new Set((verdict?.statements ?? []).flatMap(({ effects }) => effects))],
    /** Null when they cannot be shown. Literals are masked. */
    statements: shown?.ok === true ? shown.statements : null,
  };
}

export function sessionSummaryJson(entry: SessionEntry) {
  const { key, principal, connection, client, requests, allowed, denied, held, rows } = entry;
  return {
    session: key.session,
    edge: key.edge,
    principal,
    connection,
    client,
    requests,
    allowed,
    denied,
    held,
    rows,
    masked: Object.fromEntries(entry.masked),
    openedAt: iso(entry.openedAtMs),
    closed: entry.closed,
  };
}

export function sessionJson(entry: SessionEntry, recording: SessionRecording, shownMax: number) {
  const timeline = recording.entries.slice(-shownMax).map((one) => {
    const verdict = one.verdicts.at(-1)?.verdict;
    return {
      request: one.request,
      at: iso(one.atMs),
      operation: one.operation,
      /** Null when they cannot be shown. Literals are masked. */
      statements: one.shown?.ok === true ? one.shown.statements : null,
      decision: verdict?.decision ?? null,
      policies: verdict?.policies ?? [],
      reasons: verdict?.reasons ?? [],
      approvals: one.approvals.map(({ approval: { id, state }, atMs }) => {
        return { id, state, at: iso(atMs) };
      }),
      outcome: one.outcome,
      output: one.output,
      masked: Object.fromEntries(one.masked),
    };
  });
  return { ...sessionSummaryJson(entry), cut: recording.cut, timeline };
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
