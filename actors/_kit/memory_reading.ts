/**
 * How a client of the bus in memory reads: through consumers, in pages, following.
 *
 * @module
 */
import {
  type Bus,
  BusError,
  type Consuming,
  type Delivery,
  type StoredMessage,
} from "#actors/_kit/bus.ts";
import type { ReadOptions, Subscription } from "#actors/_kit/bus.ts";
import type { Clock } from "#actors/_kit/clock.ts";
import type { ServerSide } from "#actors/_kit/memory_bus.ts";
import type { MemoryConsumer, MemoryWorker } from "#actors/_kit/memory_consumer.ts";
import type { MemoryLine } from "#actors/_kit/memory_line.ts";
import type { MemoryStream } from "#actors/_kit/memory_store.ts";

export type ReadingPorts = {
  readonly server: ServerSide;
  readonly clock: Clock;
  readonly inboxPrefix: string;
  readonly uplink: MemoryLine;
  readonly downlink: MemoryLine;
  /** Run each time the client is connected again. */
  readonly resumes: Set<() => void>;
  reachable(): boolean;
  known(stream: string): MemoryStream;
  /** Asks the JetStream API, if each subject is permitted. */
  ask<Answer>(subject: string | string[], answer: () => Answer): Promise<Answer>;
  guard(run: () => void): void;
};

const pageMessagesMax = 64;

/** The reading half of the port. */
export function memoryReading(ports: ReadingPorts): Pick<Bus, "consume" | "read" | "follow"> {
  const { clock, inboxPrefix } = ports;
  return { consume, read, follow };

  async function consume(
    stream: string,
    consumer: string,
    handler: (delivery: Delivery) => void,
    options?: { readonly lateMs: number },
  ): Promise<Consuming> {
    const next = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    const source = await ports.ask(next, () => {
      const found = ports.server.consumer(stream, consumer);
      if (found === null) throw new BusError("refused", `No consumer ${consumer}`);
      return found;
    });
    const lateMs = options?.lateMs ?? null;
    let takes = lateMs === null;
    let stopped = false;
    let forgetTimer = () => {};
    const worker: MemoryWorker = {
      reachable: () => ports.reachable() && !stopped,
      takes: () => takes,
      deliver(message, deliveries, pin) {
        ports.downlink.put(() => {
          const delivery = toDelivery({ ...message, redelivered: deliveries > 1, pin }, source);
          if (stopped) delivery.retry(0);
          else ports.guard(() => handler(delivery));
        });
      },
    };
    source.join(worker);
    const resume = lateMs === null ? source.pump : () => askLate(lateMs);
    ports.resumes.add(resume);
    resume();
    return {
      stop() {
        stopped = true;
        forgetTimer();
        ports.resumes.delete(resume);
        source.leave(worker);
        return Promise.resolve();
      },
      catchUp() {
        if (lateMs !== null) ports.uplink.put(take);
        // What was stored before is on the line in front of the answer; without one time goes on.
        return ports.ask(next, () => {}).catch(() => {});
      },
    };

    /** Takes what is there, now and from time to time. */
    function askLate(everyMs: number): void {
      forgetTimer();
      if (stopped || !ports.reachable()) return;
      ports.uplink.put(take);
      forgetTimer = clock.after(everyMs, () => askLate(everyMs));
    }

    function take(): void {
      takes = true;
      source.pump();
      takes = false;
    }
  }

  function toDelivery(
    message: StoredMessage & Pick<Delivery, "redelivered" | "pin">,
    consumer: MemoryConsumer,
  ): Delivery {
    const { sequence } = message;
    return {
      ...message,
      ack: () => ports.uplink.put(() => consumer.ack(sequence)),
      retry: (delayMs) => ports.uplink.put(() => consumer.retry(sequence, delayMs)),
      working: () => ports.uplink.put(() => consumer.working(sequence)),
    };
  }

  async function* read(stream: string, how: ReadOptions): AsyncGenerator<StoredMessage> {
    let through = how.through;
    const slot = `$JS.API.CONSUMER.CREATE.${stream}.${inboxPrefix}-page-0`;
    const asked = how.filters.map((filter) => `${slot}.${filter}`);
    for (let from = how.from;;) {
      const page = await ports.ask(asked, () => {
        const source = ports.known(stream);
        through = Math.min(through, source.state(clock.nowMs()).last);
        const found: StoredMessage[] = [];
        while (found.length < pageMessagesMax) {
          const message = source.next(from, how.filters, clock.nowMs());
          if (message === null || message.sequence > through) break;
          found.push(message);
          from = message.sequence + 1;
        }
        return found;
      });
      yield* page;
      if (page.length < pageMessagesMax) return;
    }
  }

  async function follow(
    stream: string,
    from: number,
    handler: (message: StoredMessage) => void,
  ): Promise<Subscription> {
    const asked = `$JS.API.CONSUMER.CREATE.${stream}.${inboxPrefix}-follow-0`;
    const source = await ports.ask(asked, () => ports.known(stream));
    let handled = Math.max(1, from) - 1;
    let sent = handled;
    let stopped = false;
    const pump = () => {
      while (!stopped && ports.reachable()) {
        const message = source.next(sent + 1, [], clock.nowMs());
        if (message === null) return;
        sent = message.sequence;
        ports.downlink.put(() => {
          if (stopped) return;
          handled = message.sequence;
          ports.guard(() => handler(message));
        });
      }
    };
    const resume = () => {
      sent = handled;
      pump();
    };
    ports.server.changed.add(pump);
    ports.resumes.add(resume);
    pump();
    return {
      stop() {
        stopped = true;
        ports.server.changed.delete(pump);
        ports.resumes.delete(resume);
        return Promise.resolve();
      },
    };
  }
}
