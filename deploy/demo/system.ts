/**
 * The whole system on one machine: bus, protected clinic, identity provider and every actor as its
 * own process with its own rights. What the demo runs, and what the tests of the whole run.
 *
 * @module
 */
import { ensureAuthority, issueCertificate } from "#deploy/machine/certificates.ts";
import { freePorts } from "#deploy/machine/free_port.ts";
import { findNatsServer, type NatsServer } from "#deploy/machine/nats_server.ts";
import { type PostgresServer, startPostgres } from "#deploy/machine/postgres.ts";
import type { PostgresBinaries } from "#deploy/machine/postgres_binaries.ts";
import type { RunningProcess, Say } from "#deploy/machine/process.ts";
import type { SshHost } from "#deploy/machine/ssh_host.ts";
import { newSshKeyPair } from "#deploy/machine/ssh_key.ts";
import {
  type Installation,
  openInstallation,
  sshHostKey,
  writeSettings,
} from "#deploy/installation.ts";
import { startBus } from "#deploy/nats/start_bus.ts";
import { edgesFirst, edgesLast, type ProcessKind, processKinds } from "#deploy/processes.ts";
import type { Settings } from "#actors/_kit/settings.ts";
import { startActorProcess } from "#deploy/actor_process.ts";
import type { Config } from "#schemas/config.ts";
import { parseConfig } from "#schemas/config_file.ts";
import { epochOf } from "#schemas/subjects.ts";
import { loadClinic } from "./clinic.ts";
import { demoConfiguration, demoPolicy } from "./configuration.ts";
import { startLab } from "./lab.ts";
import { type DemoTokens, obtainDemoTokens } from "./demo_tokens.ts";
import { type IssuerServer, startIssuer } from "./issuer_process.ts";

export type SystemOptions = {
  readonly directory: string;
  readonly say: Say;
  /** fsync before each acknowledgement; false only to measure what it costs. */
  readonly syncAlways?: boolean;
  /** Changes the configuration's or the policy's text before they are used. */
  readonly configure?: (text: string) => string;
  readonly policy?: (text: string) => string;
  readonly ephemeral?: boolean;
  /** The actors to start; all when absent. */
  readonly kinds?: readonly ProcessKind[];
  /** Bytes of the bus's file storage. */
  readonly natsFileMax?: number;
  readonly passwordMethod?: "scram-sha-256" | "md5" | "password";
  /** Another PostgreSQL than the one that is a dependency. */
  readonly binaries?: PostgresBinaries;
  /** Prepares the database further, as its superuser. */
  readonly prepare?: (postgres: PostgresServer) => Promise<void>;
};

