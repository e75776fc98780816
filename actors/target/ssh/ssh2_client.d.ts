/**
 * What target uses of ssh2's client, as ssh2 1.17 takes it: bytes where its published types say
 * text. Those also bring types of Node in, of another release than the runtime's.
 */
import type { Buffer } from "node:buffer";
import type { Duplex, Readable } from "node:stream";
import type { Socket } from "node:net";

export type Terminal = {
  term: string;
  cols: number;
  rows: number;
  width: number;
  height: number;
  /** Encoded modes of RFC 4254 section 8. */
  modes: Buffer;
};

/** Its `exit` event gives a status; or null, a signal with `SIG` before it, and if it dumped. */
export type ClientChannel = Duplex & {
  readonly stderr: Readable;
  setWindow(rows: number, columns: number, height: number, width: number): void;
  /** @throws Error when the signal is none that it knows. */
  signal(name: string): void;
  close(): void;
};

/** A client of files. Its errors have the status of the draft as `code`. */
export type SftpClient = {
  realpath(path: string, callback: (error: Error | undefined, path: string) => void): void;
  on(event: "error" | "close", listener: () => void): void;
};

type Opened = (error: Error | undefined, channel: ClientChannel) => void;
type Environment = Record<string, string>;

export type ClientConfig = {
  sock: Socket;
  username: string;
  password?: string;
  privateKey?: string;
  authHandler: readonly ("publickey" | "password" | "keyboard-interactive")[];
  tryKeyboard: boolean;
  readyTimeout: number;
  keepaliveInterval: number;
  keepaliveCountMax: number;
  algorithms: {
    kex: readonly string[];
    serverHostKey: readonly string[];
    cipher: readonly string[];
    hmac: readonly string[];
    compress: readonly string[];
  };
  hostVerifier(key: Buffer): boolean;
};

type Prompts = readonly { readonly prompt: string; readonly echo?: boolean }[];

export declare class Client {
  /** @throws Error when the configuration cannot be used, a private key for one. */
  connect(config: ClientConfig): this;
  end(): this;
  exec(command: Buffer, options: { pty?: Terminal; env: Environment }, callback: Opened): this;
  shell(window: Terminal | false, options: { env: Environment }, callback: Opened): this;
  subsys(name: string, callback: Opened): this;
  sftp(callback: (error: Error | undefined, sftp: SftpClient) => void): this;
  forwardOut(
    sourceHost: string,
    sourcePort: number,
    host: string,
    port: number,
    callback: Opened,
  ): this;
  on(event: "ready" | "close" | "end", listener: () => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  on(
    event: "keyboard-interactive",
    listener: (
      name: string,
      instructions: string,
      language: string,
      prompts: Prompts,
      finish: (answers: string[]) => void,
    ) => void,
  ): this;
}
