/**
 * G5: a held request runs only after the approvals its policy asks for, by distinct people none of
 * whom stands in the requester's delegation chain, for exactly these bytes, parameters and session
 * settings (the binding), once, before its expiry.
 * Each approver is held against identity's signature too, when its keys are given.
 *
 * @module
 */
import { quorumMet, standsInChain, voterId } from "#schemas/approval.ts";
import { type Approval, type ApprovalNeed, decodeControl, type Verdict } from "#schemas/frames.ts";
import { unreachable } from "#schemas/unreachable.ts";
import { voteFault } from "./identity_check.ts";
import type {
  ApprovalRecord,
  CheckContext,
  HoldRecord,
  RequestRecord,
  SessionRecord,
} from "./session_record.ts";

/** One step in the life of an approval. */
export function takeApproval(session: SessionRecord, context: CheckContext): void {
  const { frame, report } = context;
  const approval = decodeControl("approval", frame.payload);
  if (approval === null) return report("shape", "approval is not of its shape");
  if (approval.request !== frame.request) {
    return report("shape", "approval and header name two requests");
  }
  const record = session.approvals.get(approval.id);
  if (approval.state === "asked") {
    if (record !== undefined) return report("G5", `approval ${approval.id} is asked twice`);
    return ask(session, approval, context);
  }
  if (record === undefined) {
    // One that ended before anybody could be asked is stored at its end alone.
    if (isEnd(approval)) return ask(session, approval, context);
    return report("G5", `approval ${approval.id} is ${approval.state} but was not asked`);
  }
  if (record.binding !== approval.binding || record.request !== approval.request) {
    return report("G5", `approval ${approval.id} changes its request or binding`);
  }
  if (record.terms !== termsOf(approval)) {
    report("G5", `approval ${approval.id} changes its needs or expiry`);
  }
  checkNobody(approval, context);
  switch (approval.state) {
    case "voted":
      return vote(session, record, approval, context);
    case "granted":
      return grant(session, record, approval, context);
    case "denied":
      record.ended = approval.state;
      return deny(approval, context);
    case "expired":
    case "withdrawn":
      record.ended = approval.state;
      return;
    case "consumed":
      return;
    default:
      return unreachable(approval.state);
  }
}

function isEnd({ state }: Approval): boolean {
  return state === "withdrawn" || state === "expired";
}

/** What time, a session's end or a verdict brings about is nobody's decision, and names nobody. */
function checkNobody({ id, state, by }: Approval, { report }: CheckContext): void {
  if (by === null || state === "voted" || state === "granted" || state === "denied") return;
  report("G5", `approval ${id} is ${state}, which is nobody's to say`);
}

/** What stays as it was asked. */
function termsOf({ needs, expiresAt }: Pick<Approval, "needs" | "expiresAt">): string {
  return JSON.stringify([needs, expiresAt]);
}

/** A grant follows from the votes before it, and names one of those who cast them once more. */
function grant(
  session: SessionRecord,
  record: ApprovalRecord,
  { id, at, by }: Approval,
  { report }: CheckContext,
): void {
  record.granted = true;
  record.grantedAtMs = Date.parse(at);
  if (record.ended !== null) report("G5", `approval ${id} is granted after it was ${record.ended}`);
  if (by === null) report("G5", `the grant of approval ${id} names nobody`);
  else if (!record.agreed.has(JSON.stringify(by))) {
    report("G5", `the grant of approval ${id} names somebody who did not agree`);
  }
  const needs = session.requests.get(record.request)?.hold?.needs ?? [];
  for (const lack of lacking(needs, record)) report("G5", `approval ${id} is granted with ${lack}`);
}

/** Of each group that has too few approvals, how many it has. */
function lacking(needs: readonly ApprovalNeed[], { approvals }: ApprovalRecord): string[] {
  return needs.flatMap(({ group, quorum }) => {
    const count = approvals.filter(({ groups }) => groups.includes(group)).length;
    return count < quorum ? [`${count} of ${quorum} approvals of group ${group}`] : [];
  });
}

/** Who is said to have denied did, by identity's signature: a refusal is evidence too. */
function deny(approval: Approval, { frame, identity, report }: CheckContext): void {
  const { by, id } = approval;
  if (by === null) return report("G5", `the denial of approval ${id} names nobody`);
  if (by.decision !== "deny") {
    return report("G5", `the denial of approval ${id} names somebody who agreed`);
  }
  const fault = identity === null ? null : voteFault(identity, approval, by, frame.timeMs);
  if (fault !== null) report("identity", `denial of approval ${id}: ${fault}`);
}

