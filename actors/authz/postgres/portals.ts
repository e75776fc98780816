/**
 * Portals: what was bound, which is what runs, whatever its statement's name means since.
 *
 * Theory of operation. PostgreSQL plans a statement at Bind and runs that plan, though the
 * statement was closed, replaced or deallocated by then, the search path changed or a view took a
 * table's name. What it looks up by name only when it runs (EXECUTE, FETCH) means what the name
 * means then.
 * So a portal keeps its analysis at Bind, and what comes of an Execute later is judged by both.
 *
 * @module
 */
import { emptyAnalysis, type Refusal } from "#schemas/analysis.ts";
import type { Analysed, AnalysedStatement } from "../analysis/analyse.ts";
import { merged } from "../analysis/named.ts";
import type { Prepared, SessionChange, SessionState } from "../analysis/session.ts";
import type { Parameters } from "./probes.ts";

/** A portal, and the format codes of its results. */
export type Portal = {
  /** The name that its statement had. */
  readonly statement: string;
  readonly bound: Bound;
  readonly formats: readonly (0 | 1)[];
  /** It was executed to its end: no rows are left in it. */
  readonly done: boolean;
  /** Digests of the parameters that classes are compared with. */
  readonly parameters: Parameters;
};
export type Portals = ReadonlyMap<string, Portal>;

/** A statement as it was when it was bound. */
export type Bound = Prepared & { readonly change: SessionChange | null };

/** `parameterTypes` are the oids that Parse gave. */
export type Analyse = (
  sql: string,
  session: SessionState,
  parameterTypes: readonly number[],
) => Analysed;

/** A statement as it is now, and as the analysis of now alone has it. */
export type Now = {
  readonly kind: "bound";
  readonly bound: Bound;
  readonly only: AnalysedStatement | undefined;
};

/**
 * A prepared or bound statement as it is in this session, together with what it was: names may mean
 * something else by now, and the server plans anew.
 */
export function boundNow(
  before: Prepared,
  session: SessionState,
  analyse: Analyse,
): Now | { readonly kind: "refused"; readonly refusal: Refusal } {
  const analysed = analyse(before.sql, session, before.parameterTypes ?? []);
  if (analysed.kind === "refused") return analysed;
  const [only] = analysed.statements;
  const { analysis: now, probes = [], change = null } = only ?? { analysis: emptyAnalysis };
  const analysis = now === before.analysis ? now : merged(before.analysis, now);
  const bound = { ...before, analysis, probes, change, names: session.names };
  return { kind: "bound", bound, only };
}

/**
 * Whether it keeps what names meant at Bind, where they may mean something else by now: this
 * session, or what others defined, may have seen to that.
 */
export function keepsOldNames({ change, names }: Bound, now: Bound): boolean {
  return change !== null && keeping.has(change.kind) &&
    (names !== now.names || JSON.stringify(change) !== JSON.stringify(now.change));
}

const keeping: ReadonlySet<SessionChange["kind"]> = new Set(["prepare", "declare", "temporary"]);

/** The portal of that name; undefined when SQL made a cursor of it since, which took its place. */
export function findPortal(
  portals: Portals,
  name: string,
  { cursors }: SessionState,
): Portal | undefined {
  return name !== "" && cursors.has(name) ? undefined : portals.get(name);
}

/** SQL's CLOSE closes portals as well. */
export function closePortals(change: SessionChange | null, portals: Map<string, Portal>): void {
  if (change?.kind === "several") {
    for (const one of change.changes) closePortals(one, portals);
  }
  if (change?.kind !== "close") return;
  if (change.name === null) portals.clear();
  else portals.delete(change.name);
}

/** A key among the names of statements that no statement has. */
export function portalKey(portal: string): string {
  return `\0${portal}`;
}
