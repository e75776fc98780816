/**
 * A list of sessions: what became of each one's requests, from its frames, and how it is shown.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { toFrame } from "#actors/_kit/frame.ts";
import { lineText, padText, widthOf } from "#actors/audit/replay/text.ts";
import { decodeControl, maskedHeader, parseMasked } from "#schemas/frames.ts";
import type { OpenedSession } from "./log_reader.ts";

export type Tally = {
  /** Requests that were judged, without the opening of the session itself. */
  requests: number;
  allowed: number;
  denied: number;
  /** Held at first; a held request is counted again by its later verdict. */
  held: number;
  rows: number;
  /** How many values were masked, by class. */
  masked: Map<string, number>;
  closedAt: number | null;
  reason: string | null;
};

export type ListedSession = OpenedSession & { readonly tally: Tally };

/** Counts what happened in one session. */
export async function tallySession(
  frames: AsyncIterable<StoredMessage> | Iterable<StoredMessage>,
): Promise<Tally> {
  const tally: Tally = {
    requests: 0,
    allowed: 0,
    denied: 0,
    held: 0,
    rows: 0,
    masked: new Map(),
    closedAt: null,
    reason: null,
  };
  let nextPart = 0;
  for await (const message of frames) {
    const frame = toFrame(message);
    if (frame === null) continue;
    if (frame.kind === "verdict" && frame.request > 0) {
      const verdict = decodeControl("verdict", frame.payload);
      if (verdict?.decision === "allow") tally.allowed++;
      if (verdict?.decision === "deny") tally.denied++;
      if (verdict?.decision === "hold") tally.held++;
      tally.requests = Math.max(tally.requests, frame.request);
    } else if (frame.kind === "outcome" && frame.request > 0) {
      tally.rows += decodeControl("outcome", frame.payload)?.rows ?? 0;
    } else if (frame.kind === "response" && frame.part >= nextPart) {
      // A part that was stored again was released once.
      nextPart = frame.part + 1;
      for (const [name, count] of parseMasked(frame.headers.get(maskedHeader))) {
        tally.masked.set(name, (tally.masked.get(name) ?? 0) + count);
      }
    } else if (frame.kind === "close" && tally.closedAt === null) {
      tally.closedAt = frame.timeMs;
      tally.reason = decodeControl("close", frame.payload)?.reason ?? null;
    }
  }
  return tally;
}

/** One session as JSON. */
export function sessionJson({ key, openedAt, principal, connection, tally }: ListedSession) {
  const { requests, allowed, denied, held, rows, masked, closedAt, reason } = tally;
  const { issuer, person, name, actors, groups, purpose } = principal;
  return {
    session: key.session,
    edge: key.edge,
    epoch: key.epoch,
    openedAt: new Date(openedAt).toISOString(),
    closedAt: closedAt === null ? null : new Date(closedAt).toISOString(),
    reason,
    principal: { issuer, person, name, actors, groups, purpose },
    connection,
    requests,
    allowed,
    denied,
    held,
    rows,
    masked: Object.fromEntries([...masked].sort()),
  };
}

const header = [
  "SESSION",
  "OPENED",
  "CLOSED",
  "WHO",
  "CONNECTION",
  "REQUESTS",
  "ALLOWED",
  "DENIED",
  "HELD",
  "ROWS",
  "MASKED",
];
const numeric = new Set(["REQUESTS", "ALLOWED", "DENIED", "HELD", "ROWS"]);
const whoCharactersMax = 60;

/** The sessions as an aligned table; lines without line ends. */
export function sessionTable(sessions: readonly ListedSession[]): string[] {
  const rows = [header, ...sessions.map(cells)];
  const widths = header.map((_, column) => {
    return Math.max(...rows.map((row) => widthOf(row[column] ?? "")));
  });
  return rows.map((row) => {
    const padded = row.map((text, column) => {
      const width = widths[column] ?? 0;
      return numeric.has(header[column] ?? "") ? text.padStart(width) : padText(text, width);
    });
    return padded.join("  ").trimEnd();
  });
}

/** The accountable person, then through whom: `ana ← report-agent`. */
export function whoOf({ person, actors }: OpenedSession["principal"]): string {
  return lineText([person, ...actors.toReversed()].join(" ← "), whoCharactersMax);
}

/** ISO 8601 in UTC, to the second. */
export function secondOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

function cells({ key, openedAt, principal, connection, tally }: ListedSession): string[] {
  const masked = [...tally.masked].sort().map(([name, count]) => `${count} ${name}`);
  return [
    key.session,
    secondOf(openedAt),
    tally.closedAt === null ? "open" : secondOf(tally.closedAt),
    whoOf(principal),
    lineText(connection, whoCharactersMax),
    ...[tally.requests, tally.allowed, tally.denied, tally.held, tally.rows].map(String),
    masked.length === 0 ? "-" : masked.join(", "),
  ];
}
