/**
 * The edge over injected connections: from an agent's authentication to the sessions of its
 * channels, and from a stored frame or a revocation to the session it concerns.
 *
 * @module
 */
import type { Admitted, Refused } from "#actors/_kit/edge/admission.ts";
import type { EdgePorts } from "#actors/_kit/edge/edge_ports.ts";
import type { Ending, Hearing, LiveSession } from "#actors/_kit/edge/hear.ts";
import { openSessions } from "#actors/_kit/edge/open_sessions.ts";
import { sessionLimits } from "#actors/_kit/edge/session_limits.ts";
import type { Frame } from "#actors/_kit/frame.ts";
import { newId } from "#actors/_kit/new_id.ts";
import type { SshConnection } from "#schemas/config.ts";
import { shardOf } from "#schemas/subjects.ts";
import type {
  Accept,
  AgentChannel,
  AgentConnection,
  Attempt,
  ConnectionHandler,
} from "./agent_channel.ts";
import type { EdgeSshLimits } from "./limits.ts";
import { type Live, openSession } from "./live_session.ts";
import { purposeOf } from "./purpose.ts";
import { Release } from "./release.ts";
import { failedStatus } from "./words.ts";

export type Gateway = Hearing & {
  /** One connection, from its key exchange on. */
  readonly accept: Accept;
  /** Ends all sessions, after a time of grace, and all connections; none is opened any more. */
  stop(): Promise<void>;
};

/** Of SSH. */
const defaultPort = 22;

/** Who an agent's connection was authenticated as. */
type Carrier = {
  /** Random; shared by the sessions of its channels. */
  readonly id: string;
  readonly person: string;
  readonly connection: string;
  readonly settings: SshConnection;
  readonly credential: Attempt["credential"];
  /** The admission of its first channel, until that is opened. */
  first: { readonly session: string; readonly admitted: Admitted } | null;
};

