/**
 * `init`'s look at the database it is to stand in front of, by the means target will have: the same
 * login, the same TLS, the same catalog.
 *
 * @module
 */
import { systemClock } from "#actors/_kit/clock.ts";
import { catalogReader } from "#actors/target/catalog_reader.ts";
import { dial, type Endpoint } from "#actors/target/dial.ts";
import { targetLimits } from "#actors/target/limits.ts";
import { queryConnection, QueryError } from "#actors/target/postgres/query_connection.ts";
import type { DialEvents } from "#actors/target/reach.ts";
import type { Catalog } from "#schemas/catalog.ts";
import { type Grammar, usage } from "./arguments.ts";
import { CommandError } from "./failure.ts";

export type DatabaseAddress = {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly tls: "verify-full" | "disable";
};

const defaultPort = 5432;

/** Reads `postgresql://user@host:port/database?sslmode=…`. @throws UsageError */
export function databaseAddress(grammar: Grammar, text: string): DatabaseAddress {
  const form = "--database is postgresql://user@host:5432/name";
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) throw usage(grammar, form);
  if (url.password !== "") {
    const why = "others on this machine can read what stands on a command line";
    throw usage(grammar, `--database holds a password: ${why}; give it with --password-file`);
  }
  const database = decoded(url.pathname.slice(1));
  const user = decoded(url.username);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (!database || !user || host === "") throw usage(grammar, form);
  for (const key of url.searchParams.keys()) {
    if (key !== "sslmode") throw usage(grammar, `--database takes no setting but sslmode`);
  }
  const mode = url.searchParams.get("sslmode") ?? "verify-full";
  if (mode !== "verify-full" && mode !== "disable") {
    throw usage(grammar, "--database: sslmode is verify-full, or disable on this machine");
  }
  return {
    host,
    port: url.port === "" ? defaultPort : Number(url.port),
    database,
    user,
    tls: mode,
  };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

export type DatabaseLook = {
  readonly catalog: Catalog;
  /** Tables that the role may read. */
  readonly readable: number;
};

/** Logs in and reads the catalog. @throws CommandError saying what stands in the way. */
export async function lookAtDatabase(name: string, endpoint: Endpoint): Promise<DatabaseLook> {
  let reason: string | null = null;
  const own = (events: DialEvents) =>
    dial(endpoint, { application_name: "sallyport init" }, targetLimits, {
      ...events,
      failed: (code, words) => {
        reason = words;
        events.failed(code, words);
      },
    });
  const connection = queryConnection(own, systemClock, targetLimits);
  try {
    const [[isSuper, bypasses, readable] = []] = await connection.query(rightsQuery);
    if (isSuper === "t" || bypasses === "t") {
      const what = isSuper === "t" ? "is a superuser" : "goes around row security";
      throw new CommandError(
        `the role ${JSON.stringify(endpoint.user)} ${what}: a gateway must not be one`,
        roleHint,
      );
    }
    const catalog = await catalogReader(name, endpoint.database, connection, targetLimits)(null);
    if (catalog === null) throw new Error("A first reading always gives a catalog");
    return { catalog, readable: Number(readable ?? 0) };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const { host, port, database } = endpoint;
    const where = `${database} at ${host}:${port}`;
    throw new CommandError(`${where}: ${reason ?? error.message}`, hintOf(error.code, reason));
  } finally {
    connection.close();
  }
}

/** Names mean what they mean in pg_catalog, whatever the role's search path. */
const rightsQuery = `select r.rolsuper, r.rolbypassrls, (select pg_catalog.count(*)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=)
    c.relnamespace
  where c.relkind operator(pg_catalog.=) any ('{r,p}'::"char"[])
    and n.nspname operator(pg_catalog.!~) '^(pg_|information_schema$)'
    and pg_catalog.has_schema_privilege(n.oid, 'usage')
    and pg_catalog.has_table_privilege(c.oid, 'select'))
from pg_catalog.pg_roles r where r.rolname operator(pg_catalog.=) current_user`;

const roleHint = "make one that is not, and that agents share: " +
  "create role gateway login password '…'; grant pg_read_all_data to gateway";

function hintOf(code: string, reason: string | null): string {
  if (reason?.includes("certificate")) {
    return "name the authority that signed it with --ca-file, and the name in it with --server-name";
  }
  if (reason?.includes("TLS")) {
    return "turn on TLS at the server; on this machine alone ?sslmode=disable does without";
  }
  if (code.startsWith("28")) return "look at --password-file, and at pg_hba.conf of the server";
  return "look whether psql reaches it from here as this user";
}
