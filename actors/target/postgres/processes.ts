/**
 * What sessions of a PostgreSQL server do, as pg_stat_activity has it:
 * https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
 *
 * @module
 */
import type { Processes, Reach } from "../reach.ts";
import type { QueryConnection } from "./query_connection.ts";

/** Locks of rows and of a session's own choosing are waited for when all names are known. */
const waitsForName = `coalesce(wait_event_type = 'Lock' and
  wait_event not in ('transactionid', 'tuple', 'advisory'), false)`;

/**
 * `unlocked`: which run a statement and wait for no lock that a name needs; where the server does
 * not say, none. `busy`: which may do something still; where it does not say, all. `blocked`: where
 * it does not say, none. Asks over a connection that is nobody else's. A pooler's numbers are no
 * processes of the server, which then knows none of them.
 */
export function processesOf(
  connection: QueryConnection,
): Pick<Reach, "blocked"> & { readonly unlocked: Processes; readonly busy: Processes } {
  let last: Promise<unknown> = Promise.resolve();
  return {
    unlocked: (ids) => after(() => ask(ids, `state = 'active' and not ${waitsForName}`, [])),
    blocked: (by, ids) =>
      after(() => ask(ids, `${by} = any(pg_catalog.pg_blocking_pids(pid))`, [])),
    busy: (ids) => after(() => ask(ids, "state is distinct from 'idle'", ids)),
  };

  function after(asking: () => Promise<ReadonlySet<number>>): Promise<ReadonlySet<number>> {
    const answer = last.then(asking);
    last = answer;
    return answer;
  }

  async function ask(
    ids: readonly number[],
    condition: string,
    otherwise: readonly number[],
  ): Promise<ReadonlySet<number>> {
    if (ids.length === 0) return new Set();
    try {
      const rows = await connection.query(
        `select pid from pg_catalog.pg_stat_activity where ${condition} and pid in (${
          ids.join(", ")
        })`,
      );
      return new Set(rows.map(([pid]) => Number(pid)));
    } catch {
      connection.close();
      return new Set(otherwise);
    }
  }
}
