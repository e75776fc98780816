/**
 * Starts a real PostgreSQL on the loopback address, for the demo and for tests: TLS when it is
 * given a certificate, the password method of choice, and a superuser with a random password.
 *
 * **Invariant:** with TLS, `pg_hba.conf` has `hostssl` lines only; a connection without it is
 * refused by the server.
 *
 * @module
 */
import postgres from "postgres";
import { endAbandoned } from "./abandoned.ts";
import { defaultCacheDir } from "./cache.ts";
import { freePort } from "./free_port.ts";
import { type PostgresBinaries, postgresBinaries } from "./postgres_binaries.ts";
import { type RunningProcess, runTool, type Say, startProcess } from "./process.ts";
import { reachableFolder, unprivilegedUser, type User } from "./unprivileged.ts";

export type PasswordMethod = "scram-sha-256" | "md5" | "password";

export type PostgresOptions = {
  /** Holds the cluster (`data`) and `postgres.log`; a cluster that is there is started as it is. */
  readonly directory: string;
  readonly say: Say;
  /** Absent: a free one. */
  readonly port?: number;
  /** The server's own certificate and key, PEM files; they are copied into the cluster. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** How passwords are checked and stored; `scram-sha-256` when absent. */
  readonly passwordMethod?: PasswordMethod;
  /** Roles that may log in, made when the cluster is new. */
  readonly users?: readonly { readonly name: string; readonly password: string }[];
  /** Further lines of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The cluster is removed at `stop`, and nothing waits for the disk: a process may crash, the
   * machine may not. */
  readonly ephemeral?: boolean;
  readonly cacheDir?: string;
  readonly readyWaitMs?: number;
  /** Another installation than the package's; it must be where any user can run it. */
  readonly binaries?: PostgresBinaries;
};

