/**
 * The shape of an actor: `step(state, input) -> [state, effects]`, pure and total. Time,
 * randomness, policy and sockets are inputs or arguments; whatever an actor wants done to the world
 * it returns as effects, which `session_worker.ts` carries out.
 *
 * @module
 */
import type { HeaderMap } from "#actors/_kit/bus.ts";
import type {
  Frame,
  FrameKind,
  FramePlaceInput,
  RawFrame,
  SessionKey,
} from "#actors/_kit/frame.ts";

/**
 * Stores one frame of the session. Frames of one kind are stored one after the other, each on the
 * condition that it follows the last one this worker knows of: two workers cannot both win, and a
 * publish that is retried cannot stand twice.
 */
export type PublishEffect = {
  readonly kind: "publish";
  readonly frame: FrameKind;
  readonly place: FramePlaceInput;
  readonly payload: Uint8Array;
  readonly headers?: HeaderMap;
  /** Who is told once it is stored; to everybody else it comes in the ordinary way. */
  readonly tells?: readonly Told[];
};
/** The session's edge, or approval: they do not hear of every frame by themselves. */
export type Told = "edge" | "approval";
/** Sends raw response bytes to masking: a memory stream, never on disk. */
export type RawEffect = {
  readonly kind: "raw";
  readonly place: FramePlaceInput;
  readonly payload: Uint8Array;
  readonly headers?: HeaderMap;
};
/** Sends without storing. */
export type SendEffect = {
  readonly kind: "send";
  readonly subject: string;
  readonly payload: Uint8Array;
};
/** Brings `{ kind: "wake", name }` back after a while; the same name replaces the one before. */
export type WakeEffect = { readonly kind: "wake"; readonly name: string; readonly afterMs: number };
/** Forgets a wake. */
export type UnwakeEffect = { readonly kind: "unwake"; readonly name: string };
/** Hands a command to the actor's own driver: a socket, a dialler. */
export type RunEffect<Command> = { readonly kind: "run"; readonly command: Command };
/**
 * Leaves the frame that caused this unacknowledged until `release` of the same name, after what is
 * stored with it: whoever works this shard by then meets it again, also when this process dies.
 */
export type KeepEffect = { readonly kind: "keep"; readonly name: string };
export type ReleaseEffect = { readonly kind: "release"; readonly name: string };
/** The session is over for this actor: its state is dropped. */
export type EndEffect = { readonly kind: "end" };

export type Effect<Command> =
  | PublishEffect
  | RawEffect
  | SendEffect
  | WakeEffect
  | UnwakeEffect
  | RunEffect<Command>
  | KeepEffect
  | ReleaseEffect
  | EndEffect;

export type Step<State, Command> = readonly [State, readonly Effect<Command>[]];

/** What every session worker feeds its actor; actors add inputs of their own. */
export type FrameInput = {
  readonly kind: "frame";
  readonly frame: Frame;
  /** True during recovery: the state must follow, the effects are thrown away. */
  readonly replayed: boolean;
  /** Somebody was given it before, and may have acted on it. */
  readonly redelivered?: boolean;
};
export type RawInput = { readonly kind: "raw"; readonly frame: RawFrame };
export type WakeInput = { readonly kind: "wake"; readonly name: string };
/** Recovery is complete: take up what the frames say is still to be done. */
export type ResumeInput = { readonly kind: "resume" };
export type KitInput = FrameInput | RawInput | WakeInput | ResumeInput;

/** An actor of one kind: what it does for each session. */
export type Actor<State, Input, Command = never> = {
  readonly name: string;
  initial(key: SessionKey): State;
  step(state: State, input: Input | KitInput): Step<State, Command>;
};
