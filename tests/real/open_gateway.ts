/**
 * A system whose policy permits and reveals everything, in front of a database in which nothing is
 * protected, and the two ways there: to the server itself and through the gateway. What a client
 * does the one way it must be able to do the other, and see the same.
 *
 * @module
 */
import postgres from "postgres";
import { parseDocument } from "yaml";
import type { PostgresServer } from "#deploy/machine/postgres.ts";
import type { SystemOptions } from "#deploy/demo/system.ts";
import { type Rig, startRig } from "./support.ts";

/** Where a client connects, and as whom. */
export type Way = {
  readonly name: "direct" | "gateway";
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** PEM file of the authority by which the server is verified; null: without TLS. */
  readonly caFile: string | null;
};

export type OpenRig = Rig & {
  /** To the server, past the gateway. */
  readonly direct: Way;
  readonly gateway: Way;
};

export type OpenOptions = Partial<Pick<SystemOptions, "passwordMethod" | "kinds" | "binaries">> & {
  /** The database behind the gateway, and the connection's name; `open` when absent. */
  readonly database?: string;
  /** A server without TLS that is reached instead of the system's own; always as superuser. */
  readonly server?: PostgresServer;
};

/** Everybody may do and see everything. */
const openPolicy = `@id("everything")
permit (principal, action, resource);
`;

/** Starts the system, with its database made new. */
export async function startOpenRig(options: OpenOptions = {}): Promise<OpenRig> {
  const { database = "open", server, ...rest } = options;
  const directory = await Deno.makeTempDir({ prefix: "sallyport-open-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  let reached = server;
  const rig = stack.use(
    await startRig({
      ...rest,
      directory,
      policy: () => openPolicy,
      async prepare(own) {
        reached ??= own;
        await Deno.writeTextFile(`${directory}/secrets/open.password`, reached.superuserPassword);
        await createDatabase(reached, server === undefined, database);
      },
      configure: (text) => configured(text, database, reached, server === undefined),
    }),
  );
  if (reached === undefined) throw new Error("The system was started without its database");
  const { edge, tokens, caFile } = rig.system;
  const owned = stack.move();
  return {
    ...rig,
    direct: {
      name: "direct",
      host: reached.host,
      port: reached.port,
      database,
      user: reached.superuser,
      password: reached.superuserPassword,
      caFile: server === undefined ? caFile : null,
    },
    gateway: {
      name: "gateway",
      ...edge,
      database,
      user: reached.superuser,
      password: tokens.agent,
      caFile,
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The variables by which libpq's programs find a way. */
export function libpqEnvironment(way: Way): Readonly<Record<string, string>> {
  return {
    PGHOST: way.host,
    PGPORT: String(way.port),
    PGDATABASE: way.database,
    PGUSER: way.user,
    PGPASSWORD: way.password,
    PGCONNECT_TIMEOUT: "60",
    ...(way.caFile === null
      ? { PGSSLMODE: "disable" }
      : { PGSSLMODE: "verify-full", PGSSLROOTCERT: way.caFile }),
  };
}

async function createDatabase(
  server: PostgresServer,
  encrypted: boolean,
  database: string,
): Promise<void> {
  const sql = postgres({
    host: server.host,
    port: server.port,
    user: server.superuser,
    password: server.superuserPassword,
    database: "postgres",
    max: 1,
    // Loopback, in a test, to a certificate that the gateway itself verifies.
    ssl: encrypted ? { rejectUnauthorized: false } : false,
  });
  try {
    await sql.unsafe(`create database "${database}" template template0 encoding 'UTF8'`);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function configured(
  text: string,
  database: string,
  server: PostgresServer | undefined,
  encrypted: boolean,
): string {
  const document = parseDocument(text);
  document.setIn(["connections", database], {
    protocol: "postgres",
    host: "127.0.0.1",
    port: server?.port ?? 0,
    database,
    user: server?.superuser ?? "",
    password_file: "secrets/open.password",
    tls: encrypted
      ? { mode: "verify-full", ca_file: "certificates/ca.crt", server_name: "localhost" }
      : { mode: "disable" },
  });
  return document.toString({ lineWidth: 100 });
}
