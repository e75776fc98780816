/**
 * Reads recordings from the audit stream, for one viewer.
 *
 * **Invariant:** a recording is read only after a `view` frame that names the reader is stored; if
 * it cannot be stored, nothing is read.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type Frame, frameHeaders, type FrameKind, toFrame } from "#actors/_kit/frame.ts";
import { decodeControl, encodeControl, type Verdict, type View } from "#schemas/frames.ts";
import { type CastEvent, castHeader, castLines, pacer } from "#schemas/recording/asciicast.ts";
import { SshRecording } from "#schemas/recording/ssh_recording.ts";
import { auditStream, auditSubject, endSubject, type SessionKey } from "#schemas/subjects.ts";
import type { ApprovalEntry, SessionEntry } from "./ledger.ts";
import { ConsoleError, type ConsolePorts, type Viewer } from "./ports.ts";
import { type ShownRequest, sshRequestReader, statementReader } from "./statements.ts";
import { type TimelineEntry, timelineOf } from "./timeline.ts";
import { joinBytes } from "#schemas/join_bytes.ts";

export type SessionRecording = {
  readonly entries: readonly TimelineEntry[];
  /** True when the recording is longer than what is read. */
  readonly cut: boolean;
  /** Of a terminal: what was asked, in the order of a cast's markers; else null. */
  readonly markers: readonly CastEvent[] | null;
};
export type ApprovalRecording = {
  /** Null when the verdict that holds the request cannot be read. */
  readonly verdict: Verdict | null;
  readonly shown: ShownRequest | null;
};
/** Nobody is asked to approve what they could not read to its end, and nobody can. */
export function isShownWhole({ verdict, shown }: ApprovalRecording): boolean {
  return verdict !== null && shown?.ok === true && shown.statements.every(({ cut }) => !cut);
}

export type Recordings = {
  /** @throws ConsoleError `unavailable`, `busy` */
  session(viewer: Viewer, entry: SessionEntry): Promise<SessionRecording>;
  /** The terminal as an asciicast. @throws ConsoleError `unavailable`, `busy` */
  cast(viewer: Viewer, entry: SessionEntry): Promise<string>;
  /** Records that a session is ended, and has it ended. @throws ConsoleError `unavailable` */
  end(viewer: Viewer, entry: SessionEntry): Promise<void>;
  /** @throws ConsoleError `unavailable`, `busy` */
  approval(
    viewer: Viewer,
    entry: ApprovalEntry,
    session: SessionEntry | undefined,
  ): Promise<ApprovalRecording>;
};

const replayed: readonly FrameKind[] = ["request", "verdict", "approval", "outcome", "response"];

/** In a player a longer pause is shortened to this. */
const castPauseMsMax = 3000;

function recordingOf(session: string): SshRecording {
  return new SshRecording(session, () => createHash("sha256"));
}

function eventsOf(frames: readonly Frame[]): CastEvent[] {
  const recording = recordingOf("");
  return frames.flatMap((frame) => recording.take(frame));
}

