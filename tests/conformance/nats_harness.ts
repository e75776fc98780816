/**
 * A real nats-server with the product's own keys, permissions and streams, for tests.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import { systemClock } from "#actors/_kit/clock.ts";
import { type BusLimits, busLimits, connectBus } from "#actors/_kit/nats.ts";
import { freePort } from "#deploy/machine/free_port.ts";
import {
  findNatsServer,
  natsConfig,
  type NatsServer,
  startNatsServer,
} from "#deploy/machine/nats_server.ts";
import {
  type IssuedKey,
  issueKeys,
  keysOf,
  readSeed,
  renderAuthorization,
} from "#deploy/nats/accounts.ts";
import { provision } from "#deploy/nats/provision.ts";
import { edges, epoch, type Rig, scope, shards, sshEdges } from "./rig.ts";

export type NatsHarness = {
  readonly server: NatsServer;
  readonly keys: ReadonlyMap<string, IssuedKey>;
  /** Replaces what the server holds as users, and starts it anew. */
  restartWith(access: string): Promise<void>;
  /** Connects with the key of this name. */
  connect(name: string, limits?: Partial<BusLimits>): Promise<Bus>;
  seed(name: string): Promise<Uint8Array>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts and provisions the server. `access` replaces the rendered users. */
export async function startHarness(
  options: { access?: (keys: readonly IssuedKey[]) => string; provisioned?: boolean } = {},
): Promise<NatsHarness> {
  const directory = await Deno.makeTempDir({ prefix: "sallyport-bus-" });
  const issued = await issueKeys(keysOf(edges, sshEdges), `${directory}/keys`);
  const keys = new Map(issued.map((key) => [key.name, key]));
  const access = options.access?.(issued) ?? renderAuthorization(issued, scope);
  const port = freePort();
  const text = (block: string) =>
    natsConfig({
      port,
      storeDir: `${directory}/store`,
      serverName: "test",
      syncAlways: false,
      jetstreamMaxFile: 256_000_000,
      jetstreamMaxMemory: 128_000_000,
      access: block,
    });
  const say = () => {};
  const { path } = await findNatsServer({ say });
  const server = await startNatsServer({
    binary: path,
    directory,
    configText: text(access),
    port,
    say,
  });
  const buses: Bus[] = [];
  const harness: NatsHarness = {
    server,
    keys,
    restartWith: (block) => server.restart(text(block)),
    async connect(name, limits) {
      const key = keyOf(keys, name);
      const bus = await connectBus({
        url: server.url,
        seed: await harness.seed(name),
        name,
        inboxPrefix: key.inboxPrefix,
        clock: systemClock,
        limits: { ...busLimits, ...limits },
      });
      buses.push(bus);
      return bus;
    },
    async seed(name) {
      const seed = await readSeed(keyOf(keys, name).seedFile);
      if (seed === null) throw new Error(`no seed of ${name}`);
      return seed;
    },
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus.close();
      await server.stop();
      await Deno.remove(directory, { recursive: true });
    },
  };
  if (options.provisioned !== false) {
    await provision({
      url: server.url,
      seed: await harness.seed("provisioner"),
      inboxPrefix: keyOf(keys, "provisioner").inboxPrefix,
      topology: { epoch, shards, replicas: 1 },
    });
  }
  return harness;
}

function keyOf(keys: ReadonlyMap<string, IssuedKey>, name: string): IssuedKey {
  const key = keys.get(name);
  if (key === undefined) throw new Error(`no key ${name}`);
  return key;
}

/** The harness as the conformance suite needs it. */
export async function natsRig(): Promise<Rig> {
  const harness = await startHarness();
  return {
    connect: (name) => harness.connect(name),
    stop: () => harness.server.stop(),
    start: () => harness.server.restart(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose](),
  };
}
