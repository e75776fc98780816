/**
 * What the verifier found, and the limits it works under.
 *
 * **Invariant:** a finding names sequences, numbers and ids that we made; never a value from a
 * statement, a row or a credential.
 *
 * @module
 */

/**
 * G1 to G6 of the design; `identity`: identity did not sign who somebody is said to be; `shape`: a
 * frame no honest actor writes; `limit`: more than can be checked here.
 */
export type Guarantee = "G1" | "G2" | "G5" | "G6" | "identity" | "shape" | "limit";

export type Finding = {
  readonly guarantee: Guarantee;
  /** Stream sequence where it shows; 0 when it is about no frame. */
  readonly sequence: number;
  /** `<edge>/<session>`; null when it is about no session. */
  readonly session: string | null;
  readonly message: string;
};

export type VerifyLimits = {
  /** Findings kept; further ones are counted. */
  readonly findingsMax: number;
  /** Sessions that are open at once. */
  readonly sessionsMax: number;
  /** Closed sessions remembered for frames that were still under way at their close. */
  readonly closedMax: number;
  /** Requests of one session that wait for a verdict or an outcome. */
  readonly pendingMax: number;
  /** Settled requests of one session remembered for responses that follow. */
  readonly settledMax: number;
  /** Approvals of one session. */
  readonly approvalsMax: number;
  /** Votes of one approval. */
  readonly votesMax: number;
  /** Newest response parts of one session at which the running digest is remembered. */
  readonly prefixesMax: number;
  /** How far the clocks of actors and server may be apart, milliseconds. */
  readonly clockSkewMs: number;
};
export const verifyLimits: VerifyLimits = {
  findingsMax: 100,
  sessionsMax: 100_000,
  closedMax: 10_000,
  pendingMax: 10_000,
  settledMax: 4096,
  approvalsMax: 1000,
  votesMax: 100,
  prefixesMax: 4096,
  clockSkewMs: 5000,
};

/** Records a finding. */
export type Find = (
  guarantee: Guarantee,
  sequence: number,
  session: string | null,
  message: string,
) => void;

export type Findings = {
  readonly find: Find;
  /** In the order found, at most `findingsMax`. */
  readonly list: readonly Finding[];
  /** All that were found. */
  count(): number;
};

export function collectFindings(findingsMax: number): Findings {
  const list: Finding[] = [];
  let count = 0;
  return {
    list,
    count: () => count,
    find(guarantee, sequence, session, message) {
      count++;
      if (list.length < findingsMax) list.push({ guarantee, sequence, session, message });
    },
  };
}
