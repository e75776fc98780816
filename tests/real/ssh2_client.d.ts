/** What a test that breaks the protocol uses of ssh2's client. */
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";

type ClientEvents = { ready: []; close: []; error: [error: Error] };

export declare class Client extends EventEmitter<ClientEvents> {
  connect(options: {
    readonly host: string;
    readonly port: number;
    readonly username: string;
    readonly privateKey: string;
    readonly hostVerifier: () => boolean;
  }): this;
  exec(command: string, opened: (error: Error | undefined, channel: Duplex) => void): this;
}
