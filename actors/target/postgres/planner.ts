/**
 * How many rows the server's planner expects of a statement that has not run.
 *
 * Theory of operation. `EXPLAIN` in the agent's own session would abort its transaction on an
 * error, take its unnamed statement and stand between its messages. So the question is asked over a
 * connection of the gateway's own, as the catalog's are: logged in as the same role, in a read-only
 * transaction that is rolled back, under the search path that the statement has. What only the
 * agent's session sees (temporary relations, rows and definitions that are not committed) is not
 * seen here; authz asks of no statement that names such relations.
 *
 * The text goes to the server as the Parse message of a prepared statement, byte for byte, so that
 * the server refuses a second statement behind it whatever its lexer makes of the text; then its
 * generic plan is explained: parameters have no values here.
 *
 * **Invariant:** nothing of it is executed. Planning itself runs what it can fold into constants,
 * so authz asks only about statements that it would allow if they gave no rows, and whose functions
 * are all PostgreSQL's own.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "#actors/_kit/clock.ts";
import type { EstimateRows, Planned } from "../reach.ts";
import type { QueryConnection } from "./query_connection.ts";

export type PlannerLimits = {
  /** The longest that the server may plan one statement, or wait for a lock on a relation. */
  readonly planMsMax: number;
  readonly lockMsMax: number;
  /** A request that waited this long for those before it is not asked about any more. */
  readonly plannerWaitMsMax: number;
  /** Requests that wait. */
  readonly plannerWaitingMax: number;
};

const name = "sallyport";
const Plan = z.tuple([z.object({ Plan: z.object({ "Plan Rows": z.number().min(0) }) })]);

/** Asks over a connection that is nobody else's, one statement after the other. Never rejects. */
export function planner(
  connection: QueryConnection,
  clock: Clock,
  limits: PlannerLimits,
): EstimateRows {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return (statements) => {
    if (waiting >= limits.plannerWaitingMax) return Promise.resolve(statements.map(() => null));
    waiting++;
    const until = clock.nowMs() + limits.plannerWaitMsMax;
    const turn = last.then(() => all(statements, until)).finally(() => waiting--);
    last = turn;
    return turn;
  };

  async function all(statements: readonly Planned[], until: number): Promise<(number | null)[]> {
    const rows: (number | null)[] = [];
    for (const statement of statements) {
      rows.push(clock.nowMs() > until ? null : await plan(statement));
    }
    return rows;
  }

  async function plan({ text, parameterTypes, searchPath }: Planned): Promise<number | null> {
    try {
      await connection.query(begin(limits));
      await connection.query(setPath(searchPath));
      const parameters = await connection.prepare(name, text, parameterTypes);
      const values = Array.from({ length: parameters }, () => "null").join(", ");
      const execute = parameters === 0 ? name : `${name} (${values})`;
      const [[json] = []] = await connection.query(`explain (format json) execute ${execute}`);
      await connection.query("rollback; deallocate all");
      const [{ Plan: plan }] = Plan.parse(JSON.parse(json ?? "null"));
      return plan["Plan Rows"];
    } catch {
      // Whatever it was, nobody knows now how the transaction stands.
      connection.close();
      return null;
    }
  }
}

/** From here on the server reads texts as they are written here, whatever its defaults are. */
function begin({ planMsMax, lockMsMax }: PlannerLimits): string {
  return `begin read only;
set local statement_timeout = ${planMsMax}; set local lock_timeout = ${lockMsMax};
set local client_encoding = 'UTF8'; set local standard_conforming_strings = on;
set local plan_cache_mode = force_generic_plan`;
}

/** The names are an agent's. */
function setPath(searchPath: readonly string[]): string {
  const path = searchPath.map((schema) => `"${schema.replaceAll('"', '""')}"`).join(", ");
  return `select pg_catalog.set_config('search_path', '${path.replaceAll("'", "''")}', true)`;
}
