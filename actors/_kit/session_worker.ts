/**
 * Runs an actor over the sessions of its shards: a mailbox for each session, recovery by replay,
 * effects carried out in order.
 *
 * Theory of operation. A delivery is parsed and put to its session's mailbox. If the session is not
 * in memory it is rebuilt first: every frame of the kinds the actor consumes, up to a bound, goes
 * through the same `step` with its effects thrown away, and then `resume` asks the state what is
 * still to be done. The bound is the newest of the delivered frame (the one before it, when it is
 * delivered for the first time) and the actor's own last frames, so nothing this actor ever stored
 * is forgotten. Deliveries at or below the bound are covered by the replay and only acknowledged. A
 * delivery is acknowledged last, after all its effects were stored; one that the actor keeps, when
 * it releases it.
 *
 * A shard that went through other hands (its consumer is pinned anew) may have had frames that this
 * worker was never given and that are acknowledged: its sessions are rebuilt as they are met.
 *
 * **Invariant:** frames of one kind of one session are published one after the other, each
 * expecting the sequence of the one before. A worker that lost its shard cannot publish a second
 * truth: the server refuses it, its state is thrown away, and the session is rebuilt from what is
 * stored.
 *
 * **Invariant:** a frame moves only the session of the key it is stored under: an edge that uses
 * another's session id says nothing in that session.
 *
 * @module
 */
import type { Actor, Effect } from "#actors/_kit/actor.ts";
import {
  type Bus,
  BusError,
  type Delivery,
  errorCode,
  type StoredMessage,
} from "#actors/_kit/bus.ts";
import type { Clock, Random } from "#actors/_kit/clock.ts";
import {
  type FrameKind,
  isFrame,
  isRawFrame,
  type SessionKey,
  toFrame,
  toRawFrame,
} from "#actors/_kit/frame.ts";
import { traceHeader } from "#schemas/frames.ts";
import { auditStream, auditSubject, sessionName } from "#schemas/subjects.ts";
import { unreachable } from "#schemas/unreachable.ts";
import { sweepSessions } from "#actors/_kit/closed_sessions.ts";
import { keptDeliveries } from "#actors/_kit/kept.ts";
import { emptyMailbox, type Item, type Mailbox } from "#actors/_kit/mailbox.ts";
import { type Publishing, sessionPublisher } from "#actors/_kit/session_publisher.ts";
import { type WorkerLimits, workerLimits } from "#actors/_kit/worker_limits.ts";

export { type WorkerLimits, workerLimits };

export type WorkerPorts<State, Input, Command> = {
  readonly actor: Actor<State, Input, Command>;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  /** Kinds replayed on recovery; what this actor consumes and what it publishes. */
  readonly recovers: readonly FrameKind[];
  readonly publishes: readonly FrameKind[];
  /** Carries out the actor's own commands. */
  readonly run?: (key: SessionKey, command: Command, deliver: (input: Input) => void) => void;
  /** The session's state was dropped; lets go of what a driver holds for it. */
  readonly dropped?: (key: SessionKey) => void;
  /**
   * What becomes of a session when its shard comes back from another worker: it is rebuilt from
   * what is stored, or it is kept, because it holds what cannot be read back (a connection, the
   * middle of a response). One that was overtaken learns it from its next publish.
   */
  readonly regained: "rebuilt" | "kept";
  /** Says what went wrong, without values. */
  readonly report: (event: string, facts: Record<string, string | number>) => void;
  readonly limits: WorkerLimits;
};

export type SessionWorker<Input> = {
  /** A stored frame arrived. */
  onDelivery(delivery: Delivery): void;
  /** A raw frame arrived (masking). */
  onRaw(delivery: Delivery): void;
  /** Puts an input that is no frame; resolves with what the step answered, once all is stored. */
  deliver(key: SessionKey, input: Input): Promise<void>;
  /** Says whether a session is in memory. */
  holds(key: SessionKey): boolean;
};