export type PostgresServer = {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly superuser: "postgres";
  readonly superuserPassword: string;
  readonly pid: number;
  readonly logFile: string;
  readonly version: string;
  /** Settles when the present process ends, for whatever reason. */
  exited(): Promise<Deno.CommandStatus>;
  stop(): Promise<void>;
  /** SIGKILL to the postmaster, as a crash would end it; `restart` recovers the cluster. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

type Cluster = {
  readonly binaries: PostgresBinaries;
  readonly user: User | null;
  readonly folder: string;
  readonly data: string;
  readonly env: Readonly<Record<string, string>>;
};

/** Starts PostgreSQL and waits until it answers; a new cluster is initialised first. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const cluster = await openCluster(options);
  await endAbandoned(pidFile(cluster).path, cluster.data, { signal: "SIGINT", waitMs: 15_000 });
  const port = options.port ?? freePort();
  const { password, isNew } = await initialise(cluster, options);
  await configure(cluster, port, options);
  const logFile = `${cluster.folder}/postgres.log`;
  let running = await startPostmaster(cluster, logFile, options);
  options.say(`PostgreSQL ${cluster.binaries.version} runs on port ${port}`);
  const stop = async () => {
    await running.stop();
    if (options.ephemeral) await Deno.remove(cluster.folder, { recursive: true }).catch(() => {});
  };
  try {
    if (isNew) {
      await createUsers(port, password, options);
      await Deno.writeTextFile(completeFile(cluster), "");
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    host: "127.0.0.1",
    port,
    superuser: "postgres",
    superuserPassword: password,
    logFile,
    version: cluster.binaries.version,
    get pid() {
      return running.pid;
    },
    exited: () => running.exited,
    stop,
    kill: () => running.kill(),
    async restart() {
      await running.stop();
      running = await startPostmaster(cluster, logFile, options);
      options.say(`PostgreSQL runs again on port ${port}`);
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function openCluster(options: PostgresOptions): Promise<Cluster> {
  const user = await unprivilegedUser();
  const cacheDir = await reachableFolder(options.cacheDir ?? defaultCacheDir(), user);
  const binaries = options.binaries ?? await postgresBinaries(cacheDir);
  await Deno.mkdir(options.directory, { recursive: true });
  const wanted = await Deno.realPath(options.directory);
  const folder = await reachableFolder(wanted, user);
  const data = `${folder}/data`;
  await Deno.mkdir(data, { recursive: true, mode: 0o700 });
  if (user !== null) {
    // The caller handed us this folder; the server's user must pass through it to its data.
    await Deno.chmod(folder, 0o711);
    await Deno.chown(data, user.uid, user.gid);
  }
  const env = {
    [Deno.build.os === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"]: binaries.libraries,
    LC_ALL: "C",
    TZ: "UTC",
  };
  return { binaries, user, folder, data, env };
}

/** Makes a cluster unless there is one; the superuser's password is kept beside it, mode 0600. */
async function initialise(
  cluster: Cluster,
  options: PostgresOptions,
): Promise<{ password: string; isNew: boolean }> {
  const passwordFile = `${cluster.folder}/superuser.password`;
  if ((await Deno.stat(completeFile(cluster)).catch(() => null))?.isFile) {
    return { password: (await Deno.readTextFile(passwordFile)).trim(), isNew: false };
  }
  // A run that was ended in the middle of this left half a cluster, which nobody used yet.
  for await (const entry of Deno.readDir(cluster.data)) {
    await Deno.remove(`${cluster.data}/${entry.name}`, { recursive: true });
  }
  options.say(`making a PostgreSQL ${cluster.binaries.version} cluster`);
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  const password = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
  const handedOver = `${cluster.folder}/initdb.password`;
  for (const file of [passwordFile, handedOver]) {
    await Deno.writeTextFile(file, `${password}\n`, { mode: 0o600 });
  }
  if (cluster.user !== null) await Deno.chown(handedOver, cluster.user.uid, cluster.user.gid);
  const result = await runTool(cluster.binaries.initdb, [
    `--pgdata=${cluster.data}`,
    "--username=postgres",
    `--pwfile=${handedOver}`,
    `--auth=${options.passwordMethod ?? "scram-sha-256"}`,
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
  ], { ...asUser(cluster) });
  await Deno.remove(handedOver);
  if (!result.success) throw new Error(`initdb failed: ${result.stderr.slice(-2000)}`);
  return { password, isNew: true };
}

function pidFile(cluster: Cluster): { path: string; serves: string } {
  return { path: `${cluster.folder}/postgres.pid`, serves: cluster.data };
}

/** Exists when the cluster and its users are made. */
function completeFile(cluster: Cluster): string {
  return `${cluster.folder}/cluster.complete`;
}

async function configure(cluster: Cluster, port: number, options: PostgresOptions): Promise<void> {
  const method = options.passwordMethod ?? "scram-sha-256";
  const settings = new Map([
    ["listen_addresses", "127.0.0.1"],
    ["port", String(port)],
    ["unix_socket_directories", ""],
    ["max_connections", "200"],
    ["shared_buffers", "64MB"],
    ["dynamic_shared_memory_type", "mmap"],
    ["password_encryption", method === "md5" ? "md5" : "scram-sha-256"],
    ...(Number.parseInt(cluster.binaries.version) < 18
      ? []
      : [["md5_password_warnings", "off"]] as const),
    // The log of a database with health data must not hold its statements.
    ["log_min_error_statement", "panic"],
    ["log_parameter_max_length_on_error", "0"],
    ...(options.ephemeral ? [["fsync", "off"], ["full_page_writes", "off"]] as const : []),
    ...(options.tls === undefined
      ? []
      : [["ssl", "on"], ["ssl_cert_file", "server.crt"], ["ssl_key_file", "server.key"]] as const),
    ...Object.entries(options.settings ?? {}),
  ]);
  if (options.tls !== undefined) {
    await giveFile(cluster, options.tls.certFile, "server.crt");
    await giveFile(cluster, options.tls.keyFile, "server.key");
  }
  const lines = [...settings].map(([name, value]) =>
    `${name} = '${value.replaceAll("'", "''")}'\n`
  );
  await giveText(cluster, "postgresql.auto.conf", "");
  await giveText(cluster, "postgresql.conf", lines.join(""));
  const kind = options.tls === undefined ? "hostnossl" : "hostssl";
  await giveText(cluster, "pg_hba.conf", `${kind} all all 127.0.0.1/32 ${method}\n`);
}

async function startPostmaster(
  cluster: Cluster,
  logFile: string,
  options: PostgresOptions,
): Promise<RunningProcess> {
  return await startProcess({
    name: "postgres",
    command: cluster.binaries.postgres,
    args: ["-D", cluster.data],
    ...asUser(cluster),
    logFile,
    ready: /database system is ready to accept connections/,
    readyWaitMs: options.readyWaitMs ?? 30_000,
    // A fast shutdown: sessions are ended instead of waited for.
    stopSignal: "SIGINT",
    stopWaitMs: 15_000,
    pidFile: pidFile(cluster),
  });
}

async function createUsers(
  port: number,
  password: string,
  options: PostgresOptions,
): Promise<void> {
  if (options.users === undefined || options.users.length === 0) return;
  const sql = postgres({
    host: "127.0.0.1",
    port,
    user: "postgres",
    password,
    database: "postgres",
    max: 1,
    // The address is the loopback of a server that we started ourselves a moment ago.
    ssl: options.tls === undefined ? false : { rejectUnauthorized: false },
    onnotice: () => {},
  });
  try {
    for (const user of options.users) {
      if (!/^[a-z_][a-z0-9_]{0,62}$/.test(user.name)) {
        throw new TypeError("a role's name must be a plain lower-case identifier");
      }
      await sql.unsafe(
        `create role ${user.name} login password '${user.password.replaceAll("'", "''")}'`,
      );
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function asUser(
  { env, user, folder }: Cluster,
): { cwd: string; env: Record<string, string>; uid?: number; gid?: number } {
  return { cwd: folder, env: { ...env }, ...(user ?? {}) };
}

async function giveFile(cluster: Cluster, from: string, name: string): Promise<void> {
  await giveText(cluster, name, await Deno.readTextFile(from));
}

async function giveText(cluster: Cluster, name: string, text: string): Promise<void> {
  const path = `${cluster.data}/${name}`;
  await Deno.writeTextFile(path, text, { mode: 0o600 });
  await Deno.chmod(path, 0o600);
  if (cluster.user !== null) await Deno.chown(path, cluster.user.uid, cluster.user.gid);
}
