/**
 * G1: the target executes only bytes whose SHA-256 stands in an allow verdict already stored; one
 * verdict, one execution.
 *
 * @module
 */
import {
  decisionHeader,
  decodeControl,
  operationHeader,
  type Outcome,
  type Verdict,
} from "#schemas/frames.ts";
import { parseOperation } from "#schemas/operation.ts";
import type { VolumeLimit } from "#schemas/volume.ts";
import {
  type CheckContext,
  newRequest,
  type RequestRecord,
  type SessionRecord,
  settleRequest,
} from "./session_record.ts";

/** One part of a request: parts are contiguous, and their digest is that of all their bytes. */
export function takeRequest(session: SessionRecord, context: CheckContext): void {
  const { frame, limits, report } = context;
  if (session.closed) report("shape", `request ${frame.request} after the session closed`);
  let request = session.requests.get(frame.request);
  if (request === undefined) {
    if (frame.request !== session.highest + 1) {
      return report("shape", `request ${frame.request} where ${session.highest + 1} was due`);
    }
    if (session.requests.size - session.settled.length >= limits.pendingMax) {
      return report("limit", `more than ${limits.pendingMax} requests without an outcome`);
    }
    const operation = parseOperation(frame.headers.get(operationHeader));
    request = newRequest(frame.request, operation);
    session.requests.set(frame.request, request);
    session.highest = frame.request;
  }
  if (request.hash === null || frame.part !== request.parts) {
    const due = request.hash === null ? "none" : `part ${request.parts}`;
    return report("shape", `part ${frame.part} of request ${frame.request} where ${due} was due`);
  }
  request.hash.update(frame.payload);
  request.parts++;
  if (frame.more) return;
  request.digest = request.hash.digest("hex");
  request.hash = null;
}

/** A verdict; gives it, with its request, when it may be judged further. */
export function takeVerdict(
  session: SessionRecord,
  context: CheckContext,
): { verdict: Verdict; request: RequestRecord } | null {
  const { frame, limits, report } = context;
  const verdict = decodeControl("verdict", frame.payload);
  if (verdict === null) return refuse("verdict is not of its shape");
  if (verdict.request !== frame.request) return refuse("verdict and header name two requests");
  const header = frame.headers.get(decisionHeader);
  const decision = verdict.decision + (verdict.approval === null ? "" : "+approval");
  if (header !== undefined && header !== decision) report("shape", "header is not its decision");
  const request = session.requests.get(verdict.request);
  if (request === undefined) {
    return refuse(`verdict on request ${verdict.request}, which was not stored before it`, "G1");
  }
  const final = verdict.decision !== "hold";
  if (request.verdict !== null) {
    return refuse(`a second verdict on request ${request.number}, after the final one`, "G1");
  }
  if (request.digest === null && verdict.decision !== "deny") {
    report("G1", `verdict on request ${request.number} before all its parts were stored`);
  } else if (request.digest !== null && request.digest !== verdict.digest) {
    report("G1", `digest of the verdict is not that of request ${request.number}`);
  }
  if (verdict.decision === "allow" && !allowsOperation(verdict, request)) {
    report("G1", `allow of request ${request.number} is not of what the request is`);
  }
  if (final) {
    const allow = verdict.decision === "allow";
    const { digest, volume = null } = verdict;
    request.verdict = { sequence: frame.sequence, allow, digest, volume };
    if (allow) session.unanswered++;
    else settleRequest(session, request.number, limits.settledMax);
  }
  return { verdict, request };

  function refuse(message: string, guarantee: "shape" | "G1" = "shape"): null {
    report(guarantee, message);
    return null;
  }
}

/** A cancellation is allowed as that and nothing else is; what nobody understands is not. */
function allowsOperation({ cancels }: Verdict, { operation }: RequestRecord): boolean {
  if (operation.kind === "unknown") return false;
  return cancels === (operation.kind === "cancel" ? operation.request : null);
}

/** An outcome carries out one allow verdict of its own request and digest, once. */
export function takeOutcome(session: SessionRecord, context: CheckContext): void {
  const { frame, limits, report } = context;
  const outcome = decodeControl("outcome", frame.payload);
  if (outcome === null) return report("shape", "outcome is not of its shape");
  if (outcome.request !== frame.request) {
    return report("shape", "outcome and header name two requests");
  }
  const number = outcome.request;
  const request = session.requests.get(number);
  const verdict = request?.verdict ?? null;
  if (request === undefined || verdict === null) {
    return report("G1", `${outcome.status}: request ${number} has no verdict`);
  }
  if (request.outcome !== null) {
    const first = request.outcome;
    return report("G1", `a second outcome of request ${number}; the first is frame ${first}`);
  }
  request.outcome = frame.sequence;
  // What was denied is settled already.
  if (verdict.allow) {
    session.unanswered--;
    settleRequest(session, number, limits.settledMax);
  }
  if (!verdict.allow) return report("G1", `${outcome.status}: request ${number} was denied`);
  if (outcome.verdict !== verdict.sequence) {
    report("G1", `outcome names verdict ${outcome.verdict}, the allow is ${verdict.sequence}`);
  }
  if (verdict.volume !== null) checkVolume(outcome, verdict.volume, report);
  if (outcome.digest !== verdict.digest || outcome.digest !== request.digest) {
    report("G1", `digest of the outcome is not that of request ${number} as it was allowed`);
  }
}

/** What was given out is what the verdict allowed, at most. */
function checkVolume(
  { request, status, rows, bytes, counted = bytes }: Outcome,
  { rowsMax, bytesMax }: VolumeLimit,
  report: CheckContext["report"],
): void {
  const allowed = (max: number) => `of request ${request}, which was allowed ${max}`;
  if (rows > rowsMax) report("G1", `${rows} rows ${allowed(rowsMax)}`);
  if (counted > bytesMax) report("G1", `${counted} bytes ${allowed(bytesMax)}`);
  // What an upstream that was lost had given, and nobody was given any more, counts all the same.
  if (counted > bytes && status !== "unknown") {
    report("G1", `request ${request} counts more bytes than it gave out`);
  }
}
