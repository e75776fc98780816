/**
 * The verifier: holds the stored stream, and nothing else, against guarantees G1, G2, G5 and G6. It
 * runs in every test that moves frames and in production as `sallyport verify`.
 *
 * Streaming: memory is bounded by what is open at once, whatever the length of the log.
 *
 * **Invariant:** it trusts no account but the frames, the checkpoints and the log's key.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { parseVerifier } from "#schemas/log/key.ts";
import type { LeafRange } from "#schemas/log/merkle.ts";
import {
  collectFindings,
  type Finding,
  type Findings,
  type VerifyLimits,
  verifyLimits,
} from "./finding.ts";
import type { IdentityCheck } from "./identity_check.ts";
import { checkSessions } from "./sessions.ts";
import { checkTree } from "./tree.ts";

export type VerifiedCounts = {
  readonly frames: number;
  readonly sessions: number;
  /** Sessions without a close: they run still, or what followed is not here. */
  readonly unclosed: number;
  /** Allowed requests without an outcome: they run still, or what became of them is not here. */
  readonly unanswered: number;
  /** Sessions whose close does not say what was released: G2 rests on the stored responses. */
  readonly untold: number;
  readonly checkpoints: number;
  /** Newest stream sequence read. */
  readonly through: number;
  /** How many frames, from the first, the newest agreeing checkpoint signs. */
  readonly signed: number;
};
export type Verification =
  | ({ readonly ok: true } & VerifiedCounts)
  | ({
    readonly ok: false;
    readonly first: Finding;
    /** The first of them, up to a limit; `found` counts all. */
    readonly findings: readonly Finding[];
    readonly found: number;
  } & VerifiedCounts);

export type VerifyOptions = {
  readonly limits?: VerifyLimits;
  /** Identity's keys: with them its signatures over principals and approvers are checked too. */
  readonly identity?: IdentityCheck;
  /** Checkpoints (signed notes) kept outside the system: against a tail cut off everywhere. */
  readonly kept?: readonly Uint8Array[];
  /**
   * Frames that are not here and are known by their hashes alone, by the sequence before the first
   * of them: of one session's evidence all others. That one of its own is there instead, nothing
   * but the whole log shows.
   */
  readonly ranges?: ReadonlyMap<number, LeafRange>;
  /**
   * Frames up to this sequence must be signed; left out: those behind the newest checkpoint may be
   * on their way to the next.
   */
  readonly signedThrough?: number;
};

/**
 * Verifies one epoch's log: `frames` from sequence 1 in stored order, `checkpoints` of its log in
 * stored order, `logKey` the epoch's verifier key.
 * @throws RangeError when the key does not parse; what the streams throw.
 */
export async function verifyLog(
  frames: AsyncIterable<StoredMessage>,
  checkpoints: AsyncIterable<StoredMessage>,
  logKey: string,
  options: VerifyOptions = {},
): Promise<Verification> {
  const verifier = parseVerifier(logKey);
  if (verifier === null) throw new RangeError("Cannot verify: the log key is malformed");
  const limits = options.limits ?? verifyLimits;
  const findings = collectFindings(limits.findingsMax);
  const sessions = checkSessions(limits, options.identity ?? null, findings.find);
  const tree = checkTree(
    checkpoints,
    verifier,
    options.kept ?? [],
    options.signedThrough ?? 0,
    options.ranges ?? new Map(),
    findings.find,
  );
  let count = 0;
  let through = 0;
  await tree.begin();
  for await (const message of frames) {
    count++;
    through = Math.max(through, message.sequence);
    await tree.take(message);
    sessions.take(message);
  }
  await tree.end();
  return verdictOf(findings, {
    frames: count,
    sessions: sessions.count(),
    unclosed: sessions.unclosed(),
    unanswered: sessions.unanswered(),
    untold: sessions.untold(),
    checkpoints: tree.checkpoints(),
    through,
    signed: tree.signed(),
  });
}

/** Verifies G1, G2 and G5 alone, where no log is being written (simulations, tests of actors). */
export async function verifyFrames(
  frames: AsyncIterable<StoredMessage> | Iterable<StoredMessage>,
  options: Pick<VerifyOptions, "limits" | "identity"> = {},
): Promise<Verification> {
  const limits = options.limits ?? verifyLimits;
  const findings = collectFindings(limits.findingsMax);
  const sessions = checkSessions(limits, options.identity ?? null, findings.find);
  let count = 0;
  let through = 0;
  for await (const message of frames) {
    count++;
    through = Math.max(through, message.sequence);
    sessions.take(message);
  }
  const log = { checkpoints: 0, through, signed: 0 };
  const counts = {
    sessions: sessions.count(),
    unclosed: sessions.unclosed(),
    unanswered: sessions.unanswered(),
    untold: sessions.untold(),
  };
  return verdictOf(findings, { frames: count, ...counts, ...log });
}

function verdictOf(findings: Findings, counts: VerifiedCounts): Verification {
  const [first] = findings.list;
  if (first === undefined) return { ok: true, ...counts };
  return { ok: false, first, findings: findings.list, found: findings.count(), ...counts };
}
