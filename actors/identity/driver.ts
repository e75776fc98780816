/**
 * Identity on the bus: answers exchanges and takes in revocations.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import type { Report } from "#actors/_kit/report.ts";
import { exchangeSubject, keyExchangeSubject, revocationSubject } from "#schemas/subjects.ts";
import type { ExchangeReply } from "#schemas/identity.ts";
import type { Exchange } from "./exchange.ts";
import { failure } from "./failures.ts";

/** Two tokens of the greatest length and the rest of a request. */
export const requestBytesMax = 160 * 1024;

/** Serves until stopped. Replies are JSON, `ExchangeReply`. */
export function serveExchanges(
  bus: Pick<Bus, "respond" | "subscribe">,
  identity: Exchange,
  report: Report,
): { stop(): Promise<void> } {
  const encoder = new TextEncoder();
  const exchanges = bus.respond(exchangeSubject, (payload) => answer(payload, identity.exchange));
  const keys = bus.respond(keyExchangeSubject, (payload) => answer(payload, identity.exchangeKey));
  const revocations = bus.subscribe(revocationSubject, ({ payload }) => {
    const taken = payload.length <= 4096 && identity.revoke(parse(payload));
    report(taken ? "revocation_taken" : "revocation_refused", { bytes: payload.length });
  });
  return {
    async stop() {
      await exchanges.stop();
      await keys.stop();
      await revocations.stop();
    },
  };

  async function answer(
    payload: Uint8Array,
    exchange: (request: unknown) => Promise<ExchangeReply>,
  ): Promise<Uint8Array> {
    const reply = payload.length > requestBytesMax
      ? failure("too_large")
      : await exchange(parse(payload));
    if (reply.ok) report("exchanged", { id: reply.id, actors: reply.principal.actors.length });
    else report("exchange_refused", { code: reply.code });
    return encoder.encode(JSON.stringify(reply));
  }
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return null;
  }
}
