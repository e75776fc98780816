/**
 * postgres.js as an agent uses it; each connection is one session.
 *
 * @module
 */
import postgres from "postgres";
import type { System } from "#deploy/demo/system.ts";

export type Sql = postgres.Sql;

/** A client of at most `max` connections. */
export async function driver(
  system: System,
  options: {
    readonly application?: string;
    readonly max?: number;
    readonly token?: string;
    readonly onNotice?: (message: string) => void;
    readonly types?: boolean;
  } = {},
): Promise<Sql & AsyncDisposable> {
  const ca = await Deno.readTextFile(system.caFile);
  const { edge, tokens } = system;
  const sql = postgres({
    host: edge.host,
    port: edge.port,
    database: "ehr",
    username: "agent",
    password: options.token ?? tokens.agent,
    max: options.max ?? 1,
    ssl: { ca, servername: "localhost" },
    connection: { "application_name": options.application ?? "driver" },
    connect_timeout: 60,
    fetch_types: options.types ?? false,
    onnotice: (notice) => options.onNotice?.(String(notice["message"])),
    // A lost session is the test's to notice.
    backoff: () => 1,
  });
  return Object.assign(sql, {
    [Symbol.asyncDispose]: () => sql.end({ timeout: 5 }),
  });
}

/** The SQLSTATE, or the driver's own code, with which `work` fails. */
export async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
  return "no failure";
}
