/**
 * The words of a verdict that policy alone does not give: refusals of what cannot be judged, of a
 * transaction that a refusal aborted, of an approval that came to nothing.
 *
 * @module
 */
import type { Refusal } from "#schemas/analysis.ts";
import { type Reason, requestOverCode } from "#schemas/frames.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";

const states: Readonly<Record<Refusal["code"], string>> = {
  syntax_error: sqlstate.syntaxError,
  too_complex: sqlstate.statementTooComplex,
  unsupported_statement: sqlstate.featureNotSupported,
  unknown_prepared_statement: "26000",
  unknown_cursor: "34000",
  catalog_unsettled: sqlstate.cannotConnectNow,
  malformed_message: sqlstate.protocolViolation,
  too_many_parameters: sqlstate.programLimitExceeded,
};

const hints: Readonly<Record<Refusal["code"], string>> = {
  syntax_error: "Correct the statement and send it again.",
  too_complex: "Split it into smaller statements.",
  unsupported_statement: "Use plain SQL statements one by one.",
  unknown_prepared_statement: "Prepare it (again) in this session.",
  unknown_cursor: "Declare or bind it (again) in this transaction.",
  catalog_unsettled: "Try again in a moment.",
  malformed_message: "The client library sent a message that is not of the protocol.",
  too_many_parameters: "Send fewer parameters at once.",
};

/** A statement that cannot be judged is refused (G8). */
export function unjudgeable(refusal: Refusal): Reason {
  const { code, message, position } = refusal;
  return {
    code,
    policy: null,
    message,
    detail: position === null ? "" : `At character ${position} of the statement.`,
    hint: hints[code],
    sqlstate: states[code],
    ...(position === null ? {} : { position }),
  };
}

export const abortedTransaction: Reason = {
  code: "transaction_aborted",
  policy: null,
  message: "the transaction is aborted, because a statement in it was refused",
  detail: "Nothing more runs in it.",
  hint: "Send ROLLBACK, then begin anew without the refused statement.",
  sqlstate: sqlstate.inFailedSqlTransaction,
};

/** Nothing is left of what the session may be given. */
export const volumeExhausted: Reason = {
  code: "volume_exhausted",
  policy: null,
  message: "the session was given all the rows or bytes that it may be given",
  detail: "Statements that return nothing still run.",
  hint: "Ask for less (WHERE, aggregates); operators set how much a session may be given.",
  sqlstate: sqlstate.programLimitExceeded,
};

/** Masked values on their way to columns; null for one that is not certain. */
export function writeBack(
  columns: readonly ({ readonly name: string; readonly classes: readonly string[] } | null)[],
): Reason {
  const named = columns.flatMap((column) => {
    if (column === null) return [];
    const classes = column.classes.length === 0 ? "" : ` (${column.classes.join(", ")})`;
    return [`"${column.name}"${classes}`];
  });
  const list = [...new Set(named)].slice(0, 16);
  return {
    code: "write_back",
    policy: null,
    message: "a masked value would be written in place of the value it hides",
    detail: list.length === 0 ? "" : `It would be written to ${list.join(", ")}.`,
    hint: "Leave out the columns that you see masked: what is not written stays as it is.",
    sqlstate: sqlstate.insufficientPrivilege,
  };
}

export const copyRefused: Reason = {
  code: "copy_refused",
  policy: null,
  message: "a part of this COPY was refused, so nothing of it is stored",
  detail: "",
  hint: "Send it again without what was refused.",
  sqlstate: sqlstate.insufficientPrivilege,
};

export const withdrawn: Reason = {
  code: "withdrawn",
  policy: null,
  message: "canceling statement due to user request",
  detail: "The request for approval was withdrawn.",
  hint: "",
  sqlstate: sqlstate.queryCanceled,
};

export const requestOver: Reason = {
  code: requestOverCode,
  policy: null,
  message: "the request that this belongs to is over, or was refused",
  detail: "Nothing of it is passed on.",
  hint: "Begin anew.",
  sqlstate: sqlstate.insufficientPrivilege,
};

export const unknownOperation: Reason = {
  code: "unknown_operation",
  policy: null,
  message: "the gateway does not know what is to be done with the request",
  detail: "Nothing of it is passed on.",
  hint: "Edge and authz should be of one version; tell whoever operates them.",
  sqlstate: sqlstate.insufficientPrivilege,
};

export function notApproved(state: "denied" | "expired" | "withdrawn" | "stale"): Reason {
  const words = {
    denied: ["the request was denied by an approver", "Read the reason at the approval's link."],
    expired: ["nobody approved the request in time", "Ask again when approvers are there."],
    withdrawn: ["the request for approval was withdrawn", "Send it again to ask anew."],
    stale: [
      "policy, catalog or session changed while the request waited",
      "Send it again: it is judged anew.",
    ],
  } as const;
  const [message, hint] = words[state];
  return {
    code: `approval_${state}`,
    policy: null,
    message,
    detail: "",
    hint,
    sqlstate: sqlstate.insufficientPrivilege,
  };
}

/** Content on its way to a target that takes none of these classes. */
export function protectedContent(classes: readonly string[]): Reason {
  return {
    code: "upload_refused",
    policy: null,
    message:
      "the content holds what looks like protected data, which this connection does not take",
    detail: `Found: ${classes.join(", ")}.`,
    hint: "Take it out of the file, or have the file brought by those who may.",
    sqlstate: sqlstate.insufficientPrivilege,
  };
}

export function notAdmitted(message: string): Reason {
  return {
    code: "not_admitted",
    policy: null,
    message,
    detail: "",
    hint: "Get a new token and connect again.",
    sqlstate: sqlstate.invalidAuthorizationSpecification,
  };
}

export function parameterRefused(name: string): Reason {
  return {
    code: "parameter_refused",
    policy: null,
    message: `the start-up parameter "${name}" is not allowed, or not with this value`,
    detail: "",
    hint: "Leave it out; SET harmless settings in the session instead.",
    sqlstate: sqlstate.insufficientPrivilege,
  };
}

/** What a verdict may take of a message on the bus. */
export const verdictBytesMax = 900_000;

/** The plan for all that the server would answer is larger than that. */
export const tooManyAnswers: Reason = {
  code: "too_many_answers",
  policy: null,
  message: "the request asks for more answers than can be judged at once",
  detail: "",
  hint: "Send fewer statements between two Syncs, or load in bulk with COPY.",
  sqlstate: sqlstate.programLimitExceeded,
};

export const noCatalog: Reason = {
  code: "no_catalog",
  policy: null,
  message: "the catalog of this connection has not been read yet, and nothing runs unjudged",
  detail: "",
  hint: "Try again in a moment; tell the operators if it stays.",
  sqlstate: sqlstate.cannotConnectNow,
};
