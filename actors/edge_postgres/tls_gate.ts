/**
 * Turns accepted sockets into TLS sockets through one `tls.Server` that listens nowhere.
 *
 * **Invariant:** the socket is handed to the server (`emit("connection")`), never to a bare
 * `TLSSocket`, which would not enforce what its options say.
 *
 * @module
 */
import type { Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";

export type TlsGate = {
  /** Resolves with the secure socket; rejects when the handshake fails. */
  upgrade(socket: Socket): Promise<TLSSocket>;
};

type Waiting = { resolve(secure: TLSSocket): void; reject(error: Error): void };

export function tlsGate(identity: { readonly cert: string; readonly key: string }): TlsGate {
  const waiting = new Map<string, Waiting>();
  const server = createServer({ ...identity, ALPNProtocols: ["postgresql"] });
  server.on("secureConnection", (secure: TLSSocket) => {
    const found = waiting.get(peerOf(secure));
    if (found === undefined) secure.destroy();
    else found.resolve(secure);
  });
  server.on("tlsClientError", (_error: Error, secure: TLSSocket) => {
    waiting.get(peerOf(secure))?.reject(new Error("TLS handshake failed"));
  });
  return { upgrade };

  function upgrade(socket: Socket): Promise<TLSSocket> {
    const peer = peerOf(socket);
    const secured = new Promise<TLSSocket>((resolve, reject) => {
      waiting.set(peer, { resolve, reject });
      socket.once("close", () => reject(new Error("Connection closed during TLS handshake")));
      server.emit("connection", socket);
    });
    return secured.finally(() => waiting.delete(peer));
  }
}

/** A peer's address and port name one connection while it lives. */
function peerOf(socket: Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}
