/**
 * Finds TCP ports of the loopback address that nothing listens on.
 *
 * @module
 */

/**
 * A port of 127.0.0.1 that was free a moment ago. Whoever starts a server on it must still handle
 * "address in use": between this answer and that start the port belongs to nobody.
 */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** `count` different free ports: all are held while the others are looked for. */
export function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map((listener) => listener.addr.port);
  for (const listener of listeners) listener.close();
  return ports;
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
