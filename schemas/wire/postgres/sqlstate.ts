/**
 * SQLSTATEs that the gateway words its own errors with, and the standard words of every condition.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 *
 * **Invariant:** `genericMessage` gives words from the table alone: nothing of its argument, and so
 * nothing that a server put there, comes out.
 *
 * @module
 */
import { conditions } from "./conditions.ts";

export const sqlstate = {
  successfulCompletion: "00000",
  connectionException: "08000",
  connectionFailure: "08006",
  protocolViolation: "08P01",
  featureNotSupported: "0A000",
  characterNotInRepertoire: "22021",
  inFailedSqlTransaction: "25P02",
  idleInTransactionSessionTimeout: "25P03",
  invalidAuthorizationSpecification: "28000",
  invalidPassword: "28P01",
  invalidCatalogName: "3D000",
  serializationFailure: "40001",
  insufficientPrivilege: "42501",
  syntaxError: "42601",
  diskFull: "53100",
  tooManyConnections: "53300",
  programLimitExceeded: "54000",
  statementTooComplex: "54001",
  objectNotInPrerequisiteState: "55000",
  lockNotAvailable: "55P03",
  queryCanceled: "57014",
  adminShutdown: "57P01",
  crashShutdown: "57P02",
  cannotConnectNow: "57P03",
  idleSessionTimeout: "57P05",
  internalError: "XX000",
} as const;

/**
 * The condition's own words ("insufficient privilege"); those of its class when the condition is
 * not in the table; "error" when neither is.
 */
export function genericMessage(code: string): string {
  return words.get(code) ?? (code.length === 5 ? words.get(`${code.slice(0, 2)}000`) : null) ??
    "error";
}

const words: ReadonlyMap<string, string> = new Map(
  conditions.trim().split("\n").map((
    line,
  ) => [line.slice(0, 5), line.slice(6).replaceAll("_", " ")]),
);
