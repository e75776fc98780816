/**
 * The SSH connections to one host: the channels of one agent's connection share one, as they do
 * where the agent reaches its host directly (ControlMaster, a shell beside sftp, ansible).
 *
 * What is shared is the login. Each session has a channel of its own and hears of nothing else: its
 * end closes that channel alone. A connection that is lost, or a host that does not keep to its
 * window, ends every session on it. A host that opens no further channel is given another
 * connection, for nothing was run by the attempt.
 *
 * **Invariant:** sessions share a connection only if their edge says that one agent's connection
 * carries them; a session that names none shares none.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Clock } from "#actors/_kit/clock.ts";
import type { DialEvents, Reach } from "../reach.ts";
import { type ChannelUpstream, channelUpstream, type Place } from "./channel_upstream.ts";
import { dialHost, type SshDialLimits, type SshEndpoint } from "./dial.ts";
import { atOnce } from "#actors/_kit/at_once.ts";
import { pathResolver } from "./path_resolver.ts";

export type SshConnectionsLimits = SshDialLimits & {
  /** Agents' channels on one connection: OpenSSH takes 10, and one resolves paths for sftp. */
  readonly upstreamChannelsMax: number;
  /** How long a connection without a session is kept for the agent's next channel. */
  readonly upstreamIdleMs: number;
  /** Connections without a session that are kept at once; with more, the oldest is ended. */
  readonly upstreamsIdleMax: number;
  /** Bytes that a channel holds while the agent drains nothing: more than a window is. */
  readonly pausedBytesMax: number;
};

/** The edge's own random name of the agent's connection, among a session's parameters. */
const connectionParameter = "ssh_connection";

/** One connection to the host. */
type Connection = {
  /** The agent's connection that it is for. */
  readonly agent: string;
  readonly seats: Set<Seat>;
  /** Channels that the host has not closed, and such as will be opened. */
  channels: number;
  channelsMax: number;
  phase: "new" | "dialling" | "ready" | "over";
  place: Place | null;
  isWritable: () => boolean;
  /** The wire is read again. */
  flow: () => void;
  atOnce: (write: () => void) => void;
  hangUp: () => void;
  forgetIdle: () => void;
};

/** A session on a connection, or on its way there. */
type Seat = {
  channel: ChannelUpstream | null;
  joined(place: Place): void;
  failed(code: string, reason: string): void;
  lost(): void;
};

