/** What target knows of a session, and its limits. @module */
import type { SessionKey } from "#schemas/subjects.ts";
import { noConversation } from "./conversation.ts";
import type { ConversationLimits } from "./conversations.ts";
import type { Allowed } from "./outcomes.ts";
import type { Pending } from "./pending.ts";
import { newUpstream, type Upstream } from "./upstream.ts";

export type TargetLimits = ConversationLimits & {
  /** The size at which gathered bytes are sent to masking. */
  readonly chunkBytes: number;
  /** The same while more than `busyBytes` are on their way. */
  readonly chunkBusyBytes: number;
  /** The largest piece: what was received together does not leave a small rest behind. */
  readonly chunkBytesMax: number;
  /** Raw bytes that may be on their way to the agent, undrained. */
  readonly creditBytes: number;
  /**
   * The same of a response of which the agent has nothing yet: what is read ahead takes its turn
   * of the processor from what the agent waits for.
   */
  readonly creditStartBytes: number;
  /** Bytes of requests that wait for their verdict. */
  readonly pendingBytesMax: number;
  /** After a statement's time is up and it was cancelled, how long before the connection is cut. */
  readonly cancelGraceMs: number;
  /** How long small pieces of a response are gathered before they are sent on. */
  readonly gatherMs: number;
  /**
   * With more than `busyBytes` undrained nobody waits for the next ones: they are gathered longer,
   * for responses are stored one after the other, and few large parts wait less than many.
   */
  readonly gatherBusyMs: number;
  readonly busyBytes: number;
  /** How long a request waits for definitions of others, or for what depends on its own. */
  readonly turnMsMax: number;
  /** After how long it is seen who is waited for, again and again. */
  readonly wayMs: number;
  /** How long the outcome of input gives way to its echo, which is stored in the same stream. */
  readonly writtenMs: number;
};

export type TargetState = {
  readonly key: SessionKey;
  connection: string;
  parameters: Readonly<Record<string, string>>;
  openDigest: string;
  phase: "new" | "dialling" | "ready" | "lost";
  /** Since when the next request waits for its turn; null: it does not. */
  waitsSinceMs: number | null;
  readonly pending: Map<number, Pending>;
  /** Allow verdicts not yet carried out, in order. */
  readonly queue: Allowed[];
  /** Allow verdicts without an outcome, by request; what recovery must settle. */
  readonly open: Map<number, Allowed>;
  current: Allowed | null;
  /** Input for the running request that the upstream has not taken whole. */
  readonly continuing: Map<number, Allowed>;
  /** Input that was taken whole, whose outcome is stored in a moment. */
  written: Allowed | null;
  upstream: Upstream;
  /** The end of the response waits until others can know what its request defined. */
  holdsEnd: boolean;
  credited: number;
  paused: boolean;
  /** Cancels under way, which could still hit a request that is begun now. */
  cancelling: number;
};

/** A session of which nothing is known yet. */
export function newTargetState(key: SessionKey): TargetState {
  return {
    key,
    connection: "",
    parameters: {},
    openDigest: "",
    phase: "new",
    waitsSinceMs: null,
    pending: new Map(),
    queue: [],
    open: new Map(),
    current: null,
    continuing: new Map(),
    written: null,
    upstream: newUpstream(noConversation),
    holdsEnd: false,
    credited: 0,
    paused: false,
    cancelling: 0,
  };
}

/** The request that what comes from upstream belongs to. */
export function answering({ current, upstream }: TargetState): number {
  return current?.verdict.request ?? upstream.lastRequest;
}