/** Creates the worker. It reads nothing by itself: the caller routes deliveries to it. */
export function sessionWorker<State, Input, Command>(
  ports: WorkerPorts<State, Input, Command>,
): SessionWorker<Input> {
  const { actor, bus, clock, limits, report } = ports;
  const publisher = sessionPublisher(ports);
  const boxes = new Map<string, Mailbox<State, Input>>();
  /** The newest pin of each shard, of each month. */
  const pins = new Map<string, string>();
  const sweep = sweepSessions({ clock, limits, sessions: () => boxes.values(), isClosed, drop });
  const keeping = keptDeliveries(clock, limits.keepEveryMs);

  return { onDelivery, onRaw, deliver, holds: (key) => boxes.has(sessionName(key)) };

  function onDelivery(delivery: Delivery): void {
    const frame = toFrame(delivery);
    if (frame === null) {
      // A frame of an unknown version must not be guessed at; the verifier names it.
      report("frame_not_understood", { sequence: delivery.sequence });
      delivery.ack();
      return;
    }
    const trace = frame.headers.get(traceHeader);
    accept(current(frame.key, delivery.pin), { input: frame, delivery, trace });
  }

  /** The session's mailbox; a new one when its state may lack what another worker was given. */
  function current(key: SessionKey, pin: string): Mailbox<State, Input> {
    pins.set(shardOf(key), pin);
    const box = boxes.get(sessionName(key));
    if (box !== undefined && box.pin !== pin && ports.regained === "rebuilt") drop(box);
    return boxes.get(sessionName(key)) ?? create(key);
  }

  function onRaw(delivery: Delivery): void {
    const raw = toRawFrame(delivery);
    if (raw === null) {
      report("frame_not_understood", { sequence: delivery.sequence });
      delivery.ack();
      return;
    }
    const box = boxes.get(sessionName(raw.key)) ?? create(raw.key);
    accept(box, { input: raw, delivery, trace: raw.headers.get(traceHeader) });
  }

  function deliver(key: SessionKey, input: Input): Promise<void> {
    return new Promise((resolve, reject) => {
      const box = boxes.get(sessionName(key)) ?? create(key);
      accept(box, { input, delivery: null, trace: undefined, settle: { resolve, reject } });
    });
  }

  function create(key: SessionKey): Mailbox<State, Input> {
    if (boxes.size >= limits.sessionsMax) evict();
    const box = emptyMailbox<State, Input>(key, pins.get(shardOf(key)) ?? "");
    boxes.set(sessionName(key), box);
    sweep.begin();
    return box;
  }

  function evict(): void {
    for (const box of boxes.values()) {
      const busy = box.loading || box.handled.atWork() + box.timers.size + box.kept.size > 0;
      if (!busy) return drop(box);
    }
  }

  function drop(box: Mailbox<State, Input>): void {
    if (box.dead) return;
    box.dead = true;
    for (const forget of box.timers.values()) forget();
    if (boxes.get(sessionName(box.key)) === box) boxes.delete(sessionName(box.key));
    for (const item of box.waiting) fail(item, new BusError("unavailable", "Session was dropped"));
    box.waiting = [];
    for (const item of box.kept.values()) {
      if (item.delivery !== null) keeping.letGo(item.delivery);
      fail(item, new BusError("unavailable", "Session was dropped"));
    }
    box.kept.clear();
    ports.dropped?.(box.key);
  }

  function fail(item: Item<Input>, error: unknown): void {
    item.delivery?.retry(limits.retryDelayMs);
    item.settle?.reject(error);
  }

  function accept(box: Mailbox<State, Input>, item: Item<Input>): void {
    // Raw frames are numbered by another stream; their own part numbers tell them apart.
    box.quiet = false;
    const stored = isFrame(item.input) ? item.input.sequence : undefined;
    if (stored !== undefined) {
      const met = box.handled.stateOf(stored);
      if (met !== null) return met === "begun" ? item.delivery?.working() : item.delivery?.ack();
      box.handled.begin(stored);
    }
    if (box.loading) {
      if (box.waiting.length >= limits.mailboxMax) {
        if (stored !== undefined) box.handled.forget(stored);
        return fail(item, new BusError("unavailable", "Mailbox is full"));
      }
      box.waiting.push(item);
      return;
    }
    if (box.state === undefined) {
      if (isFresh(item)) {
        // A session that opens now has no history to read.
        box.state = actor.initial(box.key);
      } else {
        box.waiting.push(item);
        // A frame that nobody was given before has had no effect yet: it is taken live.
        const before = item.delivery?.redelivered === false ? 1 : 0;
        load(box, stored === undefined ? 0 : stored - before);
        return;
      }
    }
    process(box, item);
  }

  function isFresh(item: Item<Input>): boolean {
    const { input, delivery } = item;
    return delivery !== null && !delivery.redelivered && isFrame(input) && input.kind === "open";
  }

  function load(box: Mailbox<State, Input>, sequence: number): void {
    box.loading = true;
    recover(box, sequence).then(
      () => {
        box.loading = false;
        const waiting = box.waiting;
        box.waiting = [];
        for (const item of waiting) {
          if (box.dead) fail(item, new BusError("unavailable", "Session was dropped"));
          else process(box, item);
        }
      },
      (error) => {
        report("recovery_failed", { session: box.key.session, error: errorCode(error) });
        drop(box);
      },
    );
  }

  async function isClosed({ key }: Publishing): Promise<boolean> {
    return await bus.last(auditStream(key.epoch), auditSubject(key, "close")) !== null;
  }

  async function recover(box: Mailbox<State, Input>, sequence: number): Promise<void> {
    let through = sequence;
    const stream = auditStream(box.key.epoch);
    const own: StoredMessage[] = [];
    for (const kind of new Set([...ports.publishes, ...ports.recovers])) {
      const publishes = ports.publishes.includes(kind);
      // Without a delivered frame as the bound, the newest of everything it consumes is the bound.
      if (!publishes && sequence > 0) continue;
      const last = await bus.last(stream, auditSubject(box.key, kind));
      if (publishes) box.chains.set(kind, Promise.resolve(last?.sequence ?? 0));
      // Of a kind that is not replayed, the newest says how far this actor came.
      if (last !== null && !ports.recovers.includes(kind)) own.push(last);
      through = Math.max(through, last?.sequence ?? 0);
    }
    // What made us look at a session that is over is a straggler; its close may never come again.
    if (await isClosed(box)) {
      box.timers.set("straggler", clock.after(limits.stragglerMs, () => drop(box)));
    }
    let state = actor.initial(box.key);
    const filters = ports.recovers.map((kind) => auditSubject(box.key, kind));
    for await (const message of bus.read(stream, { filters, from: 1, through })) follow(message);
    for (const message of own) follow(message);
    if (box.dead) return;
    box.through = through;
    const [resumed, effects] = actor.step(state, { kind: "resume" });
    box.state = resumed;
    await perform(box, effects, undefined);

    function follow(message: StoredMessage): void {
      const frame = toFrame(message);
      if (frame === null) throw new BusError("refused", "A stored frame is not understood");
      [state] = actor.step(state, { kind: "frame", frame, replayed: true });
    }
  }

  function process(box: Mailbox<State, Input>, item: Item<Input>): void {
    const { input } = item;
    if (box.state === undefined) return fail(item, new BusError("unavailable", "No state"));
    if (isFrame(input) && input.sequence <= box.through) return done(box, item);
    const redelivered = item.delivery?.redelivered ?? false;
    const given = isRawFrame(input)
      ? { kind: "raw", frame: input } as const
      : isFrame(input)
      ? { kind: "frame", frame: input, replayed: false, redelivered } as const
      : input;
    const [state, effects] = actor.step(box.state, given);
    box.state = state;
    if (effects.length === 0) return done(box, item);
    const isKept = keep(box, item, effects);
    perform(box, effects, item.trace).then(() => isKept || done(box, item), (error) => {
      report("effect_failed", { session: box.key.session, error: errorCode(error) });
      // Dropping the session fails what it keeps.
      if (!isKept) fail(item, error);
      drop(box);
    });
  }

  function keep(
    box: Mailbox<State, Input>,
    item: Item<Input>,
    effects: readonly Effect<Command>[],
  ): boolean {
    const effect = effects.find((one) => one.kind === "keep");
    if (effect === undefined || item.delivery === null) return false;
    box.kept.set(effect.name, item);
    keeping.keep(item.delivery);
    return true;
  }

  function release(box: Mailbox<State, Input>, name: string): void {
    const item = box.kept.get(name);
    if (item === undefined) return;
    box.kept.delete(name);
    if (item.delivery !== null) keeping.letGo(item.delivery);
    done(box, item);
  }

  function done(box: Mailbox<State, Input>, item: Item<Input>): void {
    item.delivery?.ack();
    if (isFrame(item.input)) box.handled.done(item.input.sequence);
    item.settle?.resolve();
  }

  function perform(
    box: Mailbox<State, Input>,
    effects: readonly Effect<Command>[],
    trace: string | undefined,
  ): Promise<unknown> {
    const stored: Promise<unknown>[] = [];
    const released: string[] = [];
    let ended = false;
    for (const effect of effects) {
      switch (effect.kind) {
        case "publish":
          stored.push(publisher.publish(box, effect, trace));
          break;
        case "raw":
          stored.push(publisher.publishRaw(box, effect, trace));
          break;
        case "send":
          bus.send(effect.subject, effect.payload);
          break;
        case "wake":
          wake(box, effect.name, effect.afterMs);
          break;
        case "unwake":
          box.timers.get(effect.name)?.();
          box.timers.delete(effect.name);
          break;
        case "run":
          ports.run?.(box.key, effect.command, (input) => put(box, input));
          break;
        case "keep":
          break;
        case "release":
          released.push(effect.name);
          break;
        case "end":
          ended = true;
          break;
        default:
          return unreachable(effect);
      }
    }
    if (!ended && released.length === 0) return Promise.all(stored);
    return Promise.all(stored).then(() => {
      for (const name of released) release(box, name);
      if (ended) drop(box);
    });
  }

  function put(box: Mailbox<State, Input>, input: Input): void {
    if (!box.dead) accept(box, { input, delivery: null, trace: undefined });
  }

  function wake(box: Mailbox<State, Input>, name: string, afterMs: number): void {
    box.timers.get(name)?.();
    const forget = clock.after(afterMs, () => {
      box.timers.delete(name);
      if (box.dead || box.state === undefined) return;
      const [state, effects] = actor.step(box.state, { kind: "wake", name });
      box.state = state;
      perform(box, effects, undefined).catch((error) => {
        report("effect_failed", { session: box.key.session, error: errorCode(error) });
        drop(box);
      });
    });
    box.timers.set(name, forget);
  }
}

function shardOf({ epoch, shard }: SessionKey): string {
  return `${epoch}.${shard}`;
}
