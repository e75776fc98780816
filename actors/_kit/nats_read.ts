/**
 * Reads stored messages in order without a durable consumer.
 *
 * Theory of operation. A bounded read takes pages: a consumer in the server's memory that starts at
 * the cursor, one pull, the consumer deleted. A page holds one of the key's few reading consumers
 * only while it is fetched, so that many reads share them without waiting for each other in a
 * circle. Several filters are read apart and merged by sequence, because a permission names one
 * filter. `follow` keeps one consumer, and makes it anew after its cursor on any irregularity.
 *
 * The consumers have fixed names made of the key's prefix: NATS permissions cannot match a part of
 * a token, and the right to create a consumer of any name would be the right to change the stages'.
 *
 * **Invariant:** sequences strictly rise, and within a page the consumer's own count has no gap.
 *
 * @module
 */
import { type Bus, BusError, type ReadOptions, type StoredMessage } from "#actors/_kit/bus.ts";
import type { Subscription } from "#actors/_kit/bus.ts";
import { gatherLoop } from "#actors/_kit/nats_gather.ts";
import { readerConsumers, slots } from "#actors/_kit/nats_slots.ts";
import type { Link } from "#actors/_kit/nats_link.ts";
import { headerBytes, type NatsMsg, payloadOf } from "#actors/_kit/nats_message.ts";
import { pullLoop } from "#actors/_kit/nats_pull.ts";
import { contentOf, parseDeliverySubject, parseHeaders } from "#actors/_kit/nats_wire.ts";

export { readerConsumers } from "#actors/_kit/nats_slots.ts";

const encoder = new TextEncoder();
const alreadyExists = new Set(["10013", "10148"]);
const busyRetryMs = 50;

