/**
 * How every actor's process begins: settings, configuration, bus, and what to read.
 *
 * **Invariant:** it refuses to start when anything it needs is missing or wrong (G8); it never
 * starts with less.
 *
 * @module
 */
import { type Bus, type Consuming, type Delivery, errorCode } from "#actors/_kit/bus.ts";
import { type Epochs, followEpochs } from "#actors/_kit/epochs.ts";
import { type Clock, coarse, type Random, systemClock, systemRandom } from "#actors/_kit/clock.ts";
import { busLimits, connectBus } from "#actors/_kit/nats.ts";
import { type Report, reporter, stopOnBug } from "#actors/_kit/report.ts";
import { readSettings, type Settings } from "#actors/_kit/settings.ts";
import { StartError } from "#actors/_kit/start_error.ts";
import { traced } from "#actors/_kit/tracing.ts";
import type { Config } from "#schemas/config.ts";
import { parseConfig } from "#schemas/config_file.ts";
import { auditStream, rawStream, stageConsumer } from "#schemas/subjects.ts";

export type Process = {
  readonly settings: Settings;
  readonly config: Config;
  readonly configDigest: string;
  readonly bus: Bus;
  readonly report: Report;
  /** What a session worker needs of the process. */
  readonly ports: {
    readonly bus: Bus;
    readonly clock: Clock;
    readonly random: Random;
    readonly report: Report;
  };
  /** The months of the record, as time goes on. */
  readonly epochs: Epochs;
  /**
   * Reads this stage's share of every month's stream, all shards; with `lateMs` deliveries may come
   * that much later and together.
   */
  consume(
    onDelivery: (delivery: Delivery) => void,
    options?: { readonly lateMs: number },
  ): Promise<void>;
  /** Resolves when this stage was given all that was stored before. */
  catchUp(): Promise<void>;
  /** Reads this stage's share of the RAW stream, all shards. */
  consumeRaw(onDelivery: (delivery: Delivery) => void): Promise<void>;
  /** Says that the actor works; supervisors wait for it. */
  ready(): void;
};

/** Waits of sessions of at least this long may end this much later. */
const waitStepMs = 250;

/** Starts the process of the actor `kind`. @throws StartError saying what is wrong. */
export async function startActor(kind: string): Promise<Process> {
  const report = reporter(kind);
  let isStarting = true;
  stopOnBug(report, () => isStarting);
  const settings = readSettings(Deno.args[0]);
  const parsed = parseConfig(Deno.readTextFileSync(settings.configFile));
  if (!parsed.ok) {
    const problems = parsed.problems.map(({ path, message }) => `${path}: ${message}`).join("; ");
    throw new StartError(
      `${settings.configFile} is wrong: ${problems}`,
      "mend it; sallyport policy check reads it without a start",
    );
  }
  const { config, digest } = parsed;
  const bus = await connectTo(settings);
  const clock = coarse(systemClock, waitStepMs);
  const epochs = followEpochs(clock, settings.epoch);
  const ports = { bus, clock, random: systemRandom, report };
  const consumed = new Map<string, Consuming>();
  return {
    settings,
    config,
    configDigest: digest,
    bus,
    report,
    ports,
    epochs,
    consume: (onDelivery, options) => {
      const handler = traced(kind, onDelivery);
      return epochs.each((epoch) => {
        return consumeShards(auditStream(epoch), handler, consumed, options);
      });
    },
    async catchUp() {
      await Promise.all([...consumed.values()].map((consuming) => consuming.catchUp()));
    },
    consumeRaw: (onDelivery) => consumeShards(rawStream, traced(kind, onDelivery), new Map()),
    // Ready is who can be reached: the server knows of every subscription made before.
    ready: () => {
      isStarting = false;
      void bus.flush().then(() => report("ready", { epoch: epochs.open() ?? "" }));
    },
  };

  async function consumeShards(
    stream: string,
    onDelivery: (delivery: Delivery) => void,
    /** What is read already, when only a part of the shards could be. */
    reading: Map<string, Consuming>,
    options?: { readonly lateMs: number },
  ): Promise<void> {
    for (let shard = 0; shard < config.shards; shard++) {
      const consumer = stageConsumer(kind, shard);
      const name = `${stream}.${consumer}`;
      if (reading.has(name)) continue;
      reading.set(name, await bus.consume(stream, consumer, onDelivery, options));
    }
  }
}

async function connectTo({ name, nats }: Settings): Promise<Bus> {
  const seed = new TextEncoder().encode(Deno.readTextFileSync(nats.seedFile).trim());
  const { url, inboxPrefix } = nats;
  try {
    const clock = systemClock;
    return await connectBus({ url, seed, name, inboxPrefix, clock, limits: busLimits });
  } catch (cause) {
    const why = `the bus at ${url} cannot be used: ${errorCode(cause)}`;
    const hint = "look whether nats-server runs there, and knows the key of these settings";
    throw new StartError(why, hint, { cause });
  }
}
