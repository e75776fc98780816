/**
 * What the edge says in PostgreSQL's own words: refusals, notices, the end of a session.
 *
 * **Invariant:** every word is fixed here or comes from a stored verdict or approval; none is made
 * from bytes that a client or a server sent.
 *
 * @module
 */
import type { Outcome, Reason } from "#schemas/frames.ts";
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { errorResponse, noticeResponse } from "#schemas/wire/postgres/error_response.ts";
import type { TransactionStatus } from "#schemas/wire/postgres/ready_for_query.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { Gathered } from "./gather.ts";
import type { Asking } from "./outstanding.ts";

/** An ErrorResponse for a denied request, of the first reason; the others stand in its detail. */
export function refusal(reasons: readonly Reason[]): Uint8Array {
  const [first, ...others] = reasons;
  const detail = [first?.detail ?? "", ...others.map((reason) => reason.message)]
    .filter((line) => line !== "").join("\n");
  return backendBytes(errorResponse({
    severity: "ERROR",
    sqlstate: first?.sqlstate ?? sqlstate.insufficientPrivilege,
    message: `sallyport: ${first?.message ?? "the request was refused"}`,
    detail,
    hint: first?.hint ?? "",
    ...(first?.position === undefined ? {} : { position: first.position }),
  }));
}

/** The NOTICE that a request waits for people; `why` is the verdict's detail. */
export function held({ link, needs, expiresAt }: Asking, why: string): Uint8Array {
  const groups = needs.map(({ group }) => group);
  return backendBytes(noticeResponse({
    severity: "NOTICE",
    sqlstate: "00000",
    message: `sallyport: this request waits for approval by ${groups.join(" and ")}: ${link}`,
    detail: `It runs as soon as it is approved, and is refused at ${expiresAt}. ${why}`.trim(),
    hint: "Keep waiting, or cancel the statement to withdraw the request.",
  }));
}

/** The agent is in: the server's number of the session, and the key that cancels, which is ours. */
export function admitted(processId: number, secretKey: Uint8Array): Uint8Array {
  return backendBytes(
    { kind: "authentication_ok" },
    { kind: "backend_key_data", processId, secretKey },
  );
}

export function readyForQuery(status: TransactionStatus): Uint8Array {
  return backendBytes({ kind: "ready_for_query", status });
}

/** The end of a session. */
export function fatal(code: string, message: string, hint = "", detail = ""): Uint8Array {
  const words = {
    severity: "FATAL",
    sqlstate: code,
    message: `sallyport: ${message}`,
    detail,
    hint,
  } as const;
  return backendBytes(errorResponse(words));
}

/** What cannot be refused by itself ends the session. */
export function denied(reasons: readonly Reason[]): Uint8Array {
  const [reason] = reasons;
  const code = reason?.sqlstate ?? sqlstate.insufficientPrivilege;
  const message = reason?.message ?? "the request was refused";
  return fatal(code, message, reason?.hint ?? "", reason?.detail ?? "");
}

export function targetLost(status: Outcome["status"]): Uint8Array {
  const code = sqlstate.connectionFailure;
  if (status !== "unknown") {
    const ran = status === "not_run" ? "; the statement did not run" : "";
    return fatal(code, `the target is gone${ran}`, "Reconnect.");
  }
  const message = "the target was lost while the statement ran; " +
    "whether it took effect is not known";
  return fatal(code, message, "Check before you run it again.");
}

/** To an agent that sent something other than a request; null when it said that it goes. */
export function ended(
  gathered: Exclude<Gathered, { kind: "request" }>,
  { requestBytesMax }: { readonly requestBytesMax: number },
): Uint8Array | null {
  switch (gathered.kind) {
    case "terminate":
      return null;
    case "protocol_error":
      return fatal(sqlstate.protocolViolation, gathered.message);
    case "too_large": {
      const { announced } = gathered;
      const message = `a request of ${announced} bytes is over the limit of ${requestBytesMax}`;
      const hint = "Send less at once, or load in bulk with COPY.";
      return fatal(sqlstate.programLimitExceeded, message, hint);
    }
    default:
      return unreachable(gathered);
  }
}

/** What must be recorded cannot be. */
export function unrecorded(full: boolean): Uint8Array {
  const code = full ? sqlstate.diskFull : sqlstate.cannotConnectNow;
  const what = full ? "is full" : "cannot be reached";
  return fatal(code, `the audit log ${what}, and nothing runs unrecorded`, "Try again later.");
}

/** The upstream's connection ended, and the server said nothing about it. */
export const upstreamEnded: Uint8Array = fatal(
  sqlstate.connectionFailure,
  "the target ended the connection",
  "Reconnect.",
);

/** What is waited for only so long: how the record and the agent are told that it is over. */
export const overdue = {
  verdict: {
    reason: "no_verdict",
    bytes: fatal(
      sqlstate.cannotConnectNow,
      "no verdict came in time, and nothing runs unjudged",
      "Try again; tell the operators if it stays.",
    ),
  },
  response: {
    reason: "response_lost",
    bytes: fatal(
      sqlstate.connectionFailure,
      "the statement has ended, and its response was lost on the way",
      "How it ended stands in the record. Reconnect.",
    ),
  },
  idle: {
    reason: "idle",
    bytes: fatal(sqlstate.idleSessionTimeout, "the session was idle too long"),
  },
  session: {
    reason: "session_limit",
    bytes: fatal(sqlstate.adminShutdown, "the session has reached its time limit"),
  },
} as const;
