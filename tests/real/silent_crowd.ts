/**
 * Many connections to an edge that begin and go no further.
 *
 * @module
 */
import { connect } from "node:net";

export type SilentCrowd = {
  /** How many the edge has closed. */
  gone(): number;
  [Symbol.dispose](): void;
};

/** Connects `count` times; each says `beginning`, a part after each answer, and nothing more. */
export function silentCrowd(
  { host, port }: { readonly host: string; readonly port: number },
  count: number,
  beginning: readonly Uint8Array[] = [],
): SilentCrowd {
  let gone = 0;
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(port, host);
    socket.on("error", () => undefined);
    socket.on("close", () => gone++);
    const parts = beginning.values();
    const say = () => {
      const { value } = parts.next();
      if (value !== undefined) socket.write(value);
    };
    socket.on("data", say);
    say();
    return socket;
  });
  return {
    gone: () => gone,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
