/**
 * What the containers of `compose.yaml` that are no actors do: keys, settings and secrets before
 * any server runs; streams and the clinic once the servers do; streams again whenever the bus came
 * back without them; the words to begin with at the end.
 *
 * @module
 */
import { demoConfiguration, demoPolicy } from "#deploy/demo/configuration.ts";
import { loadClinic } from "#deploy/demo/clinic.ts";
import { obtainDemoTokens } from "#deploy/demo/demo_tokens.ts";
import { IssuerConfig } from "#deploy/demo/issuer_config.ts";
import { writeIssuerConfig } from "#deploy/demo/issuer_process.ts";
import { busAuthorization, openInstallation, writeSettings } from "#deploy/installation.ts";
import { ensureAuthority, issueCertificate } from "#deploy/machine/certificates.ts";
import { natsConfig } from "#deploy/machine/nats_config.ts";
import type { Say } from "#deploy/machine/process.ts";
import { readSeed } from "#deploy/nats/accounts.ts";
import { keepProvisioned } from "#deploy/nats/keep_provisioned.ts";
import { newSshKeyPair } from "#deploy/machine/ssh_key.ts";
import { provision, type ProvisionOptions } from "#deploy/nats/provision.ts";
import { ensureSecret } from "#deploy/secret_file.ts";
import { parseConfig } from "#schemas/config_file.ts";
import {
  addressesOf,
  type ComposePlan,
  configurationOf,
  consoleUrl,
  edgeName,
  sshEdgeName,
} from "./plan.ts";
import { readSettings } from "#actors/_kit/settings.ts";

/** Makes what is missing; keeps keys, secrets and certificates that are there. */
export async function install(plan: ComposePlan, epoch: string, say: Say): Promise<void> {
  const { directory, busDirectory } = plan;
  const installation = await openInstallation(directory, {
    edges: [edgeName],
    sshEdges: [sshEdgeName],
    logName: "sallyport.example/compose",
  });
  await Deno.writeTextFile(
    `${directory}/sallyport.yaml`,
    await demoConfiguration(configurationOf(plan)),
  );
  await Deno.writeTextFile(`${directory}/policy.cedar`, await demoPolicy());
  const { shards } = await readConfig(plan);
  await writeSettings(installation, addressesOf(plan, epoch));
  await writeCertificates(plan, say);
  await writeIssuerConfig({
    directory: `${directory}/issuer`,
    say,
    host: "0.0.0.0",
    port: plan.issuerPort,
    console: {
      clientId: "sallyport-console",
      redirectUris: [`${consoleUrl(plan)}/callback`],
    },
  });
  await Deno.mkdir(busDirectory, { recursive: true });
  await Deno.writeTextFile(
    `${busDirectory}/nats.conf`,
    natsConfig({
      port: plan.natsPort,
      monitorPort: plan.natsMonitorPort,
      storeDir: `${busDirectory}/store`,
      serverName: "sallyport",
      syncAlways: true,
      jetstreamMaxFile: 64 * 1024 ** 3,
      jetstreamMaxMemory: 256 * 1024 ** 2,
      access: busAuthorization(installation, { epoch, shards }),
    }),
  );
  say("keys, settings and certificates are ready");
}

/** Creates streams and consumers, and loads the clinic when the database has none. */
export async function prepare(plan: ComposePlan, say: Say): Promise<void> {
  const { directory } = plan;
  const options = await provisionOptions(plan);
  await provision(options);
  say(`streams of ${options.topology.epoch} are ready`);
  await loadClinic({
    host: plan.databaseHost,
    port: plan.databasePort,
    superuser: "postgres",
    superuserPassword: await readSecret(plan, "superuser.password"),
    caPem: await Deno.readTextFile(`${directory}/certificates/ca.crt`),
    gatewayPassword: await readSecret(plan, "ehr.password"),
    seed: 20261121,
    say,
  });
  say("the clinic is ready");
}

