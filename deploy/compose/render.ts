/**
 * Renders `compose.yaml`: the system of `deno task demo` from official images, with the commands
 * and permissions of `deploy/processes.ts`.
 *
 * Theory of operation. Bus server and actors share one network namespace, so the bus is spoken on a
 * loopback address, as in the demo, and never crosses a network in the clear; the demo's identity
 * provider has the same address for a browser and for actors. A service that does nothing else
 * holds the namespace: whoever holds it takes it along when it is started anew. The database is a
 * machine of its own, spoken to over TLS, on a network from which nothing else is reached.
 * `install` makes keys and settings, `prepare` streams and the clinic; both end first. RAW is
 * in the bus server's memory only, so `provisioner` stays and makes it again when that server comes
 * back.
 *
 * **Invariant:** no container runs as root, writes to its own file system or gains a capability.
 *
 * @module
 */
import { stringify } from "yaml";
import { issuerArguments } from "#deploy/demo/issuer_process.ts";
import { demoConfiguration } from "#deploy/demo/configuration.ts";
import { settingsOf } from "#deploy/installation.ts";
import { keysOf } from "#deploy/nats/accounts.ts";
import {
  ignoredVariables,
  isEdge,
  processArguments,
  type ProcessKind,
  processKinds,
} from "#deploy/processes.ts";
import type { Config } from "#schemas/config.ts";
import { parseConfig } from "#schemas/config_file.ts";
import {
  addressesOf,
  type ComposePlan,
  configurationOf,
  edgeName,
  processName,
  sshEdgeName,
} from "./plan.ts";

const natsImage = "nats:2.14-alpine";
const postgresImage = "postgres:18";
const ourImage = "sallyport";

/** The user `deno` of the official Deno image. */
const user = "1993:1993";

/** The network namespace of bus server and actors. */
const shared = "service:namespace";

type Service = Readonly<Record<string, unknown>>;

/** The text of `compose.yaml`. Reads the demo's configuration file. */
export async function renderCompose(plan: ComposePlan): Promise<string> {
  const config = readConfig(await demoConfiguration(configurationOf(plan)));
  const document = {
    name: "sallyport",
    services: {
      install: install(plan),
      namespace: namespace(plan),
      nats: nats(plan),
      database: database(plan),
      prepare: prepare(plan),
      provisioner: provisioner(plan),
      issuer: issuer(plan),
      ...actors(plan, config),
      welcome: welcome(plan),
      sallyport: command(plan),
      rotate: rotate(plan),
    },
    networks: { front: {}, protected: { internal: true } },
    volumes: { installation: {}, revocations: {}, checkpoints: {}, bus: {}, clinic: {} },
  };
  const text = stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
  return `${header}\n${text}`;
}

const header = `# The whole system in containers, for one machine: docker compose up --build
#
# Written by \`deno run -A deploy/compose/main.ts render\`; a test compares. Change deploy/compose.
`;

const hardened: Service = {
  user,
  read_only: true,
  cap_drop: ["ALL"],
  security_opt: ["no-new-privileges:true"],
};

const ours: Service = {
  image: ourImage,
  ...hardened,
  entrypoint: ["deno"],
  init: true,
  tmpfs: ["/tmp"],
};

function install(plan: ComposePlan): Service {
  const folders = [plan.directory, plan.busDirectory, plan.databaseDirectory];
  const args = [`--allow-read=${[plan.root, ...folders].join(",")}`, `--allow-write=${folders}`];
  return {
    build: { context: ".", dockerfile: "deploy/images/Dockerfile" },
    ...ours,
    command: step(plan, "install", args),
    network_mode: "none",
    volumes: [
      `installation:${plan.directory}`,
      `bus:${plan.busDirectory}`,
      `clinic:${plan.databaseDirectory}`,
    ],
  };
}

/** Sleeps; of the bus server's image, which is small and there already. */
function namespace(plan: ComposePlan): Service {
  const ports = [plan.edgePort, plan.sshPort, plan.issuerPort, plan.identityPort, plan.consolePort];
  return {
    image: natsImage,
    ...hardened,
    entrypoint: ["sleep"],
    command: ["infinity"],
    init: true,
    // Of the actors, which live in this namespace; the bus itself is published nowhere.
    ports: ports.map((port) => `127.0.0.1:${port}:${port}`),
    networks: ["front", "protected"],
    restart: "unless-stopped",
  };
}

