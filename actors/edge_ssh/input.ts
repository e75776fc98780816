/**
 * How an agent's bytes become continuations, each judged by itself.
 *
 * @module
 */
import type { AgentMessage, SharedMessage } from "#schemas/wire/ssh/channel.ts";
import { joinBytes } from "#schemas/join_bytes.ts";

/** One request that continues the channel's. */
export type Continuation = {
  readonly messages: readonly (AgentMessage | SharedMessage)[];
  /** sftp request ids that are answered when it is denied. */
  readonly sftpIds?: readonly number[];
  /** Nothing may follow before it is judged: were it refused, it would be finished by what does. */
  readonly alone?: boolean;
};

/**
 * What takes back a line that was refused: keys; nothing where nothing of it was passed on, or
 * impossible where it is with a shell that has no terminal.
 */
export type TakenBack = Continuation | "nothing" | "impossible";

/** What `next` gives when the rest must wait: for more bytes, or for an echo. */
export type InputWait =
  | { readonly wait: "bytes" }
  | { readonly wait: "echo"; readonly afterMs: number };
export type InputError = { readonly error: string };

/** Cuts one channel's input. */
export type InputCutter = {
  push(bytes: Uint8Array): void;
  /** The next continuation; `carriedOut`: the target took all that came before. */
  next(carriedOut: boolean): Continuation | InputWait | InputError;
  /** Bytes that wait. */
  waiting(): number;
  /** The newest line was refused. */
  takeBack?(): TakenBack;
};

/** Input of a program or a tunnel: as it comes, as much as one continuation takes. */
export function programInput(bytesMax: number): InputCutter {
  let chunks: Uint8Array[] = [];
  let waiting = 0;
  return {
    push(bytes) {
      chunks.push(bytes);
      waiting += bytes.length;
    },
    next() {
      if (waiting === 0) return { wait: "bytes" };
      const all = joinBytes(chunks);
      const data = all.subarray(0, bytesMax);
      chunks = data.length < all.length ? [all.subarray(bytesMax)] : [];
      waiting -= data.length;
      return { messages: [{ kind: "data", data }] };
    },
    waiting: () => waiting,
  };
}
