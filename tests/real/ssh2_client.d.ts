/** What a test that breaks the protocol uses of ssh2's client. */
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";

/** `outgoing`: what of the peer's window is left; nobody else writes to it. */
export type Channel = Duplex & { readonly outgoing: { window: number } };

type ClientEvents = { ready: []; close: []; error: [error: Error] };

export declare class Client extends EventEmitter<ClientEvents> {
  connect(options: {
    readonly host: string;
    readonly port: number;
    readonly username: string;
    readonly privateKey: string;
    readonly hostVerifier: () => boolean;
  }): this;
  exec(command: string, opened: (error: Error | undefined, channel: Channel) => void): this;
}
