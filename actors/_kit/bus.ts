/**
 * The bus as an actor sees it: a port with two implementations, `nats.ts` for real and
 * `memory_bus.ts` for simulation, both under one conformance suite (`tests/conformance`).
 *
 * **Invariant:** `publish` resolves only when the frame is stored; nothing that was not stored is
 * ever delivered by `consume`, `read` or a republish.
 *
 * @module
 */

/** Header names and values are ASCII; each name stands once. */
export type HeaderMap = ReadonlyMap<string, string>;

export type StoredMessage = {
  readonly subject: string;
  /** Stream sequence, from 1. */
  readonly sequence: number;
  /** When the server stored it, milliseconds since 1970. */
  readonly timeMs: number;
  readonly headers: HeaderMap;
  readonly payload: Uint8Array;
};

/** One delivery of a stored message to a stage. Exactly one of ack and retry is called. */
export type Delivery = StoredMessage & {
  /** True when it was delivered before, to this worker or another. */
  readonly redelivered: boolean;
  /**
   * Names the time in which this worker alone is served; under another name than before, somebody
   * else may have been served in between. Empty where all workers are served.
   */
  readonly pin: string;
  ack(): void;
  /** Asks for it again, not before `delayMs`. */
  retry(delayMs: number): void;
  /** Says that work goes on, so that it is not redelivered. */
  working(): void;
};

/** A message that passed without being stored (credit, heartbeats), or a republished one. */
export type PassingMessage = {
  readonly subject: string;
  readonly headers: HeaderMap;
  readonly payload: Uint8Array;
};

export type PublishOptions = {
  /** The stream that must take it; a subject that leads elsewhere is refused. */
  readonly stream: string;
  /** Deduplication key within the stream's window. */
  readonly messageId?: string;
  /** The last sequence on this subject (0: none); any other refuses with `wrong_sequence`. */
  readonly expectedLastSubjectSequence?: number;
};
export type Published = { readonly sequence: number; readonly duplicate: boolean };

export type ReadOptions = {
  readonly filters: readonly string[];
  /** First stream sequence, from 1. */
  readonly from: number;
  /** Last stream sequence, inclusive; messages stored later are not delivered. */
  readonly through: number;
};

export type BusErrorCode =
  | "unavailable"
  | "wrong_sequence"
  | "storage_full"
  | "too_large"
  | "refused"
  | "timeout";

/**
 * An operational error of the bus. `unavailable` and `timeout` leave open whether it was stored.
 */
export class BusError extends Error {
  override readonly name = "BusError";
  readonly code: BusErrorCode;
  constructor(code: BusErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What may be reported of an error: its code, or the name of one that is not the bus's. */
export function errorCode(error: unknown): string {
  return error instanceof BusError ? error.code : error instanceof Error ? error.name : "unknown";
}

export type Subscription = { stop(): Promise<void> };

export type Consuming = Subscription & {
  /** Resolves when all that was stored before was handled here, or another worker is served. */
  catchUp(): Promise<void>;
};

export type StreamState = {
  readonly first: number;
  readonly last: number;
  readonly messages: number;
  readonly bytes: number;
};

export type Bus = {
  publish(
    subject: string,
    payload: Uint8Array,
    headers: HeaderMap,
    options: PublishOptions,
  ): Promise<Published>;
  /** Sends without storing. Lost when nobody listens or the connection is down. */
  send(subject: string, payload: Uint8Array): void;
  subscribe(subject: string, handler: (message: PassingMessage) => void): Subscription;
  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  respond(subject: string, handler: (payload: Uint8Array) => Promise<Uint8Array>): Subscription;
  /**
   * Reads through a shared durable consumer that provisioning made; one worker at a time. With
   * `lateMs` deliveries may come that much later and together, which costs far less.
   */
  consume(
    stream: string,
    consumer: string,
    handler: (delivery: Delivery) => void,
    options?: { readonly lateMs: number },
  ): Promise<Consuming>;
  /** Reads stored messages in order, for recovery, replay and verification. */
  read(stream: string, options: ReadOptions): AsyncIterable<StoredMessage>;
  /**
   * Delivers every stored message from sequence `from` on, in order and without acknowledgement,
   * and goes on with those stored later. Never skips: the handler sees a gap only when the stream
   * has one. With `lateMs` messages may come that much later and together, which costs far less.
   */
  follow(
    stream: string,
    from: number,
    handler: (message: StoredMessage) => void,
    options?: { readonly lateMs: number },
  ): Promise<Subscription>;
  /** The newest stored message on exactly this subject. */
  last(stream: string, subject: string): Promise<StoredMessage | null>;
  state(stream: string): Promise<StreamState>;
  /** Resolves when the server has taken all that was sent before, subscriptions too. */
  flush(): Promise<void>;
  /** False while the connection to the server is down. */
  connected(): boolean;
  close(): Promise<void>;
};
