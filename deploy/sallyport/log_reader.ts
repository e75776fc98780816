/**
 * Reads an epoch's log from the bus: which sessions there are, one session's frames, and how far
 * the log is written and signed.
 *
 * @module
 */
import { BusError, type StoredMessage } from "#actors/_kit/bus.ts";
import { toFrame } from "#actors/_kit/frame.ts";
import { decodeControl, type Open, type PrincipalChain } from "#schemas/frames.ts";
import {
  auditFilter,
  auditStream,
  auditSubject,
  checkpointStream,
  checkpointSubject,
  type SessionKey,
} from "#schemas/subjects.ts";
import type { RecordBus } from "./evidence_file.ts";
import { CommandError } from "./failure.ts";

export type OpenedSession = {
  readonly key: SessionKey;
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  readonly principal: PrincipalChain;
  readonly connection: string;
  readonly protocol: Open["protocol"];
};

/** The newest sequence of the epoch's stream. @throws CommandError when there is no such epoch. */
export async function newestSequence(bus: RecordBus, epoch: string): Promise<number> {
  try {
    return (await bus.state(auditStream(epoch))).last;
  } catch (error) {
    if (!(error instanceof BusError) || !bus.connected()) throw error;
    const hint = "name one that is open, as --epoch 2026_11; sealed ones are in the archive";
    throw new CommandError(`the bus holds no log of ${epoch} that may be read`, hint);
  }
}

/** Every frame of the month up to this sequence. */
export function allFrames(
  bus: RecordBus,
  epoch: string,
  through: number,
): AsyncIterable<StoredMessage> {
  return bus.read(auditStream(epoch), {
    filters: [auditFilter(epoch, "*", "*")],
    from: 1,
    through,
  });
}

/** Every checkpoint of a log from a sequence of theirs up to another. */
export function allCheckpoints(
  bus: RecordBus,
  log: string,
  through: number,
  from = 1,
): AsyncIterable<StoredMessage> {
  return bus.read(checkpointStream, { filters: [checkpointSubject(log)], from, through });
}

/** Every session's opening, in the order they opened; of two openings of one session the first. */
export async function* openedSessions(
  bus: RecordBus,
  epoch: string,
  through: number,
): AsyncGenerator<OpenedSession> {
  const filters = [auditFilter(epoch, "*", "open")];
  for await (const message of bus.read(auditStream(epoch), { filters, from: 1, through })) {
    const frame = toFrame(message);
    const open = frame === null ? null : decodeControl("open", frame.payload);
    if (frame === null || open === null) continue;
    const { key, sequence, timeMs: openedAt } = frame;
    const { principal, connection, protocol } = open;
    yield { key, sequence, openedAt, principal, connection, protocol };
  }
}

/** The frames of one session, from its opening. */
export function sessionFrames(
  bus: RecordBus,
  { key, sequence }: Pick<OpenedSession, "key" | "sequence">,
  through: number,
): AsyncIterable<StoredMessage> {
  const filters = [auditSubject(key, "*")];
  return bus.read(auditStream(key.epoch), { filters, from: sequence, through });
}
