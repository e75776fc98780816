/**
 * Finds TCP ports of the loopback address that nothing listens on.
 *
 * Theory of operation. Between this answer and the start of the server that it is for, nothing
 * holds the port, and tests start many systems side by side. So each port is noted in a folder that
 * all processes of one user share, under the id of the process that asked for it, which keeps it as
 * long as it lives.
 *
 * @module
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";

/**
 * Where ports are looked for: below those that systems give to outgoing connections, for such a one
 * may otherwise take a port between this answer and the start of the server that it is for.
 */
const lowest = 15_000;
const count = 15_000;
const triesMax = 200;

/**
 * A port of 127.0.0.1 that was free a moment ago. No other process that asks here is given it, but
 * one that does not ask may take it: whoever starts a server on it must handle "address in use".
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
    if (!reserve(port)) continue;
    try {
      return Deno.listen({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

/** Notes the port as this process's; false when it is, or may be, another's. */
export function reserve(port: number, folder = sharedFolder()): boolean {
  const file = `${folder}/${port}`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!note(file)) {
      if (isAlive(Number(readFileSync(file, "utf8")))) return false;
      rmSync(file);
      return note(file);
    }
    return true;
  } catch {
    // Somebody else is at it, or there is no such folder to be had: another port is as good.
    return false;
  }
}

function sharedFolder(): string {
  return `${tmpdir()}/sallyport-ports-${Deno.uid() ?? "user"}`;
}

function note(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  // What is half written is somebody's who lives.
  if (!Number.isSafeInteger(pid) || pid < 1) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
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
