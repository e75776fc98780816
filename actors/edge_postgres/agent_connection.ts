/**
 * The agent's end of a connection, as the gateway uses it: a port, with `serve.ts` for sockets and
 * a simulation beside it.
 *
 * @module
 */
export type AgentConnection = {
  readonly address: string;
  /** TLS's version, `TLSv1.3`; "unknown" without TLS. */
  tlsVersion(): string;
  /** True when TLS is on from the first byte. */
  readonly encrypted: boolean;
  /**
   * Lays TLS over the connection; rejects when the handshake fails. `hello` is what was read of a
   * handshake that the client began by itself: then it must speak of `postgresql` in ALPN.
   */
  upgrade(hello: Uint8Array | null): Promise<void>;
  /** Gives what arrives to this listener from now on; null: to nobody, and nothing is read. */
  hear(listener: ((chunk: Uint8Array) => void) | null): void;
  /** Calls back when the connection closes or fails. */
  closed(listener: () => void): void;
  isOpen(): boolean;
  /** Sends; `taken` is called once the network has taken it. Nothing once it is closed. */
  write(bytes: Uint8Array, taken?: () => void): void;
  /** Bytes that were written and that the network has not taken. */
  waitingBytes(): number;
  /** Sends what is written until `uncork` as one. */
  cork(): void;
  uncork(): void;
  /** Stops and resumes reading. */
  pause(): void;
  resume(): void;
  /** Closes after what was written and these bytes. */
  end(bytes?: Uint8Array): void;
  destroy(): void;
};
