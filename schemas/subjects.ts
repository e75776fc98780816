/**
 * Every subject, stream and consumer name on the bus. Built and parsed here and nowhere else.
 *
 * **Invariant:** no PHI, no statement and no value from a client ever stands in a subject; tokens
 * are `[A-Za-z0-9_-]` (NATS ADR-6), so a client's bytes cannot widen a subject.
 *
 * @example A frame's subject names its epoch, shard, edge, session and kind
 * ```ts
 * import { auditSubject, parseAuditSubject } from "#schemas/subjects.ts";
 * import { deepStrictEqual } from "node:assert/strict";
 * const key = { epoch: "2026_11", shard: 3, edge: "pg1", session: "s8Yx" };
 * const subject = auditSubject(key, "verdict");
 * deepStrictEqual(subject, "audit.2026_11.3.pg1.s8Yx.verdict");
 * deepStrictEqual(parseAuditSubject(subject), { ...key, kind: "verdict" });
 * ```
 * @module
 */

/** The kinds of stored frames, in the order in which a request meets them (design 3). */
export const frameKinds = [
  "open",
  "request",
  "explain",
  "estimate",
  "verdict",
  "approval",
  "outcome",
  "response",
  "close",
  "view",
  "policy",
] as const;
export type FrameKind = (typeof frameKinds)[number];

/** Where a session's frames live. */
export type SessionKey = {
  /** The month the session opened in, `YYYY_MM`. */
  readonly epoch: string;
  readonly shard: number;
  readonly edge: string;
  readonly session: string;
};
export type AuditSubject = SessionKey & { readonly kind: FrameKind };

/**
 * One name for one session. An edge chooses its sessions' ids, and may choose another's, so an id
 * names a session only together with the edge (and place) whose key the server let it be stored by.
 */
export function sessionName({ epoch, shard, edge, session }: SessionKey): string {
  return `${epoch}.${shard}.${edge}.${session}`;
}

const token = /^[A-Za-z0-9_-]{1,64}$/;
const epochToken = /^\d{4}_(0[1-9]|1[0-2])$/;

/** Says whether `text` may stand as one token of a subject. */
export function isToken(text: string): boolean {
  return token.test(text);
}

/** The subject of one stored frame. @throws RangeError when a token is not a token. */
export function auditSubject(key: SessionKey, kind: FrameKind | "*"): string {
  checkKey(key);
  return `audit.${key.epoch}.${key.shard}.${key.edge}.${key.session}.${kind}`;
}

/** Parses a stored frame's subject; null when it is not one. */
export function parseAuditSubject(subject: string): AuditSubject | null {
  const parts = subject.split(".");
  const [root, epoch, shard, edge, session, kind] = parts;
  if (parts.length !== 6 || root !== "audit") return null;
  if (epoch === undefined || !epochToken.test(epoch)) return null;
  if (shard === undefined || !/^(0|[1-9]\d{0,3})$/.test(shard)) return null;
  if (edge === undefined || !token.test(edge)) return null;
  if (session === undefined || !token.test(session)) return null;
  const known = frameKinds.find((name) => name === kind);
  return known === undefined ? null : { epoch, shard: Number(shard), edge, session, kind: known };
}

/** Where authz says which policy and configuration came into force: no session's. */
export function policyKey(epoch: string): SessionKey {
  return { epoch, shard: 0, edge: "control", session: "policy" };
}

/** What a stage reads of one shard: `audit.<epoch>.<shard>.*.*.<kind>`. */
export function auditFilter(epoch: string, shard: number | "*", kind: FrameKind | "*"): string {
  return `audit.${epoch}.${shard}.*.*.${kind}`;
}

/** All frames of one kind of one edge: `audit.<epoch>.*.<edge>.*.<kind>`. */
export function edgeFilter(epoch: string, edge: string, kind: FrameKind): string {
  return `audit.${epoch}.*.${edge}.*.${kind}`;
}

/** Where the stream republishes a stored frame. */
export function releaseSubject(edge: string, session: string | "*", kind: FrameKind): string {
  return `release.${edge}.${session}.${kind}`;
}

/** Parses a republished subject; null when it is not one. */
export function parseReleaseSubject(
  subject: string,
): { edge: string; session: string; kind: FrameKind } | null {
  const parts = subject.split(".");
  const [root, edge, session, kind] = parts;
  const known = frameKinds.find((name) => name === kind);
  if (parts.length !== 4 || root !== "release" || known === undefined) return null;
  if (edge === undefined || session === undefined) return null;
  return { edge, session, kind: known };
}

