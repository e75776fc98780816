/** What a session worker keeps of one session. @module */
import type { Delivery } from "#actors/_kit/bus.ts";
import type { Sweepable } from "#actors/_kit/closed_sessions.ts";
import type { Frame, RawFrame, SessionKey } from "#actors/_kit/frame.ts";
import { type HandledFrames, handledFrames } from "#actors/_kit/handled.ts";
import type { Publishing } from "#actors/_kit/session_publisher.ts";

/** One input on its way through the mailbox. */
export type Item<Input> = {
  readonly input: Input | Frame | RawFrame;
  readonly delivery: Delivery | null;
  readonly trace: string | undefined;
  readonly settle?: { resolve(): void; reject(error: unknown): void };
};

export type Mailbox<State, Input> = Publishing & Sweepable & {
  /** Under which pin of its shard's consumer the state was made. */
  readonly pin: string;
  state: State | undefined;
  /** Frames at or below this sequence are part of the state. */
  through: number;
  loading: boolean;
  waiting: Item<Input>[];
  readonly handled: HandledFrames;
  readonly timers: Map<string, () => void>;
  /** Inputs that are not acknowledged yet, though their step is done. */
  readonly kept: Map<string, Item<Input>>;
};

/** The mailbox of a session of which nothing is in memory yet. */
export function emptyMailbox<State, Input>(key: SessionKey, pin: string): Mailbox<State, Input> {
  return {
    key,
    pin,
    state: undefined,
    through: 0,
    loading: false,
    waiting: [],
    handled: handledFrames(),
    chains: new Map(),
    timers: new Map(),
    kept: new Map(),
    dead: false,
    quiet: false,
  };
}
