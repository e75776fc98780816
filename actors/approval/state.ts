/**
 * What approval knows of a session: its principal, and the approvals asked for in it.
 *
 * `facts` are the states that stand in the stream or are on their way there; `state` is what the
 * facts and votes amount to. A state that is no fact yet is still to be published, which is all
 * that recovery has to know.
 *
 * @module
 */
import type { Approval, ApprovalNeed, Open } from "#schemas/frames.ts";
import type { SessionKey } from "#schemas/subjects.ts";

export type ApprovalFact = Approval["state"];
export type Vote = NonNullable<Approval["by"]>;

export type Held = {
  readonly id: string;
  readonly request: number;
  readonly binding: string;
  readonly needs: readonly ApprovalNeed[];
  /** Milliseconds since 1970, from the stored time of the verdict. */
  readonly expiresAtMs: number;
  readonly state: "pending" | "granted" | "denied" | "expired" | "withdrawn" | "consumed";
  /** Approving votes, in order. */
  readonly votes: readonly Vote[];
  /** Who denied. */
  readonly denial: Vote | null;
  readonly facts: readonly ApprovalFact[];
};

export type ApprovalState = {
  readonly key: SessionKey;
  readonly open: Open | null;
  readonly held: ReadonlyMap<string, Held>;
  readonly closed: boolean;
  /** How many settled approvals are remembered. */
  readonly settledMax: number;
};

/** Says whether nothing more can become of it. */
export function isSettled(held: Held): boolean {
  return held.state !== "pending" && held.state !== "granted";
}

/** The state with one approval changed; the oldest settled and published ones are forgotten. */
export function put(state: ApprovalState, held: Held): ApprovalState {
  const all = new Map(state.held).set(held.id, held);
  const done = [...all.values()].filter((one) => isSettled(one) && missingFacts(one).length === 0);
  for (const { id } of done.slice(0, Math.max(0, done.length - state.settledMax))) all.delete(id);
  return { ...state, held: all };
}

/**
 * What is to be published for an approval beyond the facts that are, in order. A grant that expired
 * before it was published is none.
 */
export function missingFacts(held: Held): ApprovalFact[] {
  const due: ApprovalFact[] = [];
  if (held.state === "pending") due.push("asked");
  else if (held.state === "granted") due.push("asked", "granted");
  else due.push(held.state);
  return due.filter((fact) => !held.facts.includes(fact));
}

/** How many of the votes are facts. */
export function votesStored(held: Held): number {
  return held.facts.filter((fact) => fact === "voted").length;
}
