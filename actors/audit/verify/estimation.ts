/**
 * G1 of what is planned and not run: the target has statements planned only of a request whose
 * digest stands in a question of authz's that is stored already; once, and before it is judged.
 *
 * @module
 */
import { decodeControl } from "#schemas/frames.ts";
import type { CheckContext, SessionRecord } from "./session_record.ts";

/** A question to the planner: about a whole request, by its digest, before its verdict. */
export function takeExplain(session: SessionRecord, context: CheckContext): void {
  const { frame, report } = context;
  const explain = decodeControl("explain", frame.payload);
  if (explain === null) return report("shape", "explain is not of its shape");
  if (explain.request !== frame.request) {
    return report("shape", "explain and header name two requests");
  }
  const request = session.requests.get(explain.request);
  if (request === undefined) {
    return report("G1", `explain of request ${explain.request}, which was not stored before it`);
  }
  const { number } = request;
  if (request.verdict !== null || request.hold !== null) {
    return report("G1", `explain of request ${number}, which was judged before`);
  }
  if (request.explain !== null) return report("G1", `a second explain of request ${number}`);
  if (request.digest === null) {
    report("G1", `explain of request ${number} before all its parts were stored`);
  } else if (request.digest !== explain.digest) {
    report("G1", `digest of the explain is not that of request ${number}`);
  }
  if (session.principalFault !== null) {
    report("identity", `explain, but ${session.principalFault}: the session's token`);
  }
  const { statements } = explain;
  request.explain = { sequence: frame.sequence, statements: statements.length, answered: false };
}

/** What the planner answered to one question, once. It may come after the verdict. */
export function takeEstimate(session: SessionRecord, context: CheckContext): void {
  const { frame, report } = context;
  const estimate = decodeControl("estimate", frame.payload);
  if (estimate === null) return report("shape", "estimate is not of its shape");
  if (estimate.request !== frame.request) {
    return report("shape", "estimate and header name two requests");
  }
  const { request: number } = estimate;
  const request = session.requests.get(number);
  const explain = request?.explain ?? null;
  if (request === undefined || explain === null) {
    return report("G1", `estimate of request ${number}, which nobody asked for`);
  }
  if (explain.answered) return report("G1", `a second estimate of request ${number}`);
  explain.answered = true;
  if (estimate.explain !== explain.sequence) {
    report("G1", `estimate names explain ${estimate.explain}, which is ${explain.sequence}`);
  }
  if (estimate.digest !== request.digest) {
    report("G1", `digest of the estimate is not that of request ${number}`);
  }
  if (estimate.rows.length !== explain.statements) {
    report("G1", `estimate of request ${number} is not of the statements that were asked about`);
  }
}
