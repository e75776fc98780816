/**
 * Asks a consumer every now and then for all it has, instead of keeping a request at the server:
 * for readers that need all and not at once. What came meanwhile comes in one piece, which costs
 * the server and the reader a fraction of single deliveries.
 *
 * Theory of operation. A request with `no_wait` (NATS ADR-13) brings what is there; the server says
 * 404 when there was less than a batch, and after a full one 409 or nothing. After anything else,
 * and after silence, the consumer counts as lost.
 *
 * @module
 */
import { type Pull, type PullLink, type PullOptions } from "#actors/_kit/nats_pull.ts";
import { headerBytes, type NatsMsg } from "#actors/_kit/nats_message.ts";
import { parseHeaders } from "#actors/_kit/nats_wire.ts";

const encoder = new TextEncoder();

export type GatherOptions = Pick<PullOptions, "subject"> & {
  /** A message that is no status; false when it is not one of this consumer. */
  onMessage(message: NatsMsg): boolean;
  /** How long to wait, once there is no more, before asking again. */
  readonly lateMs: number;
  readonly onLost: () => void;
};

/** Starts asking. */
export function gatherLoop(link: PullLink, options: GatherOptions): Pull {
  const { clock, limits } = link.options;
  const request = { batch: limits.gatherMessagesMax, "max_bytes": limits.pageBytesMax };
  const payload = encoder.encode(JSON.stringify({ ...request, "no_wait": true }));
  const inbox = link.newInbox();
  let came = 0;
  let stopped = false;
  let held = false;
  let forgetTimer = () => {};
  const subscription = link.subscribe(inbox, onMessage);
  ask();
  return { hold, restart, stop };

  function hold(): void {
    held = true;
    forgetTimer();
  }

  function restart(): void {
    held = false;
    ask();
  }

  function ask(): void {
    if (stopped || held) return;
    came = 0;
    link.write(options.subject, payload, inbox);
    // Disconnected or not: whoever heard nothing begins anew behind what it has.
    after(limits.apiMsMax, options.onLost);
  }

  function onMessage(message: NatsMsg): void {
    if (stopped) return;
    if (message.subject === inbox) return onStatus(message);
    if (!options.onMessage(message)) return;
    came++;
    if (came === limits.gatherMessagesMax) ask();
  }

  function onStatus(message: NatsMsg): void {
    const { status, description } = parseHeaders(headerBytes(message));
    if (held || status === 100) return;
    // More was asked for when the last one of it came.
    if (description === "Batch Completed") return;
    if (status === 404) return after(options.lateMs, ask);
    // The batch is full by bytes.
    if (came > 0) return ask();
    after(options.lateMs, options.onLost);
  }

  function after(afterMs: number, then: () => void): void {
    forgetTimer();
    forgetTimer = clock.after(afterMs, then);
  }

  function stop(): Promise<void> {
    stopped = true;
    forgetTimer();
    return subscription.drain();
  }
}
