/**
 * Carries out what a pure `Session` asks for: frames onto the bus, bytes to the agent, timers.
 *
 * @module
 */
import type { Admitted } from "#actors/_kit/edge/admission.ts";
import type { EdgePorts } from "#actors/_kit/edge/edge_ports.ts";
import type { OpenSession } from "#actors/_kit/edge/open_sessions.ts";
import type { Ending } from "#actors/_kit/edge/hear.ts";
import type { SessionLimits } from "#actors/_kit/edge/session_limits.ts";
import { sessionRecord } from "#actors/_kit/edge/session_record.ts";
import { wakes } from "#actors/_kit/edge/wakes.ts";
import { encodeControl, type Open } from "#schemas/frames.ts";
import type { FrameKind, SessionKey } from "#schemas/subjects.ts";
import type { StartupMessage } from "#schemas/wire/postgres/startup_message.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { AgentConnection } from "./agent_connection.ts";
import type { EdgeLimits } from "./limits.ts";
import { Session } from "./session.ts";
import type { SessionEffect, SessionWake } from "./session_effects.ts";

/** An open session: what stored frames, cancels and revocations find it by. */
export type Live = OpenSession & {
  readonly session: Session;
  carry(effects: readonly SessionEffect[]): void;
  look(kind: FrameKind, sequence: number): void;
};

export type LivePorts =
  & Pick<EdgePorts<EdgeLimits>, "bus" | "clock" | "random" | "report" | "configDigest" | "limits">
  & { readonly session: SessionLimits };

/** What an agent was let in with. */
export type Opening = {
  readonly key: SessionKey;
  readonly connection: string;
  readonly message: StartupMessage;
  /** What the agent sent behind its password. */
  readonly rest: Uint8Array;
  readonly admitted: Admitted;
  readonly secretKey: Uint8Array;
};

/**
 * Creates the session; `start` opens it, and `ended` is called once when it is over, with what
 * settles when that is stored.
 */
export function openSession(
  ports: LivePorts,
  agent: AgentConnection,
  opening: Opening,
  ended: (told: Promise<unknown>) => void,
): { readonly live: Live; start(): void } {
  const { clock, limits } = ports;
  const { key, admitted } = opening;
  const session = new Session({
    limits,
    session: ports.session,
    nowMs: clock.nowMs,
    secretKey: opening.secretKey,
  });
  const timers = wakes<SessionWake>(clock, (name) => carry(session.woken(name)));
  const { closeRetryMs } = limits;
  const record = sessionRecord({ ...ports, closeRetryMs }, key, {
    unrecorded: (code) => carry(session.unrecorded(code)),
    stored: (frame) => carry(session.stored(frame)),
    recorded: (request, sequence) => session.recorded(request, sequence),
  });
  const { principal } = admitted;
  const { look } = record;
  /** Why it ends as soon as nothing is under way; null when it does not. */
  let leaving: Ending | null = null;
  const found = { key, principal, tokenId: admitted.id };
  return { live: { ...found, session, carry, look, leave, terminate }, start };

  function leave(why: Ending): void {
    leaving = why;
    carry([]);
  }

  function terminate({ reason, message }: Ending): void {
    carry(session.terminate(reason, message));
  }

  function start(): void {
    agent.closed(() => carry(session.disconnected("disconnected")));
    agent.hear((chunk) => carry(session.receive(chunk)));
    const payload = encodeControl("open", openFrame(ports, agent, opening));
    record.publish("open", { request: 0, part: 0, more: false }, payload);
    carry(session.start());
    if (opening.rest.length > 0) carry(session.receive(opening.rest));
    agent.resume();
  }

  function carry(effects: readonly SessionEffect[]): void {
    const writes = effects.filter(({ kind }) => kind === "write").length;
    if (writes > 1) agent.cork();
    for (const effect of effects) perform(effect);
    if (writes > 1) agent.uncork();
    if (leaving === null || !session.isAtRest) return;
    const why = leaving;
    leaving = null;
    terminate(why);
  }

  function perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case "write":
        return write(effect.bytes, effect.drained);
      case "publish":
        return record.publish(effect.frame, effect.place, effect.payload, effect.headers);
      case "credit":
        return record.credit(effect.bytes);
      case "wake":
        return timers.wake(effect.name, effect.afterMs);
      case "unwake":
        return timers.unwake(effect.name);
      case "repair":
        return record.repair(effect.settled, effect.released);
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
      if (bytes.length > 0) agent.write(bytes);
      return carry(session.drained(drained));
    }
    agent.write(bytes, () => carry(session.drained(drained)));
  }

  function close(): void {
    timers.stop();
    ended(record.closed());
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
