/**
 * Stored frames: one header that places a frame in its session, and a payload that is either raw
 * protocol bytes (`request`, `response`) or strict JSON (all other kinds).
 *
 * The header `Sallyport-Frame` reads `1;<request>;<part>;<more>;<nonce>`:
 * - version, decimal; a frame of another version is refused;
 * - request: the number of the request in its session, from 1; 0 is the session's opening;
 * - part: for `request`, the part of this request, from 0; for `raw` and `response`, a counter over
 *   the whole session, from 0, so that a gap is seen;
 * - more: 1 while further parts of the same request follow, else 0;
 * - nonce: 16 random bytes, base64url, so that the hash of a small value cannot be guessed.
 *
 * **Invariant:** what the gateway says about a frame stands in headers or in JSON that we wrote;
 * bytes that a client or server sent stand in raw payloads. The two never share a map.
 *
 * @module
 */
import { z } from "zod";
import { definedMax, StatementAnalysis } from "#schemas/analysis.ts";
import { Protocol } from "#schemas/config.ts";
import { MaskPlan } from "#schemas/mask_plan.ts";
import { verdictMemory } from "#schemas/verdict_memory.ts";
import { VolumeCut, VolumeLimit } from "#schemas/volume.ts";

const frameVersion = 1;
export const frameHeader = "Sallyport-Frame";
/** Counts of masked values by class on a `response`: `mrn=12,ssn=3`. */
export const maskedHeader = "Sallyport-Masked";
/** On `raw` and `response`: unmasked bytes of the session so far, decimal; what credit counts. */
export const rawBytesHeader = "Sallyport-Raw-Bytes";
/**
 * On `response`, where it is not the part's own number: how many raw parts are masked with it, from
 * the session's first. Text that was held back leaves in a part to which no raw one belongs.
 */
export const rawPartsHeader = "Sallyport-Raw-Parts";
/** On `raw`: this part begins the response to its request. */
export const firstHeader = "Sallyport-First";
/**
 * On `raw` and `response`: with this part the response was ended at a limit of its verdict. It is
 * released when the outcome is known, which says whether the server knows of the error.
 */
export const limitedHeader = "Sallyport-Limited";
/**
 * On `raw` and `response`: the upstream is gone, and with this part the session ends. `told` where
 * the server said itself that it ends the session, else `1`.
 */
export const endedHeader = "Sallyport-Ended";
export const endedTold = "told";
/**
 * On a `request`: what it is besides statements. `cancel:<n>` withdraws request n. `continues:<n>`
 * belongs to request n while that runs (input of a program, a window's new size): it is judged by
 * itself, carried out beside it, and n's outcome is not waited for.
 */
export const operationHeader = "Sallyport-Operation";
/** On `raw`: epoch and edge of the session, `2026_11.pg1`; its subject has room for neither. */
export const sessionHeader = "Sallyport-Session";
/** On a `verdict`: its decision, and `+approval` when an approval is asked for or used up. */
export const decisionHeader = "Sallyport-Decision";
/** W3C Trace Context. */
export const traceHeader = "traceparent";

export type FramePlace = {
  readonly request: number;
  readonly part: number;
  readonly more: boolean;
  readonly nonce: string;
};

/** The header's text. */
export function formatFrame(place: FramePlace): string {
  return `${frameVersion};${place.request};${place.part};${place.more ? 1 : 0};${place.nonce}`;
}

const framePattern = /^1;(0|[1-9]\d{0,15});(0|[1-9]\d{0,15});([01]);([A-Za-z0-9_-]{22})$/;

/** Parses the header; null for another version or any other text. */
export function parseFrame(text: string | undefined): FramePlace | null {
  const match = text === undefined ? null : framePattern.exec(text);
  if (match === null) return null;
  const [, request, part, more, nonce] = match;
  if (nonce === undefined) return null;
  return { request: Number(request), part: Number(part), more: more === "1", nonce };
}