function nats(plan: ComposePlan): Service {
  return {
    image: natsImage,
    ...hardened,
    command: ["nats-server", "--config", `${plan.busDirectory}/nats.conf`],
    network_mode: shared,
    depends_on: { ...after("install"), namespace: { condition: "service_started" } },
    volumes: [`bus:${plan.busDirectory}`],
    healthcheck: health([
      ...["wget", "--quiet", "--output-document=/dev/null"],
      `http://127.0.0.1:${plan.natsMonitorPort}/healthz`,
    ]),
    restart: "unless-stopped",
  };
}

function database(plan: ComposePlan): Service {
  const own = `${plan.databaseDirectory}/sallyport`;
  return {
    image: postgresImage,
    ...hardened,
    command: [
      "postgres",
      ...["-c", "ssl=on"],
      ...["-c", `ssl_cert_file=${own}/server.crt`],
      ...["-c", `ssl_key_file=${own}/server.key`],
      ...["-c", "password_encryption=scram-sha-256"],
    ],
    environment: { POSTGRES_PASSWORD_FILE: `${own}/superuser.password` },
    depends_on: after("install"),
    networks: ["protected"],
    tmpfs: ["/tmp", "/var/run/postgresql"],
    volumes: [`clinic:${plan.databaseDirectory}`],
    healthcheck: health(["pg_isready", "--username=postgres", "--host=127.0.0.1"]),
    restart: "unless-stopped",
  };
}

function prepare(plan: ComposePlan): Service {
  const net = [`127.0.0.1:${plan.natsPort}`, `${plan.databaseHost}:${plan.databasePort}`];
  const args = [`--allow-read=${plan.root},${plan.directory}`, `--allow-net=${net}`];
  return {
    ...ours,
    command: step(plan, "prepare", args),
    network_mode: shared,
    volumes: [`installation:${plan.directory}:ro`],
    depends_on: { ...healthy("nats"), ...healthy("database") },
  };
}

/** Has the rights of `prepare` without the database's. */
function provisioner(plan: ComposePlan): Service {
  const args = [
    `--allow-read=${plan.root},${plan.directory}`,
    `--allow-net=127.0.0.1:${plan.natsPort}`,
  ];
  return {
    ...ours,
    command: step(plan, "keep", args),
    ...inside(plan),
    depends_on: { ...healthy("nats"), ...after("prepare") },
  };
}

function issuer(plan: ComposePlan): Service {
  const config = { host: "0.0.0.0", port: plan.issuerPort } as const;
  const file = `${plan.directory}/issuer/issuer.json`;
  return {
    ...ours,
    command: issuerArguments(config, file, plan.root),
    ...inside(plan),
    healthcheck: health(answers(plan.issuerPort)),
    depends_on: after("prepare"),
  };
}

function actors(plan: ComposePlan, config: Config): Record<string, Service> {
  const addresses = addressesOf(plan, "2026_01");
  const services = processKinds.map((kind) => {
    const name = processName(kind);
    const key = keysOf([edgeName], [sshEdgeName]).find((each) => each.name === name);
    if (key === undefined) throw new Error(`Cannot render ${name}: it has no key`);
    const settings = settingsOf(key, plan.directory, addresses);
    const file = `${plan.directory}/settings/${name}.json`;
    const { edge, edgeSsh, console, identity } = settings;
    const port = (edge ?? edgeSsh ?? console ?? identity)?.port;
    const before = isEdge(kind) ? processKinds.filter((other) => !isEdge(other)) : [];
    return [kind, {
      ...ours,
      command: processArguments(kind, plan.root, file, settings, config),
      ...inside(plan),
      ...withKept(kind, plan),
      ...(port === undefined ? {} : { healthcheck: health(answers(port)) }),
      depends_on: {
        ...after("prepare"),
        ...healthy("issuer"),
        ...Object.fromEntries(before.map((other) => [other, { condition: "service_started" }])),
      },
    }] as const;
  });
  return Object.fromEntries(services);
}