/** Creates the gateway over its ports. */
export function gateway(ports: EdgePorts<EdgeSshLimits>): Gateway {
  const { clock, random, report, config, limits } = ports;
  const live = openSessions<Live>(clock, limits);
  /** Of each connection what ends it when the edge stops and nothing is open on it. */
  const resting = new Set<() => void>();
  const carriers = new Set<Carrier>();
  const session = sessionLimits(config);
  return {
    accept: (agent) => accept(agent, null),
    keyOf: (session) => live.find(session)?.key,
    stored,
    terminate,
    stop,
  };

  function stored(frame: Frame): void {
    const found = live.find(frame.key.session);
    if (found !== undefined) found.carry(found.session.stored(frame));
  }

  async function stop(): Promise<void> {
    const stopped = live.stop();
    for (const rest of [...resting]) rest();
    await stopped;
  }

  function terminate(matches: (live: LiveSession) => boolean, why: Ending): void {
    live.terminate(matches, why);
    for (const carrier of carriers) {
      if (carrier.first !== null && matches(firstOf(carrier.first))) carrier.first = null;
    }
  }

  /** `only`: the connection it is for, whatever user is named; null: the user names it. */
  function accept(agent: AgentConnection, only: string | null): ConnectionHandler {
    const sessions = new Set<Live>();
    let exchanging = 0;
    let jumps = 0;
    let carrier: Carrier | null = null;
    let attempts = 0;
    let unwake = () => {};
    resting.add(rest);
    agent.closed(() => {
      unwake();
      resting.delete(rest);
      for (const one of [...sessions]) one.carry(one.session.receive({ kind: "close" }));
      if (carrier !== null) carriers.delete(carrier);
    });
    return { authenticate, channel, jump };

    async function authenticate(attempt: Attempt): Promise<string | null> {
      attempts++;
      const admitted = await admit(only === null ? attempt : { ...attempt, user: only });
      if (admitted.ok) {
        const crowd = crowdOf(admitted.carrier.person);
        if (crowd !== null) {
          report("login_refused", { code: "crowded", attempt: attempts });
          return crowd;
        }
        carrier = admitted.carrier;
        if (agent.isOpen()) carriers.add(carrier);
        rest();
        return null;
      }
      report("login_refused", { code: admitted.code, attempt: attempts });
      // Each guess costs more than the one before it.
      await new Promise<void>((resolve) => {
        clock.after(attempts * limits.attemptDelayMs, resolve);
      });
      if (attempts >= limits.attemptsMax) agent.end();
      return admitted.message;
    }

    /** A connection on which nothing has been open for long is over. */
    function rest(): void {
      unwake();
      if (!agent.isOpen()) return;
      const end = () => {
        if (sessions.size + exchanging + jumps === 0) agent.end();
      };
      if (live.isStopping()) end();
      else unwake = clock.after(session.idleMsMax, end);
    }

    function channel(opened: AgentChannel): boolean {
      const by = carrier;
      if (by === null || sessions.size + exchanging >= config.limits.channels_max) return false;
      const { first } = by;
      by.first = null;
      if (first !== null && isFresh(first.admitted)) {
        return open(opened, by, first.session, first.admitted);
      }
      const id = newId(random, 15);
      exchanging++;
      exchange(by.credential, by.connection, id, by.id).then((admitted) => {
        exchanging--;
        if (!agent.isOpen() || !opened.isOpen()) return;
        if (admitted.ok) open(opened, by, id, admitted);
        else refuse(opened, admitted.message);
      });
      return true;
    }

    /** A tunnel to a host of ours, by the name that it or its connection has. */
    function jump(host: string, port: number): Accept | null {
      if (carrier === null || only !== null) return null;
      const found = Object.entries(config.connections).find(([name, connection]) => {
        if (connection.protocol !== "ssh") return false;
        const isHost = connection.host.toLowerCase() === host.toLowerCase();
        return isHost && connection.port === port || name === host && port === defaultPort;
      });
      if (found === undefined) return null;
      return (inner) => {
        jumps++;
        inner.closed(() => {
          jumps--;
          rest();
        });
        return accept(inner, found[0]);
      };
    }

    function open(opened: AgentChannel, by: Carrier, id: string, admitted: Admitted): boolean {
      if (live.isStopping()) return refuse(opened, "the gateway is being stopped; connect again");
      if (live.count() >= config.limits.sessions_max) {
        return refuse(opened, "too many sessions here");
      }
      if (live.ofPerson(admitted.principal.person) >= config.limits.sessions_per_principal_max) {
        return refuse(opened, "too many sessions of this person");
      }
      const epoch = ports.epoch();
      if (epoch === null) {
        return refuse(opened, "there is no record of this month: the installation is too old");
      }
      const key = { epoch, shard: shardOf(id, config.shards), edge: ports.edge, session: id };
      const purpose = purposeOf(opened.purpose, by.settings.environment);
      const { connection } = by;
      const opening = { key, connection, carrier: by.id, admitted, purpose };
      const begun = openSession({ ...ports, session }, agent, opened, opening, (told) => {
        live.remove(begun.live, told);
        sessions.delete(begun.live);
        if (live.isStopping()) void told.then(rest);
        else rest();
      });
      live.add(begun.live);
      sessions.add(begun.live);
      begun.start();
      return true;
    }
  }

  /** Why one more connection of a person is too many; null when it is not. */
  function crowdOf(person: string): string | null {
    // As many as sessions: one on which none is open costs memory, too.
    const { sessions_max: all, sessions_per_principal_max: ofOne } = config.limits;
    if (carriers.size >= all) return "Too many connections here.";
    const own = [...carriers].filter((one) => one.person === person).length;
    return own >= ofOne ? "Too many connections of this person." : null;
  }

  /** Refuses a channel in words. */
  function refuse(channel: AgentChannel, message: string): true {
    report("channel_refused", {});
    const environment: readonly string[] = [];
    const release = new Release(purposeOf(channel.purpose, environment), null, (said) => {
      channel.send(said);
    });
    release.say([`sallyport: ${message}`]);
    release.fail(failedStatus);
    return true;
  }

  async function admit(
    { user, credential }: Attempt,
  ): Promise<{ readonly ok: true; readonly carrier: Carrier } | Refused> {
    const [id, session] = [newId(random, 15), newId(random, 15)];
    // Which connections there are is told to those whom identity knows.
    const admitted = await exchange(credential, user, session, id);
    if (!admitted.ok) return admitted;
    const settings = config.connections[user];
    if (settings?.protocol !== "ssh") {
      return { ok: false, code: "refused", message: "This connection is no SSH host." };
    }
    const first = { session, admitted };
    const { person } = admitted.principal;
    return { ok: true, carrier: { id, person, connection: user, settings, credential, first } };
  }

  function exchange(
    credential: Attempt["credential"],
    connection: string,
    session: string,
    carrier: string,
  ): Promise<Admitted | Refused> {
    return credential.kind === "token"
      ? ports.admission.token(credential.token, connection, session, carrier)
      : ports.admission.key(credential.key.fingerprint, connection, session);
  }

  function firstOf({ session, admitted }: NonNullable<Carrier["first"]>): LiveSession {
    const { principal, id: tokenId } = admitted;
    const shard = shardOf(session, config.shards);
    const key = { epoch: ports.epoch() ?? "", shard, edge: ports.edge, session };
    return { key, principal, tokenId };
  }

  /** Sessions are not opened with a token that is about to expire. */
  function isFresh(admitted: Admitted): boolean {
    return Date.parse(admitted.expiresAt) - clock.nowMs() > limits.exchangeMsMax;
  }
}
