/**
 * The actors' processes: what each runs and what Deno lets it do. The one table from which the demo
 * starts them and by which `compose.yaml` is checked.
 *
 * **Invariant:** no process may run programs, load native code or read the environment; each reads
 * its own files and speaks to its own addresses; identity alone writes, to a folder of its own.
 *
 * @module
 */
import { dirname } from "node:path";
import { configuredFile, type Settings } from "#actors/_kit/settings.ts";
import type { Config } from "#schemas/config.ts";

export type ProcessKind =
  | "identity"
  | "audit"
  | "target"
  | "authz"
  | "approval"
  | "masking"
  | "edge"
  | "edge_ssh"
  | "console";

/** In the order in which they are started: an edge lets agents in when all else stands. */
export const processKinds: readonly ProcessKind[] = [
  "identity",
  "audit",
  "target",
  "authz",
  "approval",
  "masking",
  "console",
  "edge",
  "edge_ssh",
];

/** Whether agents come in by it. */
export function isEdge(kind: ProcessKind): boolean {
  return kind === "edge" || kind === "edge_ssh";
}

const modules: Readonly<Record<ProcessKind, string>> = {
  identity: "actors/identity/main.ts",
  audit: "actors/audit/main.ts",
  target: "actors/target/main.ts",
  authz: "actors/authz/main.ts",
  approval: "actors/approval/main.ts",
  masking: "actors/masking/main.ts",
  console: "actors/console/main.ts",
  edge: "actors/edge_postgres/main.ts",
  edge_ssh: "actors/edge_ssh/main.ts",
};

/** The arguments with which Deno runs a process. `root` is the folder of this repository. */
export function processArguments(
  kind: ProcessKind,
  root: string,
  settingsFile: string,
  settings: Settings,
  config: Config,
): string[] {
  const rights = rightsOf(kind, root, settings, config);
  return [
    "run",
    "--no-prompt",
    "--cached-only",
    `--config=${root}deno.json`,
    `--allow-net=${rights.net.join(",")}`,
    `--allow-read=${[settingsFile, ...rights.read].join(",")}`,
    ...(rights.write === undefined ? [] : [`--allow-write=${rights.write}`]),
    // Libraries that ask for them get "not set" instead of an error.
    `--ignore-env=${ignoredVariables.join(",")}`,
    `${root}${modules[kind]}`,
    settingsFile,
  ];
}

type Rights = {
  readonly net: readonly string[];
  readonly read: readonly string[];
  /** A folder. */
  readonly write?: string;
};

function rightsOf(kind: ProcessKind, root: string, settings: Settings, config: Config): Rights {
  const bus = new URL(settings.nats.url).host;
  const read = [settings.configFile, settings.nats.seedFile, settings.identityKeysFile];
  const issuer = new URL(config.issuer.url).host;
  const packages = `${root}node_modules`;
  switch (kind) {
    case "edge": {
      const { edge } = settings;
      if (edge === undefined) return { net: [bus], read };
      const files = [edge.certificateFile, edge.keyFile];
      return { net: [bus, `${edge.host}:${edge.port}`], read: [...read, ...files] };
    }
    case "edge_ssh": {
      const { edgeSsh } = settings;
      if (edgeSsh === undefined) return { net: [bus], read };
      const { host, port, hostKeyFile } = edgeSsh;
      return { net: [bus, `${host}:${port}`], read: [...read, hostKeyFile] };
    }
    case "identity": {
      const { identity } = settings;
      if (identity === undefined) return { net: [bus], read };
      const net = [bus, issuer, `${identity.host}:${identity.port}`];
      const files = named(settings, [config.issuer.ca_file]);
      const write = dirname(identity.revocationsFile);
      return { net, read: [...read, identity.signingKeyFile, ...files, write], write };
    }
    case "authz":
      return { net: [bus], read: [...read, packages, settings.authz?.policyFile ?? ""] };
    case "target": {
      const targets = Object.values(config.connections).map(({ host, port }) => `${host}:${port}`);
      return { net: [bus, ...targets], read: [...read, ...secretFiles(settings, config)] };
    }
    case "masking":
      return { net: [bus], read: [...read, settings.masking?.keyFile ?? ""] };
    case "approval":
      return { net: [bus], read };
    case "audit": {
      const { audit } = settings;
      if (audit === undefined) return { net: [bus], read };
      const write = audit.checkpointsDirectory;
      return { net: [bus], read: [...read, audit.signingKeyFile, write], write };
    }
    case "console": {
      const { console } = settings;
      if (console === undefined) return { net: [bus], read };
      const net = [bus, issuer, `${console.host}:${console.port}`];
      const files = named(settings, [config.issuer.ca_file, config.console.client_secret_file]);
      return { net, read: [...read, console.logKeyFile, packages, ...files] };
    }
  }
}

/** Those of these files that the configuration names. */
function named(settings: Settings, files: readonly (string | undefined)[]): string[] {
  return files.flatMap((file) => file === undefined ? [] : [configuredFile(settings, file)]);
}

function secretFiles(settings: Settings, config: Config): string[] {
  const directory = settings.target?.secretsDirectory ?? "";
  return Object.values(config.connections).flatMap((connection) => {
    const key = connection.protocol === "ssh"
      ? connection.private_key_file
      : connection.tls.ca_file;
    return [connection.password_file, key].flatMap((file) => {
      return file === undefined ? [] : [`${directory}/${file}`];
    });
  });
}

/** Variables that libraries read at load: yaml, postgres. */
export const ignoredVariables: readonly string[] = [
  "LOG_TOKENS",
  "LOG_STREAM",
  "PGHOST",
  "PGPORT",
  "PGDATABASE",
  "PGUSER",
  "PGUSERNAME",
  "PGPASSWORD",
  "PGSSLMODE",
  "PGSSL",
  "PGSSLNEGOTIATION",
  "PGAPPNAME",
  "PGCONNECT_TIMEOUT",
  "PGMAX_LIFETIME",
  "PGMAX_PIPELINE",
  "PGBACKOFF",
  "PGKEEP_ALIVE",
  "PGPREPARE",
  "PGDEBUG",
  "PGFETCH_TYPES",
  "PGPUBLICATIONS",
  "PGTARGET_SESSION_ATTRS",
  "PGTARGETSESSIONATTRS",
  "PGIDLE_TIMEOUT",
  "PGMAX",
  "USERNAME",
  "USER",
  "LOGNAME",
  "NODE_DEBUG",
  "NO_COLOR",
  "NATS_ES_TLS_SERVER_NAME",
];

type OfKind = { readonly kind: ProcessKind };

/** Starts what is of these kinds: edges let agents in when all else stands. */
export async function edgesLast<One extends OfKind>(
  all: readonly One[],
  start: (one: One) => Promise<unknown>,
): Promise<void> {
  await Promise.all(all.filter(({ kind }) => !isEdge(kind)).map(start));
  await Promise.all(all.filter(({ kind }) => isEdge(kind)).map(start));
}

/** Stops it: what runs in sessions may end first, for which an edge needs the others. */
export async function edgesFirst<One extends OfKind>(
  all: readonly One[],
  stop: (one: One) => Promise<unknown>,
): Promise<void> {
  await Promise.all(all.filter(({ kind }) => isEdge(kind)).map(stop));
  await Promise.all(all.filter(({ kind }) => !isEdge(kind)).map(stop));
}
