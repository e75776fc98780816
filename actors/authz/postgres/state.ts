/** What authz keeps of a PostgreSQL session. @module */
import type { SessionState } from "../analysis/session.ts";
import type { Portals } from "../request.ts";

export type PostgresState = {
  session: SessionState;
  portals: Portals;
  transaction: "I" | "T" | "E";
  /** A statement of the open transaction was refused: only ROLLBACK may follow. */
  refused: boolean;
  /** The catalog that the session's own DDL made, until it is known here. */
  needsCatalog: string | null;
  catalogWaitOver: boolean;
};

export function initialPostgresState(session: SessionState): PostgresState {
  return {
    session,
    portals: new Map(),
    transaction: "I",
    refused: false,
    needsCatalog: null,
    catalogWaitOver: false,
  };
}
