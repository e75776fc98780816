/**
 * What a restarted edge owes the record: sessions whose sockets died with the process before it are
 * closed, so that the target lets go of their upstreams.
 *
 * @module
 */
import type { Epochs } from "#actors/_kit/epochs.ts";
import { type Bus, BusError } from "#actors/_kit/bus.ts";
import { frameHeaders, toFrame } from "#actors/_kit/frame.ts";
import type { Report } from "#actors/_kit/report.ts";
import type { Clock, Random } from "#actors/_kit/clock.ts";
import { encodeControl } from "#schemas/frames.ts";
import { auditStream, auditSubject, edgeFilter, type SessionKey } from "#schemas/subjects.ts";

type OrphanPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: Report;
  readonly epochs: Pick<Epochs, "open" | "read">;
  readonly edge: string;
};

/** Publishes a `close` for every session of this edge, of the months that are read, without one. */
export async function closeOrphans(ports: OrphanPorts): Promise<void> {
  for (const epoch of ports.epochs.read()) {
    try {
      await closeOrphansOf(epoch, ports);
    } catch (error) {
      // Before it was installed there was no such month, and the next one may not be made yet.
      const isAbsent = error instanceof BusError && error.code === "refused";
      if (epoch === ports.epochs.open() || !isAbsent) throw error;
    }
  }
}

async function closeOrphansOf(epoch: string, ports: OrphanPorts): Promise<void> {
  const { bus, clock, random, report, edge } = ports;
  const stream = auditStream(epoch);
  const open = new Map<string, SessionKey>();
  const filters = [edgeFilter(epoch, edge, "open"), edgeFilter(epoch, edge, "close")];
  const options = { filters, from: 1, through: Number.MAX_SAFE_INTEGER };
  for await (const message of bus.read(stream, options)) {
    const frame = toFrame(message);
    if (frame?.kind === "open") open.set(frame.key.session, frame.key);
    if (frame?.kind === "close") open.delete(frame.key.session);
  }
  for (const key of open.values()) {
    const closedAt = new Date(clock.nowMs()).toISOString();
    const close = { version: 1, reason: "edge_restarted", requests: 0, released: null, closedAt };
    const payload = encodeControl("close", { ...close, version: 1 });
    const nonce = random(16).toBase64({ alphabet: "base64url", omitPadding: true });
    const headers = frameHeaders({ request: 0, part: 0, more: false }, nonce, undefined);
    const options = { stream, expectedLastSubjectSequence: 0 };
    await bus.publish(auditSubject(key, "close"), payload, headers, options);
  }
  if (open.size > 0) report("orphans_closed", { sessions: open.size });
}
