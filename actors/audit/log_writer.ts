/**
 * Runs the audit actor on a bus: reads the epoch's stream in order, publishes checkpoints, and
 * starts from the newest one.
 *
 * Theory of operation. A checkpoint is published with the sequence of the one before it, so of two
 * writers one is refused. Whoever is refused, or does not know whether a publish was stored, throws
 * its state away and starts again from what is stored: the live path is the recovery path.
 *
 * **Invariant:** at most one line of checkpoints exists, each extending the one before.
 *
 * @module
 */
import {
  type Bus,
  BusError,
  type StoredMessage,
  type StreamState,
  type Subscription,
} from "#actors/_kit/bus.ts";
import type { Clock } from "#actors/_kit/clock.ts";
import { checkpointMessage, readCheckpointMessage } from "#schemas/log/checkpoint_message.ts";
import type { Signer, Verifier } from "#schemas/log/key.ts";
import { equalBytes } from "#schemas/log/bytes.ts";
import { emptyFrontier, type Frontier, root } from "#schemas/log/merkle.ts";
import { checkpointStream, checkpointSubject } from "#schemas/subjects.ts";
import type { KeptCheckpoint } from "./kept_checkpoint.ts";
import {
  type Anchor,
  type AuditInput,
  type AuditLimits,
  auditLimits,
  type AuditStart,
  type AuditState,
  type Incident,
  nextSequence,
  startAudit,
  stepAudit,
} from "./actor.ts";

export type WriterLimits = AuditLimits & {
  /** How often time is fed to the actor, milliseconds. */
  readonly tickMs: number;
  /** How long frames may wait to be read together, milliseconds. */
  readonly readEveryMs: number;
  /** How often the server's account of the stream is asked for, milliseconds. */
  readonly streamCheckMs: number;
  /** Wait before starting again after a failure, milliseconds. */
  readonly restartMs: number;
};

export const writerLimits: WriterLimits = {
  ...auditLimits,
  tickMs: 250,
  readEveryMs: 200,
  streamCheckMs: 10_000,
  restartMs: 1000,
};

export type WriterPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  /** The stream whose frames are the leaves. */
  readonly stream: string;
  /** The log's subject token. */
  readonly log: string;
  readonly signer: Signer;
  readonly verifier: Verifier;
  /** What is known of the log from before this process, and for the one behind it. */
  readonly kept: KeptCheckpoint;
  readonly report: (event: string, facts: Record<string, string | number>) => void;
  readonly limits: WriterLimits;
};

export type WriterStatus = {
  readonly size: number;
  readonly signedSize: number;
  readonly incident: Incident | null;
  /** True while it is reading and signing. */
  readonly running: boolean;
};
export type LogWriter = { status(): WriterStatus; stop(): Promise<void> };

