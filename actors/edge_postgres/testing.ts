/** A session of the edge and the stored frames that it meets, for tests. @module */
import type { Frame, FrameKind } from "#actors/_kit/frame.ts";
import { frameOf } from "#actors/_kit/frame_testing.ts";
import { decisionHeader, encodeControl, type Outcome, rawBytesHeader } from "#schemas/frames.ts";
import { outcomeOf, verdictOf } from "#schemas/frames_testing.ts";
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import type { TransactionStatus } from "#schemas/wire/postgres/ready_for_query.ts";
import { edgeLimits } from "./limits.ts";
import { Session } from "./session.ts";
import type { SessionEffect } from "./session_effects.ts";

export const query = frontendBytes({ kind: "query", text: "select 1" });
export const answer = answered("idle");
/** The end of an answer, and what it says of the transaction. */
export function answered(status: TransactionStatus): Uint8Array {
  const done = { kind: "command_complete", tag: "SELECT 1" } as const;
  return backendBytes(done, { kind: "ready_for_query", status });
}
let sequence = 0;

export function frame(
  kind: FrameKind,
  request: number,
  payload: Uint8Array,
  more: Partial<Frame> = {},
): Frame {
  return frameOf(kind, { request, payload, sequence: ++sequence, ...more });
}
export function response(part: number, request: number, payload: Uint8Array, headers = {}): Frame {
  const all = new Map([[rawBytesHeader, "10"], ...Object.entries<string>(headers)]);
  return frame("response", request, payload, { part, headers: all });
}
export function verdict(request: number, decision: "allow" | "deny" | "hold"): Frame {
  const reason = {
    code: "policy_forbids",
    policy: "never-drop",
    message: "policy forbids it",
    detail: "",
    hint: "",
    sqlstate: "42501",
  };
  const reasons = decision === "deny" ? [reason] : [];
  const payload = encodeControl("verdict", verdictOf({ request, decision, reasons }));
  const headers = new Map([[decisionHeader, decision]]);
  return frame("verdict", request, payload, { headers });
}
export function outcome(request: number, more: Partial<Outcome> = {}): Frame {
  const ended = outcomeOf({ request, bytes: 10, transaction: "I", ...more });
  return frame("outcome", request, encodeControl("outcome", ended));
}

/** A session whose opening was allowed and answered. */
export function opened(): Session {
  const session = new Session({
    limits: edgeLimits,
    session: {
      requestBytesMax: 1 << 20,
      verdictMsMax: 1000,
      idleMsMax: 10_000,
      sessionMsMax: 100_000,
    },
    nowMs: () => 0,
    secretKey: new Uint8Array(4),
  });
  session.start();
  session.stored(verdict(0, "allow"));
  session.stored(response(0, 0, backendBytes({ kind: "ready_for_query", status: "idle" })));
  session.stored(outcome(0));
  return session;
}
export function written(effects: readonly SessionEffect[]): string {
  const bytes = effects.flatMap((one) => one.kind === "write" ? [...one.bytes] : []);
  return new TextDecoder("latin1").decode(new Uint8Array(bytes));
}
export function has(effects: readonly SessionEffect[], kind: SessionEffect["kind"]): boolean {
  return effects.some((one) => one.kind === kind);
}
/** The requests that are published. */
export function published(effects: readonly SessionEffect[]): Uint8Array[] {
  return effects.flatMap((one) => {
    return one.kind === "publish" && one.frame === "request" ? [one.payload] : [];
  });
}
