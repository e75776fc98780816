/**
 * Sorts stored frames by session and hands each to the checks of its kind. Also the frame's own
 * shape and place: what no honest actor writes is named.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { type Frame, toFrame } from "#actors/_kit/frame.ts";
import { decodeControl, frameHeader, parseFrame } from "#schemas/frames.ts";
import { remember } from "#schemas/remember.ts";
import { auditSubject, parseAuditSubject, policyKey } from "#schemas/subjects.ts";
import { unreachable } from "#schemas/unreachable.ts";
import { createHash } from "node:crypto";
import { judgeVerdict, takeApproval } from "./approval.ts";
import { takeEstimate, takeExplain } from "./estimation.ts";
import { takeOutcome, takeRequest, takeVerdict } from "./execution.ts";
import type { Find, VerifyLimits } from "./finding.ts";
import { type IdentityCheck, openFault } from "./identity_check.ts";
import { takeClose, takeResponse } from "./release.ts";
import {
  type CheckContext,
  contextOf,
  newRequest,
  newSession,
  type SessionRecord,
} from "./session_record.ts";

export type SessionsCheck = {
  take(message: StoredMessage): void;
  /** Sessions seen. */
  count(): number;
  /** Of those, how many have no close: they run still, or what followed is not here. */
  unclosed(): number;
  /** Requests that were allowed and have no outcome: they run still, or what ran is not told. */
  unanswered(): number;
  /** Sessions whose close does not say what was released: their edge was gone. */
  untold(): number;
};

export function checkSessions(
  limits: VerifyLimits,
  identity: IdentityCheck | null,
  find: Find,
): SessionsCheck {
  const open = new Map<string, SessionRecord>();
  const closed = new Map<string, SessionRecord>();
  /** Whose an id is: of all sessions that are open, and of as many that closed. */
  const owners = new Map<string, string>();
  let count = 0;
  let unanswered = 0;
  let untold = 0;
  return {
    take,
    count: () => count,
    unclosed: () => open.size,
    unanswered: () => unanswered,
    untold: () => untold,
  };

  function take(message: StoredMessage): void {
    const frame = toFrame(message);
    if (frame === null) return find("shape", message.sequence, null, notUnderstood(message));
    const id = `${frame.key.edge}/${frame.key.session}`;
    const context = contextOf(frame, id, limits, identity, find);
    for (const text of [...frame.headers].flat()) {
      if (!/^[\x20-\x7e]*$/.test(text)) context.report("shape", "a header is not ASCII");
    }
    // Reading a recording, and policy coming into force, belong to no running session.
    if (frame.kind === "view" || frame.kind === "policy") {
      if (decodeControl(frame.kind, frame.payload) === null) {
        context.report("shape", `${frame.kind} is not of its shape`);
      }
      if (frame.kind === "policy" && message.subject !== policySubject(frame)) {
        context.report("shape", "policy at a place that is not its own");
      }
      return;
    }
    const session = open.get(id) ?? closed.get(id) ?? begin(id, context);
    if (session === null) return;
    if (session.place !== placeOf(frame)) context.report("shape", "session changes epoch or shard");
    const before = session.unanswered;
    takeFrame(session, context);
    unanswered += session.unanswered - before;
    if (!session.closed || !open.delete(id)) return;
    if (session.untold) untold++;
    remember(closed, id, session, limits.closedMax);
  }

  function begin(id: string, context: CheckContext): SessionRecord | null {
    if (open.size >= limits.sessionsMax) {
      context.report("limit", `more than ${limits.sessionsMax} sessions are open`);
      return null;
    }
    if (context.frame.kind !== "open") {
      context.report("shape", `${context.frame.kind} of a session that is not open`);
    }
    const { key } = context.frame;
    // Ids are random, and a token is bound to one: who comes with another's has read its opening.
    const owner = owners.get(key.session) ?? id;
    if (owner !== id) context.report("identity", `the session's id is that of ${owner}`);
    remember(owners, key.session, owner, limits.sessionsMax + limits.closedMax);
    const session = newSession(id, placeOf(context.frame));
    open.set(id, session);
    count++;
    return session;
  }
}

function takeFrame(session: SessionRecord, context: CheckContext): void {
  const { frame } = context;
  const { kind } = frame;
  switch (kind) {
    case "open":
      return takeOpen(session, context);
    case "request":
      return takeRequest(session, context);
    case "explain":
      return takeExplain(session, context);
    case "estimate":
      return takeEstimate(session, context);
    case "verdict": {
      const judged = takeVerdict(session, context);
      if (judged === null) return;
      judgeVerdict(session, judged.request, judged.verdict, context);
      // An edge may store a bad token, for authz to refuse it; nothing may be allowed on one.
      if (judged.verdict.decision === "allow" && session.principalFault !== null) {
        context.report("identity", `allowed, but ${session.principalFault}: the session's token`);
      }
      return;
    }
    case "approval":
      return takeApproval(session, context);
    case "outcome":
      return takeOutcome(session, context);
    case "response":
      return takeResponse(session, context);
    case "close":
      return takeClose(session, context);
    case "view":
    case "policy":
      return;
    default:
      return unreachable(kind);
  }
}

/** The opening is request 0: its bytes are the payload of the open frame. */
function takeOpen(session: SessionRecord, context: CheckContext): void {
  const { frame, identity, report } = context;
  const open = decodeControl("open", frame.payload);
  if (open === null) return report("shape", "open is not of its shape");
  if (frame.request !== 0) report("shape", "open is not request 0");
  if (session.principal !== null) return report("shape", "the session opens twice");
  session.principal = open.principal;
  if (identity !== null) {
    session.principalFault = openFault(identity, open, frame.key.session, frame.timeMs);
  }
  const request = newRequest(0);
  request.parts = 1;
  request.hash = null;
  request.digest = createHash("sha256").update(frame.payload).digest("hex");
  session.requests.set(0, request);
}

function policySubject({ key, kind }: Frame): string {
  return auditSubject(policyKey(key.epoch), kind);
}

function placeOf(frame: Frame): string {
  return `${frame.key.epoch}.${frame.key.shard}`;
}

function notUnderstood({ subject, headers, sequence }: StoredMessage): string {
  const what = parseAuditSubject(subject) === null
    ? "subject"
    : parseFrame(headers.get(frameHeader)) === null
    ? "Sallyport-Frame header"
    : "coding of the payload";
  return `frame ${sequence}: ${what} is not understood`;
}