/** Starts the writer; it keeps itself running until stopped. */
export function startLogWriter(ports: WriterPorts): LogWriter {
  const { bus, clock, stream, limits, report } = ports;
  const subject = checkpointSubject(ports.log);
  let state: AuditState = startAudit({ kind: "empty" }, clock.nowMs());
  /** Sequence of the newest checkpoint on the log's subject, 0 when there is none. */
  let lastStored = 0;
  /** The largest tree that is known to be signed and stored; no start goes behind it. */
  let known: Anchor = ports.kept.read() ?? { size: 0, root: root(emptyFrontier) };
  let subscription: Subscription | null = null;
  let running = false;
  let stopped = false;
  /** Each start has its own number, so that what an earlier one still has under way is ignored. */
  let generation = 0;
  const forget = { tick: () => {}, check: () => {}, restart: () => {} };
  start();

  return {
    status: () => ({
      size: state.frontier.size,
      signedSize: state.signedSize,
      incident: state.incident,
      running,
    }),
    async stop() {
      stopped = true;
      await halt();
    },
  };

  function start(): void {
    const mine = ++generation;
    begin(mine).catch((error) => {
      report("audit_start_failed", { error: codeOf(error) });
      restart(mine);
    });
  }

  async function begin(mine: number): Promise<void> {
    const newest = await bus.last(checkpointStream, subject);
    if (mine !== generation || stopped) return;
    const from = readStart(newest, ports.verifier, known);
    const stored = anchorOf(from);
    if (stored !== null && newest !== null) keep(stored, newest.payload);
    state = startAudit(from, clock.nowMs());
    lastStored = newest?.sequence ?? 0;
    if (state.incident !== null) reportIncident(state.incident);
    const asked = state.frontier.size;
    check(mine, await bus.state(stream), asked);
    const follower = await bus.follow(stream, nextSequence(state), (message) => {
      if (mine === generation) apply(mine, { kind: "stored", message });
    }, { lateMs: limits.readEveryMs });
    if (mine !== generation || stopped) return follower.stop();
    subscription = follower;
    running = true;
    report("audit_started", { log: ports.log, size: state.frontier.size });
    tick(mine);
    pollStream(mine);
  }

  function tick(mine: number): void {
    if (mine !== generation || stopped) return;
    apply(mine, { kind: "tick", nowMs: clock.nowMs() });
    forget.tick = clock.after(limits.tickMs, () => tick(mine));
  }

  function pollStream(mine: number): void {
    forget.check = clock.after(limits.streamCheckMs, () => {
      if (mine !== generation || stopped) return;
      // Frames may arrive while the answer is on its way: it is held against the size of now.
      const asked = state.frontier.size;
      bus.state(stream).then((answer) => check(mine, answer, asked), () => {
        // Not reachable now; the next poll asks again, and nothing is concluded from silence.
      }).finally(() => {
        if (mine === generation && !stopped) pollStream(mine);
      });
    });
  }

  function check(mine: number, answer: StreamState, asked: number): void {
    if (mine === generation) apply(mine, { kind: "stream", state: answer, asked });
  }

  function apply(mine: number, input: AuditInput): void {
    const [next, effects] = stepAudit(state, input, limits);
    state = next;
    for (const effect of effects) {
      if (effect.kind === "incident") reportIncident(effect.incident);
      else publish(mine, effect.frontier);
    }
  }

  function publish(mine: number, frontier: Frontier): void {
    const { payload, headers } = checkpointMessage(frontier, ports.signer);
    const options = { stream: checkpointStream, expectedLastSubjectSequence: lastStored };
    bus.publish(subject, payload, headers, options).then((published) => {
      if (mine !== generation) return;
      keep({ size: frontier.size, root: root(frontier) }, payload);
      lastStored = published.sequence;
      apply(mine, { kind: "signed", size: frontier.size, nowMs: clock.nowMs() });
    }, (error) => {
      if (mine !== generation) return;
      report("checkpoint_not_stored", { size: frontier.size, error: codeOf(error) });
      // Stored or not, another's or ours: what is stored says how to go on.
      restart(mine);
    });
  }

  function keep(anchor: Anchor, note: Uint8Array): void {
    known = anchor;
    try {
      ports.kept.keep(note);
    } catch (error) {
      report("checkpoint_not_kept", { size: anchor.size, error: codeOf(error) });
    }
  }

  function restart(mine: number): void {
    if (mine !== generation || stopped) return;
    halt().catch(() => {}).finally(() => {
      if (!stopped) forget.restart = clock.after(limits.restartMs, start);
    });
  }

  async function halt(): Promise<void> {
    generation++;
    running = false;
    for (const cancel of Object.values(forget)) cancel();
    const current = subscription;
    subscription = null;
    await current?.stop();
  }

  function reportIncident(incident: Incident): void {
    const { code, sequence, message } = incident;
    report("audit_incident", { code, sequence, message, log: ports.log });
  }
}

/** What the newest stored checkpoint says about where to start; `known` was stored before. */
function readStart(newest: StoredMessage | null, verifier: Verifier, known: Anchor): AuditStart {
  if (newest === null) return known.size === 0 ? { kind: "empty" } : { kind: "rolled_back", known };
  const read = readCheckpointMessage(newest, verifier);
  if (!read.ok) return { kind: "unreadable", fault: read.fault };
  const { size, root } = read.checkpoint;
  const forks = size === known.size && !equalBytes(root, known.root);
  if (size < known.size || forks) return { kind: "rolled_back", known };
  if (read.frontier !== null) return { kind: "frontier", frontier: read.frontier };
  return { kind: "anchor", anchor: { size, root } };
}

/** The tree from which a start goes on; null when there is none. */
function anchorOf(start: AuditStart): Anchor | null {
  switch (start.kind) {
    case "frontier":
      return { size: start.frontier.size, root: root(start.frontier) };
    case "anchor":
      return start.anchor;
    default:
      return null;
  }
}

function codeOf(error: unknown): string {
  if (error instanceof BusError) return error.code;
  return error instanceof Error ? error.name : "unknown";
}
