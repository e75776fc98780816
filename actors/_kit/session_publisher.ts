/**
 * Stores the frames of a session, one of a kind after the other.
 *
 * Theory of operation. Each publish names the sequence of the frame of that kind before it, so the
 * server refuses what another worker has overtaken. Whether a publish that failed was stored after
 * all is read back and told by the nonce; only one that was not is tried again.
 *
 * @module
 */
import type { PublishEffect, RawEffect, Told } from "#actors/_kit/actor.ts";
import { type Bus, BusError, type HeaderMap } from "#actors/_kit/bus.ts";
import type { Clock, Random } from "#actors/_kit/clock.ts";
import { frameHeaders, type FrameKind, type SessionKey } from "#actors/_kit/frame.ts";
import type { Report } from "#actors/_kit/report.ts";
import { frameHeader, sessionHeader } from "#schemas/frames.ts";
import {
  approvalNoticeSubject,
  auditStream,
  auditSubject,
  noticeSubject,
  rawStream,
  rawSubject,
} from "#schemas/subjects.ts";

/** What of a session's mailbox publishing needs. */
export type Publishing = {
  readonly key: SessionKey;
  /** Last stored sequence of each kind this actor publishes, as a chain of publishes. */
  readonly chains: Map<FrameKind, Promise<number>>;
  /** The session was dropped: nothing of it is tried again. */
  dead: boolean;
};

export type PublisherPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: Report;
  readonly limits: { readonly publishRetryMsMax: number };
};

const encoder = new TextEncoder();
/** How long to wait before a publish is tried again, milliseconds. */
const retryAfterMs = 200;

export function sessionPublisher(ports: PublisherPorts) {
  const { bus, clock, random, report, limits } = ports;
  return { publish, publishRaw };

  /** Resolves with the stored frame's sequence. @throws BusError when it cannot be stored. */
  function publish(
    box: Publishing,
    effect: PublishEffect,
    trace: string | undefined,
  ): Promise<number> {
    const before = box.chains.get(effect.frame) ?? Promise.resolve(0);
    const headers = frameHeaders(effect.place, nonce(), trace, effect.headers);
    const subject = auditSubject(box.key, effect.frame);
    const next = before.then((expected) => {
      return publishFirmly(box, subject, effect.payload, headers, expected);
    });
    box.chains.set(effect.frame, next);
    const { tells } = effect;
    if (tells === undefined) return next;
    return next.then((sequence) => {
      for (const told of tells) tell(box.key, effect.frame, sequence, told);
      return sequence;
    });
  }

  /** A notice may be lost: who waits for it looks by itself, later. */
  function tell(
    { edge, session }: SessionKey,
    kind: FrameKind,
    sequence: number,
    told: Told,
  ): void {
    const edgeOrApproval = told === "edge"
      ? noticeSubject(edge, session, kind)
      : approvalNoticeSubject;
    bus.send(edgeOrApproval, encoder.encode(String(sequence)));
  }

  async function publishFirmly(
    box: Publishing,
    subject: string,
    payload: Uint8Array,
    headers: HeaderMap,
    expectedLastSubjectSequence: number,
  ): Promise<number> {
    const until = clock.nowMs() + limits.publishRetryMsMax;
    const stream = auditStream(box.key.epoch);
    for (let attempt = 0;; attempt++) {
      try {
        const options = { stream, expectedLastSubjectSequence };
        return (await bus.publish(subject, payload, headers, options)).sequence;
      } catch (error) {
        const code = error instanceof BusError ? error.code : "refused";
        if (code === "refused" || code === "too_large") throw error;
        if (code === "wrong_sequence" || attempt > 0) {
          // The acknowledgement may have been lost though the frame was stored.
          const last = await bus.last(stream, subject).catch(() => null);
          const ours = last?.headers.get(frameHeader) === headers.get(frameHeader);
          if (last !== null && ours) return last.sequence;
          if (code === "wrong_sequence") throw error;
        }
        if (clock.nowMs() > until || box.dead) throw error;
        report("publish_retried", { session: box.key.session, error: code });
        await new Promise<void>((resolve) => clock.after(retryAfterMs, resolve));
      }
    }
  }

  function publishRaw(
    box: Publishing,
    effect: RawEffect,
    trace: string | undefined,
  ): Promise<unknown> {
    const { epoch, edge } = box.key;
    const own = new Map([[sessionHeader, `${epoch}.${edge}`], ...effect.headers ?? []]);
    const headers = frameHeaders(effect.place, nonce(), trace, own);
    const subject = rawSubject(box.key.shard, box.key.session);
    return bus.publish(subject, effect.payload, headers, { stream: rawStream });
  }

  function nonce(): string {
    return random(16).toBase64({ alphabet: "base64url", omitPadding: true });
  }
}