/**
 * Says to an edge that a frame of this kind was stored for it, with the frame's sequence in
 * decimal, so that it looks. For what it need not hear of in the ordinary case; never stored.
 */
export function noticeSubject(
  edge: string,
  session: string | "*",
  kind: FrameKind | "*",
): string {
  return `notice.${edge}.${session}.${kind}`;
}

/** The session and kind of a notice; null when the subject is not one. */
export function parseNoticeSubject(
  subject: string,
): { session: string; kind: FrameKind } | null {
  const [root, edge, session, kind, ...more] = subject.split(".");
  const known = frameKinds.find((name) => name === kind);
  if (root !== "notice" || edge === undefined || known === undefined) return null;
  return session === undefined || more.length > 0 ? null : { session, kind: known };
}

/** Unmasked response frames: a memory stream, read by masking alone. */
export function rawSubject(shard: number, session: string): string {
  return `raw.${shard}.${session}`;
}
export function parseRawSubject(subject: string): { shard: number; session: string } | null {
  const match = /^raw\.(0|[1-9]\d{0,3})\.([A-Za-z0-9_-]{1,64})$/.exec(subject);
  return match?.[1] === undefined || match[2] === undefined
    ? null
    : { shard: Number(match[1]), session: match[2] };
}
export function rawFilter(shard: number): string {
  return `raw.${shard}.*`;
}

/** How far the agent has drained its responses; from edge to target, never stored. */
export function creditSubject(shard: number | "*", session: string | "*"): string {
  return `credit.${shard}.${session}`;
}
/** An edge says that it lives; a target lets go of the sessions of an edge that does not. */
export function aliveSubject(edge: string | "*"): string {
  return `alive.${edge}`;
}
/** The catalog of a connection, published by target, the newest kept. */
export function catalogSubject(connection: string | "*"): string {
  return `catalog.${connection}`;
}
/** Signed tree heads of one log. */
export function checkpointSubject(log: string | "*"): string {
  return `checkpoint.${log}`;
}
/** A person ends a live session at the console; to the session's edge, never stored. */
export function endSubject(edge: string | "*", session: string | "*"): string {
  return `end.${edge}.${session}`;
}
/** The session that is to end; null when the subject says nothing of the kind. */
export function parseEndSubject(subject: string): string | null {
  return /^end\.[A-Za-z0-9_-]{1,64}\.([A-Za-z0-9_-]{1,64})$/.exec(subject)?.[1] ?? null;
}
/** Ids of tokens, or subjects, that are no longer good; from identity to edges. */
export const revocationSubject = "revocation";
/** Request and reply: an organisation's token for one bound to a connection and session. */
export const exchangeSubject = "identity.exchange";
/** Request and reply: the same for an SSH key that its owner registered; SSH edges alone ask. */
export const keyExchangeSubject = "identity.exchange_key";
/** Request and reply: a person's decision about a held request. */
export const decideSubject = "approval.decide";

/** Says to approval that a verdict was stored that concerns it; never stored itself. */
export const approvalNoticeSubject = "approval.notice";

export function auditStream(epoch: string): string {
  return `AUDIT_${epoch}`;
}
export const rawStream = "RAW";
export const checkpointStream = "CHECKPOINTS";
export const catalogStream = "CATALOG";

/** The epoch a moment falls in (UTC month). */
export function epochOf(nowMs: number): string {
  const date = new Date(nowMs);
  return `${date.getUTCFullYear()}_${String(date.getUTCMonth() + 1).padStart(2, "0")}`;
}

/** The durable consumer of one stage and shard. */
export function stageConsumer(stage: string, shard: number): string {
  return `${stage}-${shard}`;
}

/**
 * The shard of a session: FNV-1a (32 bit) of the session id, modulo the number of shards. Fixed for
 * the life of an epoch; the number of shards stands in the stream's metadata.
 */
export function shardOf(session: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < session.length; index++) {
    hash = Math.imul(hash ^ session.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % shards;
}

function checkKey(key: SessionKey): void {
  if (!epochToken.test(key.epoch)) {
    throw new RangeError("Cannot build subject: epoch is not YYYY_MM");
  }
  if (!Number.isInteger(key.shard) || key.shard < 0) {
    throw new RangeError("Cannot build subject: shard is not a whole number");
  }
  if (!token.test(key.edge)) throw new RangeError("Cannot build subject: edge is not a token");
  if (!token.test(key.session)) {
    throw new RangeError("Cannot build subject: session is not a token");
  }
}
