/**
 * What an edge hears of the bus: frames as they are stored, and revocations.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import { toFrame } from "#actors/_kit/frame.ts";
import { Revocation, revokes } from "#schemas/identity.ts";
import {
  auditSubject,
  parseReleaseSubject,
  releaseSubject,
  revocationSubject,
  shardOf,
} from "#schemas/subjects.ts";
import type { Gateway } from "./gateway.ts";

/** Subscribes the gateway to what concerns its edge. */
export function hear(
  bus: Pick<Bus, "subscribe">,
  place: { readonly epoch: string; readonly edge: string; readonly shards: number },
  gateway: Gateway,
): void {
  const { epoch, edge, shards } = place;
  for (const kind of ["response", "verdict", "approval", "outcome"] as const) {
    bus.subscribe(releaseSubject(edge, "*", kind), (message) => {
      const session = parseReleaseSubject(message.subject)?.session;
      if (session === undefined) return;
      const key = { epoch, shard: shardOf(session, shards), edge, session };
      const sequence = Number(message.headers.get("Nats-Sequence") ?? "0");
      const subject = auditSubject(key, kind);
      const frame = toFrame({ ...message, subject, sequence, timeMs: 0 });
      if (frame !== null) gateway.stored(frame);
    });
  }
  bus.subscribe(revocationSubject, ({ payload }) => {
    const revocation = Revocation.safeParse(JSON.parse(new TextDecoder().decode(payload)));
    if (!revocation.success) return;
    gateway.terminate(({ principal, tokenId, key }) =>
      revokes(revocation.data, { principal, jtis: [tokenId], session: key.session })
    );
  });
}