function ask(session: SessionRecord, approval: Approval, context: CheckContext): void {
  const { approvalsMax, clockSkewMs } = context.limits;
  if (session.approvals.size >= approvalsMax) {
    return context.report("limit", `more than ${approvalsMax} approvals in one session`);
  }
  const held = session.requests.get(approval.request)?.hold ?? null;
  const needs = JSON.stringify(approval.needs);
  checkNobody(approval, context);
  if (held?.id !== approval.id) {
    context.report("G5", `approval ${approval.id} is asked, but no hold asks for it`);
  } else if (held.binding !== approval.binding || JSON.stringify(held.needs) !== needs) {
    context.report("G5", `approval ${approval.id} is asked otherwise than its hold says`);
  }
  const expiresAtMs = Date.parse(approval.expiresAt);
  // Written so that a time which does not parse is not "before" anything.
  const inTime = held === null || expiresAtMs <= latestMs(held) + clockSkewMs;
  if (!inTime) {
    context.report("G5", `approval ${approval.id} may be used longer than its hold says`);
  }
  session.approvals.set(approval.id, {
    request: approval.request,
    binding: approval.binding,
    terms: termsOf(approval),
    expiresAtMs,
    approvals: [],
    agreed: new Set(),
    votes: 0,
    granted: false,
    grantedAtMs: Number.NaN,
    ended: isEnd(approval) ? approval.state : null,
    usedBy: null,
  });
}

/** Until when the policies that held a request let it wait, milliseconds since 1970. */
function latestMs({ atMs, needs }: HoldRecord): number {
  return atMs + Math.min(...needs.map(({ expiresMs }) => expiresMs));
}

function vote(
  session: SessionRecord,
  record: ApprovalRecord,
  approval: Approval,
  { frame, limits, identity, report }: CheckContext,
): void {
  const { by, id } = approval;
  if (by === null) return report("G5", `a vote on approval ${id} names nobody`);
  if (++record.votes > limits.votesMax) {
    return report("limit", `more than ${limits.votesMax} votes on approval ${id}`);
  }
  const fault = identity === null ? null : voteFault(identity, approval, by, frame.timeMs);
  if (fault !== null) return report("identity", `vote on approval ${id}: ${fault}`);
  if (by.decision === "deny") {
    record.ended ??= "denied";
    return;
  }
  const requester = session.principal;
  if (requester === null || standsInChain(requester, by)) {
    return report("G5", `approval ${id} is approved by somebody of the requester's own chain`);
  }
  if (by.issuer !== requester.issuer) {
    return report("G5", `approval ${id} is approved by somebody of another issuer`);
  }
  if (record.approvals.some((earlier) => voterId(earlier) === voterId(by))) {
    return report("G5", `approval ${id} is approved twice by one person`);
  }
  record.approvals.push({ issuer: by.issuer, person: by.person, groups: by.groups });
  record.agreed.add(JSON.stringify(by));
}

/** A hold asks for an approval; an allow after it uses that approval up. */
export function judgeVerdict(
  session: SessionRecord,
  request: RequestRecord,
  verdict: Verdict,
  context: CheckContext,
): void {
  const { report } = context;
  const { approval } = verdict;
  if (verdict.decision === "hold") {
    if (approval === null) return report("G5", `hold of request ${request.number} asks nobody`);
    if (approval.needs.length === 0) {
      report("G5", `hold of request ${request.number} needs no approval`);
    }
    if (request.hold !== null) report("G5", `request ${request.number} is held twice`);
    request.hold = { ...approval, atMs: context.frame.timeMs };
    return;
  }
  if (verdict.decision === "deny") return;
  const held = request.hold;
  if (held === null && approval === null) return;
  if (held === null || approval === null || held.id !== approval.id) {
    const what = approval === null ? "no approval" : "another approval";
    const why = held === null ? "was not held" : `was held for approval ${held.id}`;
    return report("G5", `allow uses ${what}; request ${request.number} ${why}`);
  }
  const sameNeeds = JSON.stringify(held.needs) === JSON.stringify(approval.needs);
  if (held.binding !== approval.binding || !sameNeeds) {
    report("G5", `allow of request ${request.number} is bound otherwise than its hold`);
  }
  const record = session.approvals.get(approval.id);
  if (record === undefined) return report("G5", `approval ${approval.id} was never asked`);
  useApproval(record, held.needs, approval.id, request, context);
}

function useApproval(
  record: ApprovalRecord,
  needs: readonly ApprovalNeed[],
  id: string,
  request: RequestRecord,
  { frame, limits, report }: CheckContext,
): void {
  if (record.usedBy !== null) {
    report("G5", `approval ${id} is used again; frame ${record.usedBy} used it`);
  }
  record.usedBy = frame.sequence;
  if (record.request !== request.number) report("G5", `approval ${id} is of another request`);
  if (!record.granted) report("G5", `approval ${id} was not granted`);
  // A session that closes withdraws what it asked, also while the allow is on its way.
  if (record.ended !== null && !(record.granted && record.ended === "withdrawn")) {
    report("G5", `approval ${id} was ${record.ended}`);
  }
  for (const lack of lacking(needs, record)) report("G5", `approval ${id} has ${lack}`);
  if (!quorumMet(needs, record.approvals)) {
    report("G5", `approval ${id} is used though distinct people do not fill all its needs`);
  }
  // Written so that a time which does not parse is not "before" anything.
  const inTime = record.grantedAtMs <= record.expiresAtMs &&
    frame.timeMs <= record.expiresAtMs + limits.clockSkewMs;
  if (!inTime) report("G5", `approval ${id} is used after its expiry`);
}
