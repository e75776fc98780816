/**
 * A list of sessions, from their open, verdict, outcome and close frames.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { type Frame, toFrame } from "#actors/_kit/frame.ts";
import { decodeControl, type Outcome, type PrincipalChain, type Verdict } from "#schemas/frames.ts";
import type { FrameKind, SessionKey } from "#schemas/subjects.ts";

/** The kinds of frames that a summary needs; read no others. */
export const summaryKinds: readonly FrameKind[] = ["open", "verdict", "outcome", "close"];

export type SessionSummary = {
  readonly key: SessionKey;
  /** Sequence of the open frame. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  readonly closedAt: number | null;
  readonly reason: string | null;
  readonly principal: PrincipalChain;
  readonly connection: string;
  readonly client: string;
  /** Requests by their verdicts; a held one counts again by its later verdict. */
  readonly verdicts: Readonly<Record<Verdict["decision"], number>>;
  readonly outcomes: Readonly<Record<Outcome["status"], number>>;
  readonly rows: number;
};

type Mutable =
  & {
    -readonly [K in keyof SessionSummary]: SessionSummary[K];
  }
  & {
    verdicts: Record<Verdict["decision"], number>;
    outcomes: Record<Outcome["status"], number>;
  };

/**
 * Summaries in the order the sessions opened, at most the newest `sessionsMax`. Request 0, the
 * opening itself, is counted like any other.
 */
export async function summariseSessions(
  frames: AsyncIterable<StoredMessage> | Iterable<StoredMessage>,
  sessionsMax: number,
): Promise<SessionSummary[]> {
  const sessions = new Map<string, Mutable>();
  for await (const message of frames) {
    const frame = toFrame(message);
    if (frame === null) continue;
    const id = `${frame.key.edge}/${frame.key.session}`;
    const session = sessions.get(id);
    if (session !== undefined) {
      count(session, frame);
      continue;
    }
    const opened = frame.kind === "open" ? summaryOf(frame) : null;
    if (opened === null) continue;
    sessions.set(id, opened);
    if (sessions.size <= sessionsMax) continue;
    for (const oldest of sessions.keys()) {
      sessions.delete(oldest);
      break;
    }
  }
  return [...sessions.values()];
}

function summaryOf(frame: Frame): Mutable | null {
  const open = decodeControl("open", frame.payload);
  if (open === null) return null;
  return {
    key: frame.key,
    sequence: frame.sequence,
    openedAt: frame.timeMs,
    closedAt: null,
    reason: null,
    principal: open.principal,
    connection: open.connection,
    client: open.client.application,
    verdicts: { allow: 0, deny: 0, hold: 0 },
    outcomes: { executed: 0, failed: 0, cancelled: 0, unknown: 0, not_run: 0 },
    rows: 0,
  };
}

function count(session: Mutable, frame: Frame): void {
  if (frame.kind === "verdict") {
    const verdict = decodeControl("verdict", frame.payload);
    if (verdict !== null) session.verdicts[verdict.decision]++;
  }
  if (frame.kind === "outcome") {
    const outcome = decodeControl("outcome", frame.payload);
    if (outcome === null) return;
    session.outcomes[outcome.status]++;
    session.rows += outcome.rows;
  }
  if (frame.kind === "close" && session.closedAt === null) {
    session.closedAt = frame.timeMs;
    session.reason = decodeControl("close", frame.payload)?.reason ?? null;
  }
}
