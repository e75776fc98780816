/**
 * Starts the demo's identity provider as a process of its own, with permissions for its port and
 * its configuration file only.
 *
 * @module
 */
import { freePort } from "#deploy/machine/free_port.ts";
import { type RunningProcess, type Say, startProcess } from "#deploy/machine/process.ts";
import { IssuerConfig, launcherId } from "./issuer_config.ts";
import { demoAgents, demoPeople } from "./people.ts";

export type IssuerOptions = {
  /** Holds `issuer.json` (mode 0600) and `issuer.log`; keys and secrets there are kept. */
  readonly directory: string;
  readonly say: Say;
  /** Absent: the loopback address. */
  readonly host?: IssuerConfig["host"];
  /** Absent: the port of last time, or a free one. */
  readonly port?: number;
  readonly organisation?: string;
  readonly audience?: string;
  readonly lifetimeSeconds?: number;
  readonly console: {
    readonly clientId: string;
    readonly redirectUris: readonly string[];
    readonly postLogoutRedirectUris?: readonly string[];
    /** Absent: a public client. */
    readonly secret?: string;
  };
};

export type IssuerServer = {
  /** The issuer identifier, `http://127.0.0.1:<port>`; discovery stands under it. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly audience: string;
  /** What signs demo people in without a browser; see `obtainDemoTokens`. */
  readonly launcher: { readonly id: string; readonly secret: string };
  /** The agents' client secrets by client id. */
  readonly agentSecrets: ReadonlyMap<string, string>;
  readonly console: { readonly clientId: string; readonly redirectUri: string };
  readonly logFile: string;
  exited(): Promise<Deno.CommandStatus>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts the provider and waits until it answers. */
export async function startIssuer(options: IssuerOptions): Promise<IssuerServer> {
  const { config, configFile } = await writeIssuerConfig(options);
  const logFile = `${options.directory}/issuer.log`;
  const running = await startIssuerProcess(config, configFile, logFile);
  options.say(`the demo's identity provider runs at ${config.url}`);
  return {
    url: config.url,
    port: config.port,
    pid: running.pid,
    audience: config.audience,
    launcher: config.launcher,
    agentSecrets: new Map(config.agents.map((agent) => [agent.id, agent.secret])),
    console: { clientId: config.console.id, redirectUri: config.console.redirectUris[0] ?? "" },
    logFile,
    exited: () => running.exited,
    stop: () => running.stop(),
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

/** Writes `issuer.json`, with the keys and secrets that are there already. */
export async function writeIssuerConfig(
  options: IssuerOptions,
): Promise<{ readonly config: IssuerConfig; readonly configFile: string }> {
  await Deno.mkdir(options.directory, { recursive: true });
  const configFile = `${options.directory}/issuer.json`;
  const config = await configuration(options, configFile);
  const text = JSON.stringify(config, null, 2);
  await Deno.remove(configFile).catch(() => {});
  await Deno.writeTextFile(configFile, text, { mode: 0o600, createNew: true });
  return { config, configFile };
}

/** The arguments with which Deno runs the provider. `root` is the folder of this repository. */
export function issuerArguments(
  config: Pick<IssuerConfig, "host" | "port">,
  configFile: string,
  root: string,
): string[] {
  return [
    "run",
    "--no-prompt",
    `--config=${root}deno.json`,
    `--allow-net=${config.host}:${config.port}`,
    `--allow-read=${configFile},${root}node_modules`,
    "--allow-env",
    "--allow-sys=hostname",
    `${root}deploy/demo/issuer_main.ts`,
    configFile,
  ];
}

async function startIssuerProcess(
  config: IssuerConfig,
  configFile: string,
  logFile: string,
): Promise<RunningProcess> {
  const root = new URL("../../", import.meta.url).pathname;
  return await startProcess({
    name: "the demo's identity provider",
    command: Deno.execPath(),
    args: issuerArguments(config, configFile, root),
    cwd: root,
    logFile,
    ready: /^issuer ready on /,
    readyWaitMs: 30_000,
    stopWaitMs: 3000,
    pidFile: { path: `${configFile}.pid`, serves: configFile },
  });
}

async function configuration(options: IssuerOptions, configFile: string): Promise<IssuerConfig> {
  const before = await readConfig(configFile);
  const port = options.port ?? before?.port ?? freePort();
  const secretOf = (id: string) => before?.agents.find((agent) => agent.id === id)?.secret;
  return {
    version: 1,
    url: `http://127.0.0.1:${port}`,
    host: options.host ?? "127.0.0.1",
    port,
    audience: options.audience ?? "sallyport",
    lifetimeSeconds: options.lifetimeSeconds ?? 28_800,
    organisation: options.organisation ?? "Example Clinic",
    people: demoPeople.map((person) => ({
      ...person,
      groups: [...person.groups],
      purposes: [...person.purposes],
    })),
    agents: demoAgents.map((agent) => ({
      ...agent,
      groups: [...agent.groups],
      secret: secretOf(agent.id) ?? randomSecret(),
    })),
    launcher: before?.launcher ?? { id: launcherId, secret: randomSecret() },
    console: {
      id: options.console.clientId,
      secret: options.console.secret ?? null,
      redirectUris: [...options.console.redirectUris],
      postLogoutRedirectUris: [...options.console.postLogoutRedirectUris ?? []],
    },
    signingKey: before?.signingKey ?? await newSigningKey(),
    cookieKey: before?.cookieKey ?? randomSecret(),
  };
}

async function readConfig(path: string): Promise<IssuerConfig | null> {
  const text = await Deno.readTextFile(path).catch(() => null);
  if (text === null) return null;
  const parsed = IssuerConfig.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
}

/** An EC key on P-256 as a private JWK; its id is random and kept with it. */
async function newSigningKey(): Promise<Record<string, string>> {
  const extractable = true;
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const keys = await crypto.subtle.generateKey(algorithm, extractable, ["sign", "verify"]);
  const { kty = "", crv = "", x = "", y = "", d = "" } = await crypto.subtle.exportKey(
    "jwk",
    keys.privateKey,
  );
  return { kty, crv, x, y, d, kid: crypto.randomUUID() };
}

function randomSecret(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toHex();
}
