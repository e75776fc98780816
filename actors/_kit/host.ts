/**
 * What an actor is wired to, in its process and in a simulation of it alike: the bus and this
 * stage's share of what it stores, time, chance, and the months of the record.
 *
 * @module
 */
import type { Bus, Consuming, Delivery } from "#actors/_kit/bus.ts";
import { type Clock, coarse, type Random } from "#actors/_kit/clock.ts";
import { type Epochs, followEpochs } from "#actors/_kit/epochs.ts";
import type { Report } from "#actors/_kit/report.ts";
import { traced } from "#actors/_kit/tracing.ts";
import type { Config } from "#schemas/config.ts";
import { auditStream, rawStream, stageConsumer } from "#schemas/subjects.ts";

/** What is given from outside. */
export type HostPorts = {
  readonly config: Config;
  readonly configDigest: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: Report;
};

export type Host = HostPorts & {
  /** What a session worker and a gateway need; the long waits of their clock are coarse. */
  readonly ports: Pick<HostPorts, "bus" | "clock" | "random" | "report">;
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
  /** Calls back every so often, milliseconds. */
  every(ms: number, callback: () => void): void;
};

/** Waits of sessions of at least this long may end this much later. */
const waitStepMs = 250;

/** Creates it: `kind` names the actor's consumers, `first` is the month of the installation. */
export function actorHost(kind: string, first: string, given: HostPorts): Host {
  const { bus, config, random, report } = given;
  const clock = coarse(given.clock, waitStepMs);
  const epochs = followEpochs(clock, first);
  const consumed = new Map<string, Consuming>();
  return {
    ...given,
    ports: { bus, clock, random, report },
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
    every,
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

  function every(ms: number, callback: () => void): void {
    given.clock.after(ms, () => {
      every(ms, callback);
      callback();
    });
  }
}
