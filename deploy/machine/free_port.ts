/**
 * Finds TCP ports of the loopback address that nothing listens on.
 *
 * @module
 */

/**
 * Where ports are looked for: below those that systems give to outgoing connections, for such a one
 * may otherwise take a port between this answer and the start of the server that it is for.
 */
const lowest = 15_000;
const count = 15_000;
const triesMax = 200;

/**
 * A port of 127.0.0.1 that was free a moment ago. Whoever starts a server on it must still handle
 * "address in use": between this answer and that start the port belongs to nobody.
 */
export function freePort(): number {
  const [port = 0] = freePorts(1);
  return port;
}

/** `wanted` different free ports: all are held while the others are looked for. */
export function freePorts(wanted: number): number[] {
  const listeners = Array.from({ length: wanted }, listenSomewhere);
  const ports = listeners.map((listener) => listener.addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

function listenSomewhere(): Deno.TcpListener {
  for (let tries = 0; tries < triesMax; tries++) {
    const port = lowest + Math.floor(Math.random() * count);
    try {
      return Deno.listen({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

/** Waits until something accepts connections on the port; an error after `waitMs`. */
export async function waitForPort(port: number, waitMs: number): Promise<void> {
  const end = Date.now() + waitMs;
  while (true) {
    try {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      connection.close();
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      if (Date.now() > end) throw new Error(`port ${port} accepts nothing after ${waitMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
