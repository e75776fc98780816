/**
 * Carries out what a pure `Session` asks for: frames onto the bus, bytes to the agent, timers.
 *
 * @module
 */
import { type Bus, BusError, errorCode, type HeaderMap } from "#actors/_kit/bus.ts";
import type { Clock, Random } from "#actors/_kit/clock.ts";
import { frameHeaders, toFrame } from "#actors/_kit/frame.ts";
import type { Report } from "#actors/_kit/report.ts";
import { encodeControl, type Open } from "#schemas/frames.ts";
import {
  auditStream,
  auditSubject,
  creditSubject,
  type FrameKind,
  type SessionKey,
} from "#schemas/subjects.ts";
import type { StartupMessage } from "#schemas/wire/postgres/startup_message.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { Admitted } from "./admission.ts";
import type { AgentConnection } from "./agent_connection.ts";
import type { EdgeLimits, SessionLimits } from "./limits.ts";
import { Session } from "./session.ts";
import type { SessionEffect, SessionWake } from "./session_effects.ts";

/** An open session: what stored frames, cancels and revocations find it by. */
export type Live = {
  readonly key: SessionKey;
  readonly principal: Open["principal"];
  readonly tokenId: string;
  readonly session: Session;
  carry(effects: readonly SessionEffect[]): void;
};

export type LivePorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: Report;
  readonly configDigest: string;
  readonly limits: EdgeLimits;
  readonly session: SessionLimits;
};

/** What an agent was let in with. */
export type Opening = {
  readonly key: SessionKey;
  readonly connection: string;
  readonly message: StartupMessage;
  /** What the agent sent behind its password. */
  readonly rest: Uint8Array;
  readonly admitted: Admitted;
  readonly cancel: { readonly processId: number; readonly secretKey: Uint8Array };
};

