/**
 * A durable consumer of a stream in memory: one worker at a time, explicit acknowledgement,
 * redelivery after the ack wait.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import type { Clock } from "#actors/_kit/clock.ts";
import { type MemoryStream, type StreamConfig, texts } from "#actors/_kit/memory_store.ts";

/** A worker's connection as the consumer sees it. */
export type MemoryWorker = {
  reachable(): boolean;
  /** False while it has not asked for more. */
  takes(): boolean;
  deliver(message: StoredMessage, deliveries: number, pin: string): void;
};

export type MemoryConsumer = {
  join(worker: MemoryWorker): void;
  /** The worker said that it stops: the next one is served at once. */
  leave(worker: MemoryWorker): void;
  /** Something changed: a message was stored, a worker is reachable again. */
  pump(): void;
  ack(sequence: number): void;
  retry(sequence: number, delayMs: number): void;
  working(sequence: number): void;
  /** Deliveries that are not acknowledged. */
  pending(): number;
  /** The server started again: what was not acknowledged is delivered anew. */
  restart(): void;
};

type Unacknowledged = { deliveries: number; dueMs: number };

/** Creates the consumer from the server's configuration of it. */
export function memoryConsumer(
  config: StreamConfig,
  stream: MemoryStream,
  clock: Clock,
  running: () => boolean,
): MemoryConsumer {
  const filters = texts(config["filter_subjects"]);
  const ackWaitMs = number(config["ack_wait"], 30e9) / 1e6;
  const pinnedMs = number(config["priority_timeout"], 5e9) / 1e6;
  const pendingMax = number(config["max_ack_pending"], 1000);
  const workers: MemoryWorker[] = [];
  const unacknowledged = new Map<number, Unacknowledged>();
  let next = 1;
  let active: MemoryWorker | null = null;
  let pins = 0;
  let silentSinceMs: number | null = null;
  let forgetTimer: (() => void) | null = null;

  return {
    join(worker) {
      workers.push(worker);
      pump();
    },
    leave(worker) {
      const index = workers.indexOf(worker);
      if (index >= 0) workers.splice(index, 1);
      if (active === worker) active = null;
      pump();
    },
    pump,
    ack(sequence) {
      if (!unacknowledged.delete(sequence)) return;
      stream.acknowledged(sequence);
      pump();
    },
    retry(sequence, delayMs) {
      postpone(sequence, delayMs);
    },
    working(sequence) {
      postpone(sequence, ackWaitMs);
    },
    pending: () => unacknowledged.size,
    restart() {
      active = null;
      for (const entry of unacknowledged.values()) entry.dueMs = clock.nowMs();
      pump();
    },
  };

  function postpone(sequence: number, afterMs: number): void {
    const entry = unacknowledged.get(sequence);
    if (entry === undefined) return;
    entry.dueMs = clock.nowMs() + afterMs;
    arm();
  }

  function pump(): void {
    if (!running()) return;
    choose();
    if (active !== null && active.reachable() && active.takes()) {
      redeliver(active);
      deliver(active);
    }
    arm();
  }

  /** A pinned worker that cannot be reached keeps its place until the group's timeout. */
  function choose(): void {
    if (active !== null && !active.reachable()) {
      silentSinceMs ??= clock.nowMs();
      if (clock.nowMs() - silentSinceMs < pinnedMs) return;
      active = null;
    }
    silentSinceMs = null;
    if (active !== null) return;
    active = workers.find((worker) => worker.reachable()) ?? null;
    if (active !== null) pins++;
  }

  function redeliver(worker: MemoryWorker): void {
    const now = clock.nowMs();
    const due = [...unacknowledged].filter(([, entry]) => entry.dueMs <= now);
    for (const [sequence, entry] of due.sort(([left], [right]) => left - right)) {
      const message = stream.at(sequence);
      if (message === null) {
        unacknowledged.delete(sequence);
        continue;
      }
      entry.deliveries++;
      entry.dueMs = now + ackWaitMs;
      worker.deliver(message, entry.deliveries, `${pins}`);
    }
  }

  function deliver(worker: MemoryWorker): void {
    const now = clock.nowMs();
    while (unacknowledged.size < pendingMax) {
      const message = stream.next(next, filters, now);
      if (message === null) return;
      next = message.sequence + 1;
      unacknowledged.set(message.sequence, { deliveries: 1, dueMs: now + ackWaitMs });
      worker.deliver(message, 1, `${pins}`);
    }
  }

  function arm(): void {
    forgetTimer?.();
    forgetTimer = null;
    let dueMs = Infinity;
    // Of one that does not take what is due, it is heard when it asks.
    if (active === null || active.takes()) {
      for (const entry of unacknowledged.values()) dueMs = Math.min(dueMs, entry.dueMs);
    }
    if (silentSinceMs !== null) dueMs = Math.min(dueMs, silentSinceMs + pinnedMs);
    if (dueMs === Infinity || workers.length === 0) return;
    const afterMs = Math.max(1, dueMs - clock.nowMs());
    forgetTimer = clock.after(afterMs, () => {
      forgetTimer = null;
      pump();
    });
  }
}

function number(value: unknown, absent: number): number {
  return typeof value === "number" && value > 0 ? value : absent;
}
