/**
 * Keeps a pull request standing at the server (NATS ADR-13, ADR-42), so that what is stored is
 * delivered at once.
 *
 * Theory of operation. Some hundred messages are asked for ahead; when half have come, more are
 * asked for. The server says when a request ended early, and says every now and then that it lives;
 * after silence, after a reconnect and after every other status the request is made anew. A
 * consumer with a priority group of policy `pinned_client` serves one worker at a time; the request
 * of a standby waits at the server until the pinned one has been silent for the group's timeout.
 *
 * @module
 */
import type { Link } from "#actors/_kit/nats_link.ts";
import { headerBytes, type NatsMsg } from "#actors/_kit/nats_message.ts";
import { parseHeaders, pinOf } from "#actors/_kit/nats_wire.ts";

const encoder = new TextEncoder();
const retryDelayMs = 250;

export type PullOptions = {
  /** `$JS.API.CONSUMER.MSG.NEXT.<stream>.<consumer>`. */
  readonly subject: string;
  readonly group: string | undefined;
  readonly pinned: boolean;
  /** A message that is no status, and its pin; false when it is not one of this consumer. */
  onMessage(message: NatsMsg, pin: string): boolean;
  /** The server does not know the consumer, or the requests were lost. */
  readonly onLost?: () => void;
};
export type Pull = {
  /** Asks no more until it is restarted: the consumer is being made anew. */
  hold(): void;
  /** Asks anew, forgetting what was asked before. */
  restart(): void;
  stop(): Promise<void>;
};

/** What of a connection asking needs. */
export type PullLink =
  & Pick<Link, "connected" | "newInbox" | "write" | "onReconnect">
  & {
    readonly options: Pick<Link["options"], "clock" | "limits">;
    subscribe(
      ...subscription: Parameters<Link["subscribe"]>
    ): Pick<ReturnType<Link["subscribe"]>, "drain">;
  };

/** Keeps a pull request standing at the server. */
export function pullLoop(link: PullLink, options: PullOptions): Pull {
  const { clock, limits } = link.options;
  const inbox = link.newInbox();
  const heartbeatMs = Math.max(500, Math.floor(limits.pullMsMax / 2));
  let asked = 0;
  let pin = "";
  let heardMs = clock.nowMs();
  let stopped = false;
  let held = false;
  let forgetTimer = () => {};
  let forgetRetry: (() => void) | null = null;

  const subscription = link.subscribe(inbox, onMessage);
  const forgetReconnect = link.onReconnect(() => askAnew());
  refill();
  watch();
  return { hold, restart, stop };

  function hold(): void {
    held = true;
  }

  function restart(): void {
    held = false;
    askAnew();
  }

  function onMessage(message: NatsMsg): void {
    heardMs = clock.nowMs();
    if (message.subject === inbox) return onStatus(message);
    if (stopped) return handBack(link, message);
    // A server that began anew pins anew, without a word to who asked under the name before.
    if (options.pinned) pin = pinOf(headerBytes(message)) ?? pin;
    if (!options.onMessage(message, pin)) return;
    asked = Math.max(0, asked - 1);
    if (asked <= limits.pullMessagesMax >> 1) refill();
  }

  function onStatus(message: NatsMsg): void {
    const { status, server } = parseHeaders(headerBytes(message));
    if (stopped || status === 100 || status === 0) return;
    const left = Number(server.get("Nats-Pending-Messages") ?? "0");
    asked = Math.max(0, asked - (Number.isSafeInteger(left) ? left : 0));
    switch (status) {
      case 404:
      case 408:
        refill();
        return;
      case 423:
        // Another worker is pinned now; ask as a standby.
        pin = "";
        askAnew();
        return;
      default:
        options.onLost?.();
        forgetRetry ??= clock.after(retryDelayMs, askAnew);
    }
  }

  function refill(): void {
    if (stopped || held || !link.connected()) return;
    const batch = limits.pullMessagesMax - asked;
    if (batch < 1) return;
    const request = {
      batch,
      expires: limits.pullMsMax * 1_000_000,
      "idle_heartbeat": heartbeatMs * 1_000_000,
      ...(options.group === undefined ? {} : { group: options.group }),
      ...(pin === "" ? {} : { id: pin }),
    };
    if (link.write(options.subject, encoder.encode(JSON.stringify(request)), inbox)) asked += batch;
  }

  function askAnew(): void {
    forgetRetry?.();
    forgetRetry = null;
    asked = 0;
    heardMs = clock.nowMs();
    refill();
  }

  function watch(): void {
    forgetTimer = clock.after(heartbeatMs, () => {
      if (stopped) return;
      if (link.connected() && clock.nowMs() - heardMs > 2 * heartbeatMs + 250) {
        // The pin is kept: only the server knows whether it still holds (status 423 says no).
        options.onLost?.();
        askAnew();
      }
      watch();
    });
  }

  function stop(): Promise<void> {
    if (stopped) return Promise.resolve();
    stopped = true;
    forgetTimer();
    forgetRetry?.();
    forgetReconnect();
    // What is on its way is still received, and handed back to the server.
    return subscription.drain();
  }
}

/** It came after stop: another worker should have it now, not after the ack wait. */
export function handBack(link: PullLink, { reply }: NatsMsg): void {
  if (reply !== undefined) link.write(reply, encoder.encode("-NAK"));
}
