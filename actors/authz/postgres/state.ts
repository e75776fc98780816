/** What authz keeps of a PostgreSQL session. @module */
import type { SessionState } from "../analysis/session.ts";
import type { Digest, ProbesSeen } from "./probes.ts";
import type { Portals } from "./portals.ts";
import { noVolume, type Volume } from "#schemas/volume.ts";
import type { CopyingIn } from "./copied_rows.ts";

export type PostgresState = {
  session: SessionState;
  portals: Portals;
  transaction: "I" | "T" | "E";
  /** A statement of the open transaction or batch was refused: only ROLLBACK may follow. */
  refused: boolean;
  /** Something ran behind which the server has not said that it is ready, as after Flush. */
  batchIsOpen: boolean;
  /** The catalog that the session's own DDL made, until it is known here. */
  needsCatalog: string | null;
  catalogWaitOver: boolean;
  /** Which of all catalogs was the newest when the last request was allowed. */
  judgedBy: number;
  /** The COPY FROM STDIN that is under way. */
  copying: CopyingIn | null;
  /** A part of it was refused: nothing runs until the server has given it up. */
  copyRefused: boolean;
  /** Values that classes were compared with. */
  probes: ProbesSeen;
  readonly digest: Digest;
  /** What was given out: plainly, by approval, and piece by piece of what is still open. */
  volume: { readonly plain: Volume; readonly approved: Volume; readonly fetched: Volume };
};

export function initialPostgresState(session: SessionState, digest: Digest): PostgresState {
  return {
    session,
    portals: new Map(),
    transaction: "I",
    refused: false,
    batchIsOpen: false,
    needsCatalog: null,
    catalogWaitOver: false,
    judgedBy: 0,
    copying: null,
    copyRefused: false,
    probes: new Map(),
    digest,
    volume: { plain: noVolume, approved: noVolume, fetched: noVolume },
  };
}
