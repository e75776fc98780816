/**
 * Stops and resumes reading a TCP socket, also when TLS was laid over it.
 *
 * A `TLSSocket` that is paused stops giving out data, but under Deno 2.9 its TCP socket is read on,
 * without bound. What stops it is the handle of the TCP socket, which is no public interface;
 * `tests/real/socket_pace_test.ts` holds this to what it must do.
 *
 * @module
 */
import type { Socket } from "node:net";

export type Pace = { pause(): void; resume(): void };

type Handle = { readStop(): unknown; readStart(): unknown };

/** @throws TypeError at the first use when the runtime's sockets have no such handle any more. */
export function paceOf(tcp: Socket): Pace {
  return {
    pause: () => void handleOf(tcp)?.readStop(),
    resume: () => void handleOf(tcp)?.readStart(),
  };
}

/** The handle; null once the socket is closed. */
function handleOf(tcp: Socket): Handle | null {
  const handle: unknown = Reflect.get(tcp, "_handle");
  if (handle === null || tcp.destroyed) return null;
  if (isHandle(handle)) return handle;
  throw new TypeError("Cannot pause: sockets of this runtime have no handle");
}

function isHandle(value: unknown): value is Handle {
  return typeof value === "object" && value !== null && "readStop" in value && "readStart" in value;
}
