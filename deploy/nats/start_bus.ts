/**
 * The bus of an installation on this machine: a nats-server that knows the installation's keys,
 * with its streams made and kept.
 *
 * @module
 */
import { busAuthorization, type Installation } from "#deploy/installation.ts";
import {
  findNatsServer,
  type NatsBinary,
  natsConfig,
  type NatsServer,
  startNatsServer,
} from "#deploy/machine/nats_server.ts";
import type { Say } from "#deploy/machine/process.ts";
import { readSeed } from "./accounts.ts";
import { keepProvisioned } from "./keep_provisioned.ts";

export type BusOptions = {
  readonly installation: Installation;
  /** The present month, `YYYY_MM`. */
  readonly epoch: string;
  readonly shards: number;
  readonly port: number;
  readonly say: Say;
  /** Absent: it is found, or fetched. */
  readonly binary?: NatsBinary;
  /** fsync before each acknowledgement; false only to measure what it costs. */
  readonly syncAlways?: boolean;
  /** Bytes of its file storage. */
  readonly fileMax?: number;
  /** The key under which the store is encrypted; absent: it is not. */
  readonly storeKeyFile?: string;
};

const fileMaxDefault = 64 * 1024 ** 3;
const memoryMax = 256 * 1024 ** 2;
/** Go's soft limit. */
const processMemory = "240MiB";
const retryMs = 1000;

/** Starts the server in `<installation>/nats` and makes its streams; the stack stops both. */
export async function startBus(
  options: BusOptions,
  stack: AsyncDisposableStack,
): Promise<NatsServer> {
  const { installation, epoch, shards, port, say, syncAlways = true, storeKeyFile } = options;
  const binary = options.binary ?? await findNatsServer({ say });
  const fsync = syncAlways ? "fsync before each acknowledgement" : "without fsync";
  say(`starting nats-server ${binary.version}, ${fsync}`);
  const directory = `${installation.directory}/nats`;
  const storeDirectory = `${directory}/store`;
  const nats = stack.use(
    await startNatsServer({
      binary: binary.path,
      directory,
      port,
      memoryLimit: processMemory,
      say,
      ...(storeKeyFile === undefined ? {} : { encryptionKeyFile: storeKeyFile }),
      configText: natsConfig({
        port,
        storeDir: storeDirectory,
        serverName: "sallyport",
        syncAlways,
        jetstreamMaxFile: options.fileMax ?? fileMaxDefault,
        jetstreamMaxMemory: memoryMax,
        encrypted: storeKeyFile !== undefined,
        access: busAuthorization(installation, { epoch, shards }),
      }),
    }),
  );
  const provisioner = installation.keys.find(({ kind }) => kind === "provisioner");
  const seed = provisioner === undefined ? null : await readSeed(provisioner.seedFile);
  if (provisioner === undefined || seed === null) throw new Error("The provisioner has no key");
  stack.use(
    await keepProvisioned({
      url: nats.url,
      seed,
      inboxPrefix: provisioner.inboxPrefix,
      topology: { epoch, shards, replicas: 1 },
      storeDirectory,
      retryMs,
      nowMs: Date.now,
      report: (event, detail) => say(`bus ${event}: ${detail}`),
    }),
  );
  return nats;
}
