/**
 * The client's side of the protocol as a table: which message an edge may receive in which state,
 * and the state after it. An absent cell is a protocol error.
 * https://www.postgresql.org/docs/current/protocol-flow.html
 *
 * What the server says moves the state too; those moves are `stateAfterServer`. A client may send
 * its next batch before it has read the end of the last one: an error belongs to the batch it
 * answers, and moves the state only while that batch is the one being received.
 *
 * @module
 */
import type { BackendMessage } from "./backend.ts";

/** One character of the wire; `p` is read by the state. */
export type FrontendTag =
  | "Q"
  | "P"
  | "B"
  | "D"
  | "E"
  | "C"
  | "S"
  | "H"
  | "X"
  | "F"
  | "d"
  | "c"
  | "f"
  | "p";

/**
 * `startup` and `authenticating`: nothing but untagged packets, or nothing, is due from the client.
 * `extended`: between the first extended message and its Sync. `extended_failed`: after an error in
 * it, when the server discards everything up to Sync. `copy_in` and `copy_both`: COPY under a
 * simple query, or under an extended one.
 */
export type State =
  | "startup"
  | "authenticating"
  | "password"
  | "sasl_initial"
  | "sasl"
  | "ready"
  | "extended"
  | "extended_failed"
  | "copy_in"
  | "copy_in_extended"
  | "copy_both"
  | "closed";

/** The transitions by a client's message. */
export const frontendStates = {
  startup: {},
  authenticating: { X: "closed" },
  password: { p: "authenticating", X: "closed" },
  sasl_initial: { p: "authenticating", X: "closed" },
  sasl: { p: "authenticating", X: "closed" },
  // The server ignores COPY messages outside of COPY: a client may send them before it hears that
  // its COPY failed.
  ready: {
    Q: "ready",
    F: "ready",
    P: "extended",
    B: "extended",
    D: "extended",
    E: "extended",
    C: "extended",
    H: "ready",
    S: "ready",
    X: "closed",
    d: "ready",
    c: "ready",
    f: "ready",
  },
  // A Query or FunctionCall before Sync is absent: whether it runs depends on whether an earlier
  // message failed, and no driver sends it.
  extended: {
    P: "extended",
    B: "extended",
    D: "extended",
    E: "extended",
    C: "extended",
    H: "extended",
    S: "ready",
    X: "closed",
    d: "extended",
    c: "extended",
    f: "extended",
  },
  extended_failed: {
    P: "extended_failed",
    B: "extended_failed",
    D: "extended_failed",
    E: "extended_failed",
    C: "extended_failed",
    H: "extended_failed",
    S: "ready",
    X: "closed",
    d: "extended_failed",
    c: "extended_failed",
    f: "extended_failed",
  },
  // Flush and Sync are ignored during COPY from the client.
  copy_in: { d: "copy_in", c: "ready", f: "ready", H: "copy_in", S: "copy_in", X: "closed" },
  copy_in_extended: {
    d: "copy_in_extended",
    c: "extended",
    f: "extended_failed",
    H: "copy_in_extended",
    S: "copy_in_extended",
    X: "closed",
  },
  copy_both: { d: "copy_both", c: "ready", f: "ready", X: "closed" },
  closed: {},
} as const satisfies Record<State, Partial<Record<FrontendTag, State>>>;

/** What the server may say that moves the state. */
export type ServerEvent =
  | "startup_received"
  | "authentication_cleartext_password"
  | "authentication_md5_password"
  | "authentication_sasl"
  | "authentication_sasl_continue"
  | "authentication_ok"
  | "ready_for_query"
  | "copy_in_response"
  | "copy_both_response"
  | "error_response";

/** The transitions by what the server says; an absent cell leaves the state as it is. */
const serverStates = {
  startup: { startup_received: "authenticating", error_response: "closed" },
  authenticating: {
    authentication_cleartext_password: "password",
    authentication_md5_password: "password",
    authentication_sasl: "sasl_initial",
    authentication_sasl_continue: "sasl",
    ready_for_query: "ready",
    error_response: "closed",
  },
  password: { error_response: "closed" },
  sasl_initial: { error_response: "closed" },
  sasl: { error_response: "closed" },
  ready: { copy_in_response: "copy_in", copy_both_response: "copy_both" },
  extended: { copy_in_response: "copy_in_extended", error_response: "extended_failed" },
  extended_failed: {},
  copy_in: { error_response: "ready" },
  copy_in_extended: { error_response: "extended_failed" },
  copy_both: { error_response: "ready" },
  closed: {},
} as const satisfies Record<State, Partial<Record<ServerEvent, State>>>;

/** The state after a client's message; null is a protocol error. */
export function stateAfterClient(state: State, tag: string): State | null {
  const row: Partial<Record<string, State>> = frontendStates[state];
  return Object.hasOwn(row, tag) ? row[tag] ?? null : null;
}

/** The state after the server's event, or its message of that kind; most leave it as it is. */
export function stateAfterServer(
  state: State,
  event: ServerEvent | BackendMessage["kind"],
): State {
  const row: Partial<Record<typeof event, State>> = serverStates[state];
  return row[event] ?? state;
}
