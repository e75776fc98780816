/**
 * The edge over injected connections: from an agent's first byte to its session, and from a stored
 * frame, a cancel or a revocation to the session it concerns.
 *
 * @module
 */
import type { Admitted, Refused } from "#actors/_kit/edge/admission.ts";
import type { EdgePorts } from "#actors/_kit/edge/edge_ports.ts";
import type { Hearing, Noticing } from "#actors/_kit/edge/hear.ts";
import { openSessions } from "#actors/_kit/edge/open_sessions.ts";
import { sessionLimits } from "#actors/_kit/edge/session_limits.ts";
import { startups } from "#actors/_kit/edge/startups.ts";
import type { Frame } from "#actors/_kit/frame.ts";
import { newId } from "#actors/_kit/new_id.ts";
import { type FrameKind, type SessionKey, shardOf } from "#schemas/subjects.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";
import type { StartupMessage } from "#schemas/wire/postgres/startup_message.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { AgentConnection } from "./agent_connection.ts";
import type { EdgeLimits } from "./limits.ts";
import { type Live, openSession } from "./live_session.ts";
import { Startup } from "./startup.ts";
import { fatal } from "./words.ts";

export type Gateway = Hearing & Noticing & {
  /** One connection, from its first byte until it is a session or closed. */
  accept(agent: AgentConnection): void;
  /** Ends all sessions, what runs in them with a time of grace; nobody is let in any more. */
  stop(): Promise<void>;
};

/** As PostgreSQL has it: which databases there are is told to those who are who they say. */
const refusalCodes: Readonly<Record<Refused["code"], string>> = {
  refused: sqlstate.invalidPassword,
  unavailable: sqlstate.cannotConnectNow,
  "unknown_connection": sqlstate.invalidCatalogName,
};

const full = "too many sessions at this edge";
const stopping = "the gateway is being stopped; connect again";
const noMonth = "there is no record of this month: the installation is too old";

/** Creates the gateway over its ports. */
export function gateway(ports: EdgePorts<EdgeLimits>): Gateway {
  const { clock, random, report, config, limits } = ports;
  const live = openSessions<Live>(clock, limits);
  const cancelKeys = new Map<string, Live>();
  const session = sessionLimits(config);
  const starting = startups(limits, clock.nowMs);
  const { terminate, stop } = live;
  return { accept, keyOf: (session) => live.find(session)?.key, stored, look, terminate, stop };

  function stored(frame: Frame): void {
    const found = live.find(frame.key.session);
    if (found !== undefined) found.carry(found.session.stored(frame));
  }

  function look(session: string, kind: FrameKind, sequence: number): void {
    live.find(session)?.look(kind, sequence);
  }

  function accept(agent: AgentConnection): void {
    const leave = starting.begin(agent.address, () => agent.destroy());
    if (leave === null) return agent.destroy();
    const startup = new Startup(limits, agent.encrypted);
    const forget = clock.after(limits.startupMsMax, () => agent.destroy());
    const settled = () => {
      forget();
      leave();
    };
    agent.closed(settled);
    agent.hear(onData);

    function onData(chunk: Uint8Array): void {
      for (const step of startup.receive(chunk)) {
        switch (step.kind) {
          case "write":
            agent.write(step.bytes);
            break;
          case "upgrade_tls":
            agent.upgrade(step.hello).then(() => {
              startup.upgraded();
              agent.hear(onData);
            }, () => agent.destroy());
            break;
          case "cancel":
            cancel(step.processId, step.secretKey);
            break;
          case "close":
            agent.end();
            break;
          case "authenticate":
            agent.hear(null);
            agent.pause();
            authenticate(agent, step.token, step.message, step.rest, settled);
            break;
          default:
            unreachable(step);
        }
      }
    }
  }

  function cancel(processId: number, secretKey: Uint8Array): void {
    const found = cancelKeys.get(secretKey.toHex());
    if (found !== undefined) found.carry(found.session.cancel(processId));
  }

  function authenticate(
    agent: AgentConnection,
    token: string,
    message: StartupMessage,
    rest: Uint8Array,
    authenticated: () => void,
  ): void {
    const connection = message.parameters.get("database") ?? message.parameters.get("user") ?? "";
    const id = newId(random, 15);
    if (isFull()) return refuse(sqlstate.tooManyConnections, full);
    ports.admission.token(token, connection, id).then((admitted) => {
      if (!agent.isOpen()) return;
      if (!admitted.ok) {
        return refuse(refusalCodes[admitted.code], admitted.message);
      }
      if (live.isStopping()) return refuse(sqlstate.cannotConnectNow, stopping);
      // Others were let in meanwhile.
      if (isFull()) return refuse(sqlstate.tooManyConnections, full);
      const { person } = admitted.principal;
      if (live.ofPerson(person) >= config.limits.sessions_per_principal_max) {
        return refuse(sqlstate.tooManyConnections, "too many sessions of this person");
      }
      const epoch = ports.epoch();
      if (epoch === null) return refuse(sqlstate.cannotConnectNow, noMonth);
      authenticated();
      const key = { epoch, shard: shardOf(id, config.shards), edge: ports.edge, session: id };
      open(agent, key, connection, message, rest, admitted);
    });

    function refuse(code: string, words: string): void {
      report("login_refused", { sqlstate: code });
      agent.end(fatal(code, words));
    }
  }

  function isFull(): boolean {
    return live.count() >= config.limits.sessions_max;
  }

  function open(
    agent: AgentConnection,
    key: SessionKey,
    connection: string,
    message: StartupMessage,
    rest: Uint8Array,
    admitted: Admitted,
  ): void {
    const secretKey = newSecretKey(message.minor >= 2 ? 32 : 4);
    const cancels = secretKey.toHex();
    const opening = { key, connection, message, rest, admitted, secretKey };
    const begun = openSession({ ...ports, session }, agent, opening, (told) => {
      live.remove(begun.live, told);
      cancelKeys.delete(cancels);
    });
    live.add(begun.live);
    cancelKeys.set(cancels, begun.live);
    begun.start();
  }

  /** Two sessions never share one; the process's number is asked of the session itself. */
  function newSecretKey(bytes: number): Uint8Array {
    for (;;) {
      const secretKey = random(bytes);
      if (!cancelKeys.has(secretKey.toHex())) return secretKey;
    }
  }
}
