/** Payloads of control frames in which nothing is particular but what a test says. @module */
import type { Open, Outcome, Verdict } from "#schemas/frames.ts";
import { maskWhole } from "#schemas/mask_plan.ts";

export const zeroDigest = "0".repeat(64);

export function openOf(change: Partial<Open> = {}): Open {
  return {
    version: 1,
    connection: "ehr",
    protocol: "postgres",
    principal: { issuer: "", person: "ana", name: "", actors: [], groups: [], purpose: "" },
    token: "",
    client: { address: "", tls: "", user: "", application: "" },
    parameters: {},
    openedAt: "2026-11-21T00:00:00Z",
    configDigest: "",
    ...change,
  };
}

/** Request 1 is allowed. */
export function verdictOf(change: Partial<Verdict> = {}): Verdict {
  return {
    version: 1,
    request: 1,
    digest: zeroDigest,
    decision: "allow",
    policies: [],
    policyVersion: "",
    catalogDigest: null,
    reasons: [],
    statements: [],
    plan: maskWhole,
    parsed: null,
    durationMsMax: 1000,
    approval: null,
    cancels: null,
    ...change,
  };
}

/** Request 1 was executed, by a server without transactions. */
export function outcomeOf(change: Partial<Outcome> = {}): Outcome {
  return {
    version: 1,
    request: 1,
    digest: zeroDigest,
    verdict: 1,
    status: "executed",
    durationMs: 1,
    bytes: 0,
    rows: 0,
    commands: [],
    sqlstate: null,
    transaction: null,
    completed: 1,
    alive: true,
    catalogDigest: null,
    ...change,
  };
}