/** Formats the masked counts; empty text when nothing was masked. */
export function formatMasked(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name}=${count}`).join(",");
}
/** Parses the masked counts; unknown text gives an empty map. */
export function parseMasked(text: string | undefined): Map<string, number> {
  const counts = new Map<string, number>();
  for (const pair of (text ?? "").split(",")) {
    const match = /^([a-z][a-z0-9_-]{0,62}|\[[a-z]+\])=(\d{1,15})$/.exec(pair);
    if (match?.[1] !== undefined) counts.set(match[1], Number(match[2]));
  }
  return counts;
}

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const RequestNumber = z.int().min(0);

/** Who is accountable, and through whom they act: `sub`, then `act` from the outermost inwards. */
export const PrincipalChain = z.strictObject({
  issuer: z.string(),
  /** The accountable person. */
  person: z.string(),
  name: z.string(),
  /** Agents, the one that acts now first; empty when the person acts alone. */
  actors: z.array(z.string()).max(16),
  groups: z.array(z.string()).max(256),
  purpose: z.string().max(64),
});
export type PrincipalChain = z.infer<typeof PrincipalChain>;

export const Open = z.strictObject({
  version: z.literal(1),
  connection: z.string(),
  protocol: Protocol,
  principal: PrincipalChain,
  /** Identity's own signature over chain, connection and session (a JWT bound to this session). */
  token: z.string(),
  client: z.strictObject({
    address: z.string(),
    tls: z.string(),
    user: z.string().max(256),
    application: z.string().max(256),
  }),
  /** Start-up parameters of the protocol that shape the session. */
  parameters: z.record(z.string(), z.string()),
  /** The edge's clock, ISO 8601 with zone. */
  openedAt: z.string(),
  configDigest: z.string(),
});
export type Open = z.infer<typeof Open>;

/** One reason of a deny or hold. Codes are stable; words are for people and agents. */
export const Reason = z.strictObject({
  code: z.string(),
  policy: z.string().nullable(),
  message: z.string(),
  detail: z.string(),
  hint: z.string(),
  /** SQLSTATE for protocols that have one. */
  sqlstate: z.string().length(5),
  /** Where in the statement's text, in characters from 1, as PostgreSQL's error field P counts. */
  position: z.int().min(1).optional(),
});
export type Reason = z.infer<typeof Reason>;
/** The code for what continues a request that has ended: no refusal of anything, only too late. */
export const requestOverCode = "request_over";

export const ApprovalNeed = z.strictObject({
  group: z.string(),
  quorum: z.int().min(1).max(10),
  expiresMs: z.int().min(1000),
  policies: z.array(z.string()),
});
export type ApprovalNeed = z.infer<typeof ApprovalNeed>;

export const Verdict = z.strictObject({
  version: z.literal(1),
  request: RequestNumber,
  /** SHA-256 of the request's exact bytes, all parts. */
  digest: Sha256,
  decision: z.enum(["allow", "deny", "hold"]),
  policies: z.array(z.string()),
  policyVersion: z.string(),
  catalogDigest: z.string().nullable(),
  reasons: z.array(Reason),
  statements: z.array(StatementAnalysis),
  plan: MaskPlan,
  /** The prepared statements that the request's Parse messages make, in order; null: not known. */
  parsed: z.array(z.string()).max(4096).nullable(),
  /**
   * Bare names of relations that other sessions may take for something else once this has run, or
   * the transaction that it stands in; null: any name, and not of relations alone. Absent: none.
   */
  defines: z.array(z.string()).max(definedMax).nullable().optional(),
  /** It was judged as if nothing were known of definitions: nothing of it depends on a catalog. */
  unsettled: z.literal([true]).optional(),
  /**
   * Bare names of relations that it looks up and runs nothing by: it prepares, binds or describes
   * statements; null: any. Absent: none.
   */
  prepares: z.array(z.string()).max(definedMax).nullable().optional(),
  /** The server may look its names up a while after it began. */
  late: z.literal([true]).optional(),
  /** Limits that target enforces on this request. */
  durationMsMax: z.int().min(1),
  /** How much of the response may leave; absent of protocols without rows, and of an opening. */
  volume: VolumeLimit.optional(),
  /** Held: the approval that is asked for. Allowed after a hold: the approval that is used up. */
  approval: z.strictObject({
    id: z.string(),
    needs: z.array(ApprovalNeed),
    /** SHA-256 over request digest, prepared bytes, session settings, chain and policy version. */
    binding: Sha256,
  }).nullable(),
  /** Set on the allow of a cancellation: the request it cancels. */
  cancels: RequestNumber.nullable(),
});
export type Verdict = z.infer<typeof Verdict>;

/** Statements of one request whose rows the planner is asked about at once. */
export const explainedMax = 8;

/**
 * Authz asks how many rows the server's planner expects of a request that it has not judged yet.
 * What is planned are texts of that request, named by its digest: no other bytes go upstream for it
 * (G1), and they are planned, not run.
 */
export const Explain = z.strictObject({
  version: z.literal(1),
  request: RequestNumber,
  /** SHA-256 of the request's exact bytes, all parts. */
  digest: Sha256,
  /** The catalog by which the statements were understood. */
  catalogDigest: z.string(),
  statements: z.array(z.strictObject({
    /** Which message of the request holds the text: Query or Parse, from 0. */
    message: z.int().min(0),
    /** The search path of the session where the statement stands. */
    searchPath: z.array(z.string()).max(256),
  })).min(1).max(explainedMax),
});
export type Explain = z.infer<typeof Explain>;

/** What the planner answered; target stores one for each `explain` that it carries out. */
export const Estimate = z.strictObject({
  version: z.literal(1),
  request: RequestNumber,
  digest: Sha256,
  /** Stream sequence of the `explain` this answers. */
  explain: z.int().min(0),
  /** Rows of each statement, in its order; null where the planner gave no answer. */
  rows: z.array(z.number().min(0).nullable()).max(explainedMax),
});
export type Estimate = z.infer<typeof Estimate>;

export const Approval = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  request: RequestNumber,
  binding: Sha256,
  state: z.enum(["asked", "voted", "granted", "denied", "expired", "withdrawn", "consumed"]),
  needs: z.array(ApprovalNeed),
  /** Where people decide; on `asked`. */
  link: z.string().nullable(),
  /** Who decided; on `voted`, `granted` and `denied`. */
  by: z.strictObject({
    issuer: z.string(),
    person: z.string(),
    name: z.string(),
    groups: z.array(z.string()),
    /** Identity's signature over the approver, bound to this vote on this approval. */
    token: z.string(),
    decision: z.enum(["approve", "deny"]),
    justification: z.string().max(2000),
  }).nullable(),
  at: z.string(),
  expiresAt: z.string(),
});
export type Approval = z.infer<typeof Approval>;

export const Outcome = z.strictObject({
  version: z.literal(1),
  request: RequestNumber,
  digest: Sha256,
  /** Stream sequence of the allow verdict this carries out. */
  verdict: z.int().min(0),
  status: z.enum(["executed", "failed", "cancelled", "unknown", "not_run"]),
  /** Why target did not run what was allowed: its verdict no longer holds. The session goes on. */
  refused: Reason.optional(),
  durationMs: z.number().min(0),
  /** Bytes and rows of the unmasked response, as far as it was passed on. */
  bytes: z.int().min(0),
  rows: z.int().min(0),
  /** Of the bytes, those that counted against the verdict's volume: never more than it allows. */
  counted: z.int().min(0).optional(),
  /** The response was ended at this limit of the verdict; `status` says what became of the rest. */
  cut: VolumeCut.optional(),
  commands: z.array(z.string()),
  sqlstate: z.string().nullable(),
  /** How a program ended (RFC 4254 section 6.10), of protocols that run programs. */
  exit: z.strictObject({ status: z.int().min(0).nullable(), signal: z.string().max(64).nullable() })
    .optional(),
  /** The server's own number of the session (BackendKeyData), when it opens. Never its secret. */
  processId: z.int().optional(),
  /**
   * ReadyForQuery's transaction status after it; null when none came, because the upstream is gone
   * or because the request ends without Sync.
   */
  transaction: z.enum(["I", "T", "E"]).nullable(),
  /** How many of the request's statements completed without error. */
  completed: z.int().min(0),
  /** False when the upstream connection is gone, so that the session must end. */
  alive: z.boolean(),
  /** The catalog target re-read because this request may have changed it. */
  catalogDigest: z.string().nullable(),
});
export type Outcome = z.infer<typeof Outcome>;

export const Close = z.strictObject({
  version: z.literal(1),
  reason: z.string(),
  requests: z.int().min(0),
  /** Response bytes released to the agent, and their running SHA-256 (G2). */
  released: z.strictObject({ parts: z.int().min(0), bytes: z.int().min(0), sha256: Sha256 })
    .nullable(),
  closedAt: z.string(),
});
export type Close = z.infer<typeof Close>;

/** Somebody read or took a recording, or ended a session (design 4: reading is itself recorded). */
export const View = z.strictObject({
  version: z.literal(1),
  by: PrincipalChain,
  what: z.enum(["replay", "session", "approval", "export", "end"]),
  at: z.string(),
});
export type View = z.infer<typeof View>;

/** The policy and configuration that came into force. */
export const Policy = z.strictObject({
  version: z.literal(1),
  policyVersion: z.string(),
  policies: z.array(z.string()),
  /** The groups that its policies ask for approval; frames from before they were told have none. */
  approvers: z.array(z.string()).default([]),
  configDigest: z.string(),
  at: z.string(),
});
export type Policy = z.infer<typeof Policy>;

const payloads = {
  open: Open,
  explain: Explain,
  estimate: Estimate,
  verdict: Verdict,
  approval: Approval,
  outcome: Outcome,
  close: Close,
  view: View,
  policy: Policy,
} as const;
export type ControlKind = keyof typeof payloads;
export type ControlPayload<K extends ControlKind> = z.infer<(typeof payloads)[K]>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Encodes a control frame's payload. The type is the check: it was made by our own code. */
export function encodeControl<K extends ControlKind>(
  _kind: K,
  payload: ControlPayload<K>,
): Uint8Array {
  return encoder.encode(JSON.stringify(payload));
}

const rememberedVerdict = verdictMemory(
  Verdict.omit({ version: true, request: true, digest: true }),
);

/**
 * Decodes a control frame's payload; null when it is not strictly of its kind's shape. What a
 * verdict holds may be shared with other verdicts, and is frozen.
 */
export function decodeControl<K extends ControlKind>(
  kind: K,
  payload: Uint8Array,
): ControlPayload<K> | null;
export function decodeControl(kind: ControlKind, payload: Uint8Array): unknown {
  try {
    const text = decoder.decode(payload);
    if (kind === "verdict") {
      const verdict = rememberedVerdict(text);
      if (verdict !== null) return verdict;
    }
    const result = payloads[kind].safeParse(JSON.parse(text));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}
