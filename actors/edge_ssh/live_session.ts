/**
 * Carries out what a pure `Session` asks for: frames onto the bus, messages to the agent, timers.
 *
 * @module
 */
import type { Admitted } from "#actors/_kit/edge/admission.ts";
import type { EdgePorts } from "#actors/_kit/edge/edge_ports.ts";
import type { Ending } from "#actors/_kit/edge/hear.ts";
import type { OpenSession } from "#actors/_kit/edge/open_sessions.ts";
import type { SessionLimits } from "#actors/_kit/edge/session_limits.ts";
import { sessionRecord } from "#actors/_kit/edge/session_record.ts";
import { wakes } from "#actors/_kit/edge/wakes.ts";
import { encodeControl, type Open } from "#schemas/frames.ts";
import type { SessionKey } from "#schemas/subjects.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { AgentChannel, AgentConnection } from "./agent_channel.ts";
import type { EdgeSshLimits } from "./limits.ts";
import type { Purpose } from "./purpose.ts";
import { Session } from "./session.ts";
import type { SessionEffect, SessionWake } from "./session_effects.ts";

/** An open session: what stored frames and revocations find it by. */
export type Live = OpenSession & {
  readonly session: Session;
  carry(effects: readonly SessionEffect[]): void;
};

export type LivePorts =
  & Pick<
    EdgePorts<EdgeSshLimits>,
    "bus" | "clock" | "random" | "report" | "configDigest" | "limits"
  >
  & { readonly session: SessionLimits };

/** What an agent's channel is opened with. */
export type Opening = {
  readonly key: SessionKey;
  readonly connection: string;
  /** Shared by all channels of one agent's connection. */
  readonly carrier: string;
  readonly admitted: Admitted;
  readonly purpose: Purpose;
};

/**
 * Creates the session; `start` opens it, and `ended` is called once when it is over, with what
 * settles when that is stored and the agent has been told.
 */
export function openSession(
  ports: LivePorts,
  agent: AgentConnection,
  channel: AgentChannel,
  opening: Opening,
  ended: (told: Promise<unknown>) => void,
): { readonly live: Live; start(): void } {
  const { clock, limits } = ports;
  const { key, admitted } = opening;
  const session = new Session(
    { limits, session: ports.session, nowMs: clock.nowMs },
    opening.purpose,
  );
  const timers = wakes<SessionWake>(clock, (name) => carry(session.woken(name)));
  const { closeRetryMs } = limits;
  const record = sessionRecord({ ...ports, closeRetryMs }, key, {
    unrecorded: (code) => carry(session.unrecorded(code)),
    stored: (frame) => carry(session.stored(frame)),
  });
  const { principal } = admitted;
  const closed = Promise.withResolvers<void>();
  const found = { key, principal, tokenId: admitted.id };
  return { live: { ...found, session, carry, leave, terminate }, start };

  /** Whether a program is at work cannot be told here: all channels have the time of grace. */
  function leave(): void {}

  function terminate({ reason, message }: Ending): void {
    carry(session.terminate(reason, message));
  }

  function start(): void {
    const payload = encodeControl("open", openFrame(ports, agent, opening));
    record.publish("open", { request: 0, part: 0, more: false }, payload);
    carry(session.start());
    channel.hear((message) => carry(session.receive(message)));
  }

  function carry(effects: readonly SessionEffect[]): void {
    for (const effect of effects) perform(effect);
  }

  function perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case "send": {
        const { message, drained } = effect;
        if (drained === null && message.kind !== "close") return channel.send(message);
        return channel.send(message, () => {
          if (message.kind === "close") closed.resolve();
          if (drained !== null) carry(session.drained(drained));
        });
      }
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
        return channel.pause();
      case "resume":
        return channel.resume();
      case "close":
        timers.stop();
        if (!channel.isOpen()) closed.resolve();
        return ended(Promise.all([record.closed(), closed.promise]));
      default:
        return unreachable(effect);
    }
  }
}

function openFrame(ports: LivePorts, agent: AgentConnection, opening: Opening): Open {
  return {
    version: 1,
    connection: opening.connection,
    protocol: "ssh",
    principal: opening.admitted.principal,
    token: opening.admitted.token,
    client: {
      address: agent.address,
      tls: agent.cipher(),
      user: opening.connection.slice(0, 256),
      application: agent.clientVersion.slice(0, 256),
    },
    parameters: {
      ssh_connection: opening.carrier,
      client_version: agent.clientVersion.slice(0, 256),
    },
    openedAt: new Date(ports.clock.nowMs()).toISOString(),
    configDigest: ports.configDigest,
  };
}
