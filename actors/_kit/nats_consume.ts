/**
 * Reads a durable pull consumer (NATS ADR-13, ADR-42) and hands its deliveries on in order.
 *
 * A request stands at the server (`nats_pull.ts`); with `lateMs` it is asked every now and then for
 * all it has (`nats_gather.ts`).
 *
 * The handler is called as messages arrive and is not awaited: what is not acknowledged counts
 * against the consumer's `max_ack_pending`, which is the bound.
 *
 * @module
 */
import type { Consuming, Delivery } from "#actors/_kit/bus.ts";
import { gatherLoop } from "#actors/_kit/nats_gather.ts";
import type { Link } from "#actors/_kit/nats_link.ts";
import { headerBytes, type NatsMsg, payloadOf } from "#actors/_kit/nats_message.ts";
import { pullLoop } from "#actors/_kit/nats_pull.ts";
import { asObject, contentOf, parseDeliverySubject } from "#actors/_kit/nats_wire.ts";

const encoder = new TextEncoder();
const ackBytes = encoder.encode("+ACK");
const workingBytes = encoder.encode("+WPI");

/** Starts reading; @throws BusError `refused` when there is no such consumer or no right to it. */
export async function consumeStage(
  link: Link,
  stream: string,
  consumer: string,
  handler: (delivery: Delivery) => void,
  options?: { readonly lateMs: number },
): Promise<Consuming> {
  const info = await link.api(`$JS.API.CONSUMER.INFO.${stream}.${consumer}`, undefined);
  const config = asObject(info["config"]);
  const groups: unknown = config["priority_groups"];
  const group = Array.isArray(groups) && typeof groups[0] === "string" ? groups[0] : undefined;
  const pinned = config["priority_policy"] === "pinned_client";

  const asking = {
    subject: `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
    group,
    pinned,
    onMessage(message: NatsMsg, pin: string) {
      const delivery = toDelivery(link, message, stream, consumer);
      if (delivery === null) return false;
      handler({ ...delivery, pin });
      return true;
    },
  };
  if (options !== undefined) return gatherLoop(link, { ...asking, lateMs: options.lateMs });
  return { stop: pullLoop(link, asking).stop, catchUp: () => Promise.resolve() };
}

function toDelivery(
  link: Link,
  message: NatsMsg,
  stream: string,
  consumer: string,
): Omit<Delivery, "pin"> | null {
  const { reply } = message;
  const about = reply === undefined ? null : parseDeliverySubject(reply, stream, consumer);
  if (reply === undefined || about === null) return null;
  return {
    subject: message.subject,
    sequence: about.sequence,
    timeMs: about.timeMs,
    ...contentOf(headerBytes(message), payloadOf(message)),
    redelivered: about.deliveries > 1,
    ack: () => link.writeLater(reply, ackBytes),
    retry: (delayMs) =>
      void link.write(reply, encoder.encode(`-NAK {"delay":${Math.ceil(delayMs) * 1_000_000}}`)),
    working: () => void link.write(reply, workingBytes),
  };
}
