/**
 * What a request asks for, as far as its messages were read.
 *
 * @module
 */
import type { StatementAnalysis } from "#schemas/analysis.ts";
import type { AnalysedStatement } from "../analysis/analyse.ts";
import type { Plannable } from "../analysis/plannable.ts";
import type { Probe } from "../analysis/probes.ts";
import { applyChange, type SessionChange, type SessionState } from "../analysis/session.ts";
import type { Position } from "../policy/plan.ts";
import type { Now, Portal, Portals } from "./portals.ts";
import { type Digest, type Parameters, type Probed, probedBy } from "./probes.ts";

/** A statement that may be planned, and where the planner would find it. */
export type PlannableText = Plannable & {
  readonly sql: string;
  /** The message that holds it, from 0; null where an earlier request does. */
  readonly message: number | null;
  readonly searchPath: readonly string[];
};
type Prepared = { readonly analysis: StatementAnalysis; readonly text: PlannableText | null };

export type Draft = {
  session: SessionState;
  readonly portals: Map<string, Portal>;
  readonly executed: StatementAnalysis[];
  readonly executedTexts: (PlannableText | null)[];
  readonly prepared: Map<string, Prepared>;
  /** The messages of this request that prepared something, by its name. */
  readonly messages: Map<string, number>;
  readonly positions: Position[];
  readonly changes: (SessionChange | null)[];
  readonly protocolChanges: SessionChange[];
  readonly planned: SessionChange[];
  readonly parsed: string[];
  readonly runsPrepared: string[];
  readonly probed: Probed[];
  readonly digest: Digest;
  synced: boolean;
  resumes: boolean;
  /** What it binds may be read a while before the statement's names are looked up. */
  bindsLate: boolean;
  bindsParameters: boolean;
  /** What this request bound, by its portal's name, and the session as it was then. */
  readonly bound: Map<string, { readonly now: Now; readonly session: SessionState }>;
};

/** Of a request of which nothing was read. */
export function newDraft(session: SessionState, portals: Portals, digest: Digest): Draft {
  return {
    session,
    portals: new Map(portals),
    executed: [],
    executedTexts: [],
    prepared: new Map(),
    messages: new Map(),
    positions: [],
    changes: [],
    protocolChanges: [],
    planned: [],
    parsed: [],
    runsPrepared: [],
    probed: [],
    digest,
    synced: false,
    resumes: false,
    bindsLate: false,
    bindsParameters: false,
    bound: new Map(),
  };
}

/** The session is the one that the statement was analysed in. */
export function textOf(
  statement: AnalysedStatement | undefined,
  sql: string,
  message: number | null,
  { session: { searchPath } }: Draft,
): PlannableText | null {
  if (statement === undefined || statement.plannable === null || searchPath === null) return null;
  return { ...statement.plannable, sql, message, searchPath };
}

/** Notes the values that classes are compared with. */
export function note(draft: Draft, probes: readonly Probe[], parameters: Parameters): void {
  for (const probed of probedBy(probes, parameters, draft.digest)) draft.probed.push(probed);
}

/** Changes the session as the protocol does, whatever becomes of the statements. */
export function change(draft: Draft, made: SessionChange): void {
  draft.protocolChanges.push(made);
  draft.session = applyChange(draft.session, made);
}