/** Provisions the bus now and after each reconnect, until it is disposed of. */
export async function keep(plan: ComposePlan, say: Say): Promise<AsyncDisposable> {
  const options = await provisionOptions(plan);
  const kept = await keepProvisioned({
    ...options,
    retryMs: 1000,
    nowMs: Date.now,
    report: (event, detail) => say(`bus ${event}: ${detail}`),
  });
  say(`streams of ${options.topology.epoch} are kept`);
  return kept;
}

/** Says how to connect, with tokens of the demo's people. */
export async function welcome(plan: ComposePlan, say: Say): Promise<void> {
  const text = await Deno.readTextFile(`${plan.directory}/issuer/issuer.json`);
  const config = IssuerConfig.parse(JSON.parse(text));
  const tokens = await obtainDemoTokens({
    url: config.url,
    launcher: config.launcher,
    agentSecrets: new Map(config.agents.map(({ id, secret }) => [id, secret])),
    console: { clientId: config.console.id, redirectUri: config.console.redirectUris[0] ?? "" },
  });
  const target = (user: string) =>
    `host=127.0.0.1 port=${plan.edgePort} dbname=ehr user=${user} sslmode=require`;
  say("An agent, acting for an analyst:");
  say(`  PGPASSWORD='${tokens.agent}' psql "${target("report-agent")}"`);
  say("A nurse of the treatment team:");
  say(`  PGPASSWORD='${tokens.nurse}' psql "${target("nora")}"`);
  say(`Approvers: ${consoleUrl(plan)} (sign in as carl, of compliance)`);
}

async function provisionOptions(plan: ComposePlan): Promise<ProvisionOptions> {
  const { epoch, nats } = readSettings(`${plan.directory}/settings/provisioner.json`);
  const seed = await readSeed(nats.seedFile);
  if (seed === null) throw new Error("The provisioner has no key: was `install` run?");
  const { shards } = await readConfig(plan);
  const topology = { epoch, shards, replicas: 1 } as const;
  return { url: nats.url, seed, inboxPrefix: nats.inboxPrefix, topology };
}

async function writeCertificates(plan: ComposePlan, say: Say): Promise<void> {
  const directory = `${plan.directory}/certificates`;
  const own = `${plan.databaseDirectory}/sallyport`;
  await Deno.mkdir(own, { recursive: true, mode: 0o700 });
  const authority = await ensureAuthority({ directory, say });
  await issueCertificate({ authority, directory, name: "edge" });
  const dnsNames = [plan.databaseHost];
  const files = await issueCertificate({ authority, directory: own, name: "server", dnsNames });
  await Deno.chmod(files.keyFile, 0o600);
  await ensureSecret(secretFile(plan, "ehr.password"), newPassword);
  // No SSH host runs here, but the connection stands in the configuration.
  const { privateKey } = await newSshKeyPair("gateway");
  await Deno.writeTextFile(`${plan.directory}/secrets/lab.key`, privateKey, { mode: 0o600 });
  const password = await ensureSecret(secretFile(plan, "superuser.password"), newPassword);
  await Deno.writeTextFile(`${own}/superuser.password`, password, { mode: 0o600 });
}

function secretFile({ directory }: ComposePlan, name: string): string {
  return `${directory}/secrets/${name}`;
}

function newPassword(): string {
  return crypto.getRandomValues(new Uint8Array(24)).toBase64({ alphabet: "base64url" });
}

async function readSecret(plan: ComposePlan, name: string): Promise<string> {
  return (await Deno.readTextFile(secretFile(plan, name))).trim();
}

async function readConfig(plan: ComposePlan): Promise<{ readonly shards: number }> {
  const parsed = parseConfig(await Deno.readTextFile(`${plan.directory}/sallyport.yaml`));
  if (parsed.ok) return parsed.config;
  throw new Error(`The configuration is wrong: ${parsed.problems[0]?.message}`);
}
