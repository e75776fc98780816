/** Several writes to a socket that leave as one. @module */
import type { Socket } from "node:net";

/**
 * Runs what writes; it leaves in one call of the system when `write` returns. ssh2 writes each
 * packet in two or three parts, and without this each is a segment that wakes the other side.
 */
export function atOnce(socket: Socket, write: () => void): void {
  socket.cork();
  try {
    write();
  } finally {
    socket.uncork();
  }
}
