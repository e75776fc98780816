/**
 * The agent's end of a connection and of its channels, as the gateway uses them: ports, with
 * `serve.ts` for real SSH and a simulation beside it.
 *
 * @module
 */
import type { AgentMessage, SharedMessage, TargetMessage } from "#schemas/wire/ssh/channel.ts";

/** What is said to an agent about its channel. */
export type ToAgent = TargetMessage | SharedMessage;

/** What a channel hears of its agent. */
export type FromAgent =
  | Extract<AgentMessage, { kind: "window_change" | "signal" }>
  | SharedMessage;

/** One channel; it was asked to do something, and what it is asked stands in `purpose`. */
export type AgentChannel = {
  /** `[pty]? [env]*`, then exec, shell or subsystem; or direct_tcpip alone. */
  readonly purpose: readonly AgentMessage[];
  /** Gives what arrives to this listener; nothing is read before. */
  hear(listener: (message: FromAgent) => void): void;
  isOpen(): boolean;
  /**
   * Sends in order; `taken` is called once the agent's window and the network have taken it. A
   * direct_tcpip channel is open only from `open_confirmation` on.
   */
  send(message: ToAgent, taken?: () => void): void;
  /** Stops and resumes reading: the agent's window is not opened further. */
  pause(): void;
  resume(): void;
};

/** A key whose signature over this connection's session id was verified. */
export type VerifiedKey = {
  /** `SHA256:` and 43 characters of base64. */
  readonly fingerprint: string;
};

/** One attempt to authenticate (RFC 4252). */
export type Attempt = {
  /** The user name: the connection that is asked for. */
  readonly user: string;
  readonly credential:
    | { readonly kind: "token"; readonly token: string }
    | { readonly kind: "key"; readonly key: VerifiedKey };
};

/** One agent's SSH connection. */
export type AgentConnection = {
  readonly address: string;
  /** The client's identification, `OpenSSH_9.6`. */
  readonly clientVersion: string;
  /** The cipher that was agreed on; "unknown" before. */
  cipher(): string;
  closed(listener: () => void): void;
  isOpen(): boolean;
  /** Says goodbye and closes. */
  end(): void;
  destroy(): void;
};

/** Makes a connection the gateway's. */
export type Accept = (agent: AgentConnection) => ConnectionHandler;

/** What the gateway makes of a connection. */
export type ConnectionHandler = {
  /**
   * Decides an attempt: null when it is good, else why not, in words for the agent's user. The
   * answer may be late, so that guessing is slow.
   */
  authenticate(attempt: Attempt): Promise<string | null>;
  /** A channel was opened and told its purpose; false refuses it. */
  channel(channel: AgentChannel): boolean;
  /**
   * A tunnel to the host of a connection of ours (`ssh -J`): SSH is spoken in it here, for that
   * connection whatever user is named. Null: it is a tunnel like any other.
   */
  jump(host: string, port: number): Accept | null;
};