/** Creates the session; `start` opens it, and `ended` is called once when it is over. */
export function openSession(
  ports: LivePorts,
  agent: AgentConnection,
  opening: Opening,
  ended: () => void,
): { readonly live: Live; start(): void } {
  const { bus, clock, random, report, limits } = ports;
  const { key, admitted } = opening;
  const { epoch, session: id } = key;
  const session = new Session({
    limits,
    session: ports.session,
    nowMs: clock.nowMs,
    key: opening.cancel,
  });
  const timers = new Map<SessionWake, () => void>();
  /** The last stored sequence of each kind: what is stored cannot be stored again by a replay. */
  const chains = new Map<string, Promise<number>>();
  let trace = newTrace(random);
  const { principal } = admitted;
  return { live: { key, principal, tokenId: admitted.id, session, carry }, start };

  function start(): void {
    agent.closed(() => carry(session.disconnected("disconnected")));
    agent.hear((chunk) => carry(session.receive(chunk)));
    const payload = encodeControl("open", openFrame(ports, agent, opening));
    publish("open", { request: 0, part: 0, more: false }, payload, new Map());
    carry(session.start());
    if (opening.rest.length > 0) carry(session.receive(opening.rest));
    agent.resume();
  }

  function carry(effects: readonly SessionEffect[]): void {
    const writes = effects.filter(({ kind }) => kind === "write").length;
    if (writes > 1) agent.cork();
    for (const effect of effects) perform(effect);
    if (writes > 1) agent.uncork();
  }

  function perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case "write":
        return write(effect.bytes, effect.drained);
      case "publish":
        if (effect.frame === "request" && effect.place.part === 0) trace = newTrace(random);
        return publish(effect.frame, effect.place, effect.payload, effect.headers);
      case "credit":
        return bus.send(
          creditSubject(key.shard, id),
          new TextEncoder().encode(String(effect.bytes)),
        );
      case "wake":
        return wake(effect.name, effect.afterMs);
      case "unwake":
        timers.get(effect.name)?.();
        timers.delete(effect.name);
        return;
      case "repair":
        void repair(effect.settled, effect.released);
        return;
      case "pause":
        return agent.pause();
      case "resume":
        return agent.resume();
      case "close":
        return close();
      default:
        return unreachable(effect);
    }
  }

  function write(bytes: Uint8Array, drained: number | null): void {
    if (!agent.isOpen()) return;
    if (drained === null) return agent.write(bytes);
    // Small answers are drained as good as at once; big ones, and all that an agent is slow to
    // take, when the network has them.
    if (bytes.length < 4096 && agent.waitingBytes() < limits.creditEveryBytes) {
      agent.write(bytes);
      return carry(session.drained(drained));
    }
    agent.write(bytes, () => carry(session.drained(drained)));
  }

  function publish(
    kind: "open" | "request" | "close",
    place: { request: number; part: number; more: boolean },
    bytes: Uint8Array,
    headers: HeaderMap,
  ): void {
    const nonce = random(16).toBase64({ alphabet: "base64url", omitPadding: true });
    const all = frameHeaders(place, nonce, trace, headers);
    const subject = auditSubject(key, kind);
    const stream = auditStream(epoch);
    const before = chains.get(kind) ?? behind(kind);
    const stored = before.then(async (expectedLastSubjectSequence) => {
      const options = { stream, expectedLastSubjectSequence };
      return (await bus.publish(subject, bytes, all, options)).sequence;
    });
    chains.set(kind, stored);
    stored.catch((error) => {
      const code = error instanceof BusError ? error.code : "refused";
      report("publish_failed", { session: id, kind, error: code });
      carry(session.unrecorded(code));
      // The target lets go of the session's upstream by its close, so it must be stored some time.
      if (kind === "close") clock.after(limits.closeRetryMs, () => void closeLater(bytes, all));
    });
  }

  /** Nothing is stored of a session whose opening is not, and no request behind its close. */
  async function behind(kind: "open" | "request" | "close"): Promise<number> {
    await chains.get("open");
    if (kind === "close") await chains.get("request")?.catch(() => 0);
    return 0;
  }

  /** Stores the close that could not be stored before, if the session was ever recorded. */
  async function closeLater(bytes: Uint8Array, headers: HeaderMap): Promise<void> {
    const stream = auditStream(epoch);
    const subject = auditSubject(key, "close");
    try {
      if (await bus.last(stream, auditSubject(key, "open")) === null) return;
      await bus.publish(subject, bytes, headers, { stream, expectedLastSubjectSequence: 0 });
      report("closed_late", { session: id });
    } catch (error) {
      // By another sequence: it was stored, and only its acknowledgement was lost.
      if (error instanceof BusError && error.code === "wrong_sequence") return;
      clock.after(limits.closeRetryMs, () => void closeLater(bytes, headers));
    }
  }

  function wake(name: SessionWake, afterMs: number): void {
    timers.get(name)?.();
    timers.set(
      name,
      clock.after(afterMs, () => {
        timers.delete(name);
        carry(session.woken(name));
      }),
    );
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
    for await (const message of bus.read(auditStream(epoch), options)) {
      const frame = toFrame(message);
      if (frame !== null) carry(session.stored(frame));
    }
  }

  function close(): void {
    for (const stop of timers.values()) stop();
    timers.clear();
    ended();
    agent.end();
    // An agent that does not take its last words does not hold the socket for ever.
    clock.after(5000, () => agent.destroy());
  }
}

function openFrame(ports: LivePorts, agent: AgentConnection, opening: Opening): Open {
  const { parameters } = opening.message;
  const user = parameters.get("user") ?? "";
  const application = parameters.get("application_name") ?? "";
  const settings = [...parameters].filter(([name]) => name !== "user" && name !== "database");
  return {
    version: 1,
    connection: opening.connection,
    protocol: "postgres",
    principal: opening.admitted.principal,
    token: opening.admitted.token,
    client: {
      address: agent.address,
      tls: agent.tlsVersion(),
      user: user.slice(0, 256),
      application: application.slice(0, 256),
    },
    parameters: Object.fromEntries(settings),
    openedAt: new Date(ports.clock.nowMs()).toISOString(),
    configDigest: ports.configDigest,
  };
}

/** A new trace for each request (W3C Trace Context, level 1). */
function newTrace(random: Random): string {
  return `00-${random(16).toHex()}-${random(8).toHex()}-01`;
}