/** Ends after it said how to connect. */
function welcome(plan: ComposePlan): Service {
  const args = [
    `--allow-read=${plan.root},${plan.directory}`,
    `--allow-net=127.0.0.1:${plan.issuerPort}`,
  ];
  return {
    ...ours,
    command: step(plan, "welcome", args),
    network_mode: shared,
    volumes: [`installation:${plan.directory}:ro`],
    depends_on: healthy("edge"),
  };
}

/** `docker compose run --rm sallyport <verb>`; started by nothing else. */
function command(plan: ComposePlan): Service {
  return {
    ...ours,
    profiles: ["tools"],
    entrypoint: ["deno", ...commandArguments(plan)],
    command: ["--help"],
    environment: { SALLYPORT_DIR: plan.directory },
    network_mode: shared,
    volumes: [`installation:${plan.directory}:ro`],
  };
}

/** The arguments with which Deno runs the `sallyport` command there; the verb follows. */
export function commandArguments(plan: ComposePlan): string[] {
  const { natsPort, identityPort, consolePort, edgePort, sshPort } = plan;
  const ports = [natsPort, identityPort, consolePort, edgePort, sshPort];
  return [
    ...running(plan, [
      `--allow-read=${plan.root},${plan.directory}`,
      `--allow-net=${ports.map((port) => `127.0.0.1:${port}`)}`,
      "--allow-env=SALLYPORT_DIR,HOME",
    ]),
    `${plan.root}deploy/sallyport/main.ts`,
  ];
}

/** `docker compose run --rm rotate`: the one verb that writes to the installation. */
function rotate(plan: ComposePlan): Service {
  return {
    ...command(plan),
    entrypoint: ["deno", ...rotateArguments(plan)],
    command: [],
    volumes: [`installation:${plan.directory}`],
  };
}

/** The arguments with which Deno rotates identity's key there. */
export function rotateArguments(plan: ComposePlan): string[] {
  const { root, directory, identityPort } = plan;
  return [
    ...running(plan, [
      `--allow-read=${root},${directory}`,
      `--allow-write=${directory}/keys,${directory}/public`,
      `--allow-net=127.0.0.1:${identityPort}`,
      "--allow-env=SALLYPORT_DIR,HOME",
    ]),
    `${root}deploy/sallyport/main.ts`,
    "rotate",
  ];
}

/** What lives in the shared namespace and reads the installation. */
function inside(plan: ComposePlan): Service {
  return {
    network_mode: shared,
    volumes: [`installation:${plan.directory}:ro`],
    restart: "unless-stopped",
  };
}

/** What an actor writes lies in the installation, on a volume of its own. */
function withKept(kind: ProcessKind, { directory }: ComposePlan): Service {
  const folder = kept.get(kind);
  if (folder === undefined) return {};
  return { volumes: [`installation:${directory}:ro`, `${folder}:${directory}/${folder}`] };
}
const kept: ReadonlyMap<ProcessKind, string> = new Map([
  ["identity", "revocations"],
  ["audit", "checkpoints"],
]);

function step(plan: ComposePlan, verb: string, permissions: readonly string[]): string[] {
  return [...running(plan, permissions), `${plan.root}deploy/compose/main.ts`, verb];
}

function running(plan: ComposePlan, permissions: readonly string[]): string[] {
  return [
    "run",
    "--no-prompt",
    "--cached-only",
    `--config=${plan.root}deno.json`,
    ...permissions,
    `--ignore-env=${ignoredVariables.join(",")}`,
  ];
}

function after(service: string): Service {
  return { [service]: { condition: "service_completed_successfully" } };
}

function healthy(service: string): Service {
  return { [service]: { condition: "service_healthy" } };
}

function health(command: readonly string[]): Service {
  return {
    test: ["CMD", ...command],
    interval: "10s",
    timeout: "5s",
    retries: 6,
    start_period: "60s",
    start_interval: "1s",
  };
}

/** A probe by the runtime that the image has: it connects and hangs up. */
function answers(port: number): string[] {
  return ["deno", "eval", `(await Deno.connect({ port: ${port} })).close()`];
}

function readConfig(text: string): Config {
  const parsed = parseConfig(text);
  if (parsed.ok) return parsed.config;
  throw new Error(`The demo's configuration is wrong: ${parsed.problems[0]?.message}`);
}