export type System = {
  readonly directory: string;
  readonly installation: Installation;
  readonly epoch: string;
  readonly config: Config;
  readonly settings: ReadonlyMap<string, Settings>;
  readonly nats: NatsServer;
  readonly postgres: PostgresServer;
  readonly issuer: IssuerServer;
  readonly edge: { readonly host: string; readonly port: number };
  readonly ssh: { readonly host: string; readonly port: number };
  /** The SSH edge's public host key, one line. */
  readonly sshHostKey: string;
  /** The host behind the connection `lab`; null without an edge of SSH. */
  readonly lab: SshHost | null;
  readonly consoleUrl: string;
  readonly identityUrl: string;
  readonly tokens: DemoTokens;
  readonly caFile: string;
  actor(kind: ProcessKind): RunningProcess;
  /** Starts an actor anew, after it was stopped or killed. */
  restart(kind: ProcessKind): Promise<void>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

const edgeName = "postgres-1";
const sshEdgeName = "ssh-1";

/** Starts everything, or stops what it had started and throws. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const stack = new AsyncDisposableStack();
  try {
    return await start(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function start(options: SystemOptions, stack: AsyncDisposableStack): Promise<System> {
  const { directory, say } = options;
  await Deno.mkdir(`${directory}/logs`, { recursive: true, mode: 0o700 });
  const epoch = epochOf(Date.now());
  const [natsPort = 0, edgePort = 0, identityPort = 0, consolePort = 0, sshPort = 0] = freePorts(5);
  say("finding a nats-server");
  const installation = await openInstallation(directory, {
    edges: [edgeName],
    sshEdges: [sshEdgeName],
    logName: "sallyport.example/demo",
  });
  const certificates = `${directory}/certificates`;
  const authority = await ensureAuthority({ directory: certificates, say });
  await issueCertificate({ authority, directory: certificates, name: "edge" });
  const database = await issueCertificate({ authority, directory: certificates, name: "database" });

  const [binary, lab, postgres, issuer] = await Promise.all([
    findNatsServer({ say }),
    startFiles(options, installation, stack),
    startClinic(options, database, authority.certPem, installation, stack),
    startIssuer({
      directory: `${directory}/issuer`,
      say,
      console: {
        clientId: "sallyport-console",
        redirectUris: [`http://127.0.0.1:${consolePort}/callback`],
      },
    }).then((issuer) => stack.use(issuer)),
  ]);
  const consoleUrl = `http://127.0.0.1:${consolePort}`;
  const addresses = {
    issuerUrl: issuer.url,
    consoleUrl,
    postgresPort: postgres.port,
    passwordFile: "secrets/ehr.password",
    caFile: "certificates/ca.crt",
    ...(lab === null ? {} : { lab }),
  };
  const config = await writeConfiguration(options, await demoConfiguration(addresses));
  const policyText = await demoPolicy();
  await Deno.writeTextFile(`${directory}/policy.cedar`, options.policy?.(policyText) ?? policyText);

  const nats = await startBus({
    installation,
    epoch,
    shards: config.shards,
    port: natsPort,
    say,
    binary,
    ...(options.syncAlways === undefined ? {} : { syncAlways: options.syncAlways }),
    ...(options.natsFileMax === undefined ? {} : { fileMax: options.natsFileMax }),
  }, stack);

  const settings = await writeSettings(installation, {
    natsUrl: nats.url,
    epoch,
    edge: { name: edgeName, host: "127.0.0.1", port: edgePort },
    edgeSsh: { name: sshEdgeName, host: "127.0.0.1", port: sshPort },
    identity: { host: "127.0.0.1", port: identityPort },
    console: { host: "127.0.0.1", port: consolePort },
  });
  const actors = new Map<ProcessKind, RunningProcess>();
  stack.defer(async () => {
    const all = [...actors].map(([kind, actor]) => ({ kind, actor }));
    await edgesFirst(all, ({ actor }) => actor.stop());
  });
  const startOne = async (kind: ProcessKind) => {
    const name = kind === "edge" ? edgeName : kind === "edge_ssh" ? sshEdgeName : kind;
    const own = settings.get(name);
    if (own === undefined) throw new Error(`Cannot start ${name}: it has no settings`);
    const actor = { kind, name, settings: own };
    actors.set(kind, await startActorProcess(actor, { directory, config }));
    say(`${name} is ready`);
  };
  const wanted = options.kinds ?? processKinds;
  await edgesLast(wanted.map((kind) => ({ kind })), ({ kind }) => startOne(kind));
  const tokens = await obtainDemoTokens(issuer);

  const owned = stack.move();
  const stop = () => owned.disposeAsync();
  return {
    directory,
    installation,
    epoch,
    config,
    settings,
    nats,
    postgres,
    issuer,
    edge: { host: "127.0.0.1", port: edgePort },
    ssh: { host: "127.0.0.1", port: sshPort },
    sshHostKey: await sshHostKey(directory, sshEdgeName),
    lab,
    consoleUrl,
    identityUrl: `http://127.0.0.1:${identityPort}`,
    tokens,
    caFile: authority.certFile,
    actor(kind) {
      const found = actors.get(kind);
      if (found === undefined) throw new Error(`Cannot find the process of ${kind}`);
      return found;
    },
    restart: startOne,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function startClinic(
  options: SystemOptions,
  files: { readonly certFile: string; readonly keyFile: string },
  caPem: string,
  installation: Installation,
  stack: AsyncDisposableStack,
): Promise<PostgresServer> {
  const { directory, say, ephemeral = false, passwordMethod, binaries } = options;
  const postgres = stack.use(
    await startPostgres({
      directory: `${directory}/postgres`,
      say,
      tls: files,
      ephemeral,
      ...(passwordMethod === undefined ? {} : { passwordMethod }),
      ...(binaries === undefined ? {} : { binaries }),
    }),
  );
  const path = `${installation.directory}/secrets/ehr.password`;
  const gatewayPassword = await Deno.readTextFile(path).catch(() => {
    return crypto.getRandomValues(new Uint8Array(24)).toBase64({ alphabet: "base64url" });
  });
  await Deno.writeTextFile(path, gatewayPassword, { mode: 0o600 });
  await loadClinic({ ...postgres, caPem, gatewayPassword, seed: 20261121, say });
  await options.prepare?.(postgres);
  return postgres;
}

/** The SSH host, where there is an edge to reach it through; its key for the gateway anyway. */
async function startFiles(
  options: SystemOptions,
  installation: Installation,
  stack: AsyncDisposableStack,
): Promise<SshHost | null> {
  const { directory, say, ephemeral = false, kinds = processKinds } = options;
  const path = `${installation.directory}/secrets/lab.key`;
  if (!kinds.includes("edge_ssh")) {
    const { privateKey } = await newSshKeyPair("gateway");
    await Deno.writeTextFile(path, privateKey, { mode: 0o600 });
    return null;
  }
  const lab = stack.use(await startLab({ directory: `${directory}/lab`, say, ephemeral }));
  await Deno.writeTextFile(path, lab.privateKey, { mode: 0o600 });
  return lab;
}

async function writeConfiguration(options: SystemOptions, text: string): Promise<Config> {
  const used = options.configure?.(text) ?? text;
  await Deno.writeTextFile(`${options.directory}/sallyport.yaml`, used);
  const parsed = parseConfig(used);
  if (parsed.ok) return parsed.config;
  const problems = parsed.problems.map(({ path, message }) => `${path}: ${message}`);
  throw new Error(`The configuration is wrong: ${problems.join("; ")}`);
}
