/**
 * What an edge hears of the bus: frames as they are stored, revocations, and sessions to end.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import { type Frame, toFrame } from "#actors/_kit/frame.ts";
import type { PrincipalChain } from "#schemas/frames.ts";
import { Revocation, revokes } from "#schemas/identity.ts";
import {
  auditSubject,
  endSubject,
  parseEndSubject,
  parseReleaseSubject,
  releaseSubject,
  revocationSubject,
  type SessionKey,
} from "#schemas/subjects.ts";

/** A live session, as a revocation is matched against it. */
export type LiveSession = {
  readonly key: SessionKey;
  readonly principal: PrincipalChain;
  readonly tokenId: string;
};

/** An edge's gateway, as the bus speaks to it. */
export type Hearing = {
  /** The key of a session that is open; a release does not say its month. */
  keyOf(session: string): SessionKey | undefined;
  /** A frame that the stream republished. */
  stored(frame: Frame): void;
  /** Ends the sessions that `matches` picks; `why` is for the record and for the agent. */
  terminate(matches: (live: LiveSession) => boolean, why: Ending): void;
};

export type Ending = { readonly reason: string; readonly message: string };
const revoked: Ending = { reason: "revoked", message: "access was revoked" };
const ended: Ending = { reason: "ended", message: "the session was ended at the console" };

/** Subscribes the gateway to what concerns its edge. */
export function hear(
  bus: Pick<Bus, "subscribe">,
  edge: string,
  gateway: Hearing,
): void {
  for (const kind of ["response", "verdict", "approval", "outcome"] as const) {
    bus.subscribe(releaseSubject(edge, "*", kind), (message) => {
      const session = parseReleaseSubject(message.subject)?.session;
      const key = session === undefined ? undefined : gateway.keyOf(session);
      if (key === undefined) return;
      const sequence = Number(message.headers.get("Nats-Sequence") ?? "0");
      const subject = auditSubject(key, kind);
      const frame = toFrame({ ...message, subject, sequence, timeMs: 0 });
      if (frame !== null) gateway.stored(frame);
    });
  }
  bus.subscribe(revocationSubject, ({ payload }) => {
    const revocation = Revocation.safeParse(JSON.parse(new TextDecoder().decode(payload)));
    if (!revocation.success) return;
    gateway.terminate(
      ({ principal, tokenId, key }) =>
        revokes(revocation.data, { principal, jtis: [tokenId], session: key.session }),
      revoked,
    );
  });
  bus.subscribe(endSubject(edge, "*"), ({ subject }) => {
    const session = parseEndSubject(subject);
    gateway.terminate(({ key }) => key.session === session, ended);
  });
}
