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
import { handBack, type Pull, type PullLink, type PullOptions } from "#actors/_kit/nats_pull.ts";
import { headerBytes, type NatsMsg } from "#actors/_kit/nats_message.ts";
import { parseHeaders, pinOf } from "#actors/_kit/nats_wire.ts";

const encoder = new TextEncoder();
/** How long after its acknowledgement a frame may be unknown to a consumer, milliseconds. */
const countedMsMax = 25;

export type GatherOptions = PullOptions & {
  /** How long to wait, once there is no more, before asking again. */
  readonly lateMs: number;
};
export type Gathering = Pull & {
  /**
   * Asks now; resolves when all that was stored before was handled. A standby is not answered: for
   * it, and when the server is silent, it resolves after a while all the same.
   */
  catchUp(): Promise<void>;
};

/** Starts asking. */
export function gatherLoop(link: PullLink, options: GatherOptions): Gathering {
  const { clock, limits } = link.options;
  const request = {
    batch: limits.gatherMessagesMax,
    "max_bytes": limits.pageBytesMax,
    "no_wait": true,
    ...(options.group === undefined ? {} : { group: options.group }),
  };
  const inbox = link.newInbox();
  const catching = new Set<{ answers: number; done(): void }>();
  let pin = "";
  let came = 0;
  /** Requests whose end was not heard yet. */
  let asked = 0;
  let stopped = false;
  let held = false;
  let forgetTimer = () => {};
  const subscription = link.subscribe(inbox, onMessage);
  // Who is told of losses takes care of this one too.
  const forgetReconnect = options.onLost === undefined ? link.onReconnect(lost) : () => {};
  ask();
  return { hold, restart, stop, catchUp };

  function hold(): void {
    held = true;
    forgetTimer();
  }

  function restart(): void {
    held = false;
    asked = 0;
    ask();
  }

  function ask(): void {
    if (stopped || held) return;
    came = 0;
    const own = pin === "" ? request : { ...request, id: pin };
    if (link.write(options.subject, encoder.encode(JSON.stringify(own)), inbox)) asked++;
    // Disconnected or not: whoever heard nothing begins anew behind what it has.
    after(limits.apiMsMax, lost);
  }

  function lost(): void {
    asked = 0;
    if (options.onLost === undefined) ask();
    else options.onLost();
  }

  async function catchUp(): Promise<void> {
    await askedNow();
    // The server acknowledges a frame a moment before its consumers count it as theirs to give.
    await new Promise<void>((resolve) => clock.after(countedMsMax, resolve));
    await askedNow();
  }

  function askedNow(): Promise<void> {
    return new Promise((resolve) => {
      ask();
      // What was asked before is answered with what was there before.
      const one = { answers: asked, done };
      const forget = clock.after(limits.catchUpMsMax, done);
      if (asked === 0 || stopped) done();
      else catching.add(one);

      function done(): void {
        forget();
        catching.delete(one);
        resolve();
      }
    });
  }

  function onMessage(message: NatsMsg): void {
    if (message.subject === inbox) return onStatus(message);
    if (stopped) return options.pinned ? handBack(link, message) : undefined;
    if (options.pinned) pin = pinOf(headerBytes(message)) ?? pin;
    if (!options.onMessage(message, pin)) return;
    came++;
    if (came === limits.gatherMessagesMax) {
      answered();
      ask();
    } else if (came === 1 && options.pinned) {
      // What a standby asked for long ago is served without a word at its end.
      after(options.lateMs, ask);
    }
  }

  function onStatus(message: NatsMsg): void {
    const { status, description } = parseHeaders(headerBytes(message));
    if (stopped || held || status === 100) return;
    // More was asked for when the last one of it came.
    if (description === "Batch Completed") return;
    answered();
    if (status === 404) return after(options.lateMs, ask);
    if (status === 423) {
      // Another worker is pinned now; ask as a standby.
      pin = "";
      return after(options.lateMs, ask);
    }
    // The batch is full by bytes.
    if (came > 0) return ask();
    after(options.lateMs, lost);
  }

  /** One request has ended. */
  function answered(): void {
    asked = Math.max(0, asked - 1);
    for (const one of [...catching]) if (--one.answers <= 0) one.done();
  }

  function after(afterMs: number, then: () => void): void {
    forgetTimer();
    forgetTimer = clock.after(afterMs, then);
  }

  function stop(): Promise<void> {
    stopped = true;
    forgetTimer();
    forgetReconnect();
    for (const one of [...catching]) one.done();
    return subscription.drain();
  }
}
