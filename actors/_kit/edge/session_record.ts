/**
 * How an edge's session reaches the record: its frames onto the bus one behind the other, and what
 * the stream holds of it read again.
 *
 * **Invariant:** frames of one kind of one session are stored in order and each once; nothing is
 * stored of a session whose opening is not, and no request behind its close.
 *
 * @module
 */
import { type Bus, BusError, errorCode, type HeaderMap } from "#actors/_kit/bus.ts";
import type { Clock, Random } from "#actors/_kit/clock.ts";
import { type Frame, frameHeaders, toFrame } from "#actors/_kit/frame.ts";
import type { Report } from "#actors/_kit/report.ts";
import {
  auditStream,
  auditSubject,
  creditSubject,
  type FrameKind,
  type SessionKey,
} from "#schemas/subjects.ts";

/** The kinds of frames that an edge publishes. */
export type EdgeFrameKind = "open" | "request" | "close";
export type EdgeFramePlace = {
  readonly request: number;
  readonly part: number;
  readonly more: boolean;
};

export type RecordPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: Report;
  /** How long after a close could not be stored it is tried again. */
  readonly closeRetryMs: number;
};

export type SessionRecord = {
  publish(
    kind: EdgeFrameKind,
    place: EdgeFramePlace,
    payload: Uint8Array,
    headers?: HeaderMap,
  ): void;
  /** Grants target this many unmasked bytes since the session's start. */
  credit(bytes: number): void;
  /** Reads the frame of this kind that was stored at `sequence`, of which notice was given. */
  look(kind: FrameKind, sequence: number): void;
  /** Reads responses stored beyond `released` and all else beyond `settled` once more. */
  repair(settled: number, released: number): void;
  /** Settles when the close was stored, or could not be stored at once. */
  closed(): Promise<unknown>;
};

/** Opens the record of a session. `unrecorded` is told the code of a frame that was not stored. */
export function sessionRecord(
  ports: RecordPorts,
  key: SessionKey,
  on: {
    unrecorded(code: string): void;
    stored(frame: Frame): void;
    recorded?(request: number, sequence: number): void;
  },
): SessionRecord {
  const { bus, clock, random, report, closeRetryMs } = ports;
  const { epoch, session: id } = key;
  const stream = auditStream(epoch);
  /** The last stored sequence of each kind: what is stored cannot be stored again by a replay. */
  const chains = new Map<EdgeFrameKind, Promise<number>>();
  /** What is to be read because notice was given of it: the first sequence of each kind. */
  const noticed = new Map<FrameKind, number>();
  let looking = false;
  let trace = newTrace(random);
  return {
    publish,
    look,
    credit: (bytes) =>
      bus.send(creditSubject(key.shard, id), new TextEncoder().encode(String(bytes))),
    repair: (settled, released) => void repair(settled, released),
    closed: () => chains.get("close")?.catch(() => 0) ?? Promise.resolve(),
  };

  function publish(
    kind: EdgeFrameKind,
    place: EdgeFramePlace,
    payload: Uint8Array,
    headers?: HeaderMap,
  ): void {
    if (kind === "request" && place.part === 0) trace = newTrace(random);
    const nonce = random(16).toBase64({ alphabet: "base64url", omitPadding: true });
    const all = frameHeaders(place, nonce, trace, headers);
    const subject = auditSubject(key, kind);
    const before = chains.get(kind) ?? behind(kind);
    const stored = before.then(async (expectedLastSubjectSequence) => {
      const options = { stream, expectedLastSubjectSequence };
      const { sequence } = await bus.publish(subject, payload, all, options);
      if (kind !== "close") on.recorded?.(place.request, sequence);
      return sequence;
    });
    chains.set(kind, stored);
    stored.catch((error) => {
      const code = error instanceof BusError ? error.code : "refused";
      report("publish_failed", { session: id, kind, error: code });
      on.unrecorded(code);
      // The target lets go of the session's upstream by its close, so it must be stored some time.
      if (kind === "close") clock.after(closeRetryMs, () => void closeLater(payload, all));
    });
  }

  /** Nothing is stored of a session whose opening is not, and no request behind its close. */
  async function behind(kind: EdgeFrameKind): Promise<number> {
    await chains.get("open");
    if (kind === "close") await chains.get("request")?.catch(() => 0);
    return 0;
  }

  /** Stores the close that could not be stored before, if the session was ever recorded. */
  async function closeLater(payload: Uint8Array, headers: HeaderMap): Promise<void> {
    const subject = auditSubject(key, "close");
    try {
      if (await bus.last(stream, auditSubject(key, "open")) === null) return;
      await bus.publish(subject, payload, headers, { stream, expectedLastSubjectSequence: 0 });
      report("closed_late", { session: id });
    } catch (error) {
      // By another sequence: it was stored, and only its acknowledgement was lost.
      if (error instanceof BusError && error.code === "wrong_sequence") return;
      clock.after(closeRetryMs, () => void closeLater(payload, headers));
    }
  }

  function look(kind: FrameKind, sequence: number): void {
    noticed.set(kind, Math.min(sequence, noticed.get(kind) ?? sequence));
    if (looking) return;
    looking = true;
    lookFor().catch((error) => {
      // What is not found now is found by the next repair.
      noticed.clear();
      report("look_failed", { session: id, error: errorCode(error) });
    }).finally(() => looking = false);
  }

  async function lookFor(): Promise<void> {
    for (;;) {
      const [next] = noticed;
      if (next === undefined) return;
      const [kind, sequence] = next;
      noticed.delete(kind);
      const last = await bus.last(stream, auditSubject(key, kind));
      const frame = last?.sequence === sequence ? toFrame(last) : null;
      if (frame === null) await readAgain([kind], sequence);
      else on.stored(frame);
    }
  }

  async function repair(settled: number, released: number): Promise<void> {
    try {
      await readAgain(["verdict", "approval", "outcome"], settled + 1);
      await readAgain(["response"], released + 1);
    } catch (error) {
      report("repair_failed", { session: id, error: errorCode(error) });
    }
  }

  async function readAgain(kinds: readonly FrameKind[], from: number): Promise<void> {
    const filters = kinds.map((kind) => auditSubject(key, kind));
    const options = { filters, from, through: Number.MAX_SAFE_INTEGER };
    for await (const message of bus.read(stream, options)) {
      const frame = toFrame(message);
      if (frame !== null) on.stored(frame);
    }
  }
}

/** A new trace for each request (W3C Trace Context, level 1). */
function newTrace(random: Random): string {
  return `00-${random(16).toHex()}-${random(8).toHex()}-01`;
}
