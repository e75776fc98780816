/**
 * What the edge uses of ssh2's server, as ssh2 1.17 gives it. Its published types bring Node's own
 * types of an older version with them, lack what is needed, and say otherwise of what is optional.
 *
 * @module
 */
import type { EventEmitter } from "node:events";
import type { Duplex, Writable } from "node:stream";

export type ParsedKey = {
  readonly type: string;
  verify(data: Uint8Array, signature: Uint8Array, hash?: string): boolean;
};

/** An attempt to authenticate; answered once, by one of the two. */
type Attempt = {
  readonly username: string;
  accept(): void;
  reject(methods?: readonly string[]): void;
};
export type PublicKeyContext = Attempt & {
  readonly method: "publickey";
  readonly key: { readonly algo: string; readonly data: Uint8Array };
  /** Both absent in the question whether a key would do. */
  readonly signature?: Uint8Array;
  readonly blob?: Uint8Array;
  readonly hashAlgo?: string;
};
export type AuthContext =
  | PublicKeyContext
  | Attempt & { readonly method: "password"; readonly password: string }
  | Attempt & {
    readonly method: "keyboard-interactive";
    prompt(
      prompts: readonly { readonly prompt: string; readonly echo: boolean }[],
      title: string,
      instructions: string,
      answered: (answers: readonly string[] | Error) => void,
    ): void;
  }
  | Attempt & { readonly method: "none" | "hostbased" };

/** Absent where the agent wants no reply. */
type Reply = (() => void) | undefined;

export type ServerChannel = Duplex & {
  readonly stderr: Writable;
  exit(status: number): void;
  exit(signal: string, coreDumped: boolean, message: string): void;
  eof(): void;
  close(): void;
};

export type WindowInfo = {
  readonly cols: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
};

type SessionEvents = {
  /** Without info where its terminal modes are not understood. */
  pty: [accept: Reply, reject: Reply, info: WindowInfo & { readonly term: string } | undefined];
  env: [accept: Reply, reject: Reply, info: { readonly key: string; readonly val: string }];
  exec: [accept: () => ServerChannel, reject: Reply, info: { readonly command: string }];
  shell: [accept: () => ServerChannel, reject: Reply];
  subsystem: [accept: () => ServerChannel, reject: Reply, info: { readonly name: string }];
  "window-change": [accept: Reply, reject: Reply, info: WindowInfo];
  signal: [accept: Reply, reject: Reply, info: { readonly name: string }];
  eof: [];
  close: [];
};
/** `_ending`: the agent's input has ended; nobody else names it so. */
export type Session = EventEmitter<SessionEvents> & { _ending: boolean };

export type TcpipInfo = {
  readonly srcIP: string;
  readonly srcPort: number;
  readonly destIP: string;
  readonly destPort: number;
};

type ConnectionEvents = {
  handshake: [negotiated: { readonly cs: { readonly cipher: string } }];
  authentication: [context: AuthContext];
  ready: [];
  session: [accept: () => Session];
  tcpip: [accept: () => ServerChannel, reject: () => void, info: TcpipInfo];
  rekey: [];
  error: [error: Error];
  end: [];
  close: [];
};
export type Connection = EventEmitter<ConnectionEvents> & {
  end(): void;
  rekey(): void;
  /** Its own; what it does not offer otherwise. */
  readonly _protocol: Protocol;
};

/** Packets of one connection. */
export type Protocol = {
  channelOpenFail(channel: number, reason: number, description: string): void;
  /** Set while keys are exchanged. */
  readonly _kexinit: unknown;
  readonly _packetRW: {
    readonly write: {
      /** Where the payload begins in a packet. */
      readonly allocStart: number;
      alloc(bytes: number): Uint8Array;
      finalize(packet: Uint8Array): Uint8Array;
    };
  };
  readonly _cipher: { encrypt(packet: Uint8Array): void };
};

export type ServerOptions = {
  readonly hostKeys: readonly { readonly key: ParsedKey }[];
  readonly ident: string;
  readonly algorithms: {
    readonly kex: readonly string[];
    readonly cipher: readonly string[];
    readonly hmac: readonly string[];
    readonly compress: readonly string[];
  };
  readonly keepaliveInterval: number;
  readonly keepaliveCountMax: number;
};

type ServerEvents = {
  connection: [
    client: Connection,
    info: { readonly header: { readonly versions: { readonly software: string } } },
  ];
};

declare class Server extends EventEmitter<ServerEvents> {
  constructor(options: ServerOptions);
  /** Speaks SSH over a connection that was accepted elsewhere. */
  injectSocket(socket: Duplex): void;
}

declare const ssh2: {
  readonly Server: typeof Server;
  readonly utils: {
    /** Of several keys in a file it gives an array. */
    parseKey(data: string | Uint8Array): ParsedKey | readonly ParsedKey[] | Error;
  };
};
export default ssh2;
