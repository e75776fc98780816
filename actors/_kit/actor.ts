/**
 * The shape of an actor: `step(state, input) -> [state, effects]`, pure and total. Time,
 * randomness, policy and sockets are inputs or arguments; whatever an actor wants done to the world
 * it returns as effects, which `session_worker.ts` carries out.
 *
 * @module
 */
import type { HeaderMap } from "#actors/_kit/bus.ts";
import type { FrameKind, FramePlaceInput, SessionKey } from "#actors/_kit/frame.ts";

/** Stores one frame of the session. */
export type PublishEffect = {
  readonly kind: "publish";
  readonly frame: FrameKind;
  readonly place: FramePlaceInput;
  readonly payload: Uint8Array;
  readonly headers?: HeaderMap;
  /**
   * A fact that may exist once: refused by the server when another worker has published on this
   * subject since this actor's last one.
   */
  readonly once?: true;
};
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
/** The session is over for this actor: its state is dropped. */
export type EndEffect = { readonly kind: "end" };

export type Effect<Command> =
  | PublishEffect
  | RawEffect
  | SendEffect
  | WakeEffect
  | UnwakeEffect
  | RunEffect<Command>
  | EndEffect;

export type Step<State, Command> = readonly [State, readonly Effect<Command>[]];

/** An actor of one kind: what it does for each session. */
export type Actor<State, Input, Command = never> = {
  readonly name: string;
  initial(key: SessionKey): State;
  step(state: State, input: Input): Step<State, Command>;
};