/** The reader of one connection. */
export function streamReader(link: Link): Pick<Bus, "read" | "follow"> {
  const { clock, limits, inboxPrefix } = link.options;
  const names = readerConsumers(inboxPrefix);
  const pages = slots(names.pages);
  const follows = slots(names.follows);
  return { read, follow };

  async function* read(stream: string, options: ReadOptions): AsyncGenerator<StoredMessage> {
    const { filters, from, through } = options;
    const sources = filters.map((filter) => source(stream, filter, from, through));
    const heads = await Promise.all(sources.map((one) => one.next()));
    for (;;) {
      let best = -1;
      for (let index = 0; index < heads.length; index++) {
        const head = heads[index];
        const other = heads[best];
        if (head === undefined || head === null) continue;
        if (other === undefined || other === null || head.sequence < other.sequence) best = index;
      }
      const found = heads[best];
      if (found === undefined || found === null) return;
      // Two filters may both match one message.
      for (let index = 0; index < heads.length; index++) {
        if (heads[index]?.sequence !== found.sequence) continue;
        heads[index] = await sources[index]?.next() ?? null;
      }
      yield found;
    }
  }

  function source(stream: string, filter: string, from: number, through: number) {
    let page: Page = { messages: [], more: true };
    let at = 0;
    let cursor = from;
    return { next };

    async function next(): Promise<StoredMessage | null> {
      while (at >= page.messages.length) {
        if (!page.more || cursor > through) return null;
        page = await fetchPage(stream, filter, cursor, through);
        at = 0;
        cursor = (page.messages.at(-1)?.sequence ?? cursor - 1) + 1;
      }
      return page.messages[at++] ?? null;
    }
  }

  async function fetchPage(
    stream: string,
    filter: string,
    from: number,
    through: number,
  ): Promise<Page> {
    const slot = await pages.take();
    try {
      const made = await create(stream, slot.name, filter, from);
      if (made.pending === 0) return { messages: [], more: false };
      return await pullPage(stream, slot.name, made.pending, through);
    } finally {
      // The page need not wait until its consumer is gone; the next user of the name must.
      remove(stream, slot.name).finally(slot.release);
    }
  }

  /** Makes the consumer; waits while another process of the same key uses the name. */
  async function create(
    stream: string,
    name: string,
    filter: string | null,
    from: number,
  ): Promise<{ pending: number }> {
    const until = clock.nowMs() + limits.apiMsMax;
    const subject = `$JS.API.CONSUMER.CREATE.${stream}.${name}`;
    const nonce = crypto.getRandomValues(new Uint8Array(12)).toHex();
    const body = {
      "stream_name": stream,
      action: "create",
      config: {
        name,
        ...(filter === null ? {} : { "filter_subject": filter }),
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": Math.max(1, from),
        "ack_policy": "none",
        "replay_policy": "instant",
        "mem_storage": true,
        "num_replicas": 1,
        // What a process that died left behind is gone before the next one's patience is.
        "inactive_threshold": (limits.apiMsMax / 2) * 1_000_000,
        // Two equal creations would share one consumer; the nonce makes the second one fail.
        metadata: { nonce },
      },
    };
    for (;;) {
      try {
        const answer = await link.api(filter === null ? subject : `${subject}.${filter}`, body);
        const pending = answer["num_pending"];
        return { pending: typeof pending === "number" ? pending : 0 };
      } catch (error) {
        if (!isTaken(error) || clock.nowMs() > until) throw error;
        await sleep(busyRetryMs);
      }
    }
  }

  async function remove(stream: string, name: string): Promise<void> {
    try {
      await link.api(`$JS.API.CONSUMER.DELETE.${stream}.${name}`, undefined);
    } catch {
      // The server removes it after its silence threshold.
    }
  }

  function pullPage(
    stream: string,
    name: string,
    pending: number,
    through: number,
  ): Promise<Page> {
    return new Promise((resolve, reject) => {
      const inbox = link.newInbox();
      const messages: StoredMessage[] = [];
      const batch = Math.min(limits.pageMessagesMax, pending);
      const subscription = link.subscribe(inbox, onMessage);
      const forget = clock.after(limits.apiMsMax, () => {
        finish(new BusError("timeout", "Cannot read: no page in time"));
      });
      const request = {
        batch,
        "max_bytes": limits.pageBytesMax,
        expires: limits.apiMsMax * 1_000_000,
      };
      const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`;
      if (!link.write(subject, encoder.encode(JSON.stringify(request)), inbox)) {
        finish(new BusError("unavailable", "Cannot read: disconnected"));
      }

      function onMessage(message: NatsMsg): void {
        const about = deliveryOf(message, stream, name);
        if (about === null) {
          if (message.subject === inbox) onStatus(message);
          return;
        }
        if (about.consumerSequence !== messages.length + 1) {
          return finish(new BusError("unavailable", "Cannot read: a delivery was lost"));
        }
        if (about.sequence > through) return finish(lastPage);
        messages.push(toStored(message, about));
        if (about.pending === 0 || about.sequence === through) finish(lastPage);
        else if (messages.length === batch) finish(morePages);
      }

      function onStatus(message: NatsMsg): void {
        const { status } = parseHeaders(headerBytes(message));
        if (status === 100) return;
        // The page is full by bytes, or the consumer went away: go on after the last one.
        if (messages.length > 0) return finish(morePages);
        finish(new BusError("unavailable", `Cannot read: status ${status}`));
      }

      function finish(outcome: BusError | { more: boolean }): void {
        forget();
        subscription.unsubscribe();
        if (outcome instanceof BusError) reject(outcome);
        else resolve({ messages, more: outcome.more });
      }
    });
  }

  async function follow(
    stream: string,
    from: number,
    handler: (message: StoredMessage) => void,
    options?: { readonly lateMs: number },
  ): Promise<Subscription> {
    const slot = await follows.take();
    let cursor = Math.max(1, from);
    let expected = 1;
    let stopped = false;
    let making = false;
    const { name } = slot;
    try {
      await create(stream, name, null, cursor);
    } catch (error) {
      slot.release();
      throw error;
    }
    const asking = {
      subject: `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`,
      group: undefined,
      pinned: false,
      onMessage,
      onLost: () => void remake(),
    };
    const pull = options === undefined
      ? pullLoop(link, asking)
      : gatherLoop(link, { ...asking, lateMs: options.lateMs });
    const forgetReconnect = link.onReconnect(() => void remake());
    return { stop };

    function onMessage(message: NatsMsg): boolean {
      const about = deliveryOf(message, stream, name);
      if (about === null || stopped || making) return false;
      if (about.consumerSequence !== expected || about.sequence < cursor) {
        void remake();
        return false;
      }
      expected++;
      cursor = about.sequence + 1;
      handler(toStored(message, about));
      return true;
    }

    async function remake(): Promise<void> {
      if (making || stopped) return;
      making = true;
      pull.hold();
      while (!stopped) {
        try {
          await remove(stream, name);
          await create(stream, name, null, cursor);
          break;
        } catch {
          await sleep(limits.pullMsMax / 4);
        }
      }
      expected = 1;
      making = false;
      pull.restart();
    }

    async function stop(): Promise<void> {
      if (stopped) return;
      stopped = true;
      forgetReconnect();
      await pull.stop();
      await remove(stream, name);
      slot.release();
    }
  }

  function sleep(afterMs: number): Promise<void> {
    return new Promise((resolve) => void clock.after(afterMs, resolve));
  }
}

const lastPage = { more: false } as const;
const morePages = { more: true } as const;
type Page = { readonly messages: readonly StoredMessage[]; readonly more: boolean };

function isTaken(error: unknown): boolean {
  if (!(error instanceof BusError)) return false;
  return alreadyExists.has(/^JetStream (\d+)/.exec(error.message)?.[1] ?? "");
}

function deliveryOf(message: NatsMsg, stream: string, name: string) {
  return message.reply === undefined ? null : parseDeliverySubject(message.reply, stream, name);
}

function toStored(message: NatsMsg, about: { sequence: number; timeMs: number }): StoredMessage {
  return {
    subject: message.subject,
    sequence: about.sequence,
    timeMs: about.timeMs,
    ...contentOf(headerBytes(message), payloadOf(message)),
  };
}
