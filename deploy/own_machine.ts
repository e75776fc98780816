/**
 * What an installation of one machine has beside its actors: its ports, its bus, and, while its
 * configuration names it as the issuer, the demo's identity provider to try things with. `init`
 * writes it down in `machine.json`, and `up` starts it.
 *
 * @module
 */
import { z } from "zod";
import type { Settings } from "#actors/_kit/settings.ts";
import type { Config } from "#schemas/config.ts";
import { epochOf } from "#schemas/subjects.ts";
import { type IssuerServer, startIssuer } from "#deploy/demo/issuer_process.ts";
import { type Installation, openInstallation, writeSettings } from "#deploy/installation.ts";
import { ensureAuthority, issueCertificate } from "#deploy/machine/certificates.ts";
import type { NatsServer } from "#deploy/machine/nats_server.ts";
import type { Say } from "#deploy/machine/process.ts";
import { startBus } from "#deploy/nats/start_bus.ts";
import { ensureSecret } from "#deploy/secret_file.ts";

const Port = z.int().min(1).max(65535);

export const Machine = z.strictObject({
  version: z.literal(1),
  /** The log's name (C2SP origin), a name of this installation alone. */
  logName: z.string().min(1).max(128),
  /** The name under which agents reach the edges from elsewhere; null: from this machine only. */
  hostName: z.string().min(1).max(253).nullable(),
  ports: z.strictObject({
    bus: Port,
    postgres: Port,
    ssh: Port,
    identity: Port,
    console: Port,
    /** Of the identity provider that is there to try things with. */
    issuer: Port,
  }),
});
export type Machine = z.infer<typeof Machine>;

const edgeName = "postgres-1";
const sshEdgeName = "ssh-1";
const loopback = "127.0.0.1";

function fileOf(directory: string): string {
  return `${directory}/machine.json`;
}

/** Null where the installation's bus runs elsewhere. @throws Error when it is not understood. */
export async function readMachine(directory: string): Promise<Machine | null> {
  const text = await Deno.readTextFile(fileOf(directory)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  return text === null ? null : Machine.parse(JSON.parse(text));
}

export async function writeMachine(directory: string, machine: Machine): Promise<void> {
  await Deno.writeTextFile(fileOf(directory), JSON.stringify(machine, null, 2));
}

export function consoleUrlOf({ ports }: Machine): string {
  return `http://${loopback}:${ports.console}`;
}

/** Of the identity provider to try things with. */
export function tryingIssuerUrl({ ports }: Machine): string {
  return `http://${loopback}:${ports.issuer}`;
}

/** Where agents reach PostgreSQL. */
export function postgresAddress({ hostName, ports }: Machine): { host: string; port: number } {
  return { host: hostName ?? loopback, port: ports.postgres };
}

/** Makes what is missing of keys and folders, certificates anew, and everybody's settings. */
export async function installMachine(
  directory: string,
  machine: Machine,
  say: Say,
): Promise<{ readonly installation: Installation; readonly settings: Map<string, Settings> }> {
  const { ports, hostName, logName } = machine;
  const installation = await openInstallation(directory, {
    edges: [edgeName],
    sshEdges: [sshEdgeName],
    logName,
  });
  const certificates = `${directory}/certificates`;
  const authority = await ensureAuthority({ directory: certificates, say });
  const dnsNames = hostName === null ? [] : [hostName];
  await issueCertificate({ authority, directory: certificates, name: "edge", dnsNames });
  const host = hostName === null ? loopback : "0.0.0.0";
  const settings = await writeSettings(installation, {
    natsUrl: `nats://${loopback}:${ports.bus}`,
    epoch: epochOf(Date.now()),
    edge: { name: edgeName, host, port: ports.postgres },
    edgeSsh: { name: sshEdgeName, host, port: ports.ssh },
    identity: { host: loopback, port: ports.identity },
    console: { host: loopback, port: ports.console },
  });
  return { installation, settings };
}

export type RunningMachine = {
  readonly nats: NatsServer;
  /** Null: the organisation's own is asked. */
  readonly issuer: IssuerServer | null;
};

/** Starts the bus and, if the configuration names it, the identity provider. */
export async function startMachine(
  directory: string,
  { machine, config, say }: {
    readonly machine: Machine;
    readonly config: Config;
    readonly say: Say;
  },
  stack: AsyncDisposableStack,
): Promise<RunningMachine> {
  const { installation } = await installMachine(directory, machine, say);
  const nats = await startBus({
    installation,
    epoch: epochOf(Date.now()),
    shards: config.shards,
    port: machine.ports.bus,
    say,
    storeKeyFile: await ensureStoreKey(directory),
  }, stack);
  if (config.issuer.url !== tryingIssuerUrl(machine)) return { nats, issuer: null };
  const issuer = stack.use(
    await startIssuer({
      directory: `${directory}/issuer`,
      say,
      port: machine.ports.issuer,
      organisation: config.organisation,
      audience: config.issuer.audience,
      console: {
        clientId: config.console.client_id,
        redirectUris: [`${consoleUrlOf(machine)}/callback`],
      },
    }),
  );
  return { nats, issuer };
}

/** What the bus encrypts its store with: statements may hold what patients' records do. */
async function ensureStoreKey(directory: string): Promise<string> {
  const file = `${directory}/keys/store.key`;
  const make = () => crypto.getRandomValues(new Uint8Array(32)).toHex();
  await ensureSecret(file, make, `${directory}/nats/store`);
  return file;
}
