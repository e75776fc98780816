/**
 * Approval's driver: people's decisions from the bus to the session they belong to, and back; and
 * the approvals that wait, so that they expire in time also after a restart.
 *
 * **Invariant:** a reply that says a vote counts is sent only after its frames are stored.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import { type Frame, type SessionKey, toFrame } from "#actors/_kit/frame.ts";
import type { IdentityKeys } from "#actors/_kit/identity_keys.ts";
import { verifyIdentityToken } from "#actors/_kit/identity_token.ts";
import type { Report } from "#actors/_kit/report.ts";
import { type DecideReply, DecideRequest, voteDigest } from "#schemas/approval.ts";
import { decodeControl } from "#schemas/frames.ts";
import {
  auditFilter,
  auditStream,
  decideSubject,
  sessionName,
  shardOf,
} from "#schemas/subjects.ts";
import type { ApprovalCommand, ApprovalInput } from "./actor.ts";
import { refusal } from "./refusals.ts";

export type DriverLimits = {
  /** Approvals that wait, over all sessions; the configuration's `pending_max`. */
  readonly pendingMax: number;
  /** Decisions at work at once; beyond it `busy`. */
  readonly decisionsMax: number;
  readonly requestBytesMax: number;
};
export const driverLimits: Omit<DriverLimits, "pendingMax"> = {
  decisionsMax: 200,
  requestBytesMax: 80 * 1024,
};

export type DriverOptions = {
  /** The months whose sessions may be at work now. */
  readonly epochs: () => readonly string[];
  readonly shards: number;
  /** `identityIssuer(config.organisation)`. */
  readonly issuer: string;
  readonly keys: IdentityKeys;
  readonly nowMs: () => number;
  readonly report: Report;
  readonly limits: DriverLimits;
};

/** Puts an input to a session; resolves once all that its step published is stored. */
export type Deliver = (key: SessionKey, input: ApprovalInput) => Promise<unknown>;

export type ApprovalDriver = {
  /** For the actor: whether one more approval may wait. */
  readonly admits: () => boolean;
  /** For the worker: carries out the actor's commands. */
  readonly run: (key: SessionKey, command: ApprovalCommand) => void;
  /** Answers one decision; never rejects. */
  decide(payload: Uint8Array, deliver: Deliver): Promise<DecideReply>;
  /** Answers decisions from the bus until stopped. */
  serve(bus: Pick<Bus, "respond">, deliver: Deliver): { stop(): Promise<void> };
  /** Brings the sessions of a month whose approvals wait into memory; how many. */
  recover(bus: Pick<Bus, "read">, deliver: Deliver, epoch: string): Promise<number>;
};

/** Creates the driver; the actor needs `admits`, the worker `run`. */
export function approvalDriver(options: DriverOptions): ApprovalDriver {
  const { limits, report } = options;
  const pending = new Set<string>();
  const answers = new Map<string, DecideReply>();
  let inFlight = 0;
  let tickets = 0;
  return { admits: () => pending.size < limits.pendingMax, run, decide, serve, recover };

  function run(_key: SessionKey, command: ApprovalCommand): void {
    switch (command.kind) {
      case "reply":
        answers.set(command.ticket, command.reply);
        return;
      case "pending":
        pending.add(command.id);
        return;
      case "settled":
        pending.delete(command.id);
        return;
    }
  }

  async function decide(payload: Uint8Array, deliver: Deliver): Promise<DecideReply> {
    const request = payload.length > limits.requestBytesMax ? null : parse(payload);
    if (request === null) return refusal("request_malformed");
    const { key, token, approval } = request;
    const atMs = options.nowMs();
    // Before a session is read into memory: is this somebody at all?
    const { issuer } = options;
    const vote = voteDigest(request);
    const expected = { issuer, audience: "approval", approval, vote } as const;
    const verified = verifyIdentityToken(token, options.keys, expected, Math.floor(atMs / 1000));
    if (!verified.ok) return refusal(verified.code);
    const isOurs = options.epochs().includes(key.epoch) &&
      key.shard === shardOf(key.session, options.shards);
    if (!isOurs) return refusal("approval_unknown");
    if (inFlight >= limits.decisionsMax) return refusal("busy");
    inFlight++;
    const ticket = `t${++tickets}`;
    try {
      await deliver(key, { kind: "decide", ticket, request, atMs });
      return answers.get(ticket) ?? refusal("unavailable");
    } catch {
      // Whether it was stored is not known; the page that is reloaded shows it.
      return refusal("unavailable");
    } finally {
      answers.delete(ticket);
      inFlight--;
    }
  }

  function serve(bus: Pick<Bus, "respond">, deliver: Deliver): { stop(): Promise<void> } {
    const encoder = new TextEncoder();
    return bus.respond(decideSubject, async (payload) => {
      const reply = await decide(payload, deliver);
      report("decided", { outcome: reply.ok ? reply.state : reply.code });
      return encoder.encode(JSON.stringify(reply));
    });
  }

  async function recover(
    bus: Pick<Bus, "read">,
    deliver: Deliver,
    epoch: string,
  ): Promise<number> {
    const waiting = new Map<string, SessionKey>();
    const stream = auditStream(epoch);
    const filters = [auditFilter(epoch, "*", "approval")];
    const all = { filters, from: 1, through: Number.MAX_SAFE_INTEGER };
    for await (const message of bus.read(stream, all)) {
      const frame = toFrame(message);
      if (frame !== null) follow(waiting, frame);
    }
    const sessions = new Map([...waiting.values()].map((key) => [sessionName(key), key]));
    for (const key of sessions.values()) {
      await deliver(key, { kind: "nudge" }).catch(() => {
        report("recovery_failed", { session: key.session });
      });
    }
    return sessions.size;
  }
}

/** Keeps the approvals that are asked for and not settled. */
function follow(waiting: Map<string, SessionKey>, frame: Frame): void {
  const approval = decodeControl("approval", frame.payload);
  switch (approval?.state) {
    case undefined:
    case "voted":
    case "granted":
      return;
    case "asked":
      waiting.set(approval.id, frame.key);
      return;
    case "denied":
    case "expired":
    case "withdrawn":
    case "consumed":
      waiting.delete(approval.id);
      return;
  }
}

function parse(payload: Uint8Array): DecideRequest | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
    const parsed = DecideRequest.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
