/**
 * Deliveries whose step is done and whose effect in the world is not: they stay unacknowledged, and
 * the server is told that they are at work, so that it gives them to nobody else while we live.
 *
 * @module
 */
import type { Delivery } from "#actors/_kit/bus.ts";
import type { Clock } from "#actors/_kit/clock.ts";

export type KeptDeliveries = {
  keep(delivery: Delivery): void;
  /** The delivery is about to be acknowledged, or to be asked for again. */
  letGo(delivery: Delivery): void;
};

/** Creates the set; `everyMs` stays well below the consumer's `ack_wait`. */
export function keptDeliveries(clock: Clock, everyMs: number): KeptDeliveries {
  const kept = new Set<Delivery>();
  let timed = false;
  return {
    keep(delivery) {
      kept.add(delivery);
      time();
    },
    letGo: (delivery) => void kept.delete(delivery),
  };

  function time(): void {
    if (timed) return;
    timed = true;
    clock.after(everyMs, () => {
      timed = false;
      for (const delivery of kept) delivery.working();
      if (kept.size > 0) time();
    });
  }
}