export function recordings(ports: ConsolePorts): Recordings {
  const { bus, clock, random, limits, maskLiterals } = ports;
  const statementLimits = { ...limits, statementsMax: 100 };
  let readings = 0;
  return { session, approval, cast, end };

  function session(viewer: Viewer, entry: SessionEntry): Promise<SessionRecording> {
    return reading(viewer, entry.key, "session", async () => {
      const { frames, cut } = await read(entry.key, replayed, entry.first, entry.last);
      const entries = timelineOf(frames, maskLiterals, limits, entry.protocol);
      const isTerminal = entry.protocol === "ssh";
      const markers = isTerminal ? eventsOf(frames).filter(({ code }) => code === "m") : null;
      return { entries, cut, markers };
    });
  }

  function cast(viewer: Viewer, entry: SessionEntry): Promise<string> {
    return reading(viewer, entry.key, "replay", async () => {
      const { frames, cut } = await read(entry.key, replayed, entry.first, entry.last);
      const recording = recordingOf(entry.key.session);
      const events = frames.flatMap((frame) => recording.take(frame));
      const atMs = events.at(-1)?.atMs ?? entry.openedAtMs;
      if (cut) {
        events.push({ atMs, code: "m", data: "the recording is longer than what is played" });
      }
      const pace = pacer({ speed: 1, pauseMsMax: castPauseMsMax });
      const line = castLines(events[0]?.atMs ?? entry.openedAtMs);
      return castHeader(recording.header()) + events.map((event) => line(pace(event))).join("");
    });
  }

  async function end(viewer: Viewer, { key }: SessionEntry): Promise<void> {
    try {
      await recordView(viewer, key, "end");
    } catch {
      throw new ConsoleError(503, "unavailable", "The record cannot be written now. Try again.");
    }
    bus.send(endSubject(key.edge, key.session), new Uint8Array(0));
  }

  function approval(
    viewer: Viewer,
    entry: ApprovalEntry,
    session: SessionEntry | undefined,
  ): Promise<ApprovalRecording> {
    return reading(viewer, entry.key, "approval", async () => {
      const held = await read(entry.key, ["verdict"], entry.verdict, entry.verdict);
      const [frame] = held.frames;
      const verdict = frame === undefined ? null : decodeControl("verdict", frame.payload);
      if (verdict === null || verdict.approval?.binding !== entry.binding) {
        return { verdict: null, shown: null };
      }
      const near = await shownOf(entry, verdict, entry.requestStart, session?.protocol);
      if (near === null || near.ok || near.reason !== "not_prepared" || session === undefined) {
        return { verdict, shown: near };
      }
      return { verdict, shown: await shownOf(entry, verdict, session.first, session.protocol) };
    });
  }

  /** The held request, read after those since `from`; null when its bytes are not the digest's. */
  async function shownOf(
    entry: ApprovalEntry,
    verdict: Verdict,
    from: number,
    protocol: SessionEntry["protocol"] | undefined,
  ): Promise<ShownRequest | null> {
    const { frames, cut } = await read(entry.key, ["request"], from, entry.verdict);
    if (cut) return null;
    const reader = protocol === "ssh"
      ? sshRequestReader(statementLimits)
      : statementReader(maskLiterals, statementLimits);
    let parts: Uint8Array[] = [];
    for (const frame of frames) {
      if (frame.request > entry.request) break;
      parts.push(frame.payload);
      if (frame.more) continue;
      const bytes = joinBytes(parts);
      parts = [];
      const shown = reader.take(bytes);
      if (frame.request < entry.request) continue;
      const digest = createHash("sha256").update(bytes).digest("hex");
      return digest === verdict.digest ? shown : null;
    }
    return null;
  }

  async function reading<T>(
    viewer: Viewer,
    key: SessionKey,
    what: View["what"],
    read: () => Promise<T>,
  ): Promise<T> {
    if (readings >= limits.readingsMax) {
      throw new ConsoleError(503, "busy", "Too many recordings are being read. Try again shortly.");
    }
    readings++;
    try {
      await recordView(viewer, key, what);
      return await read();
    } catch (error) {
      if (error instanceof ConsoleError) throw error;
      throw new ConsoleError(503, "unavailable", "The record cannot be read now. Try again.");
    } finally {
      readings--;
    }
  }

  async function recordView(viewer: Viewer, key: SessionKey, what: View["what"]): Promise<void> {
    const at = new Date(clock.nowMs()).toISOString();
    const view: View = { version: 1, by: viewer.principal, what, at };
    const nonce = random(16).toBase64({ alphabet: "base64url", omitPadding: true });
    const headers = frameHeaders({ request: 0, part: 0, more: false }, nonce, undefined);
    const stream = auditStream(key.epoch);
    await bus.publish(auditSubject(key, "view"), encodeControl("view", view), headers, { stream });
  }

  async function read(
    key: SessionKey,
    kinds: readonly FrameKind[],
    from: number,
    through: number,
  ): Promise<{ frames: Frame[]; cut: boolean }> {
    const filters = kinds.map((kind) => auditSubject(key, kind));
    const frames: Frame[] = [];
    let bytes = 0;
    for await (const message of bus.read(auditStream(key.epoch), { filters, from, through })) {
      const frame = toFrame(message);
      bytes += frame?.payload.length ?? 0;
      const isFull = frames.length >= limits.recordingFramesMax;
      if (isFull || bytes > limits.recordingBytesMax) return { frames, cut: true };
      if (frame !== null) frames.push(frame);
    }
    return { frames, cut: false };
  }
}
