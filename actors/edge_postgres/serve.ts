/**
 * The edge's sockets: accepts agents and hands their connections to the gateway.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Door, openDoor } from "#actors/_kit/edge/door.ts";
import { paceOf } from "#actors/_kit/socket_pace.ts";
import type { AgentConnection } from "./agent_connection.ts";
import { type TlsGate, tlsGate } from "./tls_gate.ts";

/** Listens; `accept` is given each connection as it comes. */
export function listen(
  host: string,
  port: number,
  tls: { readonly cert: string; readonly key: string },
  accept: (agent: AgentConnection) => void,
): Promise<Door> {
  const gate = tlsGate(tls);
  return openDoor({ host, port }, (socket) => accept(agentConnection(socket, gate)));
}

/** The connection of an accepted socket; TLS is laid over it when the gateway says so. */
export function agentConnection(raw: Socket, gate: TlsGate): AgentConnection {
  raw.setNoDelay();
  raw.on("error", () => raw.destroy());
  const pace = paceOf(raw);
  let socket: Socket | TLSSocket = raw;
  let listener: ((chunk: Uint8Array) => void) | null = null;
  /** Who waits for what was written last. */
  let takers: (() => void)[] = [];
  return {
    address: raw.remoteAddress ?? "unknown",
    tlsVersion: () => "getProtocol" in socket ? socket.getProtocol() ?? "unknown" : "unknown",
    encrypted: false,
    async upgrade(hello) {
      if (listener !== null) raw.off("data", listener);
      listener = null;
      if (hello !== null) {
        // What is put back into a socket that flows has no reader yet, and would be lost.
        raw.pause();
        raw.unshift(hello);
      }
      const secure = await gate.upgrade(raw);
      // Another protocol's TLS that is led here (ALPACA) ends here.
      if (hello !== null && secure.alpnProtocol !== "postgresql") {
        secure.destroy();
        throw new Error("ALPN does not name postgresql");
      }
      socket = secure;
      secure.on("error", () => secure.destroy());
    },
    hear,
    closed(callback) {
      socket.on("close", callback);
      socket.on("error", callback);
    },
    isOpen: () => !socket.destroyed,
    write,
    waitingBytes: () => socket.writableLength,
    cork: () => socket.cork(),
    uncork: () => socket.uncork(),
    pause: () => pace.pause(),
    resume: () => pace.resume(),
    end(bytes) {
      if (socket.destroyed) return;
      if (bytes === undefined) socket.end();
      else socket.end(bytes);
    },
    destroy: () => void socket.destroy(),
  };

  /** Behind an empty write alone a TLS socket of Deno 2.9 sends nothing more, and says it has. */
  function write(bytes: Uint8Array, taken: () => void = () => {}): void {
    if (socket.destroyed) return;
    if (bytes.length === 0) {
      if (socket.writableLength === 0) taken();
      else takers.push(taken);
      return;
    }
    const own = [taken];
    takers = own;
    socket.write(bytes, () => {
      for (const each of own) each();
    });
  }

  function hear(next: ((chunk: Uint8Array) => void) | null): void {
    if (listener !== null) socket.off("data", listener);
    listener = next;
    if (next === null) return void socket.pause();
    socket.on("data", next);
    socket.resume();
  }
}
