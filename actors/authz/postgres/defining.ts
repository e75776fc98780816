/**
 * Definitions that no catalog shows yet. A session that defines something is judged by what it did;
 * others are judged by the catalog, which is read once the definition stands. In between a name may
 * mean to the server what nobody here knows.
 *
 * Only what sessions define whose judge is this one is known: a definition made past the gateway,
 * or judged by another process, is seen with the next catalog.
 *
 * **Invariant:** from when a definition is allowed until its catalog is here, or it is undone, the
 * statements of other sessions that read what it names are judged as if definitions were unseen.
 *
 * @module
 */
import type { StatementAnalysis } from "#schemas/analysis.ts";
import type { SessionChange } from "../analysis/session.ts";
import type { PostgresState } from "./state.ts";

/** Bare names of relations; `anything` when more than relations is defined. */
type Defined = { readonly relations: ReadonlySet<string>; readonly anything: boolean };

/** Per connection, what each session defines. */
export function createDefining() {
  const known = new Map<string, Map<PostgresState, Defined>>();
  const sessions = (connection: string) => [...known.get(connection)?.keys() ?? []];
  return { begin, end, concerns, sessions };

  /** Statements are allowed; null: such that nobody understood. */
  function begin(
    connection: string,
    state: PostgresState,
    changes: readonly (SessionChange | null)[] | null,
  ): void {
    const defining = changes?.flatMap(definitionsIn) ?? [];
    if (changes !== null && defining.length === 0) return;
    const defined = known.get(connection) ?? new Map<PostgresState, Defined>();
    const before = defined.get(state);
    const names = defining.flatMap(({ relations = [] }) => relations);
    const relations = new Set([...before?.relations ?? [], ...names]);
    const anything = before?.anything === true || changes === null ||
      defining.some((change) => change.relations === undefined);
    known.set(connection, defined.set(state, { relations, anything }));
  }

  /** What the session defined is in the catalog, or is not at all. */
  function end(connection: string, state: PostgresState): void {
    known.get(connection)?.delete(state);
  }

  /** Whether statements of a session depend on what another one defines. */
  function concerns(
    connection: string,
    state: PostgresState,
    analyses: readonly StatementAnalysis[],
  ): boolean {
    for (const [other, { relations, anything }] of known.get(connection) ?? []) {
      if (other === state) continue;
      const isRead = ({ relations: names }: StatementAnalysis) =>
        names.some((name) => relations.has(bareName(name)));
      if (anything || analyses.some(isRead)) return true;
    }
    return false;
  }
}

function bareName(label: string): string {
  return label.slice(label.lastIndexOf(".") + 1);
}

function definitionsIn(
  change: SessionChange | null,
): readonly (SessionChange & { readonly kind: "define" })[] {
  if (change?.kind === "several") return change.changes.flatMap(definitionsIn);
  return change?.kind === "define" ? [change] : [];
}
