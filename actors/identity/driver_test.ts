import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { PassingMessage, Subscription } from "#actors/_kit/bus.ts";
import { ExchangeReply } from "#schemas/identity.ts";
import { exchangeSubject, revocationSubject } from "#schemas/subjects.ts";
import { requestBytesMax, serveExchanges } from "./driver.ts";
import { sessionRequest, startSeconds, testIdentity } from "./testing.ts";

type Responder = (payload: Uint8Array) => Promise<Uint8Array>;

/** Holds the handlers instead of a server. */
function heldBus() {
  const responders = new Map<string, Responder>();
  const subscribers = new Map<string, (message: PassingMessage) => void>();
  const subscription: Subscription = { stop: () => Promise.resolve() };
  return {
    responders,
    subscribers,
    respond(subject: string, handler: Responder) {
      responders.set(subject, handler);
      return subscription;
    },
    subscribe(subject: string, handler: (message: PassingMessage) => void) {
      subscribers.set(subject, handler);
      return subscription;
    },
  };
}

async function ask(bus: ReturnType<typeof heldBus>, payload: Uint8Array): Promise<ExchangeReply> {
  const reply = await bus.responders.get(exchangeSubject)?.(payload) ?? new Uint8Array();
  return ExchangeReply.parse(JSON.parse(new TextDecoder().decode(reply)));
}
function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

Deno.test("serveExchanges() answers requests and obeys revocations", async () => {
  const { identity, organisation } = await testIdentity();
  const bus = heldBus();
  const reported: string[] = [];
  serveExchanges(
    bus,
    identity,
    (event, facts) => reported.push(`${event} ${JSON.stringify(facts)}`),
  );
  const token = await organisation();
  const request = encode(sessionRequest(token));
  ok((await ask(bus, request)).ok);
  const until = new Date((startSeconds + 60) * 1000).toISOString();
  const payload = encode({ version: 1, kind: "person", value: "ada", until });
  const message = { subject: revocationSubject, headers: new Map<string, string>(), payload };
  bus.subscribers.get(revocationSubject)?.(message);
  const refused = await ask(bus, request);
  strictEqual(refused.ok ? "ok" : refused.code, "token_revoked");
  // What is reported holds neither token nor name.
  ok(!reported.join().includes(token.slice(0, 20)) && !reported.join().includes("ada"));
});

Deno.test("serveExchanges() answers what is no request", async () => {
  const { identity } = await testIdentity();
  const bus = heldBus();
  serveExchanges(bus, identity, () => undefined);
  const codes = [];
  const bodies = [new Uint8Array([0xff]), encode([]), new Uint8Array(requestBytesMax + 1)];
  for (const payload of bodies) {
    const reply = await ask(bus, payload);
    codes.push(reply.ok ? "ok" : reply.code);
  }
  deepStrictEqual(codes, ["request_malformed", "request_malformed", "too_large"]);
});
