/**
 * The bus's words for the errors of the NATS client library and for bare statuses.
 *
 * @module
 */
import { BusError } from "#actors/_kit/bus.ts";

/** The error of a message that is only a status. */
export function statusError(status: number): BusError {
  if (status === 503) return new BusError("unavailable", "No responders: 503");
  if (status === 408) return new BusError("timeout", "Timed out at the server: 408");
  return new BusError("refused", `Refused by the server: ${status}`);
}

/** The bus's word for an error of the client library. */
export function busErrorOf(error: unknown): BusError {
  if (error instanceof BusError) return error;
  const name = error instanceof Error ? error.name : "";
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  if (name === "RequestError" && cause !== undefined) return busErrorOf(cause);
  const options = { cause: error };
  switch (name) {
    case "TimeoutError":
      return new BusError("timeout", "No answer in time", options);
    case "NoResponders":
      return new BusError("unavailable", "No responders", options);
    case "PermissionViolationError":
    case "AuthorizationError":
    case "UserAuthenticationExpiredError":
    case "InvalidSubjectError":
      return new BusError("refused", `Refused: ${name}`, options);
    case "InvalidArgumentError":
      return new BusError("too_large", "Larger than the server takes", options);
    default:
      return new BusError("unavailable", `Connection: ${name === "" ? "unknown" : name}`, options);
  }
}

/** The subject of a publish that the server did not permit, or null for any other error. */
export function refusedPublish(error: Error): string | null {
  if (error.name !== "PermissionViolationError") return null;
  if (!("operation" in error) || error.operation !== "publish") return null;
  return "subject" in error && typeof error.subject === "string" ? error.subject : null;
}
