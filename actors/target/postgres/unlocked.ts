/**
 * Which sessions of a PostgreSQL server run a statement and wait for no lock, as pg_stat_activity
 * has it: https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
 *
 * @module
 */
import type { Unlocked } from "../reach.ts";
import type { QueryConnection } from "./query_connection.ts";

/** Asks over a connection that is nobody else's. Behind a pooler nothing is certain of any. */
export function unlockedProcesses(connection: QueryConnection): Unlocked {
  let last: Promise<unknown> = Promise.resolve();
  return (processIds) => {
    const answer = last.then(() => ask(processIds));
    last = answer;
    return answer;
  };

  async function ask(processIds: readonly number[]): Promise<ReadonlySet<number>> {
    if (processIds.length === 0) return new Set();
    try {
      const rows = await connection.query(
        `select pid from pg_catalog.pg_stat_activity where state = 'active'
          and wait_event_type is distinct from 'Lock' and pid in (${processIds.join(", ")})`,
      );
      return new Set(rows.map(([pid]) => Number(pid)));
    } catch {
      connection.close();
      return new Set();
    }
  }
}
