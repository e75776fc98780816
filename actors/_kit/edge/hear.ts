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
  type FrameKind,
  noticeSubject,
  parseEndSubject,
  parseNoticeSubject,
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

/** A gateway that hears of some frames only when there is reason to. */
export type Noticing = {
  /** A frame of this kind was stored at `sequence`, and is to be read. */
  look(session: string, kind: FrameKind, sequence: number): void;
};

/** Subscribes the gateway to frames of these kinds and to what else concerns its edge. */
export function hear(
  bus: Pick<Bus, "subscribe">,
  edge: string,
  gateway: Hearing,
  kinds: readonly FrameKind[],
): void {
  for (const kind of kinds) {
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

/** Has the gateway look for frames of these kinds when their writers give notice of one. */
export function takeNotice(
  bus: Pick<Bus, "subscribe">,
  edge: string,
  gateway: Noticing,
  kinds: readonly FrameKind[],
): void {
  for (const kind of kinds) {
    bus.subscribe(noticeSubject(edge, "*", kind), ({ subject, payload }) => {
      const session = parseNoticeSubject(subject)?.session;
      const sequence = Number(new TextDecoder().decode(payload));
      const understood = session !== undefined && Number.isSafeInteger(sequence) && sequence > 0;
      if (understood) gateway.look(session, kind, sequence);
    });
  }
}
