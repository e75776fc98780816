/**
 * Asks a host for its certificate, on a connection of its own that ends with the answer. The driver
 * of certified_host.ts.
 *
 * @module
 */
import { connect as connectTcp } from "node:net";
import { randomBytes } from "node:crypto";
import { systemClock } from "#actors/_kit/clock.ts";
import { CertifiedHost } from "./certified_host.ts";

export type HostAnswer =
  /** The key, type and base64, that a configured authority vouches for. */
  | { readonly kind: "certified"; readonly hostKey: string }
  /** `none`: the host shows no certificate. */
  | { readonly kind: "failed"; readonly reason: "none" | "refused" | "misbehaved" }
  | { readonly kind: "unreachable"; readonly error: unknown };

/** Calls `done` once, unless it is abandoned; how long it may take is the caller's to limit. */
export function learnHostKey(
  host: { readonly host: string; readonly port: number; readonly authorities: readonly string[] },
  done: (answer: HostAnswer) => void,
): { abandon(): void } {
  const { port, authorities } = host;
  const demand = { authorities, host: host.host, nowMs: systemClock.nowMs() };
  const exchange = new CertifiedHost(demand, randomBytes(16));
  let over = false;
  const socket = connectTcp({ host: host.host, port });
  socket.setNoDelay();
  socket.on("connect", () => void socket.write(exchange.start()));
  socket.on("error", (error) => end({ kind: "unreachable", error }));
  socket.on("close", () => end({ kind: "unreachable", error: null }));
  socket.on("data", (chunk: Uint8Array) => {
    for (const step of over ? [] : exchange.receive(chunk)) {
      if (step.kind === "send") socket.write(step.bytes);
      else if (step.kind === "failed") end(step);
      else end({ kind: "certified", hostKey: textOf(step.key) });
    }
  });
  return { abandon: close };

  function end(answer: HostAnswer): void {
    if (over) return;
    close();
    done(answer);
  }

  function close(): void {
    over = true;
    socket.destroy();
  }
}

/** As in `known_hosts`: the type stands first in the key itself. */
function textOf(key: Uint8Array): string {
  const length = new DataView(key.buffer, key.byteOffset).getUint32(0);
  const type = new TextDecoder("latin1").decode(key.subarray(4, 4 + length));
  return `${type} ${key.toBase64()}`;
}