/** Creates the way to a host. */
export function sshConnections(
  endpoint: SshEndpoint,
  limits: SshConnectionsLimits,
  clock: Clock,
): Pick<Reach, "dial"> {
  const connections = new Set<Connection>();
  /** Those without a session, the longest so first. */
  const idle = new Set<Connection>();
  return { dial };

  function dial(
    parameters: Readonly<Record<string, string>>,
    events: DialEvents,
  ): { abandon(): void } {
    const agent = parameters[connectionParameter] ?? "";
    let phase: "dialling" | "ready" | "over" = "dialling";
    let moved: (place: Place | null) => void = () => {};
    const seat: Seat = { channel: null, joined, failed, lost };
    let at = found(agent) ?? newConnection(agent);
    sit(seat, at);
    return { abandon };

    function joined(place: Place): void {
      if (phase === "ready") return moved(place);
      phase = "ready";
      const channel = channelUpstream(place, {
        received: events.received,
        atOnce: (write) => at.atOnce(write),
        resumed: () => at.flow(),
        elsewhere,
        closed: () => void at.channels--,
        lost,
        hangUp: abandon,
      });
      seat.channel = channel;
      events.ready(channel, new Uint8Array(0));
    }

    function failed(code: string, reason: string): void {
      if (phase === "ready") return moved(null);
      if (phase === "over") return;
      phase = "over";
      events.failed(code, reason);
    }

    /** Another place for a channel that the host did not open; null: it would open none there. */
    function elsewhere(): Promise<Place | null> {
      if (at.channels === 1 || phase === "over") return Promise.resolve(null);
      at.channels--;
      at.channelsMax = at.channels;
      standUp(seat, at);
      const { promise, resolve } = Promise.withResolvers<Place | null>();
      moved = resolve;
      at = newConnection(agent);
      sit(seat, at);
      return promise;
    }

    function lost(): void {
      if (phase !== "ready") return failed("connection_lost", "the host closed the connection");
      leave();
      events.closed();
    }

    function abandon(): void {
      if (phase !== "over") leave();
    }

    function leave(): void {
      phase = "over";
      moved(null);
      if (seat.channel === null) at.channels--;
      seat.channel?.leave();
      standUp(seat, at);
    }
  }

  function found(agent: string): Connection | undefined {
    if (agent === "") return undefined;
    return [...connections].find((one) => {
      return one.agent === agent && one.channels < one.channelsMax && one.isWritable();
    });
  }

  function newConnection(agent: string): Connection {
    return {
      agent,
      seats: new Set(),
      channels: 0,
      channelsMax: limits.upstreamChannelsMax,
      phase: "new",
      place: null,
      isWritable: () => true,
      flow: () => {},
      atOnce: (write) => write(),
      hangUp: () => {},
      forgetIdle: () => {},
    };
  }

  function sit(seat: Seat, connection: Connection): void {
    connection.channels++;
    connection.seats.add(seat);
    connection.forgetIdle();
    idle.delete(connection);
    if (connection.phase === "new") return start(connection);
    connection.flow();
    // Who dials is told later, as of any other connection.
    queueMicrotask(() => {
      const { place } = connection;
      if (place !== null && connection.seats.has(seat)) seat.joined(place);
    });
  }

  function standUp(seat: Seat, connection: Connection): void {
    connection.seats.delete(seat);
    connection.flow();
    if (connection.seats.size > 0 || connection.phase === "over") return;
    if (connection.phase !== "ready" || connection.agent === "") return end(connection);
    idle.add(connection);
    connection.forgetIdle = clock.after(limits.upstreamIdleMs, () => end(connection));
    for (const oldest of idle) if (idle.size > limits.upstreamsIdleMax) end(oldest);
  }

  function start(connection: Connection): void {
    const { seats } = connection;
    connection.phase = "dialling";
    connections.add(connection);
    const dialled = dialHost(endpoint, limits, {
      ready(client, socket) {
        const place = { client, resolve: pathResolver(client) };
        connection.phase = "ready";
        connection.place = place;
        connection.isWritable = () => socket.writable;
        connection.flow = keepToWindows(socket, seats);
        connection.atOnce = (write) => atOnce(socket, write);
        for (const seat of [...seats]) seat.joined(place);
      },
      failed(code, reason) {
        end(connection);
        for (const seat of [...seats]) seat.failed(code, reason);
      },
      closed() {
        end(connection);
        for (const seat of [...seats]) seat.lost();
      },
    });
    connection.hangUp = dialled.abandon;
  }

  /** ssh2 keeps no host to its windows. @returns what to call when something is drained again. */
  function keepToWindows(socket: Socket, seats: ReadonlySet<Seat>): () => void {
    let bytes = 0;
    socket.on("data", (chunk: Uint8Array) => {
      const channels = [...seats].map(({ channel }) => channel);
      const held = channels.map((channel) => channel?.waitingBytes() ?? 0);
      if (Math.max(...held) > limits.pausedBytesMax) return void socket.destroy();
      if (!channels.every((channel) => channel?.isPaused() ?? false)) return void (bytes = 0);
      // While nothing at all is drained, the wire is counted too.
      bytes += chunk.length;
      if (bytes > limits.pausedBytesMax) socket.pause();
    });
    return () => {
      bytes = 0;
      socket.resume();
    };
  }

  function end(connection: Connection): void {
    connection.phase = "over";
    connection.place = null;
    connections.delete(connection);
    idle.delete(connection);
    connection.forgetIdle();
    connection.hangUp();
  }
}
